package org.secondsite.gateway;

import org.secondsite.bgp.session.SessionStatus;
import org.secondsite.bgp.wire.Treatment;
import org.secondsite.gateway.io.MachineRoutes;
import org.secondsite.metrics.MetricTable;
import org.secondsite.metrics.Scrape;

/** What Prometheus gets to know of BGP neighbours, by the names that exporters of other routers use behind their prefix. */
final class RouterMetrics {
    private static final double NANOS_IN_SECOND = 1e9;

    private static final MetricTable<SessionStatus> PEER = new MetricTable<SessionStatus>()
            .flag(
                    "bgp_peer_state",
                    "Whether the BGP session is established, by the speaker itself.",
                    status -> status.terms().isPresent())
            .gauge(
                    "bgp_peer_uptime_seconds",
                    "For how long the BGP session stands; 0 if it does not.",
                    status -> status.upNanos() / NANOS_IN_SECOND)
            .counter(
                    "bgp_peer_message_sent",
                    "BGP messages of every type sent to the neighbour.",
                    status -> status.messages().sent())
            .counter(
                    "bgp_peer_message_received",
                    "BGP messages of every type received from the neighbour.",
                    status -> status.messages().received())
            .counter(
                    "bgp_peer_update_received",
                    "UPDATE messages received from the neighbour.",
                    status -> status.messages().updatesReceived())
            .counter(
                    "bgp_peer_update_attribute_discarded",
                    "UPDATE messages of which a faulty attribute was dropped and the routes were taken (RFC 7606).",
                    status -> status.faultyUpdates().getOrDefault(Treatment.ATTRIBUTE_DISCARD, 0L))
            .counter(
                    "bgp_peer_update_treated_as_withdraw",
                    "UPDATE messages whose routes were withdrawn for a fault (RFC 7606).",
                    status -> status.faultyUpdates().getOrDefault(Treatment.TREAT_AS_WITHDRAW, 0L))
            .counter(
                    "bgp_peer_prefixes_kept_out",
                    "Routes that the neighbour has announced and that a rule kept out, such as a next hop that is none.",
                    RouterMetrics::keptOut)
            .gauge(
                    "bgp_peer_prefixes_received_count",
                    "Routes that the neighbour has announced and that were taken.",
                    SessionStatus::receivedRoutes)
            .gauge(
                    "bgp_peer_prefixes_advertised_count",
                    "Routes that the neighbour has been told.",
                    SessionStatus::sentPrefixes)
            .gauge(
                    "bgp_peer_prefixes_pending_count",
                    "Routes that the neighbour still has to be told.",
                    SessionStatus::pendingPrefixes)
            .gauge(
                    "bgp_peer_prefixes_unexportable_count",
                    "Routes that should be told the neighbour and cannot be.",
                    SessionStatus::unexportableRoutes)
            .counter(
                    "bgp_peer_failed_attempts",
                    "Sessions with the neighbour, and attempts at one, that failed.",
                    SessionStatus::failedAttempts);

    private static final MetricTable<MachineRoutes> MACHINE = new MetricTable<MachineRoutes>()
            .counter(
                    "bgp_next_hops_refused",
                    "Next hops of destinations in bgp.installs that are at no uplink, and so had no part in the machine's routes.",
                    MachineRoutes::refusals);

    private RouterMetrics() {}

    static void read(MachineRoutes routes, Scrape scrape) {
        scrape.read(MACHINE, routes);
    }

    private static long keptOut(SessionStatus status) {
        return status.refusedRoutes().values().stream()
                .mapToLong(Long::longValue)
                .sum();
    }

    static void read(Iterable<SessionStatus> peers, Scrape scrape) {
        peers.forEach(status -> scrape.read(PEER, status, "peer", status.peer().getHostAddress()));
    }
}
