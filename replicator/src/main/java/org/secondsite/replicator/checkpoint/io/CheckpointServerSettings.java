package org.secondsite.replicator.checkpoint.io;

import java.net.InetSocketAddress;
import java.nio.file.Path;
import java.util.Optional;
import java.util.Set;
import org.secondsite.config.TlsFiles;
import org.secondsite.replicator.Capability;
import org.secondsite.replicator.Dialect;
import org.secondsite.replicator.checkpoint.Admission;
import org.secondsite.replicator.checkpoint.CheckpointMessage;
import org.secondsite.replicator.checkpoint.Limits;

/**
 * How a gateway listens for agents.
 *
 * @param listen the local address; port 0 takes a free one
 * @param tls who the gateway is, and whose word it takes; empty: agents prove nothing, and none can
 * @param admission whose agents may attach, and for which VMs
 * @param window the most epochs that an agent may have beyond the last credited one
 * @param windowBytes the most bytes of epochs beyond the last credited one at which an agent may begin another, in plain form
 * @param stalls whether a VM stands still while a checkpoint is due and its window is full; otherwise it runs on
 * @param capabilities what the gateway can, beyond what the protocol's version asks for
 * @param keepaliveMs after so much silence the gateway sends PING, after three times as much it gives the agent up
 * @param local where the agents of this machine may connect besides
 */
public record CheckpointServerSettings(
        InetSocketAddress listen,
        Optional<TlsFiles> tls,
        Admission admission,
        int window,
        long windowBytes,
        boolean stalls,
        Set<Capability> capabilities,
        int keepaliveMs,
        Optional<Local> local) {
    /**
     * A Unix socket for the agents of this machine, where the kernel says who is at the other end, and nothing is encrypted.
     *
     * @param socket its path
     * @param host who they are, to {@link Admission}
     */
    public record Local(Path socket, String host) {}

    /** The same without a Unix socket. */
    public CheckpointServerSettings(
            InetSocketAddress listen,
            Optional<TlsFiles> tls,
            Admission admission,
            int window,
            long windowBytes,
            boolean stalls,
            Set<Capability> capabilities,
            int keepaliveMs) {
        this(listen, tls, admission, window, windowBytes, stalls, capabilities, keepaliveMs, Optional.empty());
    }

    /** The same with a Unix socket. */
    public CheckpointServerSettings with(Optional<Local> socket) {
        return new CheckpointServerSettings(
                listen, tls, admission, window, windowBytes, stalls, capabilities, keepaliveMs, socket);
    }

    /** The usual window, in bytes. */
    public static final long USUAL_WINDOW_BYTES = 256L << 20;

    /** The usual keepalive, in milliseconds. */
    public static final int USUAL_KEEPALIVE_MS = 1000;

    /**
     * Checks the ranges.
     *
     * @throws IllegalArgumentException if the window or the keepalive is below 1, or nobody could ever attach
     */
    public CheckpointServerSettings {
        capabilities = Set.copyOf(capabilities);
        if (window < 1 || windowBytes < 1 || keepaliveMs < 1) {
            throw new IllegalArgumentException(
                    "window " + window + " epochs, " + windowBytes + " bytes, keepalive " + keepaliveMs + " ms");
        }
        if (tls.isEmpty() && admission.unproven() == Admission.Unproven.REFUSED) {
            throw new IllegalArgumentException(
                    "agents are to prove who they are, and there is no certificate for that");
        }
    }

    /** The same with the other's VMs, hosts and window. */
    CheckpointServerSettings admitting(CheckpointServerSettings others) {
        return new CheckpointServerSettings(
                listen,
                tls,
                others.admission,
                others.window,
                others.windowBytes,
                others.stalls,
                capabilities,
                keepaliveMs,
                local);
    }

    /** What an agent is told of its window. */
    CheckpointMessage.Window toldWindow() {
        return new CheckpointMessage.Window(window, windowBytes, stalls);
    }

    /** What the gateway speaks. */
    Dialect dialect() {
        return new Dialect(Limits.VERSION, capabilities);
    }
}
