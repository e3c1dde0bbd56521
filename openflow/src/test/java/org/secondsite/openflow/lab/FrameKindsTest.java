package org.secondsite.openflow.lab;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotNull;
import static org.secondsite.openflow.lab.ControlledSite.ID;
import static org.secondsite.openflow.lab.SwitchSite.attachment;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.Collectors;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.secondsite.openflow.Role;
import org.secondsite.openflow.Vlan;

/**
 * Asks a real Open vSwitch, by {@code ofproto/trace}, what it does with each kind of frame in each role, and compares that
 * with the table of {@code docs/openflow.md}. Run with {@code SECONDSITE_RENDER=true} to write the table.
 */
@Tag("lab")
@Timeout(180)
class FrameKindsTest {
    private static final Path DOCUMENT = Path.of("../docs/openflow.md");
    private static final String HEADING = "## Kinds of frames\n";

    private static final String VM = "dl_src=" + SwitchSite.mac("vm1");
    private static final String IP = ",dl_type=0x0800,nw_src=203.0.113.11,nw_ttl=64";
    private static final String IP6 = ",dl_type=0x86dd,ipv6_src=2001:db8:113::11,nw_ttl=64";
    private static final String LINK_LOCAL = ",icmp6,ipv6_src=fe80::1,nw_ttl=255";
    private static final String ALL = ",dl_dst=ff:ff:ff:ff:ff:ff";
    private static final String GROUP6 = ",dl_dst=33:33:00:00:00:01";

    @TempDir
    private Path directory;

    /** Frames that a VM sends, by what they are. */
    private static Map<String, String> kinds() {
        Map<String, String> kinds = new LinkedHashMap<>();
        kinds.put("IPv4, its own address, to the gateway", VM + ",dl_dst=02:00:5e:00:01:01" + IP + ",nw_proto=6");
        kinds.put("IPv4, to a neighbour on the switch", VM + ",dl_dst=" + SwitchSite.mac("vm2") + IP + ",nw_proto=6");
        kinds.put("IPv4, broadcast", VM + ALL + IP + ",nw_proto=17");
        kinds.put("IPv4, 9,000 bytes", VM + ALL + IP + ",nw_proto=17 --l7-len 8958");
        kinds.put("IPv4, a later fragment", VM + ALL + IP + ",nw_proto=17,nw_frag=later");
        kinds.put("IPv4, a neighbour's address", VM + ALL + IP.replace("113.11", "113.12") + ",nw_proto=6");
        kinds.put("IPv4, another's MAC", "dl_src=" + SwitchSite.mac("vm2") + ALL + IP + ",nw_proto=6");
        kinds.put("IPv4, tagged with a VLAN", VM + ALL + ",dl_vlan=100" + IP + ",nw_proto=6");
        kinds.put(
                "ARP, its own address",
                VM + ALL + ",dl_type=0x0806,arp_op=1,arp_spa=203.0.113.11,arp_sha=" + SwitchSite.mac("vm1")
                        + ",arp_tpa=203.0.113.1");
        kinds.put(
                "ARP, the gateway's address",
                VM + ALL + ",dl_type=0x0806,arp_op=2,arp_spa=203.0.113.1,arp_sha=" + SwitchSite.mac("vm1")
                        + ",arp_tpa=203.0.113.12");
        kinds.put("DHCPv4, from 0.0.0.0", VM + ALL + ",udp,nw_src=0.0.0.0,nw_ttl=64,udp_src=68,udp_dst=67");
        kinds.put("IPv6, its own address", VM + GROUP6 + IP6 + ",nw_proto=6");
        kinds.put("IPv6, a neighbour's address", VM + GROUP6 + IP6.replace("::11", "::12") + ",nw_proto=6");
        kinds.put(
                "DHCPv6, from its link-local address",
                VM + GROUP6 + ",udp6,ipv6_src=fe80::1,nw_ttl=64,udp_src=546,udp_dst=547");
        kinds.put("Router solicitation", VM + GROUP6 + LINK_LOCAL + ",icmpv6_type=133");
        kinds.put("Router advertisement", VM + GROUP6 + LINK_LOCAL + ",icmpv6_type=134");
        kinds.put("Redirect", VM + GROUP6 + LINK_LOCAL + ",icmpv6_type=137");
        kinds.put("MLDv2 report from its link-local address", VM + GROUP6 + LINK_LOCAL + ",icmpv6_type=143");
        kinds.put("MLDv2 report from ::", VM + GROUP6 + LINK_LOCAL.replace("fe80::1", "::") + ",icmpv6_type=143");
        kinds.put("VRRP, its virtual MAC", "dl_src=00:00:5e:00:01:07" + ALL + IP + ",nw_proto=112");
        kinds.put("LLDP", VM + ",dl_dst=01:80:c2:00:00:0e,dl_type=0x88cc");
        kinds.put("STP", VM + ",dl_dst=01:80:c2:00:00:00,dl_type=0x05ff");
        return kinds;
    }

