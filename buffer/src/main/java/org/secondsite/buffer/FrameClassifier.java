package org.secondsite.buffer;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.net.Inet4Address;
import java.net.InetAddress;
import java.nio.ByteOrder;
import java.util.List;
import java.util.stream.IntStream;
import org.secondsite.config.MacAddress;

/**
 * Tells whose a frame on the VM-facing port is, and which way it will take when it is released. Pure, of one thread,
 * and free of allocation.
 *
 * <pre>
 *   source MAC (and VLAN) of no protected VM                          UNPROTECTED   the kernel passes it
 *   protected VM, but another's IP, ARP or ND address                 SPOOFED       dropped and counted
 *   routed: ARP or neighbour discovery that asks the gateway itself   ANSWERED      the kernel has answered it already
 *   anything else of a protected VM, whatever its ethertype           OUTPUT        held
 * </pre>
 */
public final class FrameClassifier {
    /** What a frame is. */
    public enum Kind {
        /** Of no protected VM. */
        UNPROTECTED,
        /** Of a protected VM, with a source address that is not its own. */
        SPOOFED,
        /** Of a protected VM to the gateway itself, about neighbours: it is not held, and never released. */
        ANSWERED,
        /** Output of a protected VM. */
        OUTPUT,
        /** Shorter than its headers. */
        MALFORMED
    }

    /** The tag of a frame that leaves away from the VMs: into the kernel's routing, or out of the other port. */
    public static final int ROUTE_OUT = 0;

    /** The tag of a frame that goes back to the VM-facing port, for another VM (east-west). */
    public static final int ROUTE_BACK = 1;

    private static final ValueLayout.OfShort SHORT = ValueLayout.JAVA_SHORT_UNALIGNED.withOrder(ByteOrder.BIG_ENDIAN);
    private static final ValueLayout.OfInt INT = ValueLayout.JAVA_INT_UNALIGNED.withOrder(ByteOrder.BIG_ENDIAN);
    private static final ValueLayout.OfLong LONG = ValueLayout.JAVA_LONG_UNALIGNED.withOrder(ByteOrder.BIG_ENDIAN);

    private static final int ETHERNET_BYTES = 14;
    private static final int IPV4 = 0x0800;
    private static final int ARP = 0x0806;
    private static final int IPV6 = 0x86dd;
    private static final int VLAN = 0x8100;
    private static final int PROVIDER_VLAN = 0x88a8;
    private static final int ICMPV6 = 58;
    private static final int ROUTER_SOLICITATION = 133;
    private static final int NEIGHBOR_SOLICITATION = 135;
    private static final int NEIGHBOR_ADVERTISEMENT = 136;
    private static final long MULTICAST = 1L << 40;

    private final SourceTable sources;
    private final AddressSet[] owned;
    private final boolean routed;
    private final long gatewayMac;
    private final AddressSet gateway;

    private final int[] lanes;

    private int index;
    private int vlan;
    private boolean out;
    private boolean back;

    private FrameClassifier(List<ProtectedVm> vms, int[] lanes, boolean routed, long gatewayMac, AddressSet gateway) {
        this.lanes = lanes;
        sources = new SourceTable(vms);
        owned = new AddressSet[vms.size()];
        for (int i = 0; i < owned.length; i++) {
            owned[i] = new AddressSet(vms.get(i).addresses());
        }
        this.routed = routed;
        this.gatewayMac = gatewayMac;
        this.gateway = gateway;
    }

    /**
     * For a gateway that is the VMs' first hop. Frames to its MAC address leave through routing, all others go back
     * inside.
     *
     * @param vms lane i is the i-th of them
     * @param mac the gateway's MAC address on the VM-facing port
     * @param addresses its addresses there
     * @throws IllegalArgumentException if two VMs cannot be told apart
     */
    public static FrameClassifier routed(List<ProtectedVm> vms, MacAddress mac, List<InetAddress> addresses) {
        return new FrameClassifier(vms, counted(vms), true, mac.value(), new AddressSet(addresses));
    }

