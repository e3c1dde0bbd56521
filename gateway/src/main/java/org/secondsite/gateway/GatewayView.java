package org.secondsite.gateway;

import java.util.Map;
import java.util.Optional;
import org.secondsite.buffer.DataPlaneCounters;
import org.secondsite.config.GatewayConfig;
import org.secondsite.config.SiteId;
import org.secondsite.gateway.group.SiteCore;
import org.secondsite.replicator.tunnel.TunnelStatus;

/**
 * What a gateway knows about itself at a moment: what status and metrics are made of, each in its own words. To be read in
 * the conductor's thread, and not kept.
 *
 * @param config its settings
 * @param core what it has decided, and why
 * @param tunnels what the tunnel to each other site measures, and whom it turned away
 * @param agents what came to the agents' port and was not in order
 * @param plane the data plane's figures
 * @param routers the BGP sessions, by the neighbour's address
 * @param switches the OpenFlow sessions, by the switch's name
 */
record GatewayView(
        GatewayConfig config,
        SiteCore core,
        Map<SiteId, TunnelStatus> tunnels,
        AgentsPort agents,
        DataPlaneCounters plane,
        Map<String, Session> routers,
        Map<String, Session> switches) {
    /**
     * What came to the agents' port and was not in order, since the start.
     *
     * @param turnedAway connections that ended without having been attached
     * @param wrongMessages sessions that ended because the agent said what it may not say
     */
    record AgentsPort(long turnedAway, long wrongMessages) {}

    /** What the tunnel to a site measures; empty: there is none any more, or not yet. */
    Optional<TunnelStatus> tunnel(SiteId site) {
        return Optional.ofNullable(tunnels.get(site));
    }
}
