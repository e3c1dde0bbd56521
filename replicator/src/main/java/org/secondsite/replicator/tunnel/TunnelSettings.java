package org.secondsite.replicator.tunnel;

import java.net.InetSocketAddress;
import java.util.Optional;
import java.util.Set;
import org.secondsite.config.SiteId;
import org.secondsite.config.TlsFiles;
import org.secondsite.replicator.Capability;
import org.secondsite.replicator.codec.CodecSettings;

/**
 * How a tunnel is set up.
 *
 * @param self this site; the common name of its certificate
 * @param peer the other site; the common name that the peer's certificate must bear
 * @param listen where this site listens, TCP and UDP; port 0 means any
 * @param connect where the peer listens, TCP and UDP
 * @param tls certificate, key and authority, PEM; read again for every connection, so that a renewed file needs no restart
 * @param timing heartbeats and waiting
 * @param limits bounds on memory
 * @param connections how many connections share the epochs, 1 to {@link Hello#MAX_CONNECTIONS}; the word of the site that
 *     {@link #connects} counts
 * @param capabilities what this end can, beyond what the protocol's version asks for
 * @param congestion the TCP congestion control of what this end sends, by its Linux name; empty: the system's
 */
public record TunnelSettings(
        SiteId self,
        SiteId peer,
        InetSocketAddress listen,
        InetSocketAddress connect,
        TlsFiles tls,
        Timing timing,
        Limits limits,
        int connections,
        Set<Capability> capabilities,
        Optional<String> congestion) {
    /**
     * Checks the values.
     *
     * @throws IllegalArgumentException if the sites do not differ, or the number of connections is out of range
     */
    public TunnelSettings {
        capabilities = Set.copyOf(capabilities);
        if (self.equals(peer)) {
            throw new IllegalArgumentException("site " + self + " cannot be its own peer");
        }
        if (connections < 1 || connections > Hello.MAX_CONNECTIONS) {
            throw new IllegalArgumentException(connections + " connections, not 1 to " + Hello.MAX_CONNECTIONS);
        }
    }

    /** With the usual timing and limits. */
    public TunnelSettings(SiteId self, SiteId peer, InetSocketAddress listen, InetSocketAddress connect, TlsFiles tls) {
        this(
                self,
                peer,
                listen,
                connect,
                tls,
                Timing.DEFAULT,
                Limits.DEFAULT,
                1,
                Set.of(Capability.DISKS, Capability.RESYNC, Capability.MEMBERS, Capability.VIEWS, Capability.TICKS),
                Optional.empty());
    }

    /** Whether this end opens the connection: the site with the greater name does, so that there is one and not two. */
    public boolean connects() {
        return self.compareTo(peer) > 0;
    }

    /** The same with another timing. */
    public TunnelSettings withTiming(Timing other) {
        return new TunnelSettings(
                self, peer, listen, connect, tls, other, limits, connections, capabilities, congestion);
    }

    /** The same with other limits. */
    public TunnelSettings withLimits(Limits other) {
        return new TunnelSettings(
                self, peer, listen, connect, tls, timing, other, connections, capabilities, congestion);
    }

    /** The same with another way to the peer. */
    public TunnelSettings withConnect(InetSocketAddress other) {
        return new TunnelSettings(
                self, peer, listen, other, tls, timing, limits, connections, capabilities, congestion);
    }

    /** The same with another number of connections. */
    public TunnelSettings withConnections(int other) {
        return new TunnelSettings(self, peer, listen, connect, tls, timing, limits, other, capabilities, congestion);
    }

    /** The same with other capabilities. */
    public TunnelSettings withCapabilities(Set<Capability> other) {
        return new TunnelSettings(self, peer, listen, connect, tls, timing, limits, connections, other, congestion);
    }

    /** The same with another congestion control. */
    public TunnelSettings withCongestion(Optional<String> other) {
        return new TunnelSettings(self, peer, listen, connect, tls, timing, limits, connections, capabilities, other);
    }

    /**
     * Heartbeats and waiting.
     *
     * @param heartbeatMs the time between two heartbeats, on the tunnel and beside it
     * @param silenceMs a connection is closed when for so long nothing was heard on it, nor beside it; at least two heartbeats
     * @param minBackoffMs the wait before the first new attempt to connect; doubles with each further one
     * @param maxBackoffMs the longest such wait
     */
    public record Timing(int heartbeatMs, int silenceMs, int minBackoffMs, int maxBackoffMs) {
        /** 100 ms heartbeats, given up after 1 s, 50 to 500 ms between attempts. */
        public static final Timing DEFAULT = new Timing(100, 1000, 50, 500);

        private static final int PATIENCE = 3;

        /**
         * Checks the order.
         *
         * @throws IllegalArgumentException if a value is not positive, or one that must be larger is not
         */
        public Timing {
            if (heartbeatMs < 1 || silenceMs < 2 * heartbeatMs || minBackoffMs < 1 || maxBackoffMs < minBackoffMs) {
                throw new IllegalArgumentException("timing " + heartbeatMs + " ms, silence " + silenceMs
                        + " ms, backoff " + minBackoffMs + ".." + maxBackoffMs + " ms");
            }
        }

        /**
         * How long a connection may stand still while the peer is heard beside it: three silences. On a line that is full TCP
         * needs several retransmissions in a row, each twice as late as the one before (RFC 6298 §5.5), and goes on after that;
         * a new connection would have to get through the same queue.
         */
        public int patienceMs() {
            return PATIENCE * silenceMs;
        }

        /** Whether a connection is to be closed on which, and beside which, nothing was heard for so long. */
        public boolean isOver(long silentMs, long silentBesideMs) {
            return silentMs > (silentBesideMs > silenceMs ? silenceMs : patienceMs());
        }
    }

    /**
     * Bounds on memory.
     *
     * @param maxInFlightBytes epochs of one VM, in plain form, that are sent or wait and are not committed; a single one may
     *     be larger, as a full image is
     * @param maxEpochBytes what all unfinished epochs from the peer may hold together, in plain form
     * @param codec how epochs are coded, and what memory the peer may use here for that; the smaller bounds of both ends
     *     count
     */
    public record Limits(long maxInFlightBytes, long maxEpochBytes, CodecSettings codec) {
        /** 256 MiB in flight, epochs up to 4 GiB. */
        public static final Limits DEFAULT = new Limits(256L << 20, 4L << 30);

        /** With the usual codec. */
        public Limits(long maxInFlightBytes, long maxEpochBytes) {
            this(maxInFlightBytes, maxEpochBytes, CodecSettings.DEFAULT);
        }
    }
}
