package org.secondsite.appliance;

import static org.junit.jupiter.api.Assertions.assertEquals;

import com.fasterxml.jackson.databind.ObjectMapper;
import org.junit.jupiter.api.Test;

class StatusTextTest {
    private static final String B = """
            {"site": "b", "up": true, "silenceMs": 12, "tunnel": "up", "views": {"differ": 0, "differences": []}}""";
    private static final String C = """
            {"site": "c", "up": false, "silenceMs": 900, "tunnel": "down",
             "views": {"differ": 1, "differences": [{"name": "mail.prefixes", "here": "10.0.2.0/24", "there": ""}]}}""";

    private static final String WAN = """
            {"detail": "connected", "connections": 1, "rttMs": 1, "bytesPerSecond": 0, "epochsInFlight": 0, "bytesInFlight": 0,
             "lastRejection": ""}""";

    private static String of(String peers) throws Exception {
        return StatusText.of(new ObjectMapper().readTree("""
                        {"site": "a", %s, "witness": "up", "bgp": [], "switches": [], "groups": [
                          {"name": "mail", "standby": "c", "state": "STANDBY", "term": 3, "owner": "c", "inSync": ["c"],
                           "reason": "the record says so", "vms": []}]}
                        """.formatted(peers)));
    }

    @Test
    void eachOfSeveralPeersHasALineAndEachGroupNamesItsOther() throws Exception {
        assertEquals("""
                site a, witness up
                peer b up (last heard 12 ms ago), tunnel up
                peer c down (last heard 900 ms ago), tunnel down
                THE FILES DIFFER: mail.prefixes is 10.0.2.0/24 here, absent at the other site
                group mail, with site c: STANDBY in term 3, owner c, in sync ["c"] — the record says so
                """, of("\"peers\": [" + B + ", " + C + "]"));
    }

    @Test
    void aSolePeerIsNotNamed() throws Exception {
        assertEquals(
                """
                site a, peer up (last heard 12 ms ago), tunnel up, witness up
                group mail: STANDBY in term 3, owner c, in sync ["c"] — the record says so
                """,
                of("\"peer\": " + B + ", \"wan\": " + WAN + ", \"peers\": [" + B + "]")
                        .replaceFirst("tunnel: .*\n", ""));
    }
}
