package org.secondsite.openflow.io;

import java.util.Set;
import org.secondsite.config.SwitchId;
import org.secondsite.openflow.SwitchListener;

/** Tells another listener, then throws. */
record ThrowingListener(SwitchListener told) implements SwitchListener {
    @Override
    public void connected(SwitchId switchId) {
        told.connected(switchId);
        throw new IllegalStateException("on purpose");
    }

    @Override
    public void disconnected(SwitchId switchId, String reason) {
        told.disconnected(switchId, reason);
        throw new IllegalStateException("on purpose");
    }

    @Override
    public void confirmed(SwitchId switchId, long term, int flows, long nanoTime) {
        told.confirmed(switchId, term, flows, nanoTime);
        throw new IllegalStateException("on purpose");
    }

    @Override
    public void partial(SwitchId switchId, long term, int flows, Set<String> without, long nanoTime) {
        told.partial(switchId, term, flows, without, nanoTime);
        throw new IllegalStateException("on purpose");
    }

    @Override
    public void refused(SwitchId switchId, long term, String reason) {
        told.refused(switchId, term, reason);
        throw new IllegalStateException("on purpose");
    }
}
