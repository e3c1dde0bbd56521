package org.secondsite.openflow.pipeline;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.net.InetAddress;
import java.util.ArrayList;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.secondsite.config.IpPrefix;
import org.secondsite.config.MacAddress;
import org.secondsite.config.VmId;
import org.secondsite.openflow.Role;
import org.secondsite.openflow.Vlan;
import org.secondsite.openflow.VmAttachment;

class PipelineTest {
    private static final int GATEWAY = 1;
    private static final int VM1 = 11;
    private static final int VM2 = 12;
    private static final int VM3 = 13;
    private static final int STRANGER = 99;
    private static final Map<String, Integer> PORTS =
            Map.of("gw", GATEWAY, "vm1", VM1, "vm2", VM2, "vm3", VM3, "other", STRANGER);

    private static final String MAC1 = "52:54:00:c0:10:01";
    private static final String MAC2 = "52:54:00:c0:10:02";
    private static final String MAC3 = "52:54:00:c0:10:03";
    private static final String ADDRESS1 = "203.0.113.10";
    private static final String ADDRESS1_V6 = "2001:db8:113::10";
    private static final String ADDRESS2 = "203.0.113.11";
    private static final String BROADCAST = "ff:ff:ff:ff:ff:ff";

    /** VM 1 with both IP versions and VM 2 are ours, VM 3 is another site's. */
    private static final List<VmAttachment> VMS = List.of(
            vm("vm1", MAC1, Role.OWNER, ADDRESS1, ADDRESS1_V6),
            vm("vm2", MAC2, Role.OWNER, ADDRESS2),
            vm("vm3", MAC3, Role.STANDBY, "203.0.113.12"));

    private final FakeFlowTable table = new FakeFlowTable(pipeline(VMS, PORTS).flows());

    @ParameterizedTest(name = "ARP spa {0} sha {1} tpa {2} from port {3} -> {4}")
    @CsvSource({
        "203.0.113.10, 52:54:00:c0:10:01, 203.0.113.1,  11, gateway", // its own address
        "0.0.0.0,      52:54:00:c0:10:01, 203.0.113.10, 11, gateway", // RFC 5227 probe for its own address
        "0.0.0.0,      52:54:00:c0:10:01, 203.0.113.1,  11, nowhere", // probe for somebody else's
        "203.0.113.11, 52:54:00:c0:10:01, 203.0.113.1,  11, nowhere", // a neighbour's address
        "203.0.113.1,  52:54:00:c0:10:01, 203.0.113.11, 11, nowhere", // the gateway's address
        "203.0.113.10, 52:54:00:c0:10:02, 203.0.113.1,  11, nowhere", // a neighbour's MAC inside
        "203.0.113.12, 52:54:00:c0:10:03, 203.0.113.1,  13, nowhere", // a standby VM
        "203.0.113.10, 52:54:00:c0:10:01, 203.0.113.1,  12, nowhere", // from the neighbour's port
        "203.0.113.10, 52:54:00:c0:10:01, 203.0.113.1,  99, nowhere", // from a port that nobody named
    })
    void arpSpeaksForItsOwnAddressOnly(String spa, String sha, String tpa, int port, String where) {
        Map<Field, Bits> frame = ethernet(port, sha.equals(MAC2) ? MAC1 : sha, BROADCAST, 0x0806);
        frame.put(Field.ARP_SPA, address(spa));
        frame.put(Field.ARP_SHA, mac(sha));
        frame.put(Field.ARP_TPA, address(tpa));
        assertEquals(ports(where), table.outputs(frame));
    }

