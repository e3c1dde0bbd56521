package org.secondsite.replicator.agent;

import static org.junit.jupiter.api.Assertions.assertEquals;

import java.util.List;
import java.util.Optional;
import java.util.Set;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.secondsite.config.EpochId;
import org.secondsite.config.VmId;
import org.secondsite.replicator.Dialect;
import org.secondsite.replicator.checkpoint.CheckpointMessage;
import org.secondsite.replicator.checkpoint.FailureKind;

/** Nobody but the agent saves or migrates a VM of which checkpoints are taken. */
class GuardTest {
    private final VmAgent agent =
            new VmAgent(new VmId("vm1"), 1 << 20, new AgentTiming(1000, 50, 500, 1000, 250), Set.of(), 1);

    private List<AgentEffect> on(AgentEvent event) {
        return agent.on(event, 1);
    }

    private static long unguarded(List<AgentEffect> effects) {
        return effects.stream().filter(AgentEffect.Unguard.class::isInstance).count();
    }

    @BeforeEach
    void protect() {
        on(new AgentEvent.Tick());
        on(new AgentEvent.Found("a hypervisor", Optional.empty()));
        on(new AgentEvent.Opened());
        on(new AgentEvent.Received(new CheckpointMessage.Welcome(new Dialect(4, Set.of()), 16, 1 << 30, false)));
        start();
    }

    private void start() {
        on(new AgentEvent.Received(new CheckpointMessage.Start(new EpochId(1, 1), true, 50)));
        assertEquals(
                List.of(new AgentEffect.BeginImage(true)),
                on(new AgentEvent.Looked(Optional.empty())).stream()
                        .filter(AgentEffect.BeginImage.class::isInstance)
                        .toList());
    }

    @Test
    void theGuardEndsWithTheCheckpoints() {
        assertEquals(1, unguarded(on(new AgentEvent.Received(new CheckpointMessage.Stop()))));
        assertEquals(0, unguarded(on(new AgentEvent.Received(new CheckpointMessage.Stop()))), "once");
        start();
        assertEquals(1, unguarded(on(new AgentEvent.Closed("the gateway is gone"))));
    }

    @Test
    void aVmThatIsGoneIsNotGuardedAnyMore() {
        assertEquals(0, unguarded(on(new AgentEvent.News(new VmNews.Gone("power")))));
        assertEquals(0, unguarded(on(new AgentEvent.Tick())));
    }

    @Test
    void whoIsRefusedIsToldOfAndCheckpointsGoOn() {
        List<AgentEffect> effects = on(new AgentEvent.News(new VmNews.Refused("somebody saves it")));
        assertEquals(
                new AgentEffect.Send(
                        new CheckpointMessage.Failed(FailureKind.CHECKPOINT, EpochId.NONE, "somebody saves it")),
                effects.getLast());
        assertEquals(List.of(new AgentEffect.PauseForCheckpoint(true)), on(new AgentEvent.Tick()));
    }
}
