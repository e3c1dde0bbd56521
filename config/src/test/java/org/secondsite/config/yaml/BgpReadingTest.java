package org.secondsite.config.yaml;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.OptionalLong;
import org.junit.jupiter.api.Test;
import org.secondsite.config.BfdConfig;
import org.secondsite.config.BgpConfig;
import org.secondsite.config.ConfigResult;
import org.secondsite.config.GatewayConfig;
import org.secondsite.config.IpPrefix;
import org.secondsite.config.Problem;
import org.secondsite.config.RoutePolicies;
import org.secondsite.config.Secret;

class BgpReadingTest {
    private static final String NEIGHBOR = "      remoteAs: 65001\n";
    private static final RoutePolicies.Match EVERY =
            new RoutePolicies.Match(List.of(), List.of(), List.of(), List.of(), OptionalInt.empty());
    private static final String SPEAKER = "  routerId: 10.1.0.2\n";

    private static ConfigResult<GatewayConfig> read(String ofNeighbor, String ofSpeaker) throws IOException {
        try (InputStream in = BgpReadingTest.class.getResourceAsStream("/org/secondsite/config/io/gateway.yaml")) {
            String text = new String(in.readAllBytes(), StandardCharsets.UTF_8)
                    .replace(NEIGHBOR, NEIGHBOR + ofNeighbor)
                    .replace(SPEAKER, SPEAKER + ofSpeaker);
            return GatewayDocument.read(new Document("gateway.yaml", Path.of("/etc"), text));
        }
    }

    private static BgpConfig valid(String ofNeighbor, String ofSpeaker) throws IOException {
        return switch (read(ofNeighbor, ofSpeaker)) {
            case ConfigResult.Valid<GatewayConfig>(GatewayConfig config) ->
                config.bgp().orElseThrow();
            case ConfigResult.Invalid<GatewayConfig>(List<Problem> problems) ->
                throw new AssertionError(problems.toString());
        };
    }

    private static void refused(String ofNeighbor, String words) throws IOException {
        refused(ofNeighbor, "", words);
    }

    /** One of the problems has all these words. */
    private static void refused(String ofNeighbor, String ofSpeaker, String... words) throws IOException {
        ConfigResult.Invalid<?> refused = assertInstanceOf(ConfigResult.Invalid.class, read(ofNeighbor, ofSpeaker));
        assertTrue(
                refused.problems().stream().map(Problem::toString).anyMatch(problem -> List.of(words).stream()
                        .allMatch(problem::contains)),
                refused.problems().toString());
    }

    @Test
    void readsWhatANeighbourMayHaveBesides() throws IOException {
        BgpConfig bgp = valid("""
                      localAddress: 10.1.0.2
                      localAs: 65200
                      otherAddress: 2001:db8::2
                      device: eth1
                      ttlSecurityHops: 1
                      families: [ipv4-unicast]
                      maximumPrefixes: {maximum: 1000, warningPercent: 50, action: down, restartAfterSeconds: 300}
                      bfd: {intervalMs: 100, multiplier: 5, multihop: true, key: {number: 7, kind: sha1, secret: s}}
                      holdDownSeconds: 60
                      standbyPrepend: 1
                      communities: {standby: ["65001:9"]}
                """, """
                  standbyMed: 50
                  commands: /run/secondsite/bgp
                  communities: {owner: ["65100:1"], standby: ["65100:2", no-export]}
                """);
        assertEquals(List.of(IpPrefix.parseAddress("10.1.0.2")), bgp.listen());
        assertEquals(Optional.of(Path.of("/run/secondsite/bgp")), bgp.commands());
        assertEquals(
                new BgpConfig.RouteRoles(
                        3, OptionalLong.of(50), List.of(65100L << 16 | 1), List.of(65100L << 16 | 2, 0xffff_ff01L)),
                bgp.roles());
        assertEquals(
                new BgpConfig.NeighborExtras(
                        List.of(4),
                        OptionalLong.of(65200),
                        Optional.of(IpPrefix.parseAddress("2001:db8::2")),
                        Optional.of("eth1"),
                        OptionalInt.of(1),
                        Optional.of(new BgpConfig.MaximumPrefixes(1000, 50, "down", OptionalInt.of(300))),
                        Optional.of(new BfdConfig(
                                100, 5, true, Optional.of(new BfdConfig.Key(BfdConfig.Kind.SHA1, 7, new Secret("s"))))),
                        60,
                        Optional.of(
                                new BgpConfig.RouteRoles(1, OptionalLong.of(50), List.of(), List.of(65001L << 16 | 9))),
                        RoutePolicies.NONE),
                bgp.neighbors().getFirst().extras());
    }

