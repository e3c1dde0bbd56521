package org.secondsite.lab.io;

import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.secondsite.bgp.io.BgpSpeaker;
import org.secondsite.bgp.rib.RouteAttributes;
import org.secondsite.bgp.session.SessionStatus;
import org.secondsite.bgp.session.SpeakerListener;
import org.secondsite.bgp.wire.PathAttribute;
import org.secondsite.bgp.wire.Prefix;
import org.secondsite.config.BgpConfig;
import org.secondsite.config.ConfigResult;
import org.secondsite.config.GatewayConfig;
import org.secondsite.config.Problem;
import org.secondsite.config.io.ConfigReader;
import org.secondsite.gateway.io.MachineRoutes;
import org.secondsite.gateway.router.RouterSettings;
import org.secondsite.gateway.router.Uplinks;

/** A gateway's file names a neighbour by its interface, and what of routes is taken and installed: real BIRDs at the other ends, of one address. */
@Tag("lab")
@Timeout(180)
class InterfaceNeighborTest {
    private static final int PATIENCE_SECONDS = 80;
    private static final String FILE = """
            site: a
            peerSite: b
            tunnel: {listen: "10.9.0.1:7400", connect: "10.9.0.2:7400"}
            tls: {certificate: a.crt, key: a.key, authority: ca.crt}
            witness: {endpoints: ["10.9.0.3:7500"]}
            checkpoint: {listen: "10.9.0.1:7600", hosts: [{name: host-a, vms: [vm1]}]}
            dataPlane:
              mode: routed
              inside: in0
              insideMac: "02:00:5e:00:01:01"
              insideAddresses: [203.0.113.1/24]
              uplink: [up0, up1]
            bgp:
              localAs: 65100
              routerId: 10.9.0.1
              listen: ["::"]
              interfaces:
                - name: up0
                  remoteAs: 65001
                  imports:
                    - {action: accept, prefixes: [198.51.100.0/24 le 32], set: {localPreference: 200}}
                    - {action: accept, prefixes: [0.0.0.0/0, "::/0"]}
                - name: up1
                  remoteAs: 65002
                  holdTimeSeconds: 3
                  imports: [{action: accept, prefixes: [0.0.0.0/0, "::/0"]}]
              installs: [0.0.0.0/0, "::/0"]
            management: {socket: a.sock}
            groups:
              - name: web
                prefixes: [203.0.113.0/25]
                vms: [{name: vm1, protected: true, mac: "52:54:00:00:00:01", addresses: [203.0.113.10]}]
            """;

    @TempDir
    Path directory;

    private TestNamespaces namespaces;

    @BeforeEach
    void wire() throws Exception {
        namespaces = TestNamespaces.create("nbr", "gw", "r", "s");
        for (String name : List.of("gw", "r", "s")) {
            namespaces.inside(name, "sysctl", "-qw", "net.ipv6.conf.all.disable_ipv6=0");
        }
        namespaces.wire("gw", "up0", "10.9.0.1/24", "r", "eth0");
        namespaces.wire("gw", "up1", "10.8.0.1/24", "s", "eth0");
        for (String router : List.of("r", "s")) {
            // Each interface has its own fe80::1.
            namespaces.inside(router, "ip", "-6", "addr", "flush", "dev", "eth0", "scope", "link");
            namespaces.inside(router, "ip", "addr", "add", "fe80::1/64", "dev", "eth0", "nodad");
        }
    }

    @AfterEach
    void remove() throws Exception {
        namespaces.close();
    }

    private String linkLocal(String name, String device) throws IOException {
        String addresses = namespaces.inside(name, "ip", "-6", "-br", "addr", "show", "dev", device, "scope", "link");
        for (String word : addresses.split("\\s+", -1)) {
            if (word.startsWith("fe80::")) {
                return word.substring(0, word.indexOf('/'));
            }
        }
        throw new IOException("no link-local address in " + addresses);
    }

    /** The router at {@code up0}. */
    private Process one() throws Exception {
        return bird("r", "up0", 65001, "route 198.51.100.0/25 blackhole; route 192.0.2.0/24 blackhole;");
    }

    /** The router at {@code up1}. */
    private Process other() throws Exception {
        return bird("s", "up1", 65002, "");
    }

    private Process bird(String name, String device, int as, String routes) throws Exception {
        return bird(name, """
                router id 10.9.0.%d;
                protocol device {}
                protocol static { ipv4; route 0.0.0.0/0 blackhole; %s }
                protocol static { ipv6; route ::/0 blackhole; }
                protocol bgp edge {
                  local as %d; neighbor %s%%eth0 as 65100;
                  connect retry time 1; connect delay time 1; error wait time 1, 2;
                  ipv4 { import all; export all; extended next hop on; };
                  ipv6 { import all; export all; };
                }
                """.formatted(as % 100, routes, as, linkLocal("gw", device)));
    }

    private Process bird(String name, String text) throws Exception {
        Path file = Files.writeString(directory.resolve(name + ".conf"), text);
        Process bird = new ProcessBuilder(List.of(
                        "ip",
                        "netns",
                        "exec",
                        namespaces.name(name),
                        "bird",
                        "-f",
                        "-c",
                        file.toString(),
                        "-s",
                        control(name)))
                .redirectErrorStream(true)
                .redirectOutput(directory.resolve(name + ".out").toFile())
                .start();
        namespaces.closing(() -> bird.destroyForcibly().onExit().get(10, TimeUnit.SECONDS));
        return bird;
    }

