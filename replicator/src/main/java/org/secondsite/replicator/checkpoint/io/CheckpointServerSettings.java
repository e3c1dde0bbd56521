package org.secondsite.replicator.checkpoint.io;

import java.net.InetSocketAddress;
import java.util.Set;
import org.secondsite.config.VmId;
import org.secondsite.replicator.Capability;
import org.secondsite.replicator.Dialect;
import org.secondsite.replicator.checkpoint.Limits;

/**
 * How a gateway listens for agents.
 *
 * @param listen the local address; port 0 takes a free one
 * @param known the VMs that agents may attach for
 * @param window the most epochs that an agent may have beyond the last credited one
 * @param windowBytes the most bytes of epochs beyond the last credited one at which an agent may begin another, in plain form
 * @param stalls whether a VM stands still while a checkpoint is due and its window is full; otherwise it runs on
 * @param capabilities what the gateway can, beyond what the protocol's version asks for
 * @param keepaliveMs after so much silence the gateway sends PING, after three times as much it gives the agent up
 */
public record CheckpointServerSettings(
        InetSocketAddress listen,
        Set<VmId> known,
        int window,
        long windowBytes,
        boolean stalls,
        Set<Capability> capabilities,
        int keepaliveMs) {
    /** The usual window, in epochs. */
    public static final int USUAL_WINDOW = 16;

    /** The usual window, in bytes. */
    public static final long USUAL_WINDOW_BYTES = 256L << 20;

    /** The usual keepalive, in milliseconds. */
    public static final int USUAL_KEEPALIVE_MS = 1000;

    /**
     * Checks the ranges.
     *
     * @throws IllegalArgumentException if the window or the keepalive is below 1
     */
    public CheckpointServerSettings {
        known = Set.copyOf(known);
        capabilities = Set.copyOf(capabilities);
        if (window < 1 || windowBytes < 1 || keepaliveMs < 1) {
            throw new IllegalArgumentException(
                    "window " + window + " epochs, " + windowBytes + " bytes, keepalive " + keepaliveMs + " ms");
        }
    }

    /** The usual window and keepalive. */
    public static CheckpointServerSettings of(InetSocketAddress listen, Set<VmId> known) {
        return new CheckpointServerSettings(
                listen, known, USUAL_WINDOW, USUAL_WINDOW_BYTES, false, Set.of(Capability.DISKS), USUAL_KEEPALIVE_MS);
    }

    /** What the gateway speaks. */
    Dialect dialect() {
        return new Dialect(Limits.VERSION, capabilities);
    }
}
