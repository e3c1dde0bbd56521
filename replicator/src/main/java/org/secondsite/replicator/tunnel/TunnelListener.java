package org.secondsite.replicator.tunnel;

import org.secondsite.config.EpochId;
import org.secondsite.config.VmId;
import org.secondsite.replicator.Dialect;
import org.secondsite.replicator.Epoch;

/** What a tunnel tells. All calls but {@link #peerHeard} come from the tunnel's one event thread; none may block. */
public interface TunnelListener {
    /** The peer is connected, proved who it is, and both ends know what the other holds. */
    void connected();

    /** {@link #connected()}, for who minds what the peer speaks; only this one is called then. */
    default void connected(Dialect dialect) {
        connected();
    }

    /** The tunnel is down, by close or by silence. Called only after {@link #connected()}. */
    void disconnected(Reset reset);

    /**
     * The peer gave a sign of life: a frame, or an authenticated datagram beside the tunnel, which may go on while the tunnel
     * is broken. From the event thread, or from the one of the datagrams.
     *
     * @param nanoTime when, by {@link System#nanoTime()}
     */
    void peerHeard(long nanoTime);

    /** A message, in the order in which the peer sent them. It may overtake epochs that were sent before it. */
    void message(PeerMessage message);

    /**
     * A whole epoch whose content was proved by its checksum. Those of a VM come in the order in which they were sent, none
     * twice. Whether it fits to what this site holds is for the listener to say: it answers, now or later, with
     * {@link Tunnel#acknowledge} or {@link Tunnel#refuse}.
     *
     * @param epoch now the listener's to close
     */
    void epochReceived(Epoch epoch);

    /** The peer holds this epoch, and all that were sent for the VM before it. */
    void acknowledged(VmId vm, EpochId epoch);

    /** The epoch was not sent, or the peer will not hold it. It and those that build on it are forgotten. */
    void refused(VmId vm, EpochId epoch, String reason);

    /** A connection was turned away, or ended before it was one: wrong certificate, other version, wrong site. */
    default void rejected(ResetCode code, String reason) {}
}
