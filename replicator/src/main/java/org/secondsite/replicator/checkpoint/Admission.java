package org.secondsite.replicator.checkpoint;

import java.util.HashMap;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;
import org.secondsite.config.VmId;
import org.secondsite.net.PeerText;

/**
 * Whose agents a gateway lets in, and for which VMs.
 *
 * @param known the VMs of the gateway
 * @param hosts for each host, which is the name in its agent's certificate, the VMs for which it may speak
 * @param unproven what becomes of agents that prove nothing
 */
public record Admission(Set<VmId> known, Map<String, Set<VmId>> hosts, Unproven unproven) {
    /** What becomes of agents that prove nothing. */
    public enum Unproven {
        /** They are not let in. */
        REFUSED,
        /** They may speak for every VM. */
        ADMITTED
    }

    /** Copies the sets. */
    public Admission {
        known = Set.copyOf(known);
        Map<String, Set<VmId>> copy = new HashMap<>();
        hosts.forEach((host, vms) -> copy.put(host, Set.copyOf(vms)));
        hosts = Map.copyOf(copy);
    }

    /** Anybody, for these VMs. */
    public static Admission ofAnybody(Set<VmId> known) {
        return new Admission(known, Map.of(), Unproven.ADMITTED);
    }

    /** Why nobody who has proved to be this host is let in at all; or empty. */
    public Optional<String> objection(String host) {
        return hosts.containsKey(host)
                ? Optional.empty()
                : Optional.of("the certificate is of '" + PeerText.line(host) + "', and the hosts of this gateway are "
                        + new TreeMap<>(hosts).keySet());
    }

    /**
     * Why an agent may not speak for a VM; or empty.
     *
     * @param host the host that the agent has proved to be, empty if it has proved nothing
     */
    public Optional<String> refusal(Optional<String> host, VmId vm) {
        if (!known.contains(vm)) {
            return Optional.of("no VM of the name " + vm + " is configured at this gateway");
        }
        if (host.isEmpty()) {
            return unproven == Unproven.ADMITTED
                    ? Optional.empty()
                    : Optional.of("this gateway serves nobody who does not prove who he is");
        }
        return hosts.getOrDefault(host.get(), Set.of()).contains(vm)
                ? Optional.empty()
                : Optional.of("host " + host.get() + " may not speak for " + vm + " by this gateway's configuration");
    }
}
