package org.secondsite.replicator.tunnel;

import org.secondsite.config.EpochId;
import org.secondsite.config.VmId;
import org.secondsite.replicator.Epoch;

/**
 * The one tunnel of a gateway to its peer. It is there all the time, connected or not: epochs handed to it wait, and are sent
 * again after a break from the last one that the peer has.
 *
 * <p>Every call may come from any thread, returns at once, and takes effect in the order of the calls. What follows is told
 * to the {@link TunnelListener}.
 */
public interface Tunnel extends AutoCloseable {
    /**
     * Sends an epoch. The epoch belongs to the tunnel from now on, which closes it when the peer holds it, refuses it, or when
     * it is discarded.
     *
     * <p>The epochs of a VM must form a chain: each one a full image, or a delta on the epoch sent before it. One that does
     * not, or for which the VM's window has no room, is answered by {@link TunnelListener#refused}, and not sent.
     */
    void send(Epoch epoch);

    /**
     * Sends a message if the peer is connected, ahead of all epochs that wait. It is not kept for later: after
     * {@link TunnelListener#connected()} say again what the peer must know. Messages keep their order.
     */
    void send(PeerMessage message);

    /**
     * Answers a received epoch: this site holds it, and every epoch of that VM received before it, completely. Survives a
     * break: the peer learns it when it connects again.
     */
    void acknowledge(VmId vm, EpochId epoch);

    /** Answers a received epoch: this site will not hold it, nor those that build on it. */
    void refuse(VmId vm, EpochId epoch, String reason);

    /**
     * Takes back the {@link #acknowledge} of every epoch of the VM received so far, as far as the peer has not heard it: none of
     * them is repeated on a later connection. What is already on its way may still arrive, see {@link #abandon}.
     */
    void withdraw(VmId vm);

    /**
     * Gives up the connection, for a peer that is believed to be dead: what waits on this side of the network never reaches it,
     * however long the network was cut. A new connection is tried as after any break.
     */
    void abandon(String reason);

    /**
     * Forgets every epoch of the VM that was handed over for sending, and ends their chain: no answer to any of them will be
     * reported, also when a later chain uses the same epoch ids. The next epoch may be anything.
     */
    void discard(VmId vm);

    /**
     * Tells when everything of the peer's that had arrived at this call has been read, and {@link TunnelListener#peerHeard} was
     * called for it: until then a silence may be this end's own. Also when the tunnel is closed.
     *
     * @param done called once, by a thread of the tunnel
     */
    void whenRead(Runnable done);

    /** How the tunnel is doing. */
    TunnelStatus status();

    /** Says goodbye, closes all sockets, frees all epochs, ends the threads. The listener is not called after that. */
    @Override
    void close();
}
