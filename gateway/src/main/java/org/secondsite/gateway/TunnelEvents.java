package org.secondsite.gateway;

import java.util.Map;
import java.util.Optional;
import java.util.function.Function;
import org.secondsite.config.EpochId;
import org.secondsite.config.GroupId;
import org.secondsite.config.VmId;
import org.secondsite.gateway.group.ProtectionGroup;
import org.secondsite.gateway.peer.PeerWatch;
import org.secondsite.gateway.timeline.Timeline;
import org.secondsite.replicator.Epoch;
import org.secondsite.replicator.tunnel.PeerMessage;
import org.secondsite.replicator.tunnel.Reset;
import org.secondsite.replicator.tunnel.ResetCode;
import org.secondsite.replicator.tunnel.TunnelListener;

/** Brings what the tunnel tells to the conductor's thread. */
final class TunnelEvents implements TunnelListener {
    private final Conductor conductor;
    private final PeerWatch peerWatch;
    private final Timeline timeline;
    private final Function<VmId, Optional<ProtectionGroup>> groupOf;
    private final Map<GroupId, ProtectionGroup> groups;
    private String lastRejection = "";

    TunnelEvents(
            Conductor conductor,
            PeerWatch peerWatch,
            Timeline timeline,
            Function<VmId, Optional<ProtectionGroup>> groupOf,
            Map<GroupId, ProtectionGroup> groups) {
        this.conductor = conductor;
        this.peerWatch = peerWatch;
        this.timeline = timeline;
        this.groupOf = groupOf;
        this.groups = groups;
    }

    @Override
    public void connected() {
        conductor.post(() -> {
            peerWatch.tunnel(PeerWatch.Tunnel.UP, System.nanoTime());
            timeline.note("tunnel", "tunnel-up", "connected");
            lastRejection = "";
            groups.values().forEach(ProtectionGroup::tellPeer);
        });
    }

    @Override
    public void disconnected(Reset reset) {
        PeerWatch.Tunnel down = reset.code().mayBeTheLast() ? PeerWatch.Tunnel.BROKEN : PeerWatch.Tunnel.GIVEN_UP;
        conductor.post(() -> {
            peerWatch.tunnel(down, System.nanoTime());
            timeline.note("tunnel", "tunnel-down", reset.toString());
        });
    }

    @Override
    public void rejected(ResetCode code, String reason) {
        conductor.post(() -> {
            // A peer that is wrong tries again and again: it is worth one line.
            String words = code + ": " + reason;
            if (!words.equals(lastRejection)) {
                lastRejection = words;
                timeline.note("tunnel", "tunnel-rejected", words);
            }
        });
    }

    @Override
    public void peerHeard(long nanoTime) {
        peerWatch.heard(nanoTime);
    }

    @Override
    public void message(PeerMessage message) {
        conductor.post(() -> {
            switch (message) {
                case PeerMessage.RecordNews news ->
                    Optional.ofNullable(groups.get(news.ownership().group()))
                            .ifPresent(group -> group.recordPassedOn(news.ownership()));
                case PeerMessage.VmsActive active ->
                    Optional.ofNullable(groups.get(active.group())).ifPresent(group -> group.peerActive(active.term()));
                case PeerMessage.StandbyState state ->
                    Optional.ofNullable(groups.get(state.group())).ifPresent(group -> group.offered(state));
            }
        });
    }

    @Override
    public void epochReceived(Epoch epoch) {
        conductor.post(() ->
                groupOf.apply(epoch.header().vm()).ifPresentOrElse(group -> group.epochFromPeer(epoch), epoch::close));
    }

    @Override
    public void acknowledged(VmId vm, EpochId epoch) {
        conductor.post(() -> groupOf.apply(vm).ifPresent(group -> group.committedByPeer(vm, epoch)));
    }

    @Override
    public void refused(VmId vm, EpochId epoch, String reason) {
        conductor.post(() -> groupOf.apply(vm).ifPresent(group -> group.refusedByPeer(epoch, reason)));
    }
}