    @ParameterizedTest(name = "IPv4 from {0} MAC {1} port {2} vlan {3} -> {4}")
    @CsvSource({
        "203.0.113.10, 52:54:00:c0:10:01, 11, 0,      gateway",
        "203.0.113.11, 52:54:00:c0:10:02, 12, 0,      gateway",
        "203.0.113.11, 52:54:00:c0:10:01, 11, 0,      nowhere",
        "203.0.113.10, 52:54:00:c0:10:02, 11, 0,      nowhere",
        "203.0.113.10, 52:54:00:c0:10:01, 12, 0,      nowhere",
        "203.0.113.10, 52:54:00:c0:10:01, 11, 0x1005, nowhere",
        "203.0.113.12, 52:54:00:c0:10:03, 13, 0,      nowhere",
        "203.0.113.10, 52:54:00:c0:10:01, 99, 0,      nowhere",
        "0.0.0.0,      52:54:00:c0:10:01, 11, 0,      nowhere",
    })
    void ipv4SpeaksUnderItsOwnAddressOnly(String source, String sourceMac, int port, String vlan, String where) {
        // For the neighbour on the same switch, for everybody, and for the gateway: all the same way.
        for (String destination : List.of(MAC2, MAC3, BROADCAST, "02:00:5e:00:01:01")) {
            Map<Field, Bits> frame = ethernet(port, sourceMac, destination, 0x0800);
            frame.put(Field.VLAN_VID, Bits.of(Integer.decode(vlan)));
            frame.put(Field.IPV4_SRC, address(source));
            frame.put(Field.IP_PROTO, Bits.of(17));
            assertEquals(ports(where), table.outputs(frame), destination);
        }
    }

    @ParameterizedTest(name = "IPv6 from {0} port {1} -> {2}")
    @CsvSource({
        "2001:db8:113::10, 11, gateway",
        "fe80::1234,       11, gateway",
        "2001:db8:113::11, 11, nowhere",
        "::,               11, nowhere",
        "2001:db8:113::10, 12, nowhere", // VM 2 has no IPv6 address, so it speaks none
        "fe80::1234,       12, nowhere",
        "2001:db8:113::12, 13, nowhere",
    })
    void ipv6SpeaksUnderItsOwnAndLinkLocalAddressesOnly(String source, int port, String where) {
        Map<Field, Bits> frame = ipv6(port, source, 17);
        assertEquals(ports(where), table.outputs(frame));
    }

    @ParameterizedTest(name = "ICMPv6 {0} from {1} about {2} with MAC {3} -> {4}")
    @CsvSource({
        "135, 2001:db8:113::10, 2001:db8:113::1,  52:54:00:c0:10:01, gateway", // asks for the gateway
        "135, 2001:db8:113::10, 2001:db8:113::1,  00:00:00:00:00:00, gateway", // the same without the option
        "135, 2001:db8:113::10, 2001:db8:113::1,  52:54:00:c0:10:02, nowhere", // with a neighbour's MAC
        "135, ::,               2001:db8:113::10, 00:00:00:00:00:00, gateway", // duplicate address detection
        "135, ::,               fe80::1234,       00:00:00:00:00:00, gateway",
        "135, ::,               2001:db8:113::1,  00:00:00:00:00:00, nowhere", // for an address of others
        "136, 2001:db8:113::10, 2001:db8:113::10, 52:54:00:c0:10:01, gateway", // announces itself
        "136, fe80::1234,       fe80::1234,       52:54:00:c0:10:01, gateway",
        "136, fe80::1234,       2001:db8:113::10, 00:00:00:00:00:00, gateway",
        "136, 2001:db8:113::10, 2001:db8:113::1,  52:54:00:c0:10:01, nowhere", // announces the gateway's address
        "136, 2001:db8:113::10, 2001:db8:113::10, 02:00:5e:00:01:01, nowhere", // points to another MAC
        "134, fe80::1234,       ::,               00:00:00:00:00:00, nowhere", // plays router
        "137, fe80::1234,       2001:db8::1,      00:00:00:00:00:00, nowhere", // redirects
        "128, 2001:db8:113::10, ::,               00:00:00:00:00:00, gateway", // echo request
    })
    void neighbourMessagesClaimItsOwnAddressesOnly(
            int type, String source, String target, String option, String where) {
        Map<Field, Bits> frame = ipv6(VM1, source, 58);
        frame.put(Field.ICMPV6_TYPE, Bits.of(type));
        if (type == 135 || type == 136) {
            frame.put(Field.ND_TARGET, address(target));
            frame.put(type == 135 ? Field.ND_SLL : Field.ND_TLL, mac(option));
        }
        assertEquals(ports(where), table.outputs(frame));
    }

