package org.secondsite.replicator.agent;

import java.nio.file.Path;
import java.util.List;
import java.util.Optional;

/**
 * What an agent needs to know.
 *
 * @param gateway the gateway of this site
 * @param vms the VMs beside this agent
 * @param stateDirectory where it remembers under which terms each of them was acted for; empty: nowhere
 */
public record AgentSettings(GatewayAccess gateway, List<VmSettings> vms, Optional<Path> stateDirectory) {
    /** Copies the list. */
    public AgentSettings {
        vms = List.copyOf(vms);
    }

    /** An agent that remembers nothing. */
    public AgentSettings(GatewayAccess gateway, List<VmSettings> vms) {
        this(gateway, vms, Optional.empty());
    }
}
