package org.secondsite.replicator.agent;

import java.net.SocketAddress;
import java.util.Optional;
import org.secondsite.config.AgentConfig;

/**
 * The gateway of an agent's site.
 *
 * @param address where it listens for agents: an {@link java.net.InetSocketAddress}, or a {@link java.net.UnixDomainSocketAddress} of
 *     this machine, where the kernel says who is at the other end
 * @param proof how both ends prove who they are; empty: they do not
 */
public record GatewayAccess(SocketAddress address, Optional<AgentConfig.Proof> proof) {
    /** Without proof of anything. */
    public static GatewayAccess plain(SocketAddress address) {
        return new GatewayAccess(address, Optional.empty());
    }
}
