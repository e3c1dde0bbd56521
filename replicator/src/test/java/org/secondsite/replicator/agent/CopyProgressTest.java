package org.secondsite.replicator.agent;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.EnumSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import org.junit.jupiter.api.Test;
import org.secondsite.config.Durability;
import org.secondsite.config.EpochId;
import org.secondsite.config.VmId;
import org.secondsite.replicator.Capability;
import org.secondsite.replicator.CarriedDisks;
import org.secondsite.replicator.CopyProgress;
import org.secondsite.replicator.Dialect;
import org.secondsite.replicator.DiskTalk;
import org.secondsite.replicator.checkpoint.AgentConduct;
import org.secondsite.replicator.checkpoint.CheckpointMessage;
import org.secondsite.replicator.disk.BlockMemory;

/** When an agent tells its gateway how far the copy of its VM's disks is, and from whom that is taken. */
class CopyProgressTest {
    private static final VmId VM = new VmId("vm1");
    private static final long RAM_BYTES = 1 << 20;
    private static final Set<Capability> ALL = EnumSet.allOf(Capability.class);
    private static final Set<Capability> WITHOUT = Set.of(Capability.DISKS, Capability.RESYNC);
    private static final int WINDOW = 40;
    private static final long SECOND = 1_000_000_000L;

    private long now = 1;
    private long number = 1;
    private long term = 2;
    private final VmAgent agent = new VmAgent(VM, RAM_BYTES, AgentTiming.USUAL, ALL, now);

    private List<AgentEffect> on(AgentEvent event) {
        return agent.on(event, now);
    }

    private void owns(Set<Capability> both) {
        on(new AgentEvent.Tick());
        on(new AgentEvent.Found("a hypervisor", Optional.empty()));
        welcomed(both, false);
        ordered();
    }

    private void welcomed(Set<Capability> both, boolean vmWaits) {
        on(new AgentEvent.Opened());
        on(new AgentEvent.Received(new CheckpointMessage.Welcome(new Dialect(4, both), WINDOW, 1 << 30, vmWaits)));
    }

    /** Checkpoints are ordered, and nobody at the other site says what its disks are. */
    private List<AgentEffect> ordered() {
        EpochId first = new EpochId(++term, 1);
        number = 1;
        on(new AgentEvent.Received(new CheckpointMessage.Start(first, true, 50)));
        List<AgentEffect> effects = on(new AgentEvent.Looked(Optional.empty()));
        on(new AgentEvent.Received(new CheckpointMessage.OfDisks(new DiskTalk.Nobody(first))));
        return effects;
    }

    private static List<String> refusals(List<AgentEffect> effects) {
        return effects.stream()
                .filter(AgentEffect.Send.class::isInstance)
                .map(effect -> ((AgentEffect.Send) effect).message())
                .filter(CheckpointMessage.Failed.class::isInstance)
                .map(failed -> ((CheckpointMessage.Failed) failed).kind().name())
                .toList();
    }

    /** Takes a checkpoint with which the copy is so far; what the gateway is told of that. */
    private List<CopyProgress> told(Integer... missing) {
        on(new AgentEvent.Tick());
        on(new AgentEvent.Paused());
        on(new AgentEvent.Collected());
        on(new AgentEvent.Received(new CheckpointMessage.Sealed(new EpochId(term, number++))));
        on(new AgentEvent.Verified());
        on(new AgentEvent.Resumed());
        List<AgentEffect> effects =
                on(new AgentEvent.Taken(100, Optional.of(new CopyProgress(List.of(missing), 0)), List.of()));
        on(new AgentEvent.Shipped());
        now += SECOND / 4;
        return effects.stream()
                .filter(AgentEffect.SendAfterEpochs.class::isInstance)
                .map(effect -> ((AgentEffect.SendAfterEpochs) effect).message())
                .map(message -> ((CheckpointMessage.CopyAt) message).progress())
                .toList();
    }

    @Test
    void itIsToldOnceASecondAndWhenItIsCompleteAndNotAgain() {
        owns(ALL);
        assertEquals(List.of(new CopyProgress(List.of(9, 9), 0)), told(9, 9));
        assertEquals(List.of(), told(8, 9));
        assertEquals(List.of(), told(7, 9));
        assertEquals(List.of(), told(6, 9));
        assertEquals(List.of(new CopyProgress(List.of(5, 9), 0)), told(5, 9));
        assertEquals(List.of(new CopyProgress(List.of(0, 0), 0)), told(0, 0));
        now += 10 * SECOND;
        assertEquals(List.of(), told(0, 0));
    }

