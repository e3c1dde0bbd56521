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
    void whatNeedsARestartSaysSo() {
        assertEquals(
                "dataPlane.inside: needs a restart: counts from the next start on", of("inside: in0", "inside: in1"));
    }
}
