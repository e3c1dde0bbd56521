package org.secondsite.gateway;

import java.util.function.Consumer;
import org.secondsite.config.EpochId;
import org.secondsite.config.SiteId;
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
 * @param peer the site at the other end
 * @param post brings an event to the core, later; any thread
 * @param peerWatch hears of signs of life at once
 */
public record TunnelEvents(SiteId peer, Consumer<SiteEvent> post, PeerWatch peerWatch) implements TunnelListener {
    @Override
    public void connected(Dialect dialect) {
        tell(new SiteEvent.PeerSpeaks(dialect));
        connected();
    }

    @Override
    public void connected() {
        tell(new SiteEvent.TunnelUp());
    }

    @Override
    public void disconnected(Reset reset) {
        PeerWatch.Tunnel down = reset.code().mayBeTheLast() ? PeerWatch.Tunnel.BROKEN : PeerWatch.Tunnel.GIVEN_UP;
        tell(new SiteEvent.TunnelDown(down, reset.toString()));
    }

    @Override
    public void rejected(ResetCode code, String reason) {
        tell(new SiteEvent.TunnelRejected(code + ": " + reason));
    }

    @Override
    public void peerHeard(long nanoTime) {
        peerWatch.heard(nanoTime);
    }

    @Override
    public void message(PeerMessage message) {
        tell(new SiteEvent.PeerSaid(message));
    }

    @Override
    public void epochReceived(Epoch epoch) {
        tell(new SiteEvent.EpochFromPeer(epoch));
    }

    @Override
    public void acknowledged(VmId vm, EpochId epoch) {
        tell(new SiteEvent.EpochAcknowledged(vm, epoch));
    }

    @Override
    public void refused(VmId vm, EpochId epoch, String reason) {
        tell(new SiteEvent.EpochRefused(vm, epoch, reason));
    }

    private void tell(SiteEvent.OfTunnel news) {
        post.accept(new SiteEvent.FromPeer(peer, news));
    }
}