    /** A frame at a port of the switch, by what it is; its VMs are in VLAN 100, {@code vm1} at an untagged port. */
    private record Tagged(String from, String frame) {}

    private static Map<String, Tagged> taggedKinds() {
        String tag = ",dl_vlan=100";
        String other = ",dl_vlan=200";
        String second = "dl_src=" + SwitchSite.mac("vm2") + ALL + "%s" + IP.replace("113.11", "113.12") + ",nw_proto=6";
        String gateway =
                "dl_src=" + SwitchSite.mac("gw") + ",dl_dst=%s%s" + IP.replace("113.11", "113.1") + ",nw_proto=6";
        String group = "01:00:5e:00:00:01";
        Map<String, Tagged> kinds = new LinkedHashMap<>();
        kinds.put("untagged port, no tag", new Tagged("vm1", VM + ALL + IP + ",nw_proto=6"));
        kinds.put("untagged port, the VLAN's tag", new Tagged("vm1", VM + ALL + tag + IP + ",nw_proto=6"));
        kinds.put("tagged port, the VLAN's tag", new Tagged("vm2", second.formatted(tag)));
        kinds.put("tagged port, no tag", new Tagged("vm2", second.formatted("")));
        kinds.put("tagged port, another tag", new Tagged("vm2", second.formatted(other)));
        kinds.put(
                "tagged port, the VLAN's tag within another",
                new Tagged(
                        "vm2",
                        second.formatted(other)
                                .replace("dl_type=0x0800", "dl_type=0x8100")
                                .replaceAll(",nw_.*", "")));
        for (String vm : List.of("vm1", "vm2")) {
            String to = ", to the VM at the " + (vm.equals("vm1") ? "untagged" : "tagged") + " port";
            kinds.put("gateway, the VLAN's tag" + to, new Tagged("gw", gateway.formatted(SwitchSite.mac(vm), tag)));
            kinds.put("gateway, no tag" + to, new Tagged("gw", gateway.formatted(SwitchSite.mac(vm), "")));
            kinds.put("gateway, another tag" + to, new Tagged("gw", gateway.formatted(SwitchSite.mac(vm), other)));
        }
        kinds.put("gateway, the VLAN's tag, multicast", new Tagged("gw", gateway.formatted(group, tag)));
        kinds.put("gateway, another tag, multicast", new Tagged("gw", gateway.formatted(group, other)));
        return kinds;
    }

    private static Map<String, Map<Role, String>> tagged(ControlledSite lab, long firstTerm) throws Exception {
        OpenVSwitch ovs = lab.site().openVSwitch();
        Map<String, Map<Role, String>> table = new LinkedHashMap<>();
        long term = firstTerm;
        for (Role role : Role.values()) {
            lab.controller()
                    .apply(
                            ID,
                            term,
                            List.of(
                                    attachment("vm1", role).with(new Vlan(100, Vlan.Port.UNTAGGED)),
                                    attachment("vm2", role).with(new Vlan(100, Vlan.Port.TAGGED))));
            lab.events().await("sw-a confirmed " + term);
            for (Map.Entry<String, Tagged> kind : taggedKinds().entrySet()) {
                Tagged sent = kind.getValue();
                String in = ovs.vsctl("get", "interface", sent.from(), "ofport").strip();
                String actions = ovs.actions("in_port=" + in + "," + sent.frame());
                table.computeIfAbsent(kind.getKey(), _ -> new LinkedHashMap<>())
                        .put(role, ways(actions, sent.frame().contains("dl_vlan"), ovs));
            }
            term++;
        }
        return table;
    }

