package org.secondsite.bgp.wire;

import java.net.Inet4Address;
import org.secondsite.config.IpPrefix;

/**
 * An address family as BGP names it (RFC 4760 §3).
 *
 * @param afi the Address Family Identifier: 1 IPv4, 2 IPv6
 * @param safi the Subsequent Address Family Identifier: 1 unicast
 */
public record AddressFamily(int afi, int safi) {
    /** IPv4 unicast. */
    public static final AddressFamily IPV4_UNICAST = new AddressFamily(1, 1);
    /** IPv6 unicast. */
    public static final AddressFamily IPV6_UNICAST = new AddressFamily(2, 1);

    /** The unicast family that the prefix belongs to. */
    public static AddressFamily of(IpPrefix prefix) {
        return prefix.address() instanceof Inet4Address ? IPV4_UNICAST : IPV6_UNICAST;
    }

    /** Whether this library reads and writes prefixes of the family. */
    public boolean isSupported() {
        return equals(IPV4_UNICAST) || equals(IPV6_UNICAST);
    }

    /** Octets of an address of a supported family. */
    int addressOctets() {
        return afi == 1 ? 4 : 16;
    }

    @Override
    public String toString() {
        String address = afi == 1 ? "ipv4" : afi == 2 ? "ipv6" : "afi-" + afi;
        return address + (safi == 1 ? " unicast" : " safi-" + safi);
    }
}