    @Test
    void nothingListensUnlessAnAddressIsGiven() throws IOException {
        assertEquals(List.of(), valid("", "").listen());
    }

    @Test
    void aBfdKeyIsMeticulousUnlessItIsSaidOtherwise() throws IOException {
        assertEquals(
                Optional.of(new BfdConfig.Key(BfdConfig.Kind.METICULOUS, 1, new Secret("s"))),
                valid("      bfd: {key: {secret: s}}\n", "")
                        .neighbors()
                        .getFirst()
                        .extras()
                        .bfd()
                        .orElseThrow()
                        .key());
        refused("      bfd: {key: {secret: " + "s".repeat(21) + "}}\n", "a BFD key has 1 to 20 bytes");
        refused("      bfd: {key: {secret: s, kind: md5}}\n", "meticulous, sha1");
        refused("      bfd: {key: {number: 1}}\n", "secret");
    }

    @Test
    void aNeighbourAtAnInterfaceNeedsNoAddress() throws IOException {
        BgpConfig bgp = valid("", """
                  listen: ["::"]
                  interfaces:
                    - {name: eth7, remoteAs: 65007}
                    - {name: eth8, remoteAs: 65008, localAs: 65200, holdTimeSeconds: 30, families: [ipv4-unicast],
                       maximumPrefixes: {maximum: 5, action: warn}, imports: [{action: accept}],
                       bfd: {intervalMs: 40, multiplier: 5}, holdDownSeconds: 60}
                """);
        assertEquals(
                List.of(
                        new BgpConfig.Interface(
                                "eth7",
                                65007,
                                OptionalLong.empty(),
                                9,
                                List.of(4, 6),
                                Optional.empty(),
                                Optional.empty(),
                                Optional.empty(),
                                0,
                                RoutePolicies.NONE),
                        new BgpConfig.Interface(
                                "eth8",
                                65008,
                                OptionalLong.of(65200),
                                30,
                                List.of(4),
                                Optional.empty(),
                                Optional.of(new BgpConfig.MaximumPrefixes(5, 75, "warn", OptionalInt.empty())),
                                Optional.of(new BfdConfig(40, 5, false, Optional.empty())),
                                60,
                                new RoutePolicies(
                                        List.of(new RoutePolicies.Rule(
                                                RoutePolicies.Action.ACCEPT, EVERY, RoutePolicies.Change.NONE)),
                                        List.of()))),
                bgp.interfaces());
    }

    @Test
    void neighboursAtInterfacesShareAKey() throws IOException {
        BgpConfig bgp = valid("", """
                  listen: ["::"]
                  interfaces: [{name: eth7, remoteAs: 65007, password: k3y}, {name: eth8, remoteAs: 65008, password: k3y}]
                """);
        assertEquals(
                List.of("k3y", "k3y"),
                bgp.interfaces().stream()
                        .map(at -> at.password().orElseThrow().text())
                        .toList());
    }

