package org.secondsite.openflow.session;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.secondsite.openflow.simulated.SimulatedSite.VM1;
import static org.secondsite.openflow.simulated.SimulatedSite.VM1_STANDBY;

import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import org.junit.jupiter.api.Test;
import org.secondsite.openflow.Sharing;
import org.secondsite.openflow.VmAttachment;
import org.secondsite.openflow.pipeline.Comparison;
import org.secondsite.openflow.pipeline.FlowDifference;
import org.secondsite.openflow.pipeline.FlowIndex;
import org.secondsite.openflow.pipeline.InstalledFlows;
import org.secondsite.openflow.pipeline.Layout;
import org.secondsite.openflow.pipeline.Pipeline;
import org.secondsite.openflow.pipeline.PortTable;

class KnownFlowsTest {
    private static final PortTable PORTS = PortTable.of(Map.of("gw", 1, "vm1", 11));
    private static final Pipeline OWNED = pipeline(VM1);
    private static final Pipeline SILENT = pipeline(VM1_STANDBY);
    private static final Gates.Shut SHUT = new Gates.Shut(Set.of(11), Optional.empty());

    private final KnownFlows known = new KnownFlows();

    @Test
    void whatIsShutWhileTheSwitchAnswersIsReckonedWithAndIsToBeReadAgain() {
        known.asked();
        known.shut(SHUT, Layout.TABLES);
        assertFalse(known.read(installed(OWNED), compared(OWNED)));
        assertEquals(1, difference(OWNED).altered().size(), "the gate is to be opened");
        known.asked();
        assertTrue(known.read(installed(OWNED), compared(OWNED)));
        assertTrue(difference(OWNED).isEmpty());
    }

    @Test
    void whatWasShutBeforeItWasAskedIsInTheAnswer() {
        known.shut(SHUT, Layout.TABLES);
        known.asked();
        assertTrue(known.read(installed(SILENT), Optional.empty()));
        assertTrue(difference(SILENT).size() < difference(OWNED).size());
    }

    @Test
    void aComparisonWithSomethingElseDoesNotCount() {
        known.asked();
        known.read(installed(OWNED), compared(OWNED));
        assertFalse(difference(SILENT).isEmpty());
        known.forget();
        assertEquals(Optional.empty(), known.difference(OWNED, Sharing.EXCLUSIVE));
    }

    private FlowDifference difference(Pipeline wanted) {
        return known.difference(wanted, Sharing.EXCLUSIVE).orElseThrow();
    }

    private static Optional<Comparison> compared(Pipeline pipeline) {
        Comparison comparison = new Comparison(pipeline, new FlowIndex(pipeline.flows()), Sharing.EXCLUSIVE);
        pipeline.flows().forEach(flow -> comparison.take(flow, 0));
        return Optional.of(comparison);
    }

    private static InstalledFlows installed(Pipeline pipeline) {
        return new InstalledFlows(
                pipeline.flows().stream()
                        .map(flow -> new InstalledFlows.Known(flow, 0, 0))
                        .toList(),
                List.of(),
                0);
    }

    private static Pipeline pipeline(VmAttachment vm) {
        return Pipeline.of(Layout.TABLES, "gw", List.of(vm), PORTS);
    }
}
