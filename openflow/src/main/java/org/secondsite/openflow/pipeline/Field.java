package org.secondsite.openflow.pipeline;

import java.util.Optional;

/** The header fields that the pipeline looks at, with their width in bits and their numbers (OpenFlow 1.4.1 §7.2.3.7). */
public enum Field {
    /** The port that a frame came in by. */
    IN_PORT(32, 0),
    /** Destination MAC address. */
    ETH_DST(48, 3),
    /** Source MAC address. */
    ETH_SRC(48, 4),
    /** EtherType, behind any VLAN tag. */
    ETH_TYPE(16, 5),
    /** VLAN id with bit 0x1000 set when there is a tag; 0: untagged. */
    VLAN_VID(13, 6),
    /** IP protocol or IPv6 next header behind the extension headers. */
    IP_PROTO(8, 10),
    /** IPv4 source. */
    IPV4_SRC(32, 11),
    /** ARP sender's protocol address. */
    ARP_SPA(32, 22),
    /** ARP target's protocol address. */
    ARP_TPA(32, 23),
    /** ARP sender's hardware address. */
    ARP_SHA(48, 24),
    /** IPv6 source. */
    IPV6_SRC(128, 26),
    /** ICMPv6 type. */
    ICMPV6_TYPE(8, 29),
    /** The target of a neighbour solicitation or advertisement. */
    ND_TARGET(128, 31),
    /** The source link-layer address option of a neighbour solicitation; 0 when it is absent. */
    ND_SLL(48, 32),
    /** The target link-layer address option of a neighbour advertisement; 0 when it is absent. */
    ND_TLL(48, 33);

    private static final Field[] BY_NUMBER = new Field[64];

    /** By width, which is asked for with every flow. */
    private static final Bits[] ALL = new Bits[129];

    static {
        for (Field field : values()) {
            BY_NUMBER[field.number] = field;
            ALL[field.bits] = Bits.low(field.bits);
        }
    }

    private final int bits;
    private final int number;

    Field(int bits, int number) {
        this.bits = bits;
        this.number = number;
    }

    /** The field with this number, if it is one that the pipeline looks at. */
    public static Optional<Field> of(int number) {
        return number < 0 || number >= BY_NUMBER.length ? Optional.empty() : Optional.ofNullable(BY_NUMBER[number]);
    }

    /** Its number in the class {@code OFPXMC_OPENFLOW_BASIC}. */
    public int number() {
        return number;
    }

    /** How many bytes its value takes on the wire. */
    public int bytes() {
        return (bits + Byte.SIZE - 1) / Byte.SIZE;
    }

    /** The value with every bit of this field set. */
    public Bits all() {
        return ALL[bits];
    }
}
