package org.secondsite.replicator.tunnel.io;

import org.secondsite.config.EpochId;
import org.secondsite.config.SiteId;
import org.secondsite.config.VmId;
import org.secondsite.net.life.io.Life;
import org.secondsite.replicator.Dialect;
import org.secondsite.replicator.Epoch;
import org.secondsite.replicator.tunnel.PeerMessage;
import org.secondsite.replicator.tunnel.Reset;
import org.secondsite.replicator.tunnel.ResetCode;
import org.secondsite.replicator.tunnel.TunnelListener;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Logs what a listener is told of the peer, and is silent once the tunnel is closed. What the listener throws is a defect of
 * whoever decides, and the end.
 */
final class ListenerGuard implements TunnelListener {
    private static final Logger LOG = LoggerFactory.getLogger(ListenerGuard.class);

    private final SiteId peer;
    private final TunnelListener listener;
    private final Life life;
    private volatile boolean silent;

    ListenerGuard(SiteId peer, TunnelListener listener, Life life) {
        this.life = life;
        this.peer = peer;
        this.listener = listener;
    }

    void silence() {
        silent = true;
    }

    @Override
    public void connected(Dialect dialect) {
        LOG.info("the tunnel to {} is connected", peer);
        guarded(() -> listener.connected(dialect));
    }

    @Override
    public void connected() {
        throw new IllegalStateException("what the peer speaks is known");
    }

    @Override
    public void disconnected(Reset reset) {
        LOG.warn("the tunnel to {} is broken: {}", peer, reset);
        guarded(() -> listener.disconnected(reset));
    }

    @Override
    public void peerHeard(long nanoTime) {
        guarded(() -> listener.peerHeard(nanoTime));
    }

    @Override
    public void message(PeerMessage message) {
        guarded(() -> listener.message(message));
    }

    @Override
    public void epochReceived(Epoch epoch) {
        if (silent) {
            epoch.close();
        } else {
            guarded(() -> listener.epochReceived(epoch));
        }
    }

    @Override
    public void acknowledged(VmId vm, EpochId epoch) {
        guarded(() -> listener.acknowledged(vm, epoch));
    }

    @Override
    public void refused(VmId vm, EpochId epoch, String reason) {
        guarded(() -> listener.refused(vm, epoch, reason));
    }

    @Override
    public void rejected(ResetCode code, String reason) {
        LOG.warn("a connection with {} did not come about: {}: {}", peer, code, reason);
        guarded(() -> listener.rejected(code, reason));
    }

    private void guarded(Runnable call) {
        if (silent) {
            return;
        }
        try {
            call.run();
        } catch (Throwable e) {
            life.failed(e);
        }
    }
}
