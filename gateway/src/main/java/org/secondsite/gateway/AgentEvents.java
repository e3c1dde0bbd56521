package org.secondsite.gateway;

import java.util.function.Consumer;
import org.secondsite.config.EpochId;
import org.secondsite.gateway.group.SiteEvent;
import org.secondsite.replicator.CopyProgress;
import org.secondsite.replicator.DiskTalk;
import org.secondsite.replicator.Epoch;
import org.secondsite.replicator.checkpoint.AgentSession;
import org.secondsite.replicator.checkpoint.CheckpointListener;
import org.secondsite.replicator.checkpoint.FailureKind;

/**
 * Posts what agents tell to the core.
 *
 * @param post brings an event to the core, later; any thread
 */
public record AgentEvents(Consumer<SiteEvent> post) implements CheckpointListener {
    @Override
    public void attached(AgentSession session) {
        post.accept(new SiteEvent.Attached(session, session.vmRunning()));
    }

    @Override
    public void detached(AgentSession session, String reason) {
        post.accept(new SiteEvent.Detached(session, reason));
    }

    @Override
    public void sealRequested(AgentSession session, EpochId epoch) {
        post.accept(new SiteEvent.SealRequested(session, epoch));
    }

    @Override
    public void epochReceived(AgentSession session, Epoch epoch, long pauseNanos) {
        post.accept(new SiteEvent.EpochFromAgent(session, epoch, pauseNanos));
    }

    @Override
    public void actedUnder(AgentSession session, long term) {
        post.accept(new SiteEvent.ActedUnder(session.vm(), term));
    }

    @Override
    public void applied(AgentSession session, EpochId epoch) {
        post.accept(new SiteEvent.Applied(session, epoch));
    }

    @Override
    public void activated(AgentSession session, EpochId epoch) {
        post.accept(new SiteEvent.Activated(session, epoch));
    }

    @Override
    public void vmPaused(AgentSession session, EpochId last) {
        post.accept(new SiteEvent.VmPaused(session, last));
    }

    @Override
    public void failed(AgentSession session, FailureKind what, String reason) {
        post.accept(new SiteEvent.AgentFailed(session, what, reason));
    }

    @Override
    public void disksSynced(AgentSession session) {
        post.accept(new SiteEvent.DisksSynced(session));
    }

    @Override
    public void ofDisks(AgentSession session, DiskTalk talk) {
        post.accept(new SiteEvent.AgentOfDisks(session, talk));
    }

    @Override
    public void copyAt(AgentSession session, CopyProgress progress) {
        post.accept(new SiteEvent.CopyAt(session, progress));
    }

    @Override
    public void vmStopped(AgentSession session) {
        post.accept(new SiteEvent.VmStopped(session));
    }
}
