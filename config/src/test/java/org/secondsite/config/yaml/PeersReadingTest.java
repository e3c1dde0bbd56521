package org.secondsite.config.yaml;

import static org.junit.jupiter.api.Assertions.assertEquals;

import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.secondsite.config.ConfigResult;
import org.secondsite.config.GatewayConfig;
import org.secondsite.config.Problem;
import org.secondsite.config.SiteId;

/** The other sites of a gateway's file, and which of them stands by for which group. */
class PeersReadingTest {
    private static final SiteId B = new SiteId("b");
    private static final SiteId C = new SiteId("c");
    private static final String FILE = """
            site: a
            peers:
              - site: b
                tunnel: {listen: "10.9.0.1:7400", connect: "10.9.0.2:7400", heartbeatMs: 40}
              - site: c
                tunnel: {listen: "10.9.0.1:7401", connect: "10.9.0.4:7400"}
            tls: {certificate: a.crt, key: a.key, authority: ca.crt}
            witness: {endpoints: ["10.9.0.3:7500"]}
            checkpoint: {listen: "10.1.1.2:7600", hosts: [{name: host-a, vms: [vm1, vm2]}]}
            dataPlane: {mode: loopback}
            management: {socket: a.sock}
            groups:
              - name: web
                standby: b
                prefixes: [203.0.113.0/25]
                vms: [{name: vm1, mac: "52:54:00:c0:10:01", addresses: [203.0.113.10]}]
              - name: mail
                standby: c
                prefixes: [203.0.113.128/25]
                vms: [{name: vm2, mac: "52:54:00:c0:10:02", addresses: [203.0.113.130]}]
            """;
    private static final String SHORT = FILE.replaceFirst(
                    "(?s)peers:.*?tls:",
                    "peerSite: b\ntunnel: {listen: \"10.9.0.1:7400\", connect: \"10.9.0.2:7400\", heartbeatMs: 40}\ntls:")
            .replaceAll(" +standby: .\n", "");

    private static GatewayConfig config(String text) {
        return switch (GatewayDocument.read(new Document("a.yaml", Path.of(""), text))) {
            case ConfigResult.Valid<GatewayConfig> valid -> valid.config();
            case ConfigResult.Invalid<GatewayConfig> invalid -> throw new AssertionError(invalid.problems());
        };
    }

    private static List<String> problems(String text) {
        return switch (GatewayDocument.read(new Document("a.yaml", Path.of(""), text))) {
            case ConfigResult.Valid<GatewayConfig> valid -> List.of();
            case ConfigResult.Invalid<GatewayConfig> invalid ->
                invalid.problems().stream().map(Problem::toString).toList();
        };
    }

    private static void refused(String problem, String target, String replacement) {
        // What refers to it may be wrong as well then.
        assertEquals(
                "a.yaml:" + problem, problems(FILE.replace(target, replacement)).getFirst());
    }

    @Test
    void eachGroupIsOfItsPair() {
        GatewayConfig config = config(FILE);
        assertEquals(
                List.of(B, C),
                config.peers().stream().map(GatewayConfig.Peer::site).toList());
        assertEquals(
                List.of("web"),
                config.pair(B).groups().stream().map(group -> group.id().name()).toList());
        assertEquals(
                List.of("mail"),
                config.pair(C).groups().stream().map(group -> group.id().name()).toList());
        assertEquals(40, config.pair(B).tunnel().heartbeatMs());
        assertEquals(50, config.pair(C).tunnel().heartbeatMs());
    }

    @Test
    void theShortFormIsTheSameAsOnePeer() {
        String one = FILE.replaceFirst("(?s)  - site: c.*?tls:", "tls:").replace("standby: c", "standby: b");
        assertEquals(config(one), config(SHORT));
        assertEquals(config(one), config(one.replaceAll(" +standby: .\n", "")), "the only peer need not be named");
        assertEquals(Optional.of(B), config(SHORT).groups().getFirst().standby());
    }

    /** With so many more peers, each with a group. */
    private static String more(int count) {
        StringBuilder peers = new StringBuilder();
        StringBuilder groups = new StringBuilder();
        StringBuilder vms = new StringBuilder();
        for (int number = 1; number <= count; number++) {
            peers.append("  - site: d%1$d\n    tunnel: {listen: \"10.9.0.1:750%1$d\", connect: \"10.9.1.%1$d:7400\"}\n"
                    .formatted(number));
            vms.append(", vm1").append(number);
            groups.append("""
                      - name: more%1$d
                        standby: d%1$d
                        prefixes: [10.1.%1$d.0/24]
                        vms: [{name: vm1%1$d, mac: "52:54:00:c0:11:0%1$d", addresses: [10.1.%1$d.10]}]
                    """.formatted(number));
        }
        return FILE.replace("tls:", peers + "tls:").replace(", vm2]", ", vm2" + vms + "]") + groups;
    }

    @Test
    void thereIsABound() {
        assertEquals(
                PeersReading.MAX, config(more(PeersReading.MAX - 2)).peers().size());
        assertEquals(
                List.of("a.yaml:3:3 peers: 9 peers: a gateway has 8 at most"), problems(more(PeersReading.MAX - 1)));
    }

    @Test
    void aPeerWithoutAGroupIsAMistakeUnlessItIsTheOnlyOne() {
        refused(
                "5:11 peers[1].site: no group has c as its standby: add one, or leave this peer out",
                "standby: c",
                "standby: b");
        assertEquals(
                List.of("a.yaml:18:14 groups[1].standby: site d is none of the peers [b, c]; did you mean 'b'?"),
                problems(FILE.replace("standby: c", "standby: d")),
                "what follows from another mistake is none of its own");
    }

    @Test
    void everyMistakeIsToldWithItsPlace() {
        refused("5:11 peers[1].site: b is taken by peers[0]", "site: c", "site: b");
        refused("5:11 peers[1].site: a is this gateway's own site", "site: c", "site: a");
        refused(
                "6:22 peers[1].tunnel.listen: 10.9.0.1:7400 is taken by peers[0].tunnel.listen: each tunnel has a port of its own",
                "7401",
                "7400");
        refused(
                "6:22 peers[1].tunnel.listen: 0.0.0.0:7400 is taken by peers[0].tunnel.listen: each tunnel has a port of its own",
                "10.9.0.1:7401",
                "0.0.0.0:7400");
        refused(
                "6:48 peers[1].tunnel.connect: 10.9.0.2:7400 is taken by peers[0].tunnel",
                "10.9.0.4:7400",
                "10.9.0.2:7400");
        refused(
                "18:14 groups[1].standby: site d is none of the peers [b, c]; did you mean 'b'?",
                "standby: c",
                "standby: d");
        refused("17:5 groups[1].standby: is missing: there are several peers [b, c]", "    standby: c\n", "");
        refused(
                "1:11 peerSite: is the short form of a single peer, and there are peers",
                "site: a\n",
                "peerSite: b\nsite: a\n");
        refused(
                "9:54 checkpoint.hosts[0].name: c is the name of a gateway: a host has a certificate of its own",
                "host-a",
                "c");
    }
}