    @Test
    void whatIsWrongOfAnInterfaceIsSaidWithItsPlace() throws IOException {
        String one = "  interfaces: [{name: eth7, remoteAs: 65007}";
        refused("", one + "]\n", "bgp.interfaces[0].name", "bgp.listen needs \"::\"");
        refused(
                "",
                "  listen: [\"::\"]\n" + one + ", {name: eth7, remoteAs: 1}]\n",
                "bgp.interfaces[1].name",
                "taken by");
        refused("", "  listen: [\"::\"]\n  interfaces: [{name: eth7}]\n", "bgp.interfaces[0]", "remoteAs");
        refused(
                "",
                "  listen: [\"::\"]\n" + one.replace("}", ", passive: true}") + "]\n",
                "bgp.interfaces[0].passive",
                "is not a key here");
        refused(
                "",
                "  listen: [\"::\"]\n" + one.replace("}", ", bfd: {multihop: true}}") + "]\n",
                "bgp.interfaces[0].bfd.multihop",
                "one hop away");
        refused(
                "",
                "  listen: [\"::\"]\n" + one + ", {name: eth8, remoteAs: 65008, password: x}]\n",
                "bgp.interfaces[1].password",
                "have one key, or none");
    }

    @Test
    void policiesAreRulesInOrder() throws IOException {
        RoutePolicies policies = valid("""
                      imports:
                        - {action: reject, prefixes: [10.0.0.0/8 le 32, 2001:db8::/32 ge 33 le 48, 192.0.2.0/24]}
                        - {action: next, communities: ["65001:7"], set: {addCommunities: [no-export], removeCommunities: ["65001:7"]}}
                        - {action: accept, origins: [65001], through: [65002, 65003], maxPathLength: 5,
                           set: {localPreference: 200, med: 7, prepend: 2}}
                      exports: [{action: accept}]
                """, "").neighbors().getFirst().extras().policies();
        assertEquals(
                new RoutePolicies(
                        List.of(
                                new RoutePolicies.Rule(
                                        RoutePolicies.Action.REJECT,
                                        new RoutePolicies.Match(
                                                List.of(
                                                        range("10.0.0.0/8", 8, 32),
                                                        range("2001:db8::/32", 33, 48),
                                                        range("192.0.2.0/24", 24, 24)),
                                                List.of(),
                                                List.of(),
                                                List.of(),
                                                OptionalInt.empty()),
                                        RoutePolicies.Change.NONE),
                                new RoutePolicies.Rule(
                                        RoutePolicies.Action.NEXT,
                                        new RoutePolicies.Match(
                                                List.of(),
                                                List.of(65001L << 16 | 7),
                                                List.of(),
                                                List.of(),
                                                OptionalInt.empty()),
                                        new RoutePolicies.Change(
                                                OptionalLong.empty(),
                                                OptionalLong.empty(),
                                                0,
                                                List.of(0xffff_ff01L),
                                                List.of(65001L << 16 | 7))),
                                new RoutePolicies.Rule(
                                        RoutePolicies.Action.ACCEPT,
                                        new RoutePolicies.Match(
                                                List.of(),
                                                List.of(),
                                                List.of(65002L, 65003L),
                                                List.of(65001L),
                                                OptionalInt.of(5)),
                                        new RoutePolicies.Change(
                                                OptionalLong.of(200), OptionalLong.of(7), 2, List.of(), List.of()))),
                        List.of(new RoutePolicies.Rule(RoutePolicies.Action.ACCEPT, EVERY, RoutePolicies.Change.NONE))),
                policies);
        assertEquals(
                "reject prefixes [10.0.0.0/8 le 32, 2001:db8:0:0:0:0:0:0/32 ge 33 le 48, 192.0.2.0/24]",
                policies.imports().getFirst().toString());
        assertEquals(
                "accept through [65002, 65003] origins [65001] maxPathLength 5 localPreference 200 med 7 prepend 2",
                policies.imports().getLast().toString());
    }

