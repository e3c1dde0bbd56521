package org.secondsite.openflow.session;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.secondsite.openflow.simulated.SimulatedSite.EXCLUSIVE;
import static org.secondsite.openflow.simulated.SimulatedSite.VM1;
import static org.secondsite.openflow.simulated.SimulatedSite.VM2;
import static org.secondsite.openflow.simulated.SimulatedSite.assertInstalled;
import static org.secondsite.openflow.simulated.SimulatedSite.simulated;
import static org.secondsite.openflow.simulated.SimulatedSite.speech;
import static org.secondsite.openflow.simulated.SimulatedSite.stage;
import static org.secondsite.openflow.simulated.SimulatedSite.vm;

import java.util.List;
import java.util.Set;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.projectfloodlight.openflow.protocol.OFAggregateStatsRequest;
import org.projectfloodlight.openflow.protocol.OFFactories;
import org.projectfloodlight.openflow.protocol.OFFactory;
import org.projectfloodlight.openflow.protocol.OFFlowMod;
import org.projectfloodlight.openflow.protocol.OFFlowStatsRequest;
import org.projectfloodlight.openflow.protocol.OFVersion;
import org.projectfloodlight.openflow.protocol.match.MatchField;
import org.projectfloodlight.openflow.types.OFPort;
import org.projectfloodlight.openflow.types.TableId;
import org.projectfloodlight.openflow.types.U64;
import org.secondsite.openflow.Role;
import org.secondsite.openflow.Sharing;
import org.secondsite.openflow.SwitchSettings;
import org.secondsite.openflow.VmAttachment;
import org.secondsite.openflow.pipeline.Layout;
import org.secondsite.openflow.simulated.ExecutingSwitch;
import org.secondsite.openflow.simulated.Quirk;
import org.secondsite.openflow.simulated.Stage;

/** What others change is found, mended and told; what is as it should be costs little. */
class AuditTest {
    private static final VmAttachment[] MANY = IntStream.rangeClosed(1, 150)
            .mapToObj(number -> vm(number, Role.OWNER))
            .toArray(VmAttachment[]::new);

    private final ExecutingSwitch plain = simulated();

    @ParameterizedTest
    @EnumSource(names = {"OF_13", "OF_14"})
    void whatOthersAddAlterOrDeleteIsMendedWithinASecondAndReported(OFVersion version) {
        Stage stage = stage(plain, EXCLUSIVE, version);
        stage.apply(5, VM1, VM2);
        stage.run(1000);
        OFFactory factory = OFFactories.getFactory(version);
        OFFlowMod foreign = factory.buildFlowAdd()
                .setTableId(TableId.of(0))
                .setPriority(65_000)
                .setMatch(factory.buildMatch().build())
                .setInstructions(List.of(factory.instructions()
                        .applyActions(List.of(factory.actions().output(OFPort.NORMAL, 0)))))
                .build();
        put(foreign);
        assertNotEquals(Set.of(1), plain.outputs(speech(11, VM1)));
        stage.run(500);
        assertInstalled(plain, Layout.TABLES, VM1, VM2);
        assertTrue(stage.told(Effect.Drifted.class).getLast().what().startsWith("1 foreign"), stage.told::toString);

        put(foreign.createBuilder()
                .setMatch(factory.buildMatch()
                        .setExact(MatchField.TUNNEL_ID, U64.of(5))
                        .build())
                .build());
        stage.run(500);
        assertInstalled(plain, Layout.TABLES, VM1, VM2);

        plain.flows.clear();
        stage.run(500);
        assertInstalled(plain, Layout.TABLES, VM1, VM2);
        assertTrue(stage.told(Effect.Drifted.class).getLast().what().contains("missing"), stage.told::toString);

        plain.flows.replaceAll((_, flow) ->
                flow.createBuilder().setInstructions(foreign.getInstructions()).build());
        stage.run(500);
        assertInstalled(plain, Layout.TABLES, VM1, VM2);
        assertTrue(stage.told(Effect.Drifted.class).getLast().what().contains("altered"), stage.told::toString);

        plain.flows.replaceAll(
                (_, flow) -> flow.createBuilder().setIdleTimeout(600).build());
        stage.run(500);
        assertInstalled(plain, Layout.TABLES, VM1, VM2);
        assertEquals(5, stage.told(Effect.Drifted.class).size());
    }

