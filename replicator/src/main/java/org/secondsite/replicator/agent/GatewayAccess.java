package org.secondsite.replicator.agent;

import java.net.InetSocketAddress;
import java.util.Optional;
import org.secondsite.config.AgentConfig;

/**
 * The gateway of an agent's site.
 *
 * @param address where it listens for agents
 * @param proof how both ends prove who they are; empty: they do not
 */
public record GatewayAccess(InetSocketAddress address, Optional<AgentConfig.Proof> proof) {
    /** Without proof of anything. */
    public static GatewayAccess plain(InetSocketAddress address) {
        return new GatewayAccess(address, Optional.empty());
    }
}
