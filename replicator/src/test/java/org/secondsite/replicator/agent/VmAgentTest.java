package org.secondsite.replicator.agent;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.ArrayList;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.SplittableRandom;
import java.util.stream.Collectors;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.EnumSource;
import org.secondsite.config.EpochId;
import org.secondsite.config.VmId;
import org.secondsite.replicator.Dialect;
import org.secondsite.replicator.EpochHeader;
import org.secondsite.replicator.checkpoint.CheckpointMessage;

class VmAgentTest {
    private static final VmId VM = new VmId("vm1");
    private static final long RAM_BYTES = 1 << 20;
    private static final long MS = 1_000_000;
    private static final Dialect DIALECT = new Dialect(4, Set.of());
    private static final AgentTiming TIMING = new AgentTiming(1000, 50, 500, 1000, 250);

    private final List<CheckpointMessage> said = new ArrayList<>();
    private long now = 1;
    private VmAgent agent;

    @BeforeEach
    void begin() {
        agent = new VmAgent(VM, RAM_BYTES, TIMING, Set.of(), now);
    }

    private static EpochId epoch(long number) {
        return new EpochId(3, number);
    }

    /** What the agent wants because of an event, by the names of the effects; what it says and notes is left out. */
    private String on(AgentEvent event) {
        List<AgentEffect> effects = agent.on(event, now);
        for (AgentEffect effect : effects) {
            if (effect instanceof AgentEffect.Send send) {
                said.add(send.message());
            } else if (effect instanceof AgentEffect.SendAfterEpochs send) {
                said.add(send.message());
            }
        }
        return effects.stream()
                .filter(effect -> !(effect instanceof AgentEffect.Note || effect instanceof AgentEffect.Trouble))
                .map(effect -> switch (effect) {
                    case AgentEffect.Send send -> send.message().getClass().getSimpleName();
                    case AgentEffect.SendAfterEpochs send ->
                        send.message().getClass().getSimpleName();
                    default -> effect.getClass().getSimpleName();
                })
                .collect(Collectors.joining(" "));
    }

    private String hears(CheckpointMessage message) {
        return on(new AgentEvent.Received(message));
    }

    private String tick() {
        return on(new AgentEvent.Tick());
    }

    private <T extends CheckpointMessage> T last(Class<T> type) {
        return said.stream()
                .filter(type::isInstance)
                .map(type::cast)
                .reduce((first, second) -> second)
                .orElseThrow();
    }

    private void attached() {
        assertEquals("Attach", tick());
        assertEquals("HandOverReplica", on(new AgentEvent.Found("a hypervisor", Optional.empty())));
        assertEquals("Hello", on(new AgentEvent.Opened()));
        hears(new CheckpointMessage.Welcome(DIALECT, 16, 1 << 30, false));
    }

    private void started() {
        attached();
        assertEquals("Look", hears(new CheckpointMessage.Start(epoch(1), true, 50)));
        assertEquals("BeginImage", on(new AgentEvent.Looked(Optional.empty())));
    }

    private void pausedFor(long number) {
        now += agent.dueIn(now);
        assertEquals("PauseForCheckpoint", tick());
        assertEquals("Seal Collect", on(new AgentEvent.Paused()));
        assertEquals(epoch(number), last(CheckpointMessage.Seal.class).epoch());
        assertEquals("", on(new AgentEvent.Collected()));
        assertEquals(AgentPhase.CHECKPOINT, agent.phase());
    }

    private void taken(long number) {
        pausedFor(number);
        assertEquals("Verify", hears(new CheckpointMessage.Sealed(epoch(number))));
        assertEquals("Resume", on(new AgentEvent.Verified()));
        assertEquals("Ship", on(new AgentEvent.Resumed()));
        assertEquals("", on(new AgentEvent.Taken(100)));
        assertEquals("", on(new AgentEvent.Shipped()));
        hears(new CheckpointMessage.Credit(epoch(number)));
    }

    @Test
    void theVmRunsOnOnlyWhenTheGatewayHasSealedAndEverythingIsCopied() {
        started();
        now += agent.dueIn(now);
        tick();
        on(new AgentEvent.Paused());
        assertEquals("", hears(new CheckpointMessage.Sealed(epoch(1))), "nothing is copied yet");
        assertEquals("Verify", on(new AgentEvent.Collected()));
        assertEquals("Resume", on(new AgentEvent.Verified()));
        assertEquals("Ship", on(new AgentEvent.Resumed()));
        on(new AgentEvent.Taken(100));
        assertEquals(AgentPhase.LEFT_ALONE, agent.phase());
        on(new AgentEvent.Shipped());
        taken(2);
    }

