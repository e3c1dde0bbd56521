package org.secondsite.gateway;

import java.util.function.Consumer;
import org.secondsite.config.EpochId;
import org.secondsite.config.VmId;
import org.secondsite.gateway.group.SiteEvent;
import org.secondsite.gateway.peer.PeerWatch;
import org.secondsite.replicator.Dialect;
import org.secondsite.replicator.Epoch;
import org.secondsite.replicator.tunnel.PeerMessage;
import org.secondsite.replicator.tunnel.Reset;
import org.secondsite.replicator.tunnel.ResetCode;
import org.secondsite.replicator.tunnel.TunnelListener;

/**
 * Posts what the tunnel tells to the core.
 *
 * @param post brings an event to the core, later; any thread
 * @param peerWatch hears of signs of life at once
 */
public record TunnelEvents(Consumer<SiteEvent> post, PeerWatch peerWatch) implements TunnelListener {
    @Override
    public void connected(Dialect dialect) {
        post.accept(new SiteEvent.PeerSpeaks(dialect));
        connected();
    }

    @Override
    public void connected() {
        post.accept(new SiteEvent.TunnelUp());
    }

    @Override
    public void disconnected(Reset reset) {
        PeerWatch.Tunnel down = reset.code().mayBeTheLast() ? PeerWatch.Tunnel.BROKEN : PeerWatch.Tunnel.GIVEN_UP;
        post.accept(new SiteEvent.TunnelDown(down, reset.toString()));
    }

    @Override
    public void rejected(ResetCode code, String reason) {
        post.accept(new SiteEvent.TunnelRejected(code + ": " + reason));
    }

    @Override
    public void peerHeard(long nanoTime) {
        peerWatch.heard(nanoTime);
    }

    @Override
    public void message(PeerMessage message) {
        post.accept(new SiteEvent.PeerSaid(message));
    }

    @Override
    public void epochReceived(Epoch epoch) {
        post.accept(new SiteEvent.EpochFromPeer(epoch));
    }

    @Override
    public void acknowledged(VmId vm, EpochId epoch) {
        post.accept(new SiteEvent.EpochAcknowledged(vm, epoch));
    }

    @Override
    public void refused(VmId vm, EpochId epoch, String reason) {
        post.accept(new SiteEvent.EpochRefused(vm, epoch, reason));
    }
}
