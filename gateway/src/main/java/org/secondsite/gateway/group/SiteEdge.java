package org.secondsite.gateway.group;

import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.Consumer;
import org.secondsite.config.EpochId;
import org.secondsite.config.SiteId;
import org.secondsite.config.VmId;
import org.secondsite.replicator.checkpoint.AgentSession;

/**
 * Carries out the orders of a {@link SiteCore} by what surrounds it, and posts the witness's answers. It decides nothing.
 *
 * <p>For the thread that feeds the core.
 */
public final class SiteEdge {
    private final Surroundings surroundings;
    private final Consumer<SiteEvent> post;
    private final Map<VmId, Runnable> keptPaused = new HashMap<>();

    /**
     * An edge.
     *
     * @param post brings an event to the core, later; called by any thread
     */
    public SiteEdge(Surroundings surroundings, Consumer<SiteEvent> post) {
        this.surroundings = surroundings;
        this.post = post;
    }

    /** Carries out orders, one after the other. An exception leaves the rest undone; the process must not go on then. */
    public void carryOut(List<SiteOrder> orders) {
        for (SiteOrder order : orders) {
            switch (order) {
                case SiteOrder.ToPlane plane -> toPlane(plane);
                case SiteOrder.Towards(SiteId peer, SiteOrder.ToPeer what) ->
                    toPeer(surroundings.peers().apply(peer), what);
                case SiteOrder.ToWitness witness -> toWitness(witness);
                case SiteOrder.ToAgent agent -> toAgent(agent);
                case SiteOrder.Announce announce -> surroundings.routes().publish(announce.group(), announce.role());
                case SiteOrder.Program program ->
                    surroundings.switches().publish(program.group(), program.term(), program.role());
                case SiteOrder.FollowTick follow -> follow(follow);
                case SiteOrder.Remember all -> surroundings.memory().keep(all.number(), all.all());
                case SiteOrder.Note note -> surroundings.timeline().note(note.subject(), note.kind(), note.text());
                case SiteOrder.NoteAt note ->
                    surroundings.timeline().noteAt(note.nanoTime(), note.subject(), note.kind(), note.text());
                case SiteOrder.Answer answer -> answer.asker().accept(answer.obstacle());
                case SiteOrder.Report report -> report.operator().accept(report.result());
            }
        }
    }

    private void follow(SiteOrder.FollowTick order) {
        var _ = surroundings
                .file()
                .follow(order.group(), order.vm(), order.tick(), order.owner())
                .whenComplete((obstacle, failure) -> post.accept(new SiteEvent.TickFollowed(
                        order.vm(), failure == null ? obstacle : Optional.of(String.valueOf(failure.getMessage())))));
    }

    private void toPlane(SiteOrder.ToPlane order) {
        switch (order) {
            case SiteOrder.Hold hold -> surroundings.dataPlane().hold(hold.vm(), hold.term());
            case SiteOrder.Pass pass -> surroundings.dataPlane().pass(pass.vm(), pass.term());
            case SiteOrder.Fence fence -> surroundings.dataPlane().fence(fence.vm(), fence.term());
            case SiteOrder.Seal seal -> seal(seal.session(), seal.epoch(), 1);
            case SiteOrder.SealAndKeepPaused seal ->
                keptPaused.put(seal.session().vm(), seal(seal.session(), seal.epoch(), 2));
            case SiteOrder.EndPause end -> keptPaused.remove(end.vm()).run();
            case SiteOrder.Release release -> surroundings.dataPlane().commit(release.vm(), release.upTo());
            case SiteOrder.Suspend wait ->
                surroundings.dataPlane().suspend(wait.vm(), wait.doubt().number());
            case SiteOrder.ReleaseAgain again -> releaseAgain(again.vm(), again.doubt());
        }
    }

    private void releaseAgain(VmId vm, Doubt doubt) {
        switch (doubt.cause()) {
            case STANDSTILL -> surroundings.dataPlane().releaseAgain(vm, doubt.number());
            case HEARSAY -> surroundings.dataPlane().resume(vm, doubt.number());
        }
    }

    /** The agent is told on the data plane's thread, without a way through this one, unless something else comes last. */
    private Runnable seal(AgentSession session, EpochId epoch, int conditions) {
        AtomicInteger missing = new AtomicInteger(conditions);
        Runnable met = () -> {
            if (missing.decrementAndGet() == 0) {
                session.sealed(epoch);
            }
        };
        surroundings.dataPlane().seal(session.vm(), epoch, met);
        return met;
    }

    private static void toPeer(Surroundings.PeerLink peer, SiteOrder.ToPeer order) {
        switch (order) {
            case SiteOrder.SendEpoch send -> peer.send(send.epoch());
            case SiteOrder.Say say -> peer.send(say.message());
            case SiteOrder.Acknowledge acknowledge -> peer.acknowledge(acknowledge.vm(), acknowledge.epoch());
            case SiteOrder.Withdraw withdraw -> peer.withdraw(withdraw.vm());
            case SiteOrder.Refuse refuse -> peer.refuse(refuse.vm(), refuse.epoch(), refuse.reason());
            case SiteOrder.Discard discard -> peer.discard(discard.vm());
            case SiteOrder.AbandonTunnel abandon -> peer.abandon(abandon.reason());
        }
    }

    private void toWitness(SiteOrder.ToWitness order) {
        switch (order) {
            case SiteOrder.Ask ask -> {
                var _ = surroundings
                        .witness()
                        .ask(ask.group(), ask.expectedTerm(), ask.owner(), ask.inSync(), ask.reason())
                        .whenComplete((answer, failure) -> post.accept(
                                failure == null
                                        ? new SiteEvent.Answered(ask, answer)
                                        : new SiteEvent.Unanswered(ask, String.valueOf(failure.getMessage()))));
            }
            case SiteOrder.TellTerm tell -> surroundings.witness().know(tell.group(), tell.term());
            case SiteOrder.Read read -> {
                var _ = surroundings
                        .witness()
                        .read(read.group())
                        .whenComplete((record, failure) -> post.accept(
                                failure == null
                                        ? new SiteEvent.RecordRead(read, record)
                                        : new SiteEvent.RecordUnread(read)));
            }
        }
    }

    private static void toAgent(SiteOrder.ToAgent order) {
        AgentSession agent = order.session();
        switch (order) {
            case SiteOrder.StartCheckpoints start -> agent.start(start.first(), true, start.intervalMs());
            case SiteOrder.Interval interval -> agent.interval(interval.intervalMs());
            case SiteOrder.CheckpointNow _ -> agent.checkpointNow();
            case SiteOrder.Retitle retitle -> agent.retitle(retitle.next());
            case SiteOrder.Credit credit -> agent.credit(credit.committed());
            case SiteOrder.StopCheckpoints _ -> agent.stop();
            case SiteOrder.PauseVm _ -> agent.pauseVm();
            case SiteOrder.ResumeVm _ -> agent.resumeVm();
            case SiteOrder.FlushAtOnce _ -> agent.flushAtOnce();
            case SiteOrder.SyncDisks _ -> agent.syncDisks();
            case SiteOrder.TellOfDisks tell -> agent.ofDisks(tell.talk());
            case SiteOrder.InForce told -> agent.inForce(told.term());
            case SiteOrder.StopVm stop -> agent.stopVm(stop.reason());
            case SiteOrder.Apply apply -> agent.apply(apply.epoch());
            case SiteOrder.Activate activate -> agent.activate(activate.expected());
        }
    }
}
