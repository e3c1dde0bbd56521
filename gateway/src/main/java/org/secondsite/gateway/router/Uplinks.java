package org.secondsite.gateway.router;

import java.util.List;
import java.util.Set;
import org.secondsite.config.GatewayConfig;

/**
 * The interfaces by which traffic may be led to a router. What is at the VM-facing one is a tenant's: a neighbour that names
 * an address there as the next hop would have the traffic of all VMs go through one of them.
 *
 * @param all the only ones; empty: every one but the others
 * @param others where no router is; empty as well: there are none at all
 */
public record Uplinks(Set<String> all, Set<String> others) {
    /** Those of a gateway that touches no interface. */
    public static final Uplinks NONE = new Uplinks(Set.of(), Set.of());

    /** Copies the sets. */
    public Uplinks {
        all = Set.copyOf(all);
        others = Set.copyOf(others);
    }

    /** As the file says. */
    public static Uplinks of(GatewayConfig.DataPlane plane) {
        return switch (plane) {
            case GatewayConfig.Routed routed -> of(routed.uplinks());
            case GatewayConfig.Transparent bump -> new Uplinks(Set.of(), Set.of(bump.inside(), bump.outside(), "lo"));
            case GatewayConfig.Loopback _ -> NONE;
        };
    }

    /** These and no others. */
    public static Uplinks of(List<String> names) {
        return new Uplinks(Set.copyOf(names), Set.of());
    }

    /** Whether a router may be at the interface. */
    public boolean contain(String device) {
        return all.isEmpty() ? exist() && !others.contains(device) : all.contains(device);
    }

    /** Whether there are any. */
    public boolean exist() {
        return !(all.isEmpty() && others.isEmpty());
    }
}
