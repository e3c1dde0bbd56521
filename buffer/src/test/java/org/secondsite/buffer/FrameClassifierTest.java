package org.secondsite.buffer;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.lang.foreign.MemorySegment;
import java.net.InetAddress;
import java.util.HexFormat;
import java.util.List;
import java.util.OptionalInt;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.secondsite.buffer.FrameClassifier.Kind;
import org.secondsite.config.MacAddress;
import org.secondsite.config.VmId;

class FrameClassifierTest {
    private static final String GATEWAY = "02005e000101";
    private static final String ONE = "525400c01001";
    private static final String TWO = "525400c01002";
    private static final String STRANGER = "525400c01099";
    private static final String ALL = "ffffffffffff";
    private static final String IP4_ONE = "cb00710a";
    private static final String IP4_TWO = "cb00710b";
    private static final String IP4_GATEWAY = "cb007101";
    private static final String IP6_ONE = "20010db8000100000000000000000010";
    private static final String IP6_GATEWAY = "20010db8000100000000000000000001";
    private static final String LINK_LOCAL = "fe80000000000000505400fffec01001";
    private static final String LINK_LOCAL_GATEWAY = "fe8000000000000000005efffe000101";
    private static final List<ProtectedVm> VMS = List.of(
            vm("one", ONE, "203.0.113.10", "2001:db8:1::10"),
            vm("two", TWO, "203.0.113.11"),
            vm("free", "525400c01003"));

    private final FrameClassifier routed = FrameClassifier.routed(
            VMS,
            new MacAddress(Long.parseLong(GATEWAY, 16)),
            List.of(InetAddress.ofLiteral("203.0.113.1"), InetAddress.ofLiteral("2001:db8:1::1")));
    private final FrameClassifier transparent = FrameClassifier.transparent(VMS);

    @Test
    void outputOfAProtectedVmIsHeldWhateverItIs() {
        assertEquals(Kind.OUTPUT, routed(GATEWAY + ONE + ipv4(IP4_ONE)));
        assertEquals(0, routed.lane());
        assertEquals(Kind.OUTPUT, routed(GATEWAY + TWO + ipv4(IP4_TWO)));
        assertEquals(1, routed.lane());
        assertEquals(Kind.OUTPUT, routed(GATEWAY + ONE + ipv6(IP6_ONE, 17, "")));
        assertEquals(Kind.OUTPUT, routed(ALL + ONE + "88b5" + "00"), "an experimental ethertype");
        assertEquals(Kind.OUTPUT, routed(GATEWAY + ONE + "0800" + "45"), "a cut IPv4 header");
        assertEquals(Kind.OUTPUT, routed(GATEWAY + ONE + "8100" + "0064" + ipv4(IP4_ONE)), "any VLAN");
    }

    @Test
    void othersAreUnprotectedAndRuntsMalformed() {
        assertEquals(Kind.UNPROTECTED, routed(GATEWAY + STRANGER + ipv4(IP4_ONE)));
        assertEquals(Kind.MALFORMED, routed(GATEWAY + ONE));
        assertEquals(Kind.MALFORMED, routed(GATEWAY + ONE + "8100" + "00"));
    }

    @Test
    void spoofedSourcesAreTold() {
        assertEquals(Kind.SPOOFED, routed(GATEWAY + ONE + ipv4(IP4_TWO)));
        assertEquals(0, routed.lane());
        assertEquals(Kind.SPOOFED, routed(GATEWAY + ONE + "8100" + "0064" + ipv4(IP4_TWO)));
        assertEquals(Kind.SPOOFED, routed(GATEWAY + ONE + ipv6(IP6_GATEWAY, 17, "")));
        assertEquals(Kind.SPOOFED, routed(GATEWAY + TWO + ipv6(IP6_ONE, 17, "")), "two has no IPv6 address");
        assertEquals(Kind.SPOOFED, routed(ALL + ONE + arp(1, IP4_GATEWAY, IP4_TWO)));
        assertEquals(Kind.SPOOFED, routed(ALL + ONE + ipv6(LINK_LOCAL, 58, "88000000" + "00000000" + IP6_GATEWAY)));
        assertEquals(
                Kind.OUTPUT, routed(GATEWAY + "525400c01003" + ipv4(IP4_TWO)), "free of addresses, free to use any");
        assertEquals(Kind.OUTPUT, routed(ALL + ONE + ipv4("00000000")), "DHCP");
        assertEquals(Kind.OUTPUT, routed(ALL + ONE + arp(1, "00000000", IP4_ONE)), "an ARP probe");
        assertEquals(Kind.OUTPUT, routed(ALL + ONE + ipv6("0".repeat(32), 58, "8f00")), "a listener report");
    }

    @Test
    void questionsToTheGatewayItselfAreNotOutput() {
        assertEquals(Kind.ANSWERED, routed(ALL + ONE + arp(1, IP4_ONE, IP4_GATEWAY)));
        assertEquals(Kind.ANSWERED, routed(GATEWAY + ONE + arp(2, IP4_ONE, IP4_TWO)));
        assertEquals(Kind.OUTPUT, routed(ALL + ONE + arp(1, IP4_ONE, IP4_TWO)));
        String group = "3333ff000001";
        assertEquals(Kind.ANSWERED, routed(group + ONE + ipv6(LINK_LOCAL, 58, "87000000" + "00000000" + IP6_GATEWAY)));
        assertEquals(
                Kind.ANSWERED,
                routed(group + ONE + ipv6(LINK_LOCAL, 58, "87000000" + "00000000" + LINK_LOCAL_GATEWAY)));
        assertEquals(Kind.OUTPUT, routed(group + ONE + ipv6(LINK_LOCAL, 58, "87000000" + "00000000" + IP6_ONE)));
        assertEquals(Kind.ANSWERED, routed("333300000002" + ONE + ipv6(LINK_LOCAL, 58, "85000000" + "00000000")));
        assertEquals(
                Kind.OUTPUT, transparent(ALL + ONE + arp(1, IP4_ONE, IP4_GATEWAY)), "a bump in the wire asks nobody");
    }

