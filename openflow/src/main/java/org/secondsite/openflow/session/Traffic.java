package org.secondsite.openflow.session;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.OptionalInt;
import org.secondsite.config.VmId;
import org.secondsite.openflow.VmTraffic;
import org.secondsite.openflow.pipeline.Flow;
import org.secondsite.openflow.pipeline.InstalledFlows;
import org.secondsite.openflow.pipeline.Pipeline;

/** Adds up what the flows of each VM have counted. */
final class Traffic {
    private Traffic() {}

    static List<VmTraffic> of(Pipeline wanted, InstalledFlows actual, ByPass byPass) {
        Map<Integer, long[]> byPort = new HashMap<>();
        wanted.places().forEach(place -> byPort.put(place.port(), new long[2]));
        for (InstalledFlows.Known known : actual.flows()) {
            OptionalInt port = known.flow().key().inPort();
            long[] sums = port.isPresent() ? byPort.get(port.getAsInt()) : null;
            if (sums == null) {
                continue;
            }
            if (Pipeline.isGate(known.flow().key())) {
                sums[0] += known.packets();
            } else if (known.flow().outcome() instanceof Flow.Outcome.Output) {
                sums[1] += known.packets();
            }
        }
        List<VmTraffic> traffic = new ArrayList<>();
        for (Pipeline.Place place : wanted.places()) {
            long[] sums = byPort.get(place.port());
            // The gate's figure is read a moment before the others'.
            VmId vm = place.vm().vm();
            traffic.add(new VmTraffic(vm, sums[1], Math.max(0, sums[0] - sums[1]), byPass.of(vm)));
        }
        return traffic;
    }
}