    @Test
    void theGatewayReachesOwnedVmsByTheirMacAndByMulticast() {
        assertEquals(Set.of(VM1), table.outputs(ethernet(GATEWAY, "02:00:5e:00:01:01", MAC1, 0x0800)));
        assertEquals(Set.of(VM2), table.outputs(ethernet(GATEWAY, MAC1, MAC2, 0x0800)), "east-west, after its commit");
        assertEquals(Set.of(), table.outputs(ethernet(GATEWAY, "02:00:5e:00:01:01", MAC3, 0x0800)));
        assertEquals(Set.of(), table.outputs(ethernet(GATEWAY, "02:00:5e:00:01:01", "52:54:00:00:00:99", 0x0800)));
        assertEquals(Set.of(VM1, VM2), table.outputs(ethernet(GATEWAY, "02:00:5e:00:01:01", BROADCAST, 0x0806)));
        assertEquals(
                Set.of(VM1, VM2), table.outputs(ethernet(GATEWAY, "02:00:5e:00:01:01", "33:33:00:00:00:01", 0x86dd)));
    }

    @Test
    void noFrameOfAnyVmByPassesTheGateway() {
        long seed = 20260101;
        Random random = new Random(seed);
        List<Long> macs = Stream.of(MAC1, MAC2, MAC3, BROADCAST, "02:00:5e:00:01:01", "33:33:00:00:00:01")
                .map(text -> MacAddress.parse(text).value())
                .toList();
        List<Bits> addresses = Stream.of(
                        ADDRESS1,
                        ADDRESS2,
                        ADDRESS1_V6,
                        "203.0.113.12",
                        "203.0.113.1",
                        "0.0.0.0",
                        "::",
                        "fe80::7",
                        "ff02::1")
                .map(PipelineTest::address)
                .toList();
        List<Long> types = List.of(0x0800L, 0x0806L, 0x86ddL, 0x88ccL, 0x8100L);
        List<Integer> from = List.of(VM1, VM2, VM3, STRANGER);
        int delivered = 0;
        for (int i = 0; i < 200_000; i++) {
            Map<Field, Bits> frame = new EnumMap<>(Field.class);
            for (Field field : Field.values()) {
                frame.put(
                        field,
                        switch (field) {
                            case IN_PORT -> Bits.of(from.get(random.nextInt(from.size())));
                            case ETH_TYPE -> Bits.of(types.get(random.nextInt(types.size())));
                            case VLAN_VID -> Bits.of(random.nextInt(4) == 0 ? 0x1001 : 0);
                            case IP_PROTO -> Bits.of(random.nextBoolean() ? 58 : 6);
                            case ICMPV6_TYPE -> Bits.of(128 + random.nextInt(12));
                            case ETH_SRC, ETH_DST, ARP_SHA, ND_SLL, ND_TLL ->
                                Bits.of(macs.get(random.nextInt(macs.size())));
                            case IPV4_SRC, ARP_SPA, ARP_TPA, IPV6_SRC, ND_TARGET ->
                                addresses.get(random.nextInt(addresses.size()));
                        });
            }
            Set<Integer> out = table.outputs(frame);
            int port = (int) frame.get(Field.IN_PORT).low();
            assertTrue(
                    out.isEmpty() || out.equals(Set.of(GATEWAY)), () -> "seed " + seed + ": " + frame + " -> " + out);
            assertTrue(out.isEmpty() || port == VM1 || port == VM2, () -> "seed " + seed + ": " + frame);
            delivered += out.size();
        }
        assertTrue(delivered > 100, "the generator hits permitted frames too");
    }

