package org.secondsite.gateway;

import java.util.Collection;
import java.util.Map;
import java.util.Set;
import org.secondsite.buffer.DataPlaneCounters;
import org.secondsite.config.SiteId;
import org.secondsite.gateway.group.ProtectionGroup;
import org.secondsite.gateway.peer.PeerWatch;
import org.secondsite.replicator.tunnel.TunnelStatus;

/**
 * What a gateway knows about itself at a moment: what status and metrics are made of, each in its own words. To be read in
 * the conductor's thread, and not kept.
 *
 * @param site this site
 * @param peerSite the other one
 * @param peer whether the other gateway is there
 * @param witnessUp whether the witness is reachable
 * @param tunnel what the tunnel measures, and whom it turned away
 * @param plane the data plane's figures
 * @param portsDown the data plane's ports that are down or gone
 * @param groups the groups
 * @param routers the BGP sessions, by the neighbour's address
 * @param switches the OpenFlow sessions, by the switch's name
 */
record GatewayView(
        SiteId site,
        SiteId peerSite,
        PeerWatch peer,
        boolean witnessUp,
        TunnelStatus tunnel,
        DataPlaneCounters plane,
        Set<String> portsDown,
        Collection<ProtectionGroup> groups,
        Map<String, Session> routers,
        Map<String, Session> switches) {}
