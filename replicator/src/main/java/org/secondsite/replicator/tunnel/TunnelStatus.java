package org.secondsite.replicator.tunnel;

import java.util.Map;
import org.secondsite.config.VmId;
import org.secondsite.replicator.codec.VersionCounters;

/**
 * How a tunnel is doing, as of the last heartbeat.
 *
 * @param connected whether the peer is connected
 * @param detail since when it is not and why, or what is spoken
 * @param rttNanos the smoothed round-trip time, 0 if not known
 * @param bytesPerSecond the rate that the way to the peer takes, 0 if not known; a lower bound while there is little to send
 * @param connections how many connections share the epochs now
 * @param rejections how many connections were turned away, by reason
 * @param lastRejection the last such reason in words, empty if there was none
 * @param breaks how many sessions ended, by reason
 * @param inFlight what of each VM is sent or waits, and is not committed
 * @param versions how well the page versions of the sending side served, since the tunnel was opened
 * @param counters since the tunnel was opened
 */
public record TunnelStatus(
        boolean connected,
        String detail,
        long rttNanos,
        long bytesPerSecond,
        int connections,
        Map<ResetCode, Long> rejections,
        String lastRejection,
        Map<ResetCode, Long> breaks,
        Map<VmId, SendWindow.InFlight> inFlight,
        VersionCounters versions,
        Counters counters) {
    /** Copies the maps. */
    public TunnelStatus {
        rejections = Map.copyOf(rejections);
        breaks = Map.copyOf(breaks);
        inFlight = Map.copyOf(inFlight);
    }

    /** Epochs of all VMs that are sent or wait, and are not committed. */
    public int epochsInFlight() {
        return inFlight.values().stream().mapToInt(SendWindow.InFlight::epochs).sum();
    }

    /** Their size in plain form. */
    public long bytesInFlight() {
        return inFlight.values().stream().mapToLong(SendWindow.InFlight::bytes).sum();
    }

    /**
     * Counts since the tunnel was opened.
     *
     * @param connections times that the peer was connected
     * @param rejected connections turned away
     * @param epochsSent epochs sent completely, repetitions included
     * @param plainBytesSent their size before coding
     * @param codedBytesSent their size on the wire, without frame headers
     * @param epochsReceived whole epochs given to the listener
     * @param answersIgnored answers about epochs that are not in the window any more
     * @param beaconsHeard datagrams of the peer, proved
     * @param beaconsDropped datagrams that were forged, replayed, late or foreign
     */
    public record Counters(
            long connections,
            long rejected,
            long epochsSent,
            long plainBytesSent,
            long codedBytesSent,
            long epochsReceived,
            long answersIgnored,
            long beaconsHeard,
            long beaconsDropped) {}
}
