package org.secondsite.gateway.router;

import java.net.InetAddress;
import java.util.HashMap;
import java.util.Map;
import org.secondsite.config.BgpConfig;

/**
 * How routes of an owner and of a standby are told apart.
 *
 * @param usual at most routers
 * @param others at those to which they are announced in another way
 */
public record ToldApart(BgpConfig.RouteRoles usual, Map<InetAddress, BgpConfig.RouteRoles> others) {
    /** Copies the map. */
    public ToldApart {
        others = Map.copyOf(others);
    }

    /** At all routers alike. */
    public ToldApart(BgpConfig.RouteRoles usual) {
        this(usual, Map.of());
    }

    /** As the configuration has it. */
    public static ToldApart of(BgpConfig bgp) {
        Map<InetAddress, BgpConfig.RouteRoles> others = new HashMap<>();
        bgp.neighbors()
                .forEach(neighbor ->
                        neighbor.extras().roles().ifPresent(roles -> others.put(neighbor.address(), roles)));
        return new ToldApart(bgp.roles(), others);
    }

    /** The way at the router with this address. */
    BgpConfig.RouteRoles at(String address) {
        return others.entrySet().stream()
                .filter(other -> other.getKey().getHostAddress().equals(address))
                .findFirst()
                .map(Map.Entry::getValue)
                .orElse(usual);
    }
}
