package org.secondsite.gateway;

import java.util.Optional;
import java.util.function.Consumer;
import java.util.function.Function;
import org.secondsite.config.EpochId;
import org.secondsite.config.VmId;
import org.secondsite.gateway.group.ProtectionGroup;
import org.secondsite.replicator.Epoch;
import org.secondsite.replicator.checkpoint.AgentSession;
import org.secondsite.replicator.checkpoint.CheckpointListener;

/** Brings what agents tell to the conductor's thread. */
final class AgentEvents implements CheckpointListener {
    private final Conductor conductor;
    private final Function<VmId, Optional<ProtectionGroup>> groupOf;

    AgentEvents(Conductor conductor, Function<VmId, Optional<ProtectionGroup>> groupOf) {
        this.conductor = conductor;
        this.groupOf = groupOf;
    }

    private void post(AgentSession session, Consumer<ProtectionGroup> task) {
        conductor.post(() -> groupOf.apply(session.vm()).ifPresent(task));
    }

    @Override
    public void attached(AgentSession session) {
        post(session, group -> group.attached(session));
    }

    @Override
    public void detached(AgentSession session, String reason) {
        post(session, group -> group.detached(session, reason));
    }

    @Override
    public void sealRequested(AgentSession session, EpochId epoch) {
        post(session, group -> group.sealRequested(session, epoch));
    }

    @Override
    public void epochReceived(AgentSession session, Epoch epoch, long pauseNanos) {
        post(session, group -> group.epochFromAgent(epoch, pauseNanos));
    }

    @Override
    public void applied(AgentSession session, EpochId epoch) {
        post(session, group -> group.applied(session, epoch));
    }

    @Override
    public void activated(AgentSession session, EpochId epoch) {
        post(session, group -> group.activated(session, epoch));
    }

    @Override
    public void vmPaused(AgentSession session, EpochId last) {
        post(session, group -> group.vmPaused(session, last));
    }

    @Override
    public void failed(AgentSession session, String what, String reason) {
        post(session, group -> group.failed(session, what, reason));
    }

    @Override
    public void vmStopped(AgentSession session) {
        post(session, group -> group.vmStopped(session));
    }
}
