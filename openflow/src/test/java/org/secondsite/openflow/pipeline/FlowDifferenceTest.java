package org.secondsite.openflow.pipeline;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Random;
import org.junit.jupiter.api.Test;

class FlowDifferenceTest {
    private static final Flow.Outcome DROP = new Flow.Outcome.Drop();

    @Test
    void sameFlowsNeedNothing() {
        List<Flow> flows = List.of(flow(1, DROP), flow(2, output(3)));
        FlowDifference difference = FlowDifference.between(flows, new InstalledFlows(flows.reversed(), 0));
        assertTrue(difference.isEmpty());
        assertEquals(0, difference.size());
    }

    @Test
    void aChangedFlowIsWrittenOverAndAnObsoleteOneRemoved() {
        FlowDifference difference = FlowDifference.between(
                List.of(flow(1, output(4)), flow(3, DROP)),
                new InstalledFlows(List.of(flow(1, output(3)), flow(2, DROP)), 0));
        assertEquals(List.of(flow(1, output(4)), flow(3, DROP)), difference.added());
        assertEquals(List.of(flow(2, DROP).key()), difference.removed());
        assertFalse(difference.replaceAll());
    }

    @Test
    void anyStrangeFlowHasAllReplaced() {
        List<Flow> wanted = List.of(flow(1, DROP));
        FlowDifference difference = FlowDifference.between(wanted, new InstalledFlows(wanted, 1));
        assertEquals(new FlowDifference(true, List.of(), wanted), difference);
        assertFalse(difference.isEmpty());
    }

    @Test
    void appliedToTheActualItGivesTheWanted() {
        for (long seed = 0; seed < 2000; seed++) {
            Random random = new Random(seed);
            List<Flow> wanted = some(random);
            List<Flow> actual = some(random);
            FlowDifference difference =
                    FlowDifference.between(wanted, new InstalledFlows(actual, random.nextInt(4) == 0 ? 1 : 0));
            Map<Flow.Key, Flow.Outcome> table = new HashMap<>();
            actual.forEach(flow -> table.put(flow.key(), flow.outcome()));
            if (difference.replaceAll()) {
                table.clear();
            }
            difference.removed().forEach(table::remove);
            difference.added().forEach(flow -> table.put(flow.key(), flow.outcome()));
            List<Flow> result = new ArrayList<>();
            table.forEach((key, outcome) -> result.add(new Flow(key, outcome)));
            assertEquals(new HashSet<>(wanted), new HashSet<>(result), "seed " + seed);
        }
    }

    private static List<Flow> some(Random random) {
        List<Flow> flows = new ArrayList<>();
        for (int port = 0; port < 12; port++) {
            if (random.nextBoolean()) {
                flows.add(flow(port, random.nextBoolean() ? DROP : output(random.nextInt(2) + 1)));
            }
        }
        return flows;
    }

    private static Flow flow(int port, Flow.Outcome outcome) {
        return new Flow(new Flow.Key(0, 100, Match.ANY.with(Field.IN_PORT, port)), outcome);
    }

    private static Flow.Outcome output(int port) {
        return new Flow.Outcome.Output(List.of(port));
    }
}
