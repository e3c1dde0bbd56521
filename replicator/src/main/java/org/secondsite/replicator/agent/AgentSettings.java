package org.secondsite.replicator.agent;

import java.net.InetSocketAddress;
import java.util.List;

/**
 * What an agent needs to know.
 *
 * @param gateway where the gateway of this site listens for agents
 * @param vms the VMs beside this agent
 */
public record AgentSettings(InetSocketAddress gateway, List<VmSettings> vms) {
    /** Copies the list. */
    public AgentSettings {
        vms = List.copyOf(vms);
    }
}
