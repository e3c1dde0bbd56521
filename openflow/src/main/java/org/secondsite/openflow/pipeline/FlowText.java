package org.secondsite.openflow.pipeline;

import java.net.InetAddress;
import java.net.UnknownHostException;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.stream.Collectors;
import org.secondsite.config.MacAddress;
import org.secondsite.openflow.Vlan;

/** Writes flows as {@code ovs-ofctl} reads them, for {@code add-flows --bundle}. */
public final class FlowText {
    private FlowText() {}

    /** A line that adds a flow. */
    public static String addition(Flow flow) {
        return "add " + whole(flow);
    }

    /** A line that modifies what stands. */
    public static String modification(Flow flow) {
        return "modify_strict " + whole(flow);
    }

    /** A line that removes what stands. */
    public static String removal(Flow.Key key) {
        return "delete_strict " + text(key);
    }

    /** The lines of a difference, in the order in which they are written: first what goes. */
    public static List<String> lines(FlowDifference difference) {
        List<String> lines = new ArrayList<>();
        difference.obsolete().forEach(key -> lines.add(removal(key)));
        difference.foreign().known().forEach(key -> lines.add(removal(key)));
        difference.altered().forEach(flow -> lines.add(modification(flow)));
        difference.overwritten().forEach(flow -> lines.add(addition(flow)));
        difference.missing().forEach(flow -> lines.add(addition(flow)));
        return lines;
    }

    private static String whole(Flow flow) {
        return text(flow.key()) + ",actions="
                + switch (flow.outcome()) {
                    case Flow.Outcome.Drop() -> "drop";
                    case Flow.Outcome.Continue(int table, int tag) -> pushed(tag) + "goto_table:" + table;
                    case Flow.Outcome.Output(int tag, List<Integer> ports, List<Integer> untagged) ->
                        pushed(tag)
                                + outputs(ports)
                                + (untagged.isEmpty()
                                        ? ""
                                        : (ports.isEmpty() ? "" : ",") + "pop_vlan," + outputs(untagged));
                };
    }

    private static String pushed(int tag) {
        return tag == 0 ? "" : "push_vlan:0x8100,set_field:" + Vlan.match(tag) + "->vlan_vid,";
    }

    private static String outputs(List<Integer> ports) {
        return ports.stream()
                .map(port -> "output:" + Integer.toUnsignedString(port))
                .collect(Collectors.joining(","));
    }

    private static String text(Flow.Key key) {
        List<String> words = new ArrayList<>(List.of("table=" + key.table(), "priority=" + key.priority()));
        key.match().conditions().forEach((field, condition) -> {
            String mask = condition.mask().equals(field.all()) ? "" : "/" + value(field, condition.mask());
            words.add(name(field) + "=" + value(field, condition.value()) + mask);
        });
        return String.join(",", words);
    }

    private static String name(Field field) {
        return switch (field) {
            case IN_PORT -> "in_port";
            case ETH_DST -> "eth_dst";
            case ETH_SRC -> "eth_src";
            case ETH_TYPE -> "eth_type";
            case VLAN_VID -> "vlan_vid";
            case IP_PROTO -> "ip_proto";
            case IPV4_SRC -> "ip_src";
            case ARP_SPA -> "arp_spa";
            case ARP_TPA -> "arp_tpa";
            case ARP_SHA -> "arp_sha";
            case IPV6_SRC -> "ipv6_src";
            case ICMPV6_TYPE -> "icmpv6_type";
            case ND_TARGET -> "nd_target";
            case ND_SLL -> "nd_sll";
            case ND_TLL -> "nd_tll";
        };
    }

    private static String value(Field field, Bits bits) {
        return switch (field) {
            case IN_PORT, IP_PROTO, ICMPV6_TYPE -> Long.toString(bits.low());
            case ETH_TYPE, VLAN_VID -> "0x" + Long.toHexString(bits.low());
            case ETH_DST, ETH_SRC, ARP_SHA, ND_SLL, ND_TLL -> new MacAddress(bits.low()).toString();
            case IPV4_SRC, ARP_SPA, ARP_TPA -> address(bits, Integer.BYTES);
            case IPV6_SRC, ND_TARGET -> address(bits, 2 * Long.BYTES);
        };
    }

    private static String address(Bits bits, int length) {
        byte[] octets = ByteBuffer.allocate(2 * Long.BYTES)
                .putLong(bits.high())
                .putLong(bits.low())
                .array();
        try {
            return InetAddress.getByAddress(Arrays.copyOfRange(octets, octets.length - length, octets.length))
                    .getHostAddress();
        } catch (UnknownHostException e) {
            throw new AssertionError("an address of " + length + " bytes", e);
        }
    }
}
