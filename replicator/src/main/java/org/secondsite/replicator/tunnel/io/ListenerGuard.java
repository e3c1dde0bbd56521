package org.secondsite.replicator.tunnel.io;

import org.secondsite.config.EpochId;
import org.secondsite.config.VmId;
import org.secondsite.replicator.Epoch;
import org.secondsite.replicator.tunnel.PeerMessage;
import org.secondsite.replicator.tunnel.Reset;
import org.secondsite.replicator.tunnel.ResetCode;
import org.secondsite.replicator.tunnel.TunnelListener;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Keeps a listener's exceptions from breaking the event thread, and is silent once the tunnel is closed. */
final class ListenerGuard implements TunnelListener {
    private static final Logger LOG = LoggerFactory.getLogger(ListenerGuard.class);

    private final TunnelListener listener;
    private volatile boolean silent;

    ListenerGuard(TunnelListener listener) {
        this.listener = listener;
    }

    void silence() {
        silent = true;
    }

    @Override
    public void connected() {
        guarded(listener::connected);
    }

    @Override
    public void disconnected(Reset reset) {
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
    public void committed(VmId vm, EpochId epoch) {
        guarded(() -> listener.committed(vm, epoch));
    }

    @Override
    public void refused(VmId vm, EpochId epoch, String reason) {
        guarded(() -> listener.refused(vm, epoch, reason));
    }

    @Override
    public void rejected(ResetCode code, String reason) {
        guarded(() -> listener.rejected(code, reason));
    }

    private void guarded(Runnable call) {
        if (silent) {
            return;
        }
        try {
            call.run();
        } catch (RuntimeException e) {
            LOG.error("the tunnel's listener failed", e);
        }
    }
}