    @Test
    void aSetThatIsHalfFullBringsTheNextCheckpointForward() {
        owns(ALL);
        told(9);
        now -= SECOND / 4;
        assertTrue(agent.dueIn(now) > 0);
        on(new AgentEvent.DisksFill(BlockMemory.Level.HALF_FULL));
        assertEquals(0, agent.dueIn(now));
        assertTrue(on(new AgentEvent.Tick()).contains(new AgentEffect.PauseForCheckpoint(false)));
    }

    private List<AgentEffect> closes(List<AgentEffect> effects) {
        return effects.stream()
                .filter(AgentEffect.CloseConnection.class::isInstance)
                .toList();
    }

    /** The standby has acknowledged nothing, and the window is full. */
    private void fullAndWithoutCredit() {
        while (agent.dueIn(now) == 0 || agent.dueIn(now) < SECOND / 10) {
            now += agent.dueIn(now);
            told(9);
        }
        on(new AgentEvent.DisksFill(BlockMemory.Level.FULL));
    }

    @Test
    void aVmThatIsNotToWaitIsHeldUpForTwoSecondsAtMostAndTriedAgainLaterAndLater() {
        owns(ALL);
        fullAndWithoutCredit();
        assertEquals(2 * SECOND, agent.dueIn(now));
        now += 2 * SECOND;
        assertEquals(1, closes(on(new AgentEvent.Tick())).size());
        assertTrue(on(new AgentEvent.Closed("by the agent")).contains(new AgentEffect.EndImage()), "it may write");
        long wait = 10 * SECOND;
        for (int i = 0; i < 8; i++) {
            welcomed(ALL, false);
            now += wait - SECOND;
            assertEquals(List.of("CHECKPOINT"), refusals(ordered()));
            now += SECOND;
            assertEquals(List.of(), refusals(ordered()));
            fullAndWithoutCredit();
            now += 2 * SECOND;
            assertEquals(1, closes(on(new AgentEvent.Tick())).size());
            on(new AgentEvent.Closed("by the agent"));
            wait = Math.min(2 * wait, 300 * SECOND);
        }
    }

    @Test
    void aVmThatIsToWaitWaitsAndOneWhoseOutputIsHeldIsTheGatewaysMatter() {
        owns(ALL);
        on(new AgentEvent.Received(new CheckpointMessage.FlushAtOnce()));
        fullAndWithoutCredit();
        now += 60 * SECOND;
        assertEquals(List.of(), closes(on(new AgentEvent.Tick())));

        on(new AgentEvent.Closed("a test"));
        welcomed(ALL, true);
        ordered();
        on(new AgentEvent.DisksFill(BlockMemory.Level.FULL));
        now += 60 * SECOND;
        assertEquals(List.of(), closes(on(new AgentEvent.Tick())));
    }

    @Test
    void whatIsShippedInTimeIsNotGivenUp() {
        owns(ALL);
        on(new AgentEvent.DisksFill(BlockMemory.Level.FULL));
        told(9);
        now += 60 * SECOND;
        assertEquals(List.of(), closes(on(new AgentEvent.Tick())));
    }

    @Test
    void aGatewayOfTheVersionBeforeIsToldNothing() {
        owns(WITHOUT);
        assertEquals(List.of(), told(9, 9));
    }

    @Test
    void onlyAnAgentThatHasTheVmAndToldOfSoManyDisksMaySayIt() {
        CheckpointMessage.Disks disks = new CheckpointMessage.Disks(
                new CarriedDisks(List.of(new CarriedDisks.Disk("d0", 1 << 20)), 0), Durability.DISK);
        CheckpointMessage at = new CheckpointMessage.CopyAt(new CopyProgress(List.of(5), 0));
        AgentConduct owner = conduct(true, ALL);
        assertTrue(owner.judge(at).isPresent(), "before DISKS");
        assertTrue(owner.judge(disks).isEmpty());
        assertTrue(owner.judge(at).isEmpty());
        assertTrue(owner.judge(new CheckpointMessage.CopyAt(new CopyProgress(List.of(5, 5), 0)))
                .isPresent());

        AgentConduct standby = conduct(false, ALL);
        assertTrue(standby.judge(disks).isEmpty());
        assertTrue(standby.judge(at).isPresent());

        AgentConduct before = conduct(true, WITHOUT);
        assertTrue(before.judge(disks).isEmpty());
        assertTrue(before.judge(at).isPresent(), "not agreed on");
    }

    private static AgentConduct conduct(boolean running, Set<Capability> both) {
        Dialect dialect = new Dialect(4, both);
        return new AgentConduct(
                new CheckpointMessage.Hello(dialect, VM, RAM_BYTES, running, EpochId.NONE, ""), dialect);
    }
}
