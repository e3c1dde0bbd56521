package org.secondsite.openflow.session;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.secondsite.openflow.simulated.SimulatedSite.VM1;
import static org.secondsite.openflow.simulated.SimulatedSite.VM2;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalInt;
import org.junit.jupiter.api.Test;
import org.secondsite.openflow.Sharing;
import org.secondsite.openflow.pipeline.Flow;
import org.secondsite.openflow.pipeline.FlowDifference;
import org.secondsite.openflow.pipeline.InstalledFlows;
import org.secondsite.openflow.pipeline.Layout;
import org.secondsite.openflow.pipeline.Match;
import org.secondsite.openflow.pipeline.Pipeline;
import org.secondsite.openflow.pipeline.PortTable;

/** How many frames may have gone past the gateway, whichever way somebody has led them. */
class ByPassTest {
    private static final Flow.Outcome PAST = new Flow.Outcome.Output(List.of(12));
    private final Pipeline wanted =
            Pipeline.of(Layout.TABLES, "gw", List.of(VM1, VM2), PortTable.of(Map.of("gw", 1, "vm1", 11, "vm2", 12)));
    private final ByPass byPass = new ByPass();

    @Test
    void whatIsRightOrDropsLetsNothingPast() {
        byPass.good(has(7, List.of(), List.of()));
        InstalledFlows dropping = has(
                9,
                List.of(new InstalledFlows.Known(
                        new Flow(new Flow.Key(0, 9, Match.ANY), new Flow.Outcome.Drop()), 0, 5)),
                List.of());
        assertEquals(0, drifted(dropping));
        assertEquals(0, byPass.of(VM1.vm()));
    }

    @Test
    void ofAnAlteredFlowWhatCameSinceItWasRightCountsForItsVm() {
        byPass.good(has(7, List.of(), List.of()));
        List<InstalledFlows.Known> flows = new ArrayList<>();
        for (InstalledFlows.Known known : has(20, List.of(), List.of()).flows()) {
            boolean isAltered = known.flow().key().equals(Pipeline.gate(11));
            flows.add(isAltered ? new InstalledFlows.Known(new Flow(known.flow().key(), PAST), 0, 20) : known);
        }
        assertEquals(13, drifted(new InstalledFlows(flows, List.of(), 0)));
        assertEquals(13, byPass.of(VM1.vm()));
        assertEquals(0, byPass.of(VM2.vm()));
    }

    @Test
    void ofAFlowForNoSinglePortAllCountsForEachVm() {
        byPass.good(has(7, List.of(), List.of()));
        InstalledFlows.Known all = new InstalledFlows.Known(new Flow(new Flow.Key(0, 65000, Match.ANY), PAST), 0, 5);
        InstalledFlows.Strange one = new InstalledFlows.Strange(
                new InstalledFlows.RawPlace(0, 9, "00"), Optional.empty(), OptionalInt.of(12), 0, 3);
        assertEquals(8, drifted(has(7, List.of(all), List.of(one))));
        assertEquals(5, byPass.of(VM1.vm()));
        assertEquals(8, byPass.of(VM2.vm()));
    }

    private long drifted(InstalledFlows actual) {
        return byPass.drifted(wanted, actual, FlowDifference.between(wanted, actual, Sharing.EXCLUSIVE));
    }

    private InstalledFlows has(long packets, List<InstalledFlows.Known> others, List<InstalledFlows.Strange> strange) {
        List<InstalledFlows.Known> flows = new ArrayList<>(others);
        wanted.flows().forEach(flow -> flows.add(new InstalledFlows.Known(flow, 0, packets)));
        return new InstalledFlows(flows, strange, 0);
    }
}