    @Test
    void aSealOfAnotherEpochCountsForNothing() {
        started();
        pausedFor(1);
        assertEquals("", hears(new CheckpointMessage.Sealed(epoch(2))));
        assertEquals("Verify", hears(new CheckpointMessage.Sealed(epoch(1))));
    }

    @ParameterizedTest(name = "{0}: {1}")
    @CsvSource({
        "silence, Abandon Failed",
        "the gateway is gone, Abandon Unguard",
        "collecting fails, Abandon Failed",
        "it is halted, Abandon Failed",
        "it is spoiled, Abandon Failed",
        "it dies, Detach Failed",
        "STOP_VM, Detach Kill",
        "the agent ends, Abandon Detach",
    })
    void aCheckpointThatFailsIsDroppedAndTheVmRunsOnUnlessItIsGone(String what, String expected) {
        started();
        taken(1);
        pausedFor(2);
        String wanted =
                switch (what) {
                    case "silence" -> {
                        assertEquals(1000 * MS, agent.dueIn(now));
                        now += 1000 * MS;
                        yield tick();
                    }
                    case "the gateway is gone" -> on(new AgentEvent.Closed("reset"));
                    case "collecting fails" -> on(new AgentEvent.CollectFailed("no memory"));
                    case "it is halted" -> on(new AgentEvent.News(new VmNews.Halted("a bad disk")));
                    case "it is spoiled" -> {
                        hears(new CheckpointMessage.Sealed(epoch(2)));
                        yield on(new AgentEvent.Spoiled("somebody"));
                    }
                    case "it dies" -> on(new AgentEvent.News(new VmNews.Gone("power")));
                    case "STOP_VM" -> hears(new CheckpointMessage.StopVm("fenced"));
                    default -> on(new AgentEvent.End());
                };
        assertEquals(expected, wanted);
        assertFalse(agent.phase() == AgentPhase.CHECKPOINT);
    }

    @Test
    void afterADroppedCheckpointTheNextIsADeltaOnWhatWasShippedUnderAnIdOfItsOwn() {
        started();
        taken(1);
        pausedFor(2);
        now += 1000 * MS;
        assertEquals("Abandon Failed", tick());
        pausedFor(3);
        hears(new CheckpointMessage.Sealed(epoch(3)));
        on(new AgentEvent.Verified());
        List<AgentEffect> effects = agent.on(new AgentEvent.Resumed(), now);
        assertEquals(List.of(new AgentEffect.Ship(epoch(3), epoch(1))), effects);
    }

    @Test
    void whatTheGatewayOrdersWithinACheckpointIsObeyedAfterIt() {
        started();
        pausedFor(1);
        assertEquals("", hears(new CheckpointMessage.PauseVm()));
        assertEquals("", hears(new CheckpointMessage.Stop()));
        hears(new CheckpointMessage.Sealed(epoch(1)));
        assertEquals("Resume", on(new AgentEvent.Verified()), "the order is for the next one");
        on(new AgentEvent.Resumed());
        on(new AgentEvent.Taken(100));
        on(new AgentEvent.Shipped());
        assertEquals(Long.MAX_VALUE, agent.dueIn(now), "no more checkpoints");
    }

    private void keptAfter(long first) {
        hears(new CheckpointMessage.PauseVm());
        for (long number = first; number <= first + 1; number++) {
            pausedFor(number);
            hears(new CheckpointMessage.Sealed(epoch(number)));
            assertEquals("Ship", on(new AgentEvent.Verified()), "it is not resumed");
            assertEquals(number == first ? "" : "VmPaused", on(new AgentEvent.Taken(100)));
            on(new AgentEvent.Shipped());
        }
        assertEquals(AgentPhase.KEPT, agent.phase());
    }

    @Test
    void pauseVmTakesTwoCheckpointsAndTheVmIsKeptPausedUntilItMayRun() {
        started();
        taken(1);
        keptAfter(2);
        assertEquals(epoch(3), last(CheckpointMessage.VmPaused.class).last());
        assertEquals(Long.MAX_VALUE, agent.dueIn(now), "none follows");
        assertEquals("", tick());
        assertEquals("ResumeKept", hears(new CheckpointMessage.ResumeVm()));
        taken(4);
    }