    private String control(String name) {
        return directory.resolve(name + ".ctl").toString();
    }

    /** In a process of its own: a JVM knows interfaces of one namespace alone. */
    private void speaker(Path file) throws IOException {
        Process speaker = new ProcessBuilder(List.of(
                        "ip",
                        "netns",
                        "exec",
                        namespaces.name("gw"),
                        Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                        "--enable-native-access=ALL-UNNAMED",
                        "-XX:TieredStopAtLevel=1",
                        "-XX:+UseSerialGC",
                        "-cp",
                        System.getProperty("java.class.path"),
                        FileSpeaker.class.getName(),
                        file.toString()))
                .redirectErrorStream(true)
                .redirectOutput(said().toFile())
                .start();
        namespaces.closing(() -> speaker.destroyForcibly().onExit().get(10, TimeUnit.SECONDS));
    }

    private Path said() {
        return directory.resolve("speaker.out");
    }

    @Test
    void whoIsAtTheInterfaceIsToldAndHeardAsTheFileSays() throws Exception {
        one();
        speaker(Files.writeString(directory.resolve("gateway.yaml"), FILE));
        Waiting.until("BIRD's route to the group", PATIENCE_SECONDS, () -> {
            String shown = namespaces.inside(
                    "r", "birdc", "-s", control("r"), "show", "route", "all", "for", "203.0.113.0/25");
            return shown.contains("BGP.as_path: 65100") && shown.contains("via fe80::");
        });
        Waiting.until("what is taken of BIRD's four routes", PATIENCE_SECONDS, () -> {
            String told = Files.readString(said());
            return told.contains("of 4 routes [") && told.contains("198.51.100.0/25 with 200");
        });
        assertFalse(Files.readString(said()).contains("192.0.2.0/24"), "nothing says that it is let in");
    }

    private void awaitWays(String what, String family, String... hops) throws Exception {
        Waiting.until(what, PATIENCE_SECONDS, () -> {
            String shown = namespaces.inside("gw", "ip", family, "route", "show", "default", "proto", "83");
            return List.of(hops).stream().allMatch(shown::contains) && shown.split("via", -1).length - 1 == hops.length;
        });
    }

    @Test
    void routesOfTheMachineFollowBothRoutersAndTheOneThatIsLeft() throws Exception {
        namespaces.inside("gw", "ip", "route", "add", "default", "via", "10.9.0.9", "metric", "100");
        Process one = one();
        other();
        speaker(Files.writeString(directory.resolve("gateway.yaml"), FILE));
        for (String family : List.of("-4", "-6")) {
            awaitWays("both ways", family, "fe80::1 dev up0", "fe80::1 dev up1");
        }

        one.destroyForcibly().onExit().get(10, TimeUnit.SECONDS);
        for (String family : List.of("-4", "-6")) {
            awaitWays("the way that is left", family, "fe80::1 dev up1");
        }
        namespaces.inside("gw", "ip", "route", "del", "default", "proto", "83");
        awaitWays("the route that somebody took away", "-4", "fe80::1 dev up1");
        namespaces.inside("s", "ip", "link", "set", "eth0", "down");
        awaitWays("no way", "-4");
        one();
        awaitWays("the first way again", "-4", "fe80::1 dev up0");
        assertTrue(
                namespaces.inside("gw", "ip", "-4", "route", "show", "default").contains("10.9.0.9"),
                "a route of somebody else is not touched");
    }

    /** Speaks as the file says, and tells what it takes of what it hears. */
    static final class FileSpeaker {
        private static final int PAUSE_MS = 200;

        private FileSpeaker() {}

        private static void say(String what) {
            System.out.println(what);
        }

        public static void main(String[] arguments) throws Exception {
            BgpConfig bgp =
                    switch (ConfigReader.readGateway(Path.of(arguments[0]))) {
                        case ConfigResult.Valid<GatewayConfig>(GatewayConfig config) ->
                            config.bgp().orElseThrow();
                        case ConfigResult.Invalid<GatewayConfig>(List<Problem> problems) ->
                            throw new IllegalArgumentException(problems.toString());
                    };
            try (BgpSpeaker speaker = BgpSpeaker.open(RouterSettings.of(bgp), new SpeakerListener() {});
                    MachineRoutes routes = new MachineRoutes(
                            (destinations, told) -> {
                                var _ = speaker.follow(destinations, told);
                            },
                            Uplinks.of(List.of("up0", "up1")),
                            FileSpeaker::say)) {
                routes.follow(bgp.installs());
                speaker.advertise(Map.of(Prefix.parse("203.0.113.0/25"), RouteAttributes.PLAIN));
                while (true) {
                    int received = speaker.status().get().stream()
                            .mapToInt(SessionStatus::receivedRoutes)
                            .sum();
                    List<String> taken = speaker.bestRoutes().get().stream()
                            .map(candidate -> candidate.route().nlri() + " with "
                                    + candidate
                                            .route()
                                            .attributes()
                                            .get(PathAttribute.LocalPreference.class)
                                            .map(PathAttribute.LocalPreference::value)
                                            .orElse(0L))
                            .toList();
                    System.out.println("of " + received + " routes " + taken);
                    Thread.sleep(PAUSE_MS);
                }
            }
        }
    }
}