    /**
     * For a bump in the wire. Frames to another protected VM go back, group frames go both ways, all others go out.
     *
     * @param vms lane i is the i-th of them
     * @throws IllegalArgumentException if two VMs cannot be told apart
     */
    public static FrameClassifier transparent(List<ProtectedVm> vms) {
        return new FrameClassifier(vms, counted(vms), false, 0, new AddressSet(List.of()));
    }

    private static int[] counted(List<ProtectedVm> vms) {
        return IntStream.range(0, vms.size()).toArray();
    }

    /**
     * The same for other VMs.
     *
     * @param vmLanes the lane of each
     * @throws IllegalArgumentException if two VMs cannot be told apart
     */
    public FrameClassifier of(List<ProtectedVm> vms, int[] vmLanes) {
        return new FrameClassifier(vms, vmLanes.clone(), routed, gatewayMac, gateway);
    }

    /**
     * Looks at a frame.
     *
     * @param memory where it is
     * @param at its first byte, of the destination address
     * @param bytes its length
     */
    public Kind classify(MemorySegment memory, long at, int bytes) {
        if (bytes < ETHERNET_BYTES) {
            return Kind.MALFORMED;
        }
        int type = Short.toUnsignedInt(memory.get(SHORT, at + 12));
        int headers = ETHERNET_BYTES;
        vlan = SourceTable.UNTAGGED;
        while (type == VLAN || type == PROVIDER_VLAN) {
            if (bytes < headers + 4) {
                return Kind.MALFORMED;
            }
            if (vlan == SourceTable.UNTAGGED) {
                vlan = memory.get(SHORT, at + headers) & 0xfff;
            }
            type = Short.toUnsignedInt(memory.get(SHORT, at + headers + 2));
            headers += 4;
        }
        index = sources.find(memory.get(LONG, at + 6) >>> 16, vlan);
        if (index < 0) {
            return Kind.UNPROTECTED;
        }
        long destination = memory.get(LONG, at) >>> 16;
        Kind kind =
                switch (type) {
                    case ARP -> arp(memory, at + headers, bytes - headers, destination);
                    case IPV4 -> ipv4(memory, at + headers, bytes - headers);
                    case IPV6 -> ipv6(memory, at + headers, bytes - headers, destination);
                    default -> Kind.OUTPUT;
                };
        choose(destination);
        return kind;
    }

    /** The lane of the frame just classified, unless it was UNPROTECTED or MALFORMED. */
    public int lane() {
        return lanes[index];
    }

    /** Whether the OUTPUT just classified is to leave as {@link #ROUTE_OUT}. */
    public boolean out() {
        return out;
    }

    /** Whether the OUTPUT just classified is to leave as {@link #ROUTE_BACK}. */
    public boolean back() {
        return back;
    }

    private void choose(long destination) {
        boolean group = (destination & MULTICAST) != 0;
        if (routed) {
            out = destination == gatewayMac;
            back = !out;
        } else {
            back = group || sources.find(destination, vlan) >= 0;
            out = group || !back;
        }
    }

    /** RFC 826: hardware type, protocol type, lengths, operation, sender (6 + 4), target (6 + 4). */
    private Kind arp(MemorySegment memory, long at, int bytes, long destination) {
        if (bytes < 28 || memory.get(SHORT, at + 2) != IPV4) {
            return Kind.OUTPUT;
        }
        int sender = memory.get(INT, at + 14);
        // RFC 5227 §1.1: a probe has no sender address.
        if (sender != 0 && !owned[index].allows4(sender)) {
            return Kind.SPOOFED;
        }
        boolean toGateway = gateway.has4(memory.get(INT, at + 24)) || destination == gatewayMac;
        return routed && vlan == SourceTable.UNTAGGED && toGateway ? Kind.ANSWERED : Kind.OUTPUT;
    }

