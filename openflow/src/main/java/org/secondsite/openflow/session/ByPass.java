package org.secondsite.openflow.session;

import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.Set;
import org.secondsite.config.VmId;
import org.secondsite.openflow.pipeline.Flow;
import org.secondsite.openflow.pipeline.FlowDifference;
import org.secondsite.openflow.pipeline.InstalledFlows;
import org.secondsite.openflow.pipeline.Pipeline;

/**
 * How many frames may have gone past the gateway: by flows that others wrote, as many as these have counted, and by flows that
 * others altered, as many as came since the last reading that was good. A flow that drops lets nothing past, and one that is
 * for no single port may have let past any VM's frames, so it counts for each. A switch may count late, Open vSwitch by up to a second.
 */
final class ByPass {
    private InstalledFlows good = new InstalledFlows(List.of(), List.of(), 0);
    private final Map<VmId, Long> ofVms = new HashMap<>();

    /** The switch had what it has to have. */
    void good(InstalledFlows actual) {
        good = actual;
    }

    /** So many frames, perhaps of this VM, since the session began. */
    long of(VmId vm) {
        return ofVms.getOrDefault(vm, 0L);
    }

    /** Counts what has happened since; so many frames of all. */
    long drifted(Pipeline wanted, InstalledFlows actual, FlowDifference difference) {
        Set<Flow.Key> foreign = new HashSet<>(difference.foreign().known());
        Set<InstalledFlows.RawPlace> strange =
                new HashSet<>(difference.foreign().strange());
        Map<Flow.Key, Long> bent = before(difference);
        long all = 0;
        for (InstalledFlows.Known known : actual.flows()) {
            Flow.Key key = known.flow().key();
            if (!(known.flow().outcome() instanceof Flow.Outcome.Drop)) {
                long packets = foreign.contains(key) ? known.packets() : since(bent.get(key), known.packets());
                all += add(wanted, key.inPort(), packets);
            }
        }
        for (InstalledFlows.Strange other : actual.strange()) {
            Optional<Long> before = other.key().map(bent::get);
            long packets =
                    strange.contains(other.place()) ? other.packets() : since(before.orElse(null), other.packets());
            all += add(wanted, other.inPort(), packets);
        }
        return all;
    }

    /** Of the flows that are not as they have to be, what they had counted when they were. */
    private Map<Flow.Key, Long> before(FlowDifference difference) {
        Map<Flow.Key, Long> before = new HashMap<>();
        difference.altered().forEach(flow -> before.put(flow.key(), 0L));
        difference.overwritten().forEach(flow -> before.put(flow.key(), 0L));
        good.flows().forEach(known -> before.computeIfPresent(known.flow().key(), (_, _) -> known.packets()));
        return before;
    }

    /** Some switches begin to count anew when a flow is altered. */
    private static long since(Long before, long packets) {
        if (before == null) {
            return 0;
        }
        return packets >= before ? packets - before : packets;
    }

    private long add(Pipeline wanted, OptionalInt port, long packets) {
        if (packets > 0) {
            for (Pipeline.Place place : wanted.places()) {
                if (port.isEmpty() || port.getAsInt() == place.port()) {
                    ofVms.merge(place.vm().vm(), packets, Long::sum);
                }
            }
        }
        return packets;
    }
}
