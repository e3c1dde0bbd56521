package org.secondsite.openflow.pipeline;

/** The header fields that the pipeline looks at, with their width in bits (OpenFlow 1.4.1 §7.2.3.7). */
public enum Field {
    /** The port that a frame came in by. */
    IN_PORT(32),
    /** Destination MAC address. */
    ETH_DST(48),
    /** Source MAC address. */
    ETH_SRC(48),
    /** EtherType, behind any VLAN tag. */
    ETH_TYPE(16),
    /** VLAN id with bit 0x1000 set when there is a tag; 0: untagged. */
    VLAN_VID(13),
    /** IP protocol or IPv6 next header behind the extension headers. */
    IP_PROTO(8),
    /** IPv4 source. */
    IPV4_SRC(32),
    /** ARP sender's protocol address. */
    ARP_SPA(32),
    /** ARP target's protocol address. */
    ARP_TPA(32),
    /** ARP sender's hardware address. */
    ARP_SHA(48),
    /** IPv6 source. */
    IPV6_SRC(128),
    /** ICMPv6 type. */
    ICMPV6_TYPE(8),
    /** The target of a neighbour solicitation or advertisement. */
    ND_TARGET(128),
    /** The source link-layer address option of a neighbour solicitation; 0 when it is absent. */
    ND_SLL(48),
    /** The target link-layer address option of a neighbour advertisement; 0 when it is absent. */
    ND_TLL(48);

    private final int bits;

    Field(int bits) {
        this.bits = bits;
    }

    /** The value with every bit of this field set. */
    public Bits all() {
        return Bits.low(bits);
    }
}
