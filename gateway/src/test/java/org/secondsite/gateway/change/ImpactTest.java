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
    void whatNeedsARestartSaysSo() {
        assertEquals(
                "dataPlane.inside: needs a restart: counts from the next start on", of("inside: in0", "inside: in1"));
    }
}
