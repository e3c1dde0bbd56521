package org.secondsite.openflow.lab;

import java.net.InetAddress;
import java.util.Collection;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import org.secondsite.config.IpPrefix;
import org.secondsite.config.MacAddress;
import org.secondsite.openflow.Vlan;
import org.secondsite.openflow.VmAttachment;
import org.secondsite.openflow.pipeline.Bits;
import org.secondsite.openflow.pipeline.Field;

/**
 * A frame, mostly nearly as a VM or the gateway would send it, with something of somebody else in it.
 *
 * @param fields as the pipeline sees it
 * @param text as {@code ofproto/trace} reads it
 */
record RandomFrame(Map<Field, Bits> fields, String text) {
    static final int VLAN = 100;
    private static final List<String> MACS = List.of(
            "52:54:00:c0:10:01",
            "52:54:00:c0:10:02",
            "52:54:00:c0:10:03",
            "02:00:5e:00:01:01",
            "ff:ff:ff:ff:ff:ff",
            "33:33:00:00:00:01");
    private static final List<String> IPV4 =
            List.of("203.0.113.11", "203.0.113.12", "203.0.113.13", "203.0.113.1", "0.0.0.0");
    private static final List<String> IPV6 =
            List.of("2001:db8:113::11", "2001:db8:113::12", "2001:db8:113::13", "2001:db8:113::1", "fe80::1", "::");
    private static final List<Integer> ICMPV6 = List.of(128, 133, 134, 135, 136, 137, 143);
    private static final int ARP = 0x0806;
    private static final int IP = 0x0800;
    private static final int IP6 = 0x86dd;
    private static final int LLDP = 0x88cc;

    /** What {@link Field#VLAN_VID} matches of it. */
    int tag() {
        return (int) fields.get(Field.VLAN_VID).low();
    }

    /** One that comes in by one of the ports. */
    static RandomFrame of(Random random, Collection<Integer> ports, List<VmAttachment> vms) {
        Draft draft = new Draft(random, vms);
        draft.put(Field.IN_PORT, "in_port", draft.pick(List.copyOf(ports)));
        draft.ethernet();
        switch (random.nextInt(8)) {
            case 0, 1 -> draft.arp();
            case 2, 3 -> draft.ipv4();
            case 4, 5 -> draft.neighbourDiscovery();
            case 6 -> draft.ipv6();
            default -> draft.put(Field.ETH_TYPE, "dl_type", LLDP);
        }
        return new RandomFrame(draft.fields, draft.text.toString());
    }

    private static final class Draft {
        private final Random random;
        private final int who;
        private final Map<Field, Bits> fields = new EnumMap<>(Field.class);
        private final StringBuilder text = new StringBuilder();

        Draft(Random random, List<VmAttachment> vms) {
            this.random = random;
            // The sender, as a number in the lists.
            this.who = vms.isEmpty() ? 3 : random.nextInt(4);
        }

        <T> T pick(List<T> all) {
            return all.get(random.nextInt(all.size()));
        }

        /** Mostly the sender's own. */
        private String own(List<String> all) {
            return random.nextInt(5) > 0 ? all.get(who) : pick(all);
        }

        private void word(String name, Object value) {
            text.append(text.isEmpty() ? "" : ",").append(name).append('=').append(value);
        }

        void put(Field field, String name, int value) {
            fields.put(field, Bits.of(value));
            word(name, value);
        }

        private void mac(Field field, String name, String value) {
            fields.put(field, Bits.of(MacAddress.parse(value).value()));
            word(name, value);
        }

        private void address(Field field, String name, String value) {
            InetAddress address = IpPrefix.parseAddress(value);
            fields.put(field, Bits.of(address));
            word(name, value);
        }

        void ethernet() {
            String source = own(MACS);
            mac(Field.ETH_SRC, "dl_src", source.startsWith("5") ? source : MACS.get(3));
            mac(Field.ETH_DST, "dl_dst", pick(MACS));
            int id =
                    switch (random.nextInt(4)) {
                        case 0 -> VLAN;
                        case 1 -> random.nextInt(4) == 0 ? VLAN + 1 : 0;
                        default -> 0;
                    };
            fields.put(Field.VLAN_VID, Bits.of(Vlan.match(id)));
            if (id != 0) {
                word("dl_vlan", id);
            }
        }

        void arp() {
            put(Field.ETH_TYPE, "dl_type", ARP);
            word("arp_op", 1);
            address(Field.ARP_SPA, "arp_spa", own(IPV4));
            address(Field.ARP_TPA, "arp_tpa", pick(IPV4));
            mac(Field.ARP_SHA, "arp_sha", own(MACS));
        }

        void ipv4() {
            put(Field.ETH_TYPE, "dl_type", IP);
            address(Field.IPV4_SRC, "nw_src", own(IPV4));
            put(Field.IP_PROTO, "nw_proto", random.nextBoolean() ? 6 : 17);
        }

        void ipv6() {
            put(Field.ETH_TYPE, "dl_type", IP6);
            address(Field.IPV6_SRC, "ipv6_src", random.nextInt(4) == 0 ? "fe80::1" : own(IPV6));
            put(Field.IP_PROTO, "nw_proto", random.nextBoolean() ? 6 : 17);
        }

        void neighbourDiscovery() {
            put(Field.ETH_TYPE, "dl_type", IP6);
            address(Field.IPV6_SRC, "ipv6_src", random.nextInt(4) == 0 ? "fe80::1" : own(IPV6));
            put(Field.IP_PROTO, "nw_proto", 58);
            int type = random.nextBoolean() ? 135 + random.nextInt(2) : pick(ICMPV6);
            put(Field.ICMPV6_TYPE, "icmpv6_type", type);
            if (type == 135 || type == 136) {
                word("icmpv6_code", 0);
                address(Field.ND_TARGET, "nd_target", own(IPV6));
                String option = random.nextInt(4) == 0 ? "00:00:00:00:00:00" : own(MACS);
                mac(type == 135 ? Field.ND_SLL : Field.ND_TLL, type == 135 ? "nd_sll" : "nd_tll", option);
            }
        }
    }
}
