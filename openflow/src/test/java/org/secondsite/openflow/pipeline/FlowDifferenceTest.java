package org.secondsite.openflow.pipeline;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.Random;
import java.util.TreeSet;
import org.junit.jupiter.api.Test;
import org.secondsite.config.MacAddress;
import org.secondsite.config.VmId;
import org.secondsite.openflow.Role;
import org.secondsite.openflow.Sharing;
import org.secondsite.openflow.VmAttachment;

class FlowDifferenceTest {
    private static final Flow.Outcome DROP = new Flow.Outcome.Drop();
    private static final int GATEWAY = 30;
    private static final int VM = 31;

    @Test
    void sameFlowsNeedNothingWhateverTheirCookies() {
        List<Flow> flows = List.of(flow(1, DROP), flow(2, output(3)));
        InstalledFlows actual = new InstalledFlows(
                List.of(new InstalledFlows.Known(flows.getLast(), 0, 7), ours(flows.getFirst())), List.of(), 0);
        FlowDifference difference = between(flows, actual);
        assertTrue(difference.isEmpty());
        assertEquals(0, difference.size());
    }

    @Test
    void aChangedFlowIsModifiedAndAnObsoleteOneRemoved() {
        FlowDifference difference =
                between(List.of(flow(1, output(4)), flow(3, DROP)), installed(flow(1, output(3)), flow(2, DROP)));
        assertEquals(List.of(flow(1, output(4))), difference.altered());
        assertEquals(List.of(flow(3, DROP)), difference.missing());
        assertEquals(List.of(flow(2, DROP).key()), difference.obsolete());
        assertFalse(difference.replaceAll());
        assertFalse(difference.isOnlyMissing());
    }

    @Test
    void aPartThatCannotBeReadHasAllReplaced() {
        List<Flow> wanted = List.of(flow(1, DROP));
        FlowDifference difference = between(wanted, new InstalledFlows(List.of(ours(wanted.getFirst())), List.of(), 1));
        assertTrue(difference.replaceAll());
        assertEquals(wanted, difference.missing());
    }

    @Test
    void aFlowThatExpiresAtAWantedKeyIsWrittenOver() {
        Flow wanted = flow(1, DROP);
        InstalledFlows.Strange expiring = strange(OptionalInt.of(1), Optional.of(wanted.key()));
        FlowDifference difference = between(List.of(wanted), new InstalledFlows(List.of(), List.of(expiring), 0));
        assertEquals(List.of(wanted), difference.overwritten());
        assertEquals(1, difference.size());
    }

    @Test
    void flowsOfOthersGoUnlessTheSwitchIsSharedAndTheyAreForAPortOfNobodys() {
        InstalledFlows actual = new InstalledFlows(
                List.of(
                        new InstalledFlows.Known(flow(99, output(1)), 0, 5),
                        new InstalledFlows.Known(flow(VM, output(1)), 0, 6),
                        new InstalledFlows.Known(flow(GATEWAY, output(1)), 0, 7),
                        new InstalledFlows.Known(new Flow(new Flow.Key(0, 9, Match.ANY), output(1)), 0, 8)),
                List.of(strange(OptionalInt.of(99), Optional.empty()), strange(OptionalInt.empty(), Optional.empty())),
                0);
        assertEquals(6, between(List.of(), actual).foreign().size());
        FlowDifference shared = FlowDifference.between(pipeline(List.of()), actual, Sharing.COOPERATIVE);
        assertEquals(3, shared.foreign().known().size(), shared::toString);
        assertEquals(1, shared.foreign().strange().size(), shared::toString);
    }

    @Test
    void appliedToTheActualItGivesTheWanted() {
        for (long seed = 0; seed < 2000; seed++) {
            Random random = new Random(seed);
            List<Flow> wanted = some(random);
            List<Flow> actual = some(random);
            FlowDifference difference = between(
                    wanted,
                    new InstalledFlows(
                            actual.stream()
                                    .map(flow ->
                                            new InstalledFlows.Known(flow, random.nextBoolean() ? 0 : Cookie.of(1), 0))
                                    .toList(),
                            List.of(),
                            random.nextInt(4) == 0 ? 1 : 0));
            Map<Flow.Key, Flow.Outcome> table = new HashMap<>();
            actual.forEach(flow -> table.put(flow.key(), flow.outcome()));
            if (difference.replaceAll()) {
                table.clear();
            }
            difference.obsolete().forEach(table::remove);
            difference.foreign().known().forEach(table::remove);
            difference.altered().forEach(flow -> table.computeIfPresent(flow.key(), (_, _) -> flow.outcome()));
            difference.missing().forEach(flow -> table.put(flow.key(), flow.outcome()));
            List<Flow> result = new ArrayList<>();
            table.forEach((key, outcome) -> result.add(new Flow(key, outcome)));
            assertEquals(new HashSet<>(wanted), new HashSet<>(result), "seed " + seed);
        }
    }

    private static FlowDifference between(List<Flow> wanted, InstalledFlows actual) {
        return FlowDifference.between(pipeline(wanted), actual, Sharing.EXCLUSIVE);
    }

    private static Pipeline pipeline(List<Flow> wanted) {
        VmAttachment vm = new VmAttachment(new VmId("vm1"), "vm1", new MacAddress(7), List.of(), Role.OWNER);
        return new Pipeline(
                Layout.TABLES, OptionalInt.of(GATEWAY), wanted, List.of(new Pipeline.Place(vm, VM)), new TreeSet<>());
    }

    private static InstalledFlows installed(Flow... flows) {
        return new InstalledFlows(
                List.of(flows).stream().map(FlowDifferenceTest::ours).toList(), List.of(), 0);
    }

    private static InstalledFlows.Known ours(Flow flow) {
        return new InstalledFlows.Known(flow, Cookie.of(5), 0);
    }

    private static InstalledFlows.Strange strange(OptionalInt inPort, Optional<Flow.Key> key) {
        return new InstalledFlows.Strange(new InstalledFlows.RawPlace(0, 5, "0001000400000000"), key, inPort, 0, 1);
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