    @Test
    void routesOfTheRoutedMode() {
        routed(GATEWAY + ONE + ipv4(IP4_ONE));
        assertTrue(routed.out());
        assertFalse(routed.back());
        for (String other : List.of(TWO, STRANGER, ALL)) {
            routed(other + ONE + ipv4(IP4_ONE));
            assertFalse(routed.out());
            assertTrue(routed.back());
        }
    }

    @Test
    void routesOfTheTransparentMode() {
        transparent(STRANGER + ONE + ipv4(IP4_ONE));
        assertTrue(transparent.out());
        assertFalse(transparent.back());
        transparent(TWO + ONE + ipv4(IP4_ONE));
        assertFalse(transparent.out());
        assertTrue(transparent.back());
        transparent(ALL + ONE + ipv4(IP4_ONE));
        assertTrue(transparent.out());
        assertTrue(transparent.back());
    }

    @Test
    void aVlanTellsVmsWithOneMacApart() {
        MacAddress mac = MacAddress.parse("52:54:00:c0:10:01");
        FrameClassifier classifier = FrameClassifier.transparent(List.of(
                new ProtectedVm(new VmId("ten"), mac, OptionalInt.of(10), List.of()),
                new ProtectedVm(new VmId("twenty"), mac, OptionalInt.of(20), List.of())));
        assertEquals(Kind.OUTPUT, classify(classifier, STRANGER + ONE + "8100" + "000a" + "88b5" + "0000"));
        assertEquals(0, classifier.lane());
        assertEquals(Kind.OUTPUT, classify(classifier, STRANGER + ONE + "8100" + "2014" + "88b5" + "0000"));
        assertEquals(1, classifier.lane());
        assertEquals(Kind.UNPROTECTED, classify(classifier, STRANGER + ONE + "8100" + "001e" + "88b5" + "0000"));
        assertEquals(Kind.UNPROTECTED, classify(classifier, STRANGER + ONE + "88b5" + "0000"));
    }

    @Test
    void vmsThatCannotBeToldApartAreRefused() {
        IllegalArgumentException refusal = assertThrows(
                IllegalArgumentException.class, () -> FrameClassifier.transparent(List.of(vm("a", ONE), vm("b", ONE))));
        assertTrue(refusal.getMessage().contains("same MAC"), refusal.getMessage());
    }

    @Test
    void fourThousandVmsAreFound() {
        List<ProtectedVm> many = new java.util.ArrayList<>();
        for (int i = 0; i < 4000; i++) {
            many.add(vm("vm" + i, String.format(java.util.Locale.ROOT, "5254%08x", i)));
        }
        FrameClassifier classifier = FrameClassifier.transparent(many);
        for (int i = 0; i < 4000; i++) {
            classify(classifier, STRANGER + String.format(java.util.Locale.ROOT, "5254%08x", i) + ipv4(IP4_ONE));
            assertEquals(i, classifier.lane());
        }
    }

    @Test
    void everyFrameCutAnywhereIsClassifiedWithoutAReadBehindItsEnd() {
        List<String> frames = List.of(
                GATEWAY + ONE + ipv4(IP4_ONE),
                ALL + ONE + arp(1, IP4_ONE, IP4_GATEWAY),
                ALL + ONE + "88a8" + "0001" + "8100" + "0002"
                        + ipv6(LINK_LOCAL, 58, "87000000" + "00000000" + IP6_GATEWAY));
        for (String frame : frames) {
            byte[] whole = HexFormat.of().parseHex(frame);
            for (int bytes = 0; bytes <= whole.length; bytes++) {
                MemorySegment cut = MemorySegment.ofArray(whole).asSlice(0, bytes);
                routed.classify(cut, 0, bytes);
                transparent.classify(cut, 0, bytes);
            }
        }
        Random random = new Random(3);
        for (int i = 0; i < 100_000; i++) {
            byte[] noise = new byte[random.nextInt(80)];
            random.nextBytes(noise);
            routed.classify(MemorySegment.ofArray(noise), 0, noise.length);
        }
    }

    private Kind routed(String hex) {
        return classify(routed, hex);
    }

    private Kind transparent(String hex) {
        return classify(transparent, hex);
    }

    private static Kind classify(FrameClassifier classifier, String hex) {
        byte[] frame = HexFormat.of().parseHex(hex);
        return classifier.classify(MemorySegment.ofArray(frame), 0, frame.length);
    }

    private static String ipv4(String source) {
        return "0800" + "450000140000000040110000" + source + "08080808";
    }

    private static String ipv6(String source, int next, String payload) {
        return "86dd" + "60000000" + "0000" + String.format(java.util.Locale.ROOT, "%02x", next) + "ff" + source
                + "20010db8000200000000000000000001" + payload;
    }

    private static String arp(int operation, String sender, String target) {
        return "0806" + "00010800" + "0604" + "000" + operation + ONE + sender + "000000000000" + target;
    }

    private static ProtectedVm vm(String name, String mac, String... addresses) {
        return new ProtectedVm(
                new VmId(name),
                new MacAddress(Long.parseLong(mac, 16)),
                java.util.Arrays.stream(addresses).map(InetAddress::ofLiteral).toList());
    }
}