    @Test
    void aVmThatStandsOrIsKeptRunsOnWithoutItsGateway() {
        started();
        keptAfter(1);
        assertEquals("ResumeKept Unguard", on(new AgentEvent.Closed("reset")));
        assertEquals(AgentPhase.LEFT_ALONE, agent.phase());
        on(new AgentEvent.Opened());
        hears(new CheckpointMessage.Start(epoch(5), false, 50));
        on(new AgentEvent.Looked(Optional.empty()));
        hears(new CheckpointMessage.PauseVm());
        pausedFor(5);
        hears(new CheckpointMessage.Sealed(epoch(5)));
        on(new AgentEvent.Verified());
        on(new AgentEvent.Taken(100));
        assertEquals(AgentPhase.STANDS, agent.phase());
        assertEquals("ResumeKept Unguard", on(new AgentEvent.Closed("reset")));
        assertEquals(AgentPhase.LEFT_ALONE, agent.phase());
    }

    @Test
    void aVmThatMustNotBeCheckpointedIsHereAndIsLookedAtAgain() {
        attached();
        hears(new CheckpointMessage.Start(epoch(1), true, 50));
        assertEquals("Failed", on(new AgentEvent.Looked(Optional.of("a disk"))));
        assertEquals("a disk", last(CheckpointMessage.Failed.class).reason());
        assertEquals(5000 * MS, agent.dueIn(now));
        now += 5000 * MS;
        assertEquals("Look", tick());
        assertEquals("", on(new AgentEvent.Looked(Optional.of("a disk"))), "it is told once");
        hears(new CheckpointMessage.Retitle(new EpochId(4, 1)));
        now += 5000 * MS;
        tick();
        assertEquals("BeginImage", on(new AgentEvent.Looked(Optional.empty())));
        assertEquals("PauseForCheckpoint", tick());
        on(new AgentEvent.Paused());
        assertEquals(new EpochId(4, 1), last(CheckpointMessage.Seal.class).epoch());
    }

    @Test
    void aHaltedVmIsNeitherCheckpointedNorForgotten() {
        started();
        taken(1);
        assertEquals("Failed", on(new AgentEvent.News(new VmNews.Halted("a bad disk"))));
        assertEquals(AgentPhase.HALTED, agent.phase());
        for (long expected : new long[] {500, 1000, 2000, 4000, 4000}) {
            assertEquals(expected * MS, agent.dueIn(now));
            now += expected * MS;
            assertEquals("Retry", tick());
        }
        on(new AgentEvent.News(new VmNews.Resumed()));
        assertEquals(AgentPhase.LEFT_ALONE, agent.phase());
        taken(2);
    }

    @Test
    void aLatePauseIsWaitedForAndTheVmRunsThen() {
        started();
        taken(1);
        now += agent.dueIn(now);
        tick();
        assertEquals("Failed", on(new AgentEvent.PauseLate("a slow disk")));
        assertEquals(AgentPhase.PAUSE_LATE, agent.phase());
        assertEquals(Long.MAX_VALUE, agent.dueIn(now), "nothing is asked of it");
        assertEquals("ResumeKept", on(new AgentEvent.News(new VmNews.PausedLate())));
        assertEquals(2000 * MS, agent.dueIn(now));
        taken(3);
    }

    @Test
    void aVmThatWaitsForRoomRunsOnWhenThereIsSomeOrNobodyToWaitFor() {
        started();
        hears(new CheckpointMessage.Welcome(DIALECT, 1, 1 << 30, true));
        pausedFor(1);
        hears(new CheckpointMessage.Sealed(epoch(1)));
        on(new AgentEvent.Verified());
        on(new AgentEvent.Resumed());
        on(new AgentEvent.Taken(100));
        on(new AgentEvent.Shipped());
        now += agent.dueIn(now);
        assertEquals("PauseForRoom", tick());
        on(new AgentEvent.Paused());
        assertEquals("", tick());
        hears(new CheckpointMessage.Credit(epoch(1)));
        assertEquals(0, agent.dueIn(now));
        assertEquals("ResumeKept", tick());
        assertEquals("PauseForCheckpoint", tick());
    }