    @ParameterizedTest(name = "from port {0} with VLAN {1} to {2} -> {3}")
    @CsvSource({
        "11, 0,   gw,   '{1=4196}'", // the tag is put on
        "11, 100, gw,   '{}'",
        "12, 100, gw,   '{1=4196}'",
        "12, 0,   gw,   '{}'",
        "12, 200, gw,   '{}'",
        "13, 0,   gw,   '{1=0}'",
        "1,  100, vm1,  '{11=0}'", // and taken off
        "1,  0,   vm1,  '{}'",
        "1,  100, vm2,  '{12=4196}'",
        "1,  200, vm2,  '{}'",
        "1,  0,   vm3,  '{13=0}'",
        "1,  100, vm3,  '{}'",
        "1,  100, all,  '{11=0, 12=4196}'",
        "1,  0,   all,  '{13=0}'",
        "1,  200, all,  '{}'",
    })
    void tagsArePutOnAndTakenOffBetweenAVmsPortAndTheGateways(int port, int vlan, String to, String expected) {
        List<VmAttachment> vms = List.of(
                VMS.get(0).with(new Vlan(100, Vlan.Port.UNTAGGED)),
                VMS.get(1).with(new Vlan(100, Vlan.Port.TAGGED)),
                VMS.get(2).with(Role.OWNER));
        Map<String, String> macs = Map.of("vm1", MAC1, "vm2", MAC2, "vm3", MAC3, "all", BROADCAST);
        Map<Integer, String> own = Map.of(VM1, MAC1, VM2, MAC2, VM3, MAC3);
        Map<Field, Bits> frame =
                ethernet(port, own.getOrDefault(port, "02:00:5e:00:01:01"), macs.getOrDefault(to, BROADCAST), 0x0800);
        frame.put(Field.VLAN_VID, Bits.of(Vlan.match(vlan)));
        frame.put(
                Field.IPV4_SRC,
                address(Map.of(VM1, ADDRESS1, VM2, ADDRESS2, VM3, "203.0.113.12")
                        .getOrDefault(port, "203.0.113.1")));
        FakeFlowTable flows = new FakeFlowTable(pipeline(vms, PORTS).flows());
        assertEquals(expected, new TreeMap<>(flows.frames(frame)).toString());
        List<VmAttachment> drill = vms.stream().map(vm -> vm.with(Role.DRILL)).toList();
        FakeFlowTable copies = new FakeFlowTable(pipeline(drill, PORTS).flows());
        Map<Integer, Integer> among = copies.frames(frame);
        assertTrue(!among.containsKey(GATEWAY) && !(port == GATEWAY && !among.isEmpty()), among::toString);
        if (port == VM1 && vlan == 0) {
            assertEquals(Map.of(VM2, Vlan.match(100)), among);
        }
        if (port == VM2 && vlan == 100) {
            assertEquals(Map.of(VM1, 0), among);
        }
    }

    @Test
    void aVmWithoutPortHasNoFlowsAndIsNamed() {
        Pipeline pipeline = pipeline(VMS, Map.of("gw", GATEWAY, "vm2", VM2));
        assertEquals(new TreeSet<>(Set.of("vm1", "vm3")), pipeline.missingPorts());
        FakeFlowTable flows = new FakeFlowTable(pipeline.flows());
        assertEquals(Set.of(VM2), flows.outputs(ethernet(GATEWAY, MAC1, BROADCAST, 0x0806)));
        assertEquals(Set.of(), flows.outputs(ethernet(GATEWAY, MAC2, MAC1, 0x0800)));
    }

    @Test
    void withoutTheGatewaysPortOnlyDropsRemain() {
        Pipeline pipeline = pipeline(VMS, Map.of("vm1", VM1, "vm2", VM2, "vm3", VM3));
        assertEquals(new TreeSet<>(Set.of("gw")), pipeline.missingPorts());
        assertTrue(pipeline.flows().stream().allMatch(flow -> flow.outcome() instanceof Flow.Outcome.Drop));
    }

    @Test
    void dropsOfStandbyVmsAndOfAllElseAreExplicit() {
        List<Flow> flows = pipeline(List.of(), PORTS).flows();
        assertTrue(flows.stream()
                .anyMatch(flow -> flow.key().match().equals(Match.ANY)
                        && flow.key().table() == 0
                        && flow.key().priority() == 0));
        assertTrue(pipeline(VMS, PORTS).flows().stream()
                .anyMatch(flow -> flow.key().match().equals(Match.ANY.with(Field.IN_PORT, VM3))
                        && flow.outcome() instanceof Flow.Outcome.Drop));
    }

