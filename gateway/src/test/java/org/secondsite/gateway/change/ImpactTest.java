package org.secondsite.gateway.change;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.List;
import org.junit.jupiter.api.Test;

class ImpactTest {
    private static final String NEIGHBOR = "{address: 10.1.0.1, remoteAs: 65001}";

    private static String of(String part, String by) {
        assertTrue(GatewayTexts.FILE.contains(part), part);
        List<Impact> impacts = Impact.between(
                GatewayTexts.config(GatewayTexts.FILE), GatewayTexts.config(GatewayTexts.FILE.replace(part, by)));
        assertEquals(1, impacts.size(), impacts.toString());
        return impacts.getFirst().toString();
    }

    @Test
    void aNeighbourIsTouchedNoMoreThanItsSettingsNeed() {
        assertEquals(
                "10.1.0.1: the session ends, and a new one begins",
                of(NEIGHBOR, "{address: 10.1.0.1, remoteAs: 65002}"));
        assertEquals(
                "10.1.0.1: counts from its next connection on; the session stands",
                of(NEIGHBOR, "{address: 10.1.0.1, remoteAs: 65001, port: 1179}"));
        assertEquals(
                "10.1.0.1: routes are told or counted anew; the session stands",
                of(NEIGHBOR, "{address: 10.1.0.1, remoteAs: 65001, standbyMed: 70}"));
        assertEquals(
                "10.1.0.1: BFD begins anew; the session stands",
                of(NEIGHBOR, "{address: 10.1.0.1, remoteAs: 65001, bfd: {intervalMs: 100}}"));
        assertTrue(of(NEIGHBOR, "{address: 10.1.0.1, remoteAs: 65001, password: key}")
                .startsWith("10.1.0.1: the session stands, if the other end changes it"));
    }

    @Test
    void aNeighbourThatComesTouchesNoOther() {
        assertEquals(
                "10.1.0.9: a session with this neighbour begins; no other one is touched",
                of(NEIGHBOR, NEIGHBOR + "\n    - {address: 10.1.0.9, remoteAs: 65001}"));
    }

    @Test
    void anotherNumberOfOursEndsSessionsByName() {
        assertEquals("bgp.localAs: sessions end: 10.1.0.1", of("localAs: 65100", "localAs: 65101"));
    }

    @Test
    void aSwitchThatChangesTouchesNoOther() {
        String section =
                "openflow: {listen: \"10.1.2.1:6653\", switches: [{name: sw-a, datapathId: \"0xa01\", gatewayPort: gw}]}\n";
        String one = GatewayTexts.FILE.replace("[203.0.113.10]}", "[203.0.113.10], switch: sw-a, port: vm1}") + section;
        String shared = one.replace("gatewayPort: gw}", "gatewayPort: gw, sharing: cooperative}");
        String two = one.replace("switches: [", "switches: [{name: sw-b, datapathId: \"0xb02\", gatewayPort: gw}, ");
        assertEquals(
                "[sw-a: the session with the switch begins anew, and it is looked at and read again; it keeps its flows"
                        + " meanwhile, and no other one is touched]",
                between(one, shared));
        assertEquals("[sw-b: the switch may connect, and is looked at; no other one is touched]", between(one, two));
        assertEquals(
                "[sw-b: the session with the switch ends; it keeps its flows, and is not looked after any more]",
                between(two, one));
        // Nothing listens for switches yet, or stops to.
        String first = between(GatewayTexts.FILE, one);
        assertTrue(first.contains("openflow.listen: needs a restart"), first);
    }

    private static String between(String before, String after) {
        return Impact.between(GatewayTexts.config(before), GatewayTexts.config(after))
                .toString();
    }

    @Test
    void aNarrowTunnelNarrowsTheWindowOfAllAgents() {
        String first = GatewayTexts.FILE
                .replace("peerSite: b\ntunnel: {", "peers:\n  - site: b\n    tunnel: {")
                .replace("name: web\n", "name: web\n    standby: b\n")
                .replace("[203.0.113.1/24]", "[203.0.113.1/24, 198.51.100.1/24]");
        String third = "  - site: c\n    tunnel: {listen: \"10.9.0.1:7401\", connect: \"10.9.0.4:7400\"%s}\ntls:";
        String more = first
                + "  - {name: mail, standby: c, prefixes: [198.51.100.0/24],"
                + " vms: [{name: vm2, protected: false, mac: \"52:54:00:c0:10:02\", addresses: [198.51.100.10]}]}\n";
        String wide = more.replace("tls:", third.formatted(""));
        String narrow = more.replace("tls:", third.formatted(", maxInFlightMiB: 64"));
        String words = "c: a tunnel to the gateway of this site is opened; no other tunnel, group or VM is touched";
        assertTrue(between(first, wide).startsWith("[" + words + ", "), between(first, wide));
        String narrowed = "; agents of all VMs may have 64 MiB on the way then, no more 256";
        assertTrue(between(first, narrow).startsWith("[" + words + narrowed + ", "), between(first, narrow));
        assertTrue(between(wide, narrow).contains(narrowed));
        assertTrue(between(narrow, first)
                .contains("; agents of all VMs may have 256 MiB on the way then, and not only 64"));
    }

    @Test
    void whatNeedsARestartSaysSo() {
        assertEquals(
                "dataPlane.inside: needs a restart: counts from the next start on", of("inside: in0", "inside: in1"));
    }
}