    @Test
    void aReplicaTakesOnlyWhatFollowsAndTheVmStartsOnlyFromWhatIsExpected() {
        tick();
        on(new AgentEvent.NotFound(""));
        on(new AgentEvent.Opened());
        assertEquals("Failed", on(new AgentEvent.EpochArrived(header(2, 1))));
        assertEquals("Apply", on(new AgentEvent.EpochArrived(header(1, 0))));
        assertEquals("Applied", on(new AgentEvent.Applied()));
        assertEquals("Failed", on(new AgentEvent.EpochArrived(header(3, 2))));
        assertEquals(epoch(1), agent.replica());
        assertEquals("Failed", hears(new CheckpointMessage.Activate(epoch(2))));
        assertEquals("Activate", hears(new CheckpointMessage.Activate(epoch(1))));
        assertEquals("HandOverReplica Activated", on(new AgentEvent.Activated("a hypervisor")));
        assertEquals(EpochId.NONE, agent.replica());
        assertEquals("Failed", on(new AgentEvent.EpochArrived(header(4, 0))), "the VM itself is here");
        assertEquals("Failed", hears(new CheckpointMessage.Activate(epoch(1))));
        assertEquals("", hears(new CheckpointMessage.Release()));
    }

    @Test
    void afterAFullImageThatCouldNotBeAppliedThereIsNoReplica() {
        tick();
        on(new AgentEvent.NotFound(""));
        on(new AgentEvent.Opened());
        on(new AgentEvent.EpochArrived(header(1, 0)));
        on(new AgentEvent.Applied());
        on(new AgentEvent.EpochArrived(header(5, 0)));
        assertEquals("Failed", on(new AgentEvent.ApplyFailed("no memory")));
        assertEquals(EpochId.NONE, agent.replica());
    }

    private static EpochHeader header(long number, long base) {
        return new EpochHeader(VM, epoch(number), base == 0 ? EpochId.NONE : epoch(base), RAM_BYTES);
    }

    @Test
    void stopVmKillsWhateverTheConnectionAndIsAnsweredWhereThereIsOne() {
        started();
        on(new AgentEvent.Closed("reset"));
        assertEquals("Detach Kill", hears(new CheckpointMessage.StopVm("fenced")));
        assertEquals("", on(new AgentEvent.Killed()));
        on(new AgentEvent.Opened());
        assertEquals("Detach Kill", hears(new CheckpointMessage.StopVm("fenced")));
        assertEquals("VmStopped", on(new AgentEvent.Killed()));
        assertEquals("Failed", on(new AgentEvent.NotKilled("it does not die")));
    }

    /** A hypervisor that answers everything, or fails, as chance will have it; whether the VM may execute is watched. */
    @ParameterizedTest
    @EnumSource(AgentPhase.class)
    void everyPhaseIsReachedAndTheVmExecutesInNoneInWhichItMustNot(AgentPhase phase) {
        Map<AgentPhase, Integer> seen = new EnumMap<>(AgentPhase.class);
        for (long seed = 1; seed <= 300; seed++) {
            begin();
            new RandomLife(seed).live(400, seen);
        }
        assertTrue(seen.containsKey(phase), phase + " was never reached, only " + seen);
    }

    private final class RandomLife {
        private final long seed;
        private final SplittableRandom dice;
        private boolean here = true;
        private boolean paused;
        private boolean late;
        private long next = 1;

        RandomLife(long seed) {
            this.seed = seed;
            this.dice = new SplittableRandom(seed);
        }

        void live(int steps, Map<AgentPhase, Integer> seen) {
            for (int step = 0; step < steps; step++) {
                now += dice.nextInt(3) == 0 ? Math.min(agent.dueIn(now), 3000 * MS) : dice.nextLong(20 * MS);
                tell(drawn());
                seen.merge(agent.phase(), 1, Integer::sum);
                boolean keeps = agent.phase() == AgentPhase.STANDS || agent.phase() == AgentPhase.KEPT;
                assertFalse(keeps && here && !paused, () -> "seed " + seed + ": it runs, " + agent.reason());
                boolean leftPaused = agent.phase() == AgentPhase.LEFT_ALONE && paused;
                assertFalse(leftPaused, () -> "seed " + seed + ": it is left paused, " + agent.reason());
            }
        }

