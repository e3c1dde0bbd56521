package org.secondsite.config.yaml;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
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
import org.secondsite.config.ConfigResult;
import org.secondsite.config.GatewayConfig;
import org.secondsite.config.IpPrefix;
import org.secondsite.config.Problem;
import org.secondsite.config.Secret;

class BgpReadingTest {
    private static final String NEIGHBOR = "      remoteAs: 65001\n";
    private static final String SPEAKER = "  routerId: 10.1.0.2\n";

    private static ConfigResult<GatewayConfig> read(String ofNeighbor, String ofSpeaker) throws IOException {
        try (InputStream in = BgpReadingTest.class.getResourceAsStream("/org/secondsite/config/io/gateway.yaml")) {
            String text = new String(in.readAllBytes(), StandardCharsets.UTF_8)
                    .replace(NEIGHBOR, NEIGHBOR + ofNeighbor)
                    .replace(SPEAKER, SPEAKER + ofSpeaker);
            return GatewayDocument.read(new Document("gateway.yaml", Path.of("/etc"), text));
        }
    }

    private static GatewayConfig.Bgp valid(String ofNeighbor, String ofSpeaker) throws IOException {
        return switch (read(ofNeighbor, ofSpeaker)) {
            case ConfigResult.Valid<GatewayConfig>(GatewayConfig config) ->
                config.bgp().orElseThrow();
            case ConfigResult.Invalid<GatewayConfig>(List<Problem> problems) ->
                throw new AssertionError(problems.toString());
        };
    }

    private static void refused(String ofNeighbor, String words) throws IOException {
        ConfigResult.Invalid<?> refused = assertInstanceOf(ConfigResult.Invalid.class, read(ofNeighbor, ""));
        assertTrue(
                refused.problems().toString().contains(words),
                refused.problems().toString());
    }

    @Test
    void readsWhatANeighbourMayHaveBesides() throws IOException {
        GatewayConfig.Bgp bgp = valid("""
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
                new GatewayConfig.RouteRoles(
                        3, OptionalLong.of(50), List.of(65100L << 16 | 1), List.of(65100L << 16 | 2, 0xffff_ff01L)),
                bgp.roles());
        assertEquals(
                new GatewayConfig.NeighborExtras(
                        List.of(4),
                        OptionalLong.of(65200),
                        Optional.of(IpPrefix.parseAddress("2001:db8::2")),
                        Optional.of("eth1"),
                        OptionalInt.of(1),
                        Optional.of(new GatewayConfig.MaximumPrefixes(1000, 50, "down", OptionalInt.of(300))),
                        Optional.of(new BfdConfig(
                                100, 5, true, Optional.of(new BfdConfig.Key(BfdConfig.Kind.SHA1, 7, new Secret("s"))))),
                        60,
                        Optional.of(new GatewayConfig.RouteRoles(
                                1, OptionalLong.of(50), List.of(), List.of(65001L << 16 | 9)))),
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
}
