package org.secondsite.replicator.agent;

import java.util.List;

/**
 * What an agent needs to know.
 *
 * @param gateway the gateway of this site
 * @param vms the VMs beside this agent
 */
public record AgentSettings(GatewayAccess gateway, List<VmSettings> vms) {
    /** Copies the list. */
    public AgentSettings {
        vms = List.copyOf(vms);
    }
}
