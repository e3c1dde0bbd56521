package org.secondsite.bgp.wire;

import java.net.Inet4Address;
import java.util.Map;
import java.util.Optional;

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

    /** IPv4 traffic filters (RFC 8955). */
    public static final AddressFamily IPV4_FLOW = new AddressFamily(1, 133);
    /** IPv6 traffic filters (RFC 8956). */
    public static final AddressFamily IPV6_FLOW = new AddressFamily(2, 133);

    private static final Map<Integer, String> AFI_NAMES = Map.of(1, "ipv4", 2, "ipv6", 25, "l2vpn", 16388, "bgp-ls");
    private static final Map<Integer, String> SAFI_NAMES = Map.of(
            1,
            "unicast",
            2,
            "multicast",
            4,
            "nlri-mpls",
            65,
            "vpls",
            70,
            "evpn",
            71,
            "bgp-ls",
            72,
            "bgp-ls-vpn",
            128,
            "mpls-vpn",
            133,
            "flow",
            134,
            "flow-vpn");

    /** The unicast family that the prefix belongs to. */
    public static AddressFamily of(Prefix prefix) {
        return prefix.address() instanceof Inet4Address ? IPV4_UNICAST : IPV6_UNICAST;
    }

    /** The family of the two words, as ExaBGP writes them. */
    public static Optional<AddressFamily> named(String afi, String safi) {
        return code(AFI_NAMES, afi).flatMap(a -> code(SAFI_NAMES, safi).map(s -> new AddressFamily(a, s)));
    }

    private static Optional<Integer> code(Map<Integer, String> names, String name) {
        return names.entrySet().stream()
                .filter(entry -> entry.getValue().equals(name))
                .map(Map.Entry::getKey)
                .findFirst();
    }

    /** Whether the family is one of prefixes. */
    public boolean isUnicast() {
        return (afi == 1 || afi == 2) && safi == 1;
    }

    /** Whether the family is one of traffic filters. */
    public boolean isFlow() {
        return (afi == 1 || afi == 2) && safi == 133;
    }

    /** Whether this library reads and writes the routes of the family; others are handed through as octets. */
    public boolean isSupported() {
        return isUnicast() || isFlow();
    }

    /** Octets of an address of a supported family. */
    int addressOctets() {
        return afi == 1 ? 4 : 16;
    }

    /** The first word of its name. */
    public String afiName() {
        return AFI_NAMES.getOrDefault(afi, "afi-" + afi);
    }

    /** The second word of its name. */
    public String safiName() {
        return SAFI_NAMES.getOrDefault(safi, "safi-" + safi);
    }

    // Spelt out, as those of Nlri.Unicast are.
    @Override
    public boolean equals(Object other) {
        return this == other || (other instanceof AddressFamily that && afi == that.afi && safi == that.safi);
    }

    @Override
    public int hashCode() {
        return 31 * afi + safi;
    }

    @Override
    public String toString() {
        return afiName() + " " + safiName();
    }
}
