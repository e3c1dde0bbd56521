package org.secondsite.openflow.session;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.secondsite.openflow.simulated.SimulatedSite.EXCLUSIVE;
import static org.secondsite.openflow.simulated.SimulatedSite.VM1;
import static org.secondsite.openflow.simulated.SimulatedSite.simulated;
import static org.secondsite.openflow.simulated.SimulatedSite.stage;

import java.util.Optional;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.projectfloodlight.openflow.protocol.OFVersion;
import org.secondsite.openflow.ForeignGeneration;
import org.secondsite.openflow.SwitchSettings;
import org.secondsite.openflow.simulated.ExecutingSwitch;
import org.secondsite.openflow.simulated.Quirk;
import org.secondsite.openflow.simulated.Stage;

/** Numbers in a switch that stand in the way of a term, and who may overrule them. */
class GenerationTest {
    private final ExecutingSwitch plain = simulated();

    @Test
    void aRandomFirstGenerationIsRefusedLoudlyAndTriedAgain() {
        plain.generation = Optional.of(0x3a5c_0000_1234_5678L);
        Stage stage = stage(plain, EXCLUSIVE, OFVersion.OF_13);
        stage.apply(5, VM1);
        Effect.Outranked refusal = assertInstanceOf(Effect.Outranked.class, stage.outcome());
        assertTrue(refusal.obstacle().mayPass());
        assertTrue(refusal.reason().startsWith("foreign-generation"), refusal::toString);
        plain.generation = Optional.empty();
        stage.run(2000);
        assertInstanceOf(Effect.Confirmed.class, stage.outcome());
    }

    @ParameterizedTest
    @EnumSource(names = {"OF_13", "OF_14"})
    void aForeignGenerationIsLedRoundToTheTermWhereThatIsConfigured(OFVersion version) {
        SwitchSettings settings = EXCLUSIVE.with(ForeignGeneration.RESET);
        for (long seed = 0; seed < 40; seed++) {
            long held = seed == 0 ? Long.MAX_VALUE : new Random(seed).nextLong();
            ExecutingSwitch simulated = simulated();
            simulated.generation = Optional.of(held);
            Stage stage = stage(simulated, settings, version);
            stage.apply(5, VM1);
            assertInstanceOf(Effect.Confirmed.class, stage.outcome(), "seed " + seed);
            assertEquals(Optional.of(5L), simulated.generation);
        }
    }

    @Test
    void aLaterTermOfTheWitnessIsNeverLedRound() {
        SwitchSettings settings = EXCLUSIVE.with(ForeignGeneration.RESET);
        plain.generation = Optional.of(6L);
        Stage stage = stage(plain, settings, OFVersion.OF_14);
        stage.apply(5, VM1);
        Effect.Outranked refusal = assertInstanceOf(Effect.Outranked.class, stage.outcome());
        assertFalse(refusal.obstacle().mayPass());
        assertEquals("stale: the switch has seen term 6", refusal.reason());
        assertEquals(Optional.of(6L), plain.generation);
        assertTrue(plain.flows.isEmpty());
        stage.apply(7, VM1);
        assertInstanceOf(Effect.Confirmed.class, stage.outcome());
    }

    @ParameterizedTest
    @EnumSource(names = {"OF_13", "OF_14"})
    void aDemotionIsSeenWithinAnAuditWhetherToldOrNot(OFVersion version) {
        ExecutingSwitch silent = simulated(Quirk.NO_ROLE_STATUS);

        Stage stage = stage(silent, EXCLUSIVE, version);
        stage.apply(5, VM1);
        silent.takenOver(9);
        stage.run(500);
        Effect.Outranked refusal = assertInstanceOf(Effect.Outranked.class, stage.outcome());
        assertEquals("another controller is master now, generation 9", refusal.reason());
        assertFalse(refusal.obstacle().mayPass());
        stage.apply(10, VM1);
        assertInstanceOf(Effect.Confirmed.class, stage.outcome());
    }

    @Test
    void theSameNumberHeldByAnotherIsForeignAndANewerTermSettlesIt() {
        Stage stage = stage(plain, EXCLUSIVE, OFVersion.OF_14);
        stage.apply(5, VM1);
        plain.takenOver(5);
        stage.run(100);
        Effect.Outranked refusal = assertInstanceOf(Effect.Outranked.class, stage.outcome());
        assertTrue(
                refusal.obstacle().mayPass() && refusal.reason().startsWith("foreign-generation"), refusal::toString);
        stage.apply(6, VM1);
        assertInstanceOf(Effect.Confirmed.class, stage.outcome());
    }

    @Test
    void aSwitchThatDoesNotTellItsRoleIsAskedToBeMasterAllTheSame() {
        ExecutingSwitch mute = simulated(Quirk.NO_ROLE_QUERY, Quirk.NO_GROUPS);
        Stage stage = stage(mute, EXCLUSIVE, OFVersion.OF_13);
        stage.apply(5, VM1);
        assertInstanceOf(Effect.Confirmed.class, stage.outcome());
        stage.run(12_000);
        assertEquals(1, stage.told(Effect.Confirmed.class).size());
    }
}
