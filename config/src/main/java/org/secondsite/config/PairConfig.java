package org.secondsite.config;

import java.util.List;

/**
 * What one gateway's settings say of itself and one other site.
 *
 * @param site the site in which the gateway stands
 * @param peerSite the other site, never the same
 * @param tunnel the WAN tunnel to its gateway
 * @param checkpoint the native checkpoint protocol towards the agents here
 * @param dataPlane where the VMs' packets are held here
 * @param groups the groups of these two sites, in the order of the file
 */
public record PairConfig(
        SiteId site,
        SiteId peerSite,
        GatewayConfig.Tunnel tunnel,
        GatewayConfig.Checkpoint checkpoint,
        GatewayConfig.DataPlane dataPlane,
        List<GatewayConfig.Group> groups) {
    /** Copies the list. */
    public PairConfig {
        groups = List.copyOf(groups);
    }

    /** The same without any of the groups. */
    public PairConfig withoutGroups() {
        return new PairConfig(site, peerSite, tunnel, checkpoint, dataPlane, List.of());
    }
}