        private AgentEvent drawn() {
            return switch (dice.nextInt(24)) {
                case 0 -> new AgentEvent.Opened();
                case 1 -> new AgentEvent.Closed("reset");
                case 2, 3 -> new AgentEvent.Received(new CheckpointMessage.Start(epoch(next), dice.nextBoolean(), 20));
                case 4 -> new AgentEvent.Received(new CheckpointMessage.PauseVm());
                case 5 -> new AgentEvent.Received(new CheckpointMessage.ResumeVm());
                case 6 -> new AgentEvent.Received(new CheckpointMessage.Welcome(DIALECT, 2, 1 << 30, true));
                case 7 -> new AgentEvent.Received(new CheckpointMessage.Credit(epoch(next)));
                case 8 ->
                    dice.nextInt(20) == 0
                            ? new AgentEvent.Received(new CheckpointMessage.StopVm("fenced"))
                            : new AgentEvent.Tick();
                case 9 -> here ? new AgentEvent.News(new VmNews.Halted("a bad disk")) : new AgentEvent.Tick();
                case 10 -> here ? new AgentEvent.News(new VmNews.Resumed()) : new AgentEvent.Tick();
                case 11 -> late ? latePause() : new AgentEvent.Tick();
                case 12, 13 -> new AgentEvent.Shipped();
                case 14 -> new AgentEvent.EpochArrived(header(next, 0));
                case 15 -> new AgentEvent.Received(new CheckpointMessage.Activate(agent.replica()));
                case 16, 17, 18 -> new AgentEvent.Received(new CheckpointMessage.Sealed(epoch(next - 1)));
                default -> new AgentEvent.Tick();
            };
        }

        private AgentEvent latePause() {
            late = false;
            paused = true;
            return new AgentEvent.News(new VmNews.PausedLate());
        }

        private void tell(AgentEvent event) {
            List<AgentEvent> events = new ArrayList<>(List.of(event));
            while (!events.isEmpty()) {
                for (AgentEffect effect : agent.on(events.removeFirst(), now)) {
                    carryOut(effect).ifPresent(events::addLast);
                }
            }
        }

        private Optional<AgentEvent> carryOut(AgentEffect effect) {
            return Optional.ofNullable(
                    switch (effect) {
                        case AgentEffect.Send send -> {
                            if (send.message() instanceof CheckpointMessage.Seal seal) {
                                next = seal.epoch().number() + 1;
                            }
                            yield null;
                        }
                        case AgentEffect.Attach attach ->
                            here ? new AgentEvent.Found("a hypervisor", Optional.empty()) : new AgentEvent.NotFound("");
                        case AgentEffect.Look look ->
                            new AgentEvent.Looked(dice.nextInt(4) == 0 ? Optional.of("a disk") : Optional.empty());
                        case AgentEffect.PauseForCheckpoint _, AgentEffect.PauseForRoom _ -> pauses();
                        case AgentEffect.Collect collect ->
                            dice.nextInt(8) == 0 ? new AgentEvent.CollectFailed("no") : new AgentEvent.Collected();
                        case AgentEffect.Verify verify ->
                            dice.nextInt(8) == 0 ? new AgentEvent.Spoiled("somebody") : new AgentEvent.Verified();
                        case AgentEffect.Resume resume -> {
                            paused = false;
                            yield new AgentEvent.Resumed();
                        }
                        case AgentEffect.Abandon _, AgentEffect.ResumeKept _ -> {
                            paused = effect instanceof AgentEffect.Abandon && agent.phase() == AgentPhase.STANDS;
                            yield null;
                        }
                        case AgentEffect.Detach detach -> {
                            paused = false;
                            late = false;
                            yield null;
                        }
                        case AgentEffect.Ship ship -> new AgentEvent.Taken(100);
                        case AgentEffect.Kill kill -> {
                            here = false;
                            yield new AgentEvent.Killed();
                        }
                        case AgentEffect.Apply apply -> new AgentEvent.Applied();
                        case AgentEffect.Activate activate -> {
                            here = true;
                            yield new AgentEvent.Activated("a hypervisor");
                        }
                        default -> null;
                    });
        }

        private AgentEvent pauses() {
            return switch (dice.nextInt(10)) {
                case 0 -> {
                    late = true;
                    yield new AgentEvent.PauseLate("a slow disk");
                }
                case 1 -> new AgentEvent.PauseFailed("no");
                default -> {
                    paused = true;
                    yield new AgentEvent.Paused();
                }
            };
        }
    }
}