    private Kind ipv4(MemorySegment memory, long at, int bytes) {
        if (bytes < 20) {
            return Kind.OUTPUT;
        }
        int source = memory.get(INT, at + 12);
        // RFC 2131 §4.1: a DHCP client without an address sends from 0.0.0.0.
        return source == 0 || owned[index].allows4(source) ? Kind.OUTPUT : Kind.SPOOFED;
    }

    private Kind ipv6(MemorySegment memory, long at, int bytes, long destination) {
        if (bytes < 40) {
            return Kind.OUTPUT;
        }
        long high = memory.get(LONG, at + 8);
        long low = memory.get(LONG, at + 16);
        if (!owned[index].allows6(high, low)) {
            return Kind.SPOOFED;
        }
        if (memory.get(ValueLayout.JAVA_BYTE, at + 6) != ICMPV6 || bytes < 41) {
            return Kind.OUTPUT;
        }
        int type = Byte.toUnsignedInt(memory.get(ValueLayout.JAVA_BYTE, at + 40));
        boolean hasTarget = bytes >= 64;
        if (type == NEIGHBOR_ADVERTISEMENT
                && hasTarget
                && !owned[index].allows6(memory.get(LONG, at + 48), memory.get(LONG, at + 56))) {
            return Kind.SPOOFED;
        }
        if (!routed || vlan != SourceTable.UNTAGGED) {
            return Kind.OUTPUT;
        }
        boolean answered =
                switch (type) {
                    case ROUTER_SOLICITATION -> true;
                    case NEIGHBOR_SOLICITATION ->
                        hasTarget && isGateway6(memory.get(LONG, at + 48), memory.get(LONG, at + 56));
                    case NEIGHBOR_ADVERTISEMENT -> destination == gatewayMac;
                    default -> false;
                };
        return answered ? Kind.ANSWERED : Kind.OUTPUT;
    }

    private boolean isGateway6(long high, long low) {
        // RFC 4291 appendix A: the link-local address that the kernel makes from the MAC address.
        long identifier = (((gatewayMac >>> 24) ^ 0x020000L) << 40) | 0xfffe000000L | (gatewayMac & 0xffffff);
        return gateway.has6(high, low) || (high == 0xfe80L << 48 && low == identifier);
    }

    /** A few addresses, as numbers. */
    private static final class AddressSet {
        private static final long LINK_LOCAL = 0xfe80L << 48;
        private static final long LINK_LOCAL_MASK = 0xffc0L << 48;

        private final int[] four;
        private final long[] six;

        AddressSet(List<InetAddress> addresses) {
            four = addresses.stream()
                    .filter(Inet4Address.class::isInstance)
                    .mapToInt(a -> MemorySegment.ofArray(a.getAddress()).get(INT, 0))
                    .toArray();
            six = addresses.stream()
                    .filter(a -> !(a instanceof Inet4Address))
                    .map(a -> MemorySegment.ofArray(a.getAddress()))
                    .flatMapToLong(m -> java.util.stream.LongStream.of(m.get(LONG, 0), m.get(LONG, 8)))
                    .toArray();
        }

        /** Whether it may be a source; with no address at all, every one may. */
        boolean allows4(int address) {
            return free() || has4(address);
        }

        /** The same; unspecified (RFC 4862 §5.4.2) and link-local addresses are every VM's to use. */
        boolean allows6(long high, long low) {
            return free() || (high == 0 && low == 0) || (high & LINK_LOCAL_MASK) == LINK_LOCAL || has6(high, low);
        }

        boolean has4(int address) {
            for (int one : four) {
                if (one == address) {
                    return true;
                }
            }
            return false;
        }

        boolean has6(long high, long low) {
            for (int i = 0; i < six.length; i += 2) {
                if (six[i] == high && six[i + 1] == low) {
                    return true;
                }
            }
            return false;
        }

        private boolean free() {
            return four.length == 0 && six.length == 0;
        }
    }
}
