package org.secondsite.gateway;

import java.util.EnumSet;
import java.util.Map;
import java.util.Set;
import org.secondsite.config.EpochId;
import org.secondsite.config.VmId;
import org.secondsite.gateway.group.PeerViews;
import org.secondsite.gateway.group.ProtectionGroup;
import org.secondsite.gateway.group.SitePeer;
import org.secondsite.gateway.group.VmAtSite;
import org.secondsite.metrics.MetricTable;
import org.secondsite.metrics.Scrape;
import org.secondsite.replicator.tunnel.ResetCode;
import org.secondsite.replicator.tunnel.SendWindow;
import org.secondsite.replicator.tunnel.TunnelStatus;

/** What Prometheus gets to know about what is between a gateway and each other site. */
final class PeerMetrics {
    private static final double NANOS_PER_SECOND = 1e9;

    private static final SendWindow.InFlight NOTHING_IN_FLIGHT =
            new SendWindow.InFlight(0, 0, EpochId.NONE, EpochId.NONE);

    private static final Set<PeerViews.Standing> COMPARED =
            EnumSet.of(PeerViews.Standing.EQUAL, PeerViews.Standing.DIFFERENT);

    private static final MetricTable<SitePeer> PEER = new MetricTable<SitePeer>()
            .flag("peer_up", "Whether the other gateway is heard and reachable by the tunnel.", peer -> peer.watch()
                    .up())
            .gauge(
                    "peer_silence_seconds",
                    "How long nothing was heard of the other gateway, while this one watched.",
                    peer -> peer.watch().silenceNanos() / NANOS_PER_SECOND)
            .gauge(
                    "peer_longest_silence_seconds",
                    "The longest silence that the other gateway broke before it was suspected.",
                    peer -> peer.watch().longestSilenceNanos() / NANOS_PER_SECOND)
            .gauge(
                    "peer_suspect_after_seconds",
                    "The silence after which the other gateway is suspected now; it adapts.",
                    peer -> peer.watch().suspectAfterNanos() / NANOS_PER_SECOND)
            .counters(
                    "peer_suspicions",
                    "How often the other gateway was suspected: it was silent, or the tunnel stayed down.",
                    "reason",
                    Map.of(
                            "silence", peer -> peer.watch().silentSuspicions(),
                            "tunnel", peer -> peer.watch().cutOffSuspicions()))
            .flag(
                    "views_compared",
                    "Whether what the files of both sites should say alike is compared, by what they say now.",
                    peer -> COMPARED.contains(peer.views().standing()))
            .gauge(
                    "views_differences",
                    "In how many places the files of the two sites differ that should say the same.",
                    peer -> peer.views().differences().size());

    private static final MetricTable<TunnelStatus> TUNNEL = new MetricTable<TunnelStatus>()
            .flag("tunnel_up", "Whether the tunnel is connected.", TunnelStatus::connected)
            .gauge("tunnel_connections", "TCP connections that share the epochs.", TunnelStatus::connections)
            .gauge(
                    "tunnel_rtt_seconds",
                    "The smoothed round-trip time; 0 if not known.",
                    tunnel -> tunnel.rttNanos() / NANOS_PER_SECOND)
            .gauge(
                    "tunnel_rate_bytes_per_second",
                    "The rate that the way to the peer takes; a lower bound while there is little to send.",
                    TunnelStatus::bytesPerSecond)
            .gauge(
                    "tunnel_epochs_in_flight",
                    "Epochs sent or waiting, and not committed.",
                    TunnelStatus::epochsInFlight)
            .gauge(
                    "tunnel_backlog_bytes",
                    "Epochs sent or waiting, and not committed: their size before coding.",
                    TunnelStatus::bytesInFlight)
            .counter(
                    "tunnel_sessions",
                    "How often the tunnel was connected; all but the first are reconnects.",
                    tunnel -> tunnel.counters().connections())
            .counters(
                    "tunnel_breaks",
                    "Sessions that ended, by reason.",
                    "reason",
                    ResetCode.values(),
                    (tunnel, code) -> tunnel.breaks().getOrDefault(code, 0L))
            .counters(
                    "tunnel_rejections",
                    "Connections turned away before they became a session, by reason: identity (the certificate of another"
                            + " site), expired, foreign (another authority's certificate), version (of the protocol), ….",
                    "reason",
                    ResetCode.values(),
                    (tunnel, code) -> tunnel.rejections().getOrDefault(code, 0L))
            .counter("tunnel_epochs_sent", "Epochs sent completely, repetitions included.", tunnel -> tunnel.counters()
                    .epochsSent())
            .counter("tunnel_epochs_received", "Whole epochs received.", tunnel -> tunnel.counters()
                    .epochsReceived())
            .counter(
                    "tunnel_plain_bytes_sent",
                    "The size of the epochs sent, before coding.",
                    tunnel -> tunnel.counters().plainBytesSent())
            .counter(
                    "tunnel_coded_bytes_sent",
                    "The size of the epochs sent on the wire, without frame headers.",
                    tunnel -> tunnel.counters().codedBytesSent())
            .counter(
                    "tunnel_answers_ignored",
                    "Answers about epochs that are not in the window any more.",
                    tunnel -> tunnel.counters().answersIgnored())
            .counter(
                    "tunnel_beacons_heard",
                    "Datagrams beside the tunnel, proved to be the peer's.",
                    tunnel -> tunnel.counters().beaconsHeard())
            .counter(
                    "tunnel_beacons_dropped",
                    "Datagrams that were forged, replayed, late or foreign.",
                    tunnel -> tunnel.counters().beaconsDropped())
            .counter(
                    "page_cache_hits",
                    "Pages to send of which the version sent before was kept; the hit ratio is their share.",
                    tunnel -> tunnel.versions().hits())
            .counter("page_cache_misses", "Pages to send of which no version was kept.", tunnel -> tunnel.versions()
                    .misses())
            .counter("page_cache_evictions", "Page versions dropped for lack of room.", tunnel -> tunnel.versions()
                    .evictions())
            .gauge("page_cache_bytes", "The memory of the page versions that are kept.", tunnel -> tunnel.versions()
                    .heldBytes());

    private static final MetricTable<SendWindow.InFlight> IN_FLIGHT = new MetricTable<SendWindow.InFlight>()
            .gauge("vm_epochs_in_flight", "Its epochs sent or waiting, and not committed.", SendWindow.InFlight::epochs)
            .gauge(
                    "vm_backlog_bytes",
                    "Its epochs sent or waiting, and not committed: their size before coding.",
                    SendWindow.InFlight::bytes);

    private PeerMetrics() {}

    /** Reads everything; in the conductor's thread. */
    static void read(Scrape scrape, GatewayView view) {
        for (SitePeer peer : view.core().peers()) {
            scrape.read(PEER, peer, "peer", peer.site().name());
            view.tunnel(peer.site()).ifPresent(tunnel -> read(scrape, tunnel, peer));
        }
    }

    private static void read(Scrape scrape, TunnelStatus tunnel, SitePeer peer) {
        scrape.read(TUNNEL, tunnel, "peer", peer.site().name());
        for (ProtectionGroup group : peer.groups()) {
            for (VmAtSite vm : group.everyone()) {
                VmId id = vm.id();
                SendWindow.InFlight inFlight = tunnel.inFlight().getOrDefault(id, NOTHING_IN_FLIGHT);
                scrape.read(IN_FLIGHT, inFlight, "group", group.id().name(), "vm", id.name());
            }
        }
    }
}