    @Test
    void aSharedSwitchKeepsFlowsOfOthersThatCannotLeadPastTheGateway() {
        SwitchSettings settings = EXCLUSIVE.with(Sharing.COOPERATIVE);
        Stage stage = stage(plain, settings, OFVersion.OF_14);
        stage.apply(5, VM1);
        OFFactory factory = OFFactories.getFactory(OFVersion.OF_14);
        for (int port : new int[] {77, 11, 1}) {
            put(factory.buildFlowAdd()
                    .setTableId(TableId.of(0))
                    .setPriority(65_000)
                    .setMatch(factory.buildMatch()
                            .setExact(MatchField.IN_PORT, OFPort.of(port))
                            .build())
                    .build());
        }
        int ours = plain.flows.size() - 3;
        stage.run(500);
        assertEquals(ours + 1, plain.flows.size());
        assertEquals(1, stage.told(Effect.Drifted.class).size());
        stage.run(11_000);
        assertEquals(1, stage.told(Effect.Drifted.class).size());
    }

    @Test
    void manyFlowsAreCountedAndReadOnADifference() {
        ExecutingSwitch large = large();
        Stage stage = stage(large, EXCLUSIVE, OFVersion.OF_14);
        stage.apply(5, MANY);
        assertTrue(large.flows.size() > 2000);
        stage.run(10_000);
        int before = stage.sent.size();
        stage.run(5000);
        long reads = stage.sent.subList(before, stage.sent.size()).stream()
                .filter(OFFlowStatsRequest.class::isInstance)
                .count();
        assertTrue(reads <= 1, () -> reads + " readings in 5 s");
        large.flows.remove(large.flows.keySet().iterator().next());
        stage.run(500);
        assertEquals(1, stage.told(Effect.Drifted.class).size());
        assertEquals(2, stage.told(Effect.Confirmed.class).size());
    }

    @Test
    void manyFlowsAreConfirmedByTheirNumberAndReadBackAtOnce() {
        ExecutingSwitch large = large();
        Stage stage = stage(large, EXCLUSIVE, OFVersion.OF_14);
        stage.apply(5, MANY);
        assertEquals(List.of(new Effect.Confirmed(5, large.flows.size())), stage.told(Effect.Confirmed.class));
        assertTrue(
                stage.sent.getLast() instanceof OFAggregateStatsRequest, () -> stage.sent.getLast() + " was sent last");
        // As many as there were, but one of them is another.
        large.flows.replaceAll((_, flow) -> flow.getPriority() == 100
                ? flow.createBuilder().setInstructions(List.of()).build()
                : flow);
        stage.run(100);
        assertTrue(stage.told(Effect.Drifted.class).getFirst().what().contains("altered"), stage.told::toString);
        assertInstalled(large, Layout.TABLES, MANY);
        stage.run(100);
        assertEquals(1, stage.told(Effect.Drifted.class).size());
    }

    @Test
    void manyFlowsOfAnotherNumberAreReadBeforeAnythingIsConfirmed() {
        ExecutingSwitch large = large();
        Stage stage = stage(large, EXCLUSIVE, OFVersion.OF_14);
        stage.pause();
        stage.apply(5, MANY);
        while (large.commits == 0) {
            stage.step();
        }
        large.flows.remove(large.flows.keySet().iterator().next());
        stage.messagesPerTick = Integer.MAX_VALUE;
        stage.run(25);
        assertEquals(1, stage.told(Effect.Confirmed.class).size());
        assertInstalled(large, Layout.TABLES, MANY);
    }

    @Test
    void manyFlowsOfASwitchThatDoesNotCountAreRead() {
        ExecutingSwitch large = large(Quirk.NO_AGGREGATES);
        Stage stage = stage(large, EXCLUSIVE, OFVersion.OF_14);
        stage.apply(5, MANY);
        assertEquals(1, stage.told(Effect.Confirmed.class).size());
        assertTrue(stage.sent.getLast() instanceof OFFlowStatsRequest, () -> stage.sent.getLast() + " was sent last");
    }

    private static ExecutingSwitch large(Quirk... quirks) {
        ExecutingSwitch large = simulated(quirks);
        for (int i = 1; i <= MANY.length; i++) {
            large.ports.put("vm" + i, 10 + i);
        }
        return large;
    }

    @Test
    void theSameAgainSendsNothing() {
        Stage stage = stage(plain, EXCLUSIVE, OFVersion.OF_14);
        stage.apply(5, VM1);
        int before = stage.sent.size();
        stage.apply(5, VM1);
        assertEquals(before, stage.sent.size());
        assertEquals(2, stage.told(Effect.Confirmed.class).size());
    }

    private void put(OFFlowMod foreign) {
        plain.flows.put(
                new ExecutingSwitch.Place(foreign.getTableId().getValue(), foreign.getPriority(), foreign.getMatch()),
                foreign);
    }
}