    /** Where a frame goes out, and whether with a tag. */
    private static String ways(String actions, boolean hasTag, OpenVSwitch ovs) throws IOException {
        if (actions.equals("drop")) {
            return "dropped";
        }
        Map<String, String> names = Map.of(
                ovs.datapathPort("gw"), "the gateway",
                ovs.datapathPort("vm1"), "the untagged port",
                ovs.datapathPort("vm2"), "the tagged port");
        List<String> ways = new ArrayList<>();
        boolean tagged = hasTag;
        for (String action :
                actions.replaceAll("push_vlan\\(vid=100,[^)]*\\)", "push").split(",", -1)) {
            if (action.equals("push") || action.equals("pop_vlan")) {
                tagged = action.equals("push");
            } else {
                String name = names.get(action);
                assertNotNull(name, actions);
                ways.add("to " + name + (tagged ? " with the tag" : " without a tag"));
            }
        }
        return String.join(", ", ways.stream().sorted().toList());
    }

    @Test
    void aRealSwitchDoesWithEachWhatTheDocumentSays() throws Exception {
        Map<String, Map<Role, String>> table = new LinkedHashMap<>();
        Map<String, Map<Role, String>> tagged;
        try (ControlledSite lab = new ControlledSite(directory)) {
            OpenVSwitch ovs = lab.site().openVSwitch();
            ovs.setControllers(lab.controller().address().getPort());
            long term = 0;
            for (Role role : Role.values()) {
                term++;
                // A copy has another copy beside it; any other VM an owned neighbour.
                Role neighbour = role == Role.DRILL ? Role.DRILL : Role.OWNER;
                lab.controller().apply(ID, term, List.of(attachment("vm1", role), attachment("vm2", neighbour)));
                lab.events().await("sw-a confirmed " + term);
                String in = ovs.vsctl("get", "interface", "vm1", "ofport").strip();
                for (Map.Entry<String, String> kind : kinds().entrySet()) {
                    String actions = ovs.actions("in_port=" + in + "," + kind.getValue());
                    table.computeIfAbsent(kind.getKey(), _ -> new LinkedHashMap<>())
                            .put(role, fate(actions, ovs));
                }
            }
            tagged = tagged(lab, term + 1);
        }
        String rendered = render(table, tagged);
        String document = Files.readString(DOCUMENT);
        String before = document.substring(0, document.indexOf(HEADING));
        if (Boolean.parseBoolean(System.getenv("SECONDSITE_RENDER"))) {
            Files.writeString(DOCUMENT, before + HEADING + rendered);
        }
        assertEquals(before + HEADING + rendered, Files.readString(DOCUMENT), "docs/openflow.md is stale");
    }

    private static String fate(String actions, OpenVSwitch ovs) throws IOException {
        if (actions.equals("drop")) {
            return "dropped";
        }
        // The datapath numbers ports in its own way.
        Map<String, String> ports = Map.of(
                ovs.datapathPort("gw"), "to the gateway",
                ovs.datapathPort("vm2"), "to the other copy");
        String fate = ports.get(actions);
        if (fate == null) {
            throw new AssertionError("goes out by " + actions);
        }
        return fate;
    }

    private static String render(Map<String, Map<Role, String>> table, Map<String, Map<Role, String>> tagged) {
        return "\nWhat a VM sends, and what becomes of it. Rendered by `FrameKindsTest` from what a real switch answers; do not"
                + " edit.\n\n| frame | owner | standby, fenced | drill |\n| --- | --- | --- | --- |\n"
                + rows(table)
                + "\nIn a VLAN, with one VM at an untagged port and one at a tagged port; a VM's frames are broadcast.\n\n"
                + "| from, frame | owner | standby, fenced | drill |\n| --- | --- | --- | --- |\n"
                + rows(tagged);
    }

    private static String rows(Map<String, Map<Role, String>> table) {
        return table.entrySet().stream()
                .map(row -> {
                    Map<Role, String> fates = row.getValue();
                    assertEquals(fates.get(Role.STANDBY), fates.get(Role.FENCED));
                    return "| %s | %s | %s | %s |\n"
                            .formatted(
                                    row.getKey(),
                                    fates.get(Role.OWNER),
                                    fates.get(Role.STANDBY),
                                    fates.get(Role.DRILL));
                })
                .collect(Collectors.joining());
    }
}
