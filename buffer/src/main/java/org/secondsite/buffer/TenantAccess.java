package org.secondsite.buffer;

import java.net.InetAddress;
import java.util.List;
import java.util.Objects;

/**
 * What VMs may reach of and through the gateway that is their first hop: the uplinks, and of the gateway itself nothing but
 * neighbour discovery and, where wished, an echo.
 *
 * @param uplinks the interfaces by which their packets leave; besides them there is only the way back to the VM-facing one
 * @param closed addresses that none of their packets may go to, whatever the way: where other gateways and witnesses listen
 * @param echo whether ICMP echo requests to the inside addresses are answered
 */
public record TenantAccess(List<String> uplinks, List<InetAddress> closed, Echo echo) {
    /** Whether ICMP echo requests are answered. */
    public enum Echo {
        SILENT,
        ANSWERED
    }

    /**
     * Checks the names.
     *
     * @throws IllegalArgumentException if there is none, or one is not well-formed
     */
    public TenantAccess {
        uplinks = List.copyOf(uplinks);
        if (uplinks.isEmpty()) {
            throw new IllegalArgumentException("there is no uplink");
        }
        uplinks.forEach(uplink -> InterfaceNames.check(uplink, 15));
        closed = List.copyOf(closed);
        Objects.requireNonNull(echo);
    }

    /** By this uplink, with no answer to anything. */
    public static TenantAccess by(String uplink) {
        return new TenantAccess(List.of(uplink), List.of(), Echo.SILENT);
    }
}
