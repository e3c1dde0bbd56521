package org.secondsite.gateway;

import org.secondsite.config.EpochId;
import org.secondsite.config.VmId;
import org.secondsite.gateway.group.Surroundings;
import org.secondsite.replicator.Epoch;
import org.secondsite.replicator.tunnel.PeerMessage;
import org.secondsite.replicator.tunnel.Tunnel;

/** The tunnel, as groups use it. */
record TunnelPort(Tunnel tunnel) implements Surroundings.PeerLink {
    @Override
    public void send(Epoch epoch) {
        tunnel.send(epoch);
    }

    @Override
    public void send(PeerMessage message) {
        tunnel.send(message);
    }

    @Override
    public void acknowledge(VmId vm, EpochId epoch) {
        tunnel.acknowledge(vm, epoch);
    }

    @Override
    public void withdraw(VmId vm) {
        tunnel.withdraw(vm);
    }

    @Override
    public void refuse(VmId vm, EpochId epoch, String reason) {
        tunnel.refuse(vm, epoch, reason);
    }

    @Override
    public void discard(VmId vm) {
        tunnel.discard(vm);
    }

    @Override
    public void abandon(String reason) {
        tunnel.abandon(reason);
    }
}