    @Test
    void whatIsWrongOfARuleIsSaidWithItsPlace() throws IOException {
        String rule = "      imports: [{action: accept}, {%s}]\n";
        String place = "neighbors[0].imports[1]";
        refused(rule.formatted("action: allow"), "", place + ".action", "accept, reject, next");
        refused(rule.formatted("prefixes: [10.0.0.0/8]"), "", place, "action");
        refused(rule.formatted("action: reject, prefixes: [10.0.0.1/8]"), "", place + ".prefixes[0]");
        refused(rule.formatted("action: reject, prefixes: [10.0.0.0/8 le 7]"), "", place + ".prefixes[0]", "8 to 32");
        refused(
                rule.formatted("action: reject, prefixes: [10.0.0.0/8 longer]"),
                "",
                place + ".prefixes[0]",
                "like 10.0.0.0/8");
        refused(rule.formatted("action: reject, prefixes: [10.0.0.0/8 le 24 ge 16]"), "", place + ".prefixes[0]");
        refused(rule.formatted("action: accept, communities: [blue]"), "", place + ".communities[0]");
        refused(rule.formatted("action: accept, origins: [0]"), "", place + ".origins[0]");
        refused(rule.formatted("action: reject, set: {med: 1}"), "", place + ".set", "no meaning");
        refused(rule.formatted("action: next"), "", place + ".action", "does nothing");
        refused(rule.formatted("action: accept, set: {med: -1}"), "", place + ".set.med");
        refused(rule.formatted("action: accept, set: {metric: 1}"), "", place + ".set.metric", "is not a key here");
    }

    private static RoutePolicies.PrefixRange range(String within, int shortest, int longest) {
        return new RoutePolicies.PrefixRange(IpPrefix.parse(within), shortest, longest);
    }

    @Test
    void whatIsAsAtTheOthersIsNothingOfItsOwn() throws IOException {
        assertEquals(
                Optional.empty(),
                valid("      standbyPrepend: 3\n", "")
                        .neighbors()
                        .getFirst()
                        .extras()
                        .roles());
        refused("      standbyPrepend: 33\n", "standbyPrepend");
    }

    @Test
    void routesOfTheMachineFollowNeighboursOfWhomSomethingIsLetIn() throws IOException {
        String imports = "      imports: [{action: accept, prefixes: [0.0.0.0/0]}]\n";
        assertEquals(List.of(), valid("", "").installs());
        assertEquals(
                List.of(IpPrefix.parse("0.0.0.0/0"), IpPrefix.parse("2001:db8::/32")),
                valid(imports, "  installs: [0.0.0.0/0, \"2001:db8::/32\"]\n").installs());
        refused("", "  installs: [0.0.0.0/0]\n", "bgp.installs", "none has imports that let anything in");
        refused(imports, "  installs: [10.0.0.1/24]\n", "bgp.installs[0]", "host bits set");
        refused(imports, "  installs: [0.0.0.0/0, 0.0.0.0/0]\n", "bgp.installs[1]", "stands twice");
    }

    @Test
    void packetsLeaveByOneUplinkOrSeveral() throws IOException {
        assertEquals(List.of("up0"), uplinks("up0"));
        assertEquals(List.of("up0", "up1"), uplinks("[up0, up1]"));
        for (String wrong : List.of("[]", "[up0, up0]", "[up0, in0]", "in0", "{}")) {
            AssertionError refused = assertThrows(AssertionError.class, () -> uplinks(wrong), wrong);
            assertTrue(refused.getMessage().contains("dataPlane.uplink"), refused.getMessage());
        }
    }

    private static List<String> uplinks(String written) throws IOException {
        try (InputStream in = BgpReadingTest.class.getResourceAsStream("/org/secondsite/config/io/gateway.yaml")) {
            String text = new String(in.readAllBytes(), StandardCharsets.UTF_8);
            String inside = text.replaceAll("(?s).*\n  inside: (\\S+)\n.*", "$1");
            return switch (GatewayDocument.read(new Document(
                    "gateway.yaml",
                    Path.of("/etc"),
                    text.replaceFirst("\n  uplink: .*\n", "\n  uplink: " + written.replace("in0", inside) + "\n")))) {
                case ConfigResult.Valid<GatewayConfig>(GatewayConfig config)
                when config.dataPlane() instanceof GatewayConfig.Routed routed -> routed.uplinks();
                case ConfigResult.Valid<GatewayConfig>(GatewayConfig config) ->
                    throw new AssertionError(config.dataPlane().toString());
                case ConfigResult.Invalid<GatewayConfig>(List<Problem> problems) ->
                    throw new AssertionError(problems.toString());
            };
        }
    }
}