    @Test
    void aVmTakesFourteenFlowsAndThreeMoreForEachFurtherAddress() {
        int none = flows();
        assertEquals(14, flows(ADDRESS1, ADDRESS1_V6) - none);
        assertEquals(17, flows(ADDRESS1, ADDRESS1_V6, ADDRESS2) - none);
        assertEquals(17, flows(ADDRESS1, ADDRESS1_V6, "2001:db8:113::99") - none);
        assertEquals(5, flows(ADDRESS1) - none);
    }

    private static int flows(String... addresses) {
        List<VmAttachment> vms = addresses.length == 0 ? List.of() : List.of(vm("vm1", MAC1, Role.OWNER, addresses));
        return pipeline(vms, PORTS).flows().size();
    }

    @Test
    void whatCannotStandOnOneSwitchIsRefused() {
        VmAttachment vm1 = vm("vm1", MAC1, Role.OWNER, ADDRESS1);
        for (VmAttachment other : List.of(
                new VmAttachment(new VmId("vm1"), "x", MacAddress.parse(MAC2), List.of(), Role.OWNER),
                new VmAttachment(new VmId("x"), "vm1", MacAddress.parse(MAC2), List.of(), Role.OWNER),
                new VmAttachment(new VmId("x"), "x", MacAddress.parse(MAC1), List.of(), Role.OWNER),
                new VmAttachment(new VmId("x"), "gw", MacAddress.parse(MAC2), List.of(), Role.OWNER))) {
            assertThrows(IllegalArgumentException.class, () -> Pipeline.check("gw", List.of(vm1, other)));
        }
        Pipeline.check("gw", VMS);
        List<VmAttachment> many = new ArrayList<>();
        for (int i = 0; i <= Pipeline.MAX_OWNED_VMS; i++) {
            many.add(new VmAttachment(new VmId("v" + i), "p" + i, new MacAddress(i + 1), List.of(), Role.OWNER));
        }
        assertThrows(IllegalArgumentException.class, () -> Pipeline.check("gw", many));
    }

    private static Pipeline pipeline(List<VmAttachment> vms, Map<String, Integer> ports) {
        return Pipeline.of(Layout.TABLES, "gw", vms, PortTable.of(ports));
    }

    private static VmAttachment vm(String name, String mac, Role role, String... addresses) {
        List<InetAddress> parsed =
                Stream.of(addresses).map(IpPrefix::parseAddress).toList();
        return new VmAttachment(new VmId(name), name, MacAddress.parse(mac), parsed, role);
    }

    private static Map<Field, Bits> ethernet(int port, String source, String destination, int type) {
        Map<Field, Bits> frame = new EnumMap<>(Field.class);
        frame.put(Field.IN_PORT, Bits.of(port));
        frame.put(Field.ETH_SRC, mac(source));
        frame.put(Field.ETH_DST, mac(destination));
        frame.put(Field.ETH_TYPE, Bits.of(type));
        frame.put(Field.VLAN_VID, Bits.ZERO);
        return frame;
    }

    private static Map<Field, Bits> ipv6(int port, String source, int protocol) {
        String sourceMac = Map.of(VM1, MAC1, VM2, MAC2, VM3, MAC3).get(port);
        Map<Field, Bits> frame = ethernet(port, sourceMac, "33:33:00:00:00:01", 0x86dd);
        frame.put(Field.IPV6_SRC, address(source));
        frame.put(Field.IP_PROTO, Bits.of(protocol));
        return frame;
    }

    private static Set<Integer> ports(String where) {
        return where.equals("gateway") ? Set.of(GATEWAY) : Set.of();
    }

    private static Bits mac(String text) {
        return Bits.of(MacAddress.parse(text).value());
    }

    private static Bits address(String text) {
        return Bits.of(IpPrefix.parseAddress(text));
    }
}
