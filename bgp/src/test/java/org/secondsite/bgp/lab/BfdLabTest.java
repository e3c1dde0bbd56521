package org.secondsite.bgp.lab;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.secondsite.bgp.bfd.BfdKey;
import org.secondsite.bgp.bfd.BfdSettings;
import org.secondsite.bgp.io.BgpSpeaker;
import org.secondsite.bgp.rib.RouteAttributes;
import org.secondsite.bgp.session.NeighborSettings;
import org.secondsite.bgp.wire.Prefix;

/** BFD at 50 ms × 3 with a real BIRD and a real FRR. */
@Tag("lab")
@Timeout(240)
class BfdLabTest {
    /** A virtual machine takes its time on a busy machine. */
    private static final int START_SECONDS = 80;

    private static final int PACE_MS = 100;
    private static final int MULTIPLIER = 10;
    private static final int STOPS = Integer.getInteger("secondsite.bfd.stops", 5);
    private static final Prefix PREFIX = Prefix.parse("203.0.113.0/24");

    /** Longer than any wait here: what ends a session is BFD. */
    private static final int HOLD_SECONDS = 90;

    private PeerLab lab;

    @BeforeEach
    void build() throws Exception {
        lab = PeerLab.open("/usr/sbin/bird", "/usr/sbin/birdc", "/usr/lib/frr/bfdd", "/usr/lib/frr/zebra");
    }

    @AfterEach
    void remove() throws Exception {
        lab.close();
    }

    private Process bird() throws Exception {
        return bird("");
    }

    private Process bird(String options) throws Exception {
        lab.file("bird.conf", """
                log "bird.log" all;
                router id 10.7.0.2;
                protocol device {}
                protocol bfd { interface "eth0" { min rx interval 50 ms; min tx interval 50 ms; multiplier 3; %s }; }
                protocol bgp edge {
                  local 10.7.0.2 as 65001; neighbor 10.7.0.1 as 65100; bfd on; passive on; hold time 90; error wait time 1, 2;
                  ipv4 { import all; export none; };
                }
                """.formatted(options));
        Files.deleteIfExists(lab.directory.resolve("bird.ctl"));
        Process bird = lab.start("bird", List.of("bird", "-f", "-c", "bird.conf", "-s", "bird.ctl"), Map.of());
        return lab.awaitFile(bird, "bird.ctl");
    }

    private String birdc(String command) throws Exception {
        return lab.query("birdc", "-s", lab.directory.resolve("bird.ctl").toString(), command);
    }

    private BgpSpeaker speaker() throws Exception {
        return lab.speaker(
                n -> n.withOptions(n.options().withBfd(BfdSettings.FAST)).withHoldTimeSeconds(HOLD_SECONDS));
    }

    private void awaitBfd(boolean up) throws Exception {
        lab.heard.await("BFD " + (up ? "up" : "down"), 15, () -> lab.heard.bfdUp() == up);
    }

    @Test
    void frozenBirdIsNoticedLongBeforeTheHoldTime() throws Exception {
        Process bird = bird();
        try (BgpSpeaker speaker = speaker()) {
            speaker.advertise(Map.of(PREFIX, RouteAttributes.PLAIN));
            lab.heard.await("established", 15, () -> lab.heard.established() > 0);
            awaitBfd(true);
            String sessions = lab.await("BIRD's view", 10, () -> birdc("show bfd sessions"), t -> t.contains("Up"));
            assertTrue(sessions.contains("0.050"), sessions);
            int established = lab.heard.established();
            int downs = lab.heard.downs();
            long stopped = System.nanoTime();
            PeerLab.signal(bird, "STOP");
            awaitBfd(false);
            long detectedMs = (lab.heard.bfdNanos() - stopped) / 1_000_000;
            PeerLab.signal(bird, "CONT");
            assertTrue(detectedMs <= 1000, detectedMs + " ms");
            System.out.println("BFD noticed a frozen BIRD after " + detectedMs + " ms");
            lab.heard.await("session ended", 5, () -> lab.heard.downs() > downs);
            assertTrue(lab.heard.lastDown().startsWith("BFD: "), lab.heard.lastDown());
            lab.heard.await("back", 20, () -> lab.heard.established() > established);
            awaitBfd(true);
        }
    }

    @Test
    void rfc5883SessionAcrossSeveralHopsComesUpAndFallsWithBird() throws Exception {
        lab.file("bird.conf", """
                log "bird.log" all;
                router id 10.7.0.2;
                protocol device {}
                protocol bfd { multihop { min rx interval 50 ms; min tx interval 50 ms; multiplier 3; }; }
                protocol bgp edge {
                  local 10.7.0.2 as 65001; neighbor 10.7.0.1 as 65100; multihop 3; bfd on; passive on; hold time 90;
                  ipv4 { import all; export none; };
                }
                """);
        Process bird = lab.start("bird", List.of("bird", "-f", "-c", "bird.conf", "-s", "bird.ctl"), Map.of());
        lab.awaitFile(bird, "bird.ctl");
        try (BgpSpeaker speaker =
                lab.speaker(n -> n.withOptions(n.options().withBfd(new BfdSettings(50_000, 50_000, 3, true)))
                        .withHoldTimeSeconds(HOLD_SECONDS))) {
            lab.heard.await("established", 15, () -> lab.heard.established() > 0);
            awaitBfd(true);
            lab.await("BIRD's view", 10, () -> birdc("show bfd sessions"), t -> t.contains("Up"));
            assertEquals(1, speaker.status().get().size());
            int downs = lab.heard.downs();
            PeerLab.signal(bird, "STOP");
            awaitBfd(false);
            PeerLab.signal(bird, "CONT");
            lab.heard.await("session ended", 5, () -> lab.heard.downs() > downs);
        }
    }

    /** RFC 5880 §6.7.4; another key is no session, and the right one makes it. */
    @Test
    void birdAndWeProveEveryPacketByAKey() throws Exception {
        bird("authentication meticulous keyed sha1; password \"blue\" { id 7; };");
        BfdSettings wrong = BfdSettings.FAST.withKey(BfdKey.meticulous(7, "red"));
        BfdSettings right = BfdSettings.FAST.withKey(BfdKey.meticulous(7, "blue"));
        try (BgpSpeaker speaker = lab.speaker(n -> n.withOptions(n.options().withBfd(wrong)))) {
            lab.heard.await("established", 20, () -> lab.heard.established() == 1);
            lab.await(
                    "BIRD refuses our proof",
                    20,
                    () -> Files.readString(lab.directory.resolve("bird.log")),
                    text -> text.contains("Authentication failed"));
            assertFalse(lab.heard.bfdUp());
            NeighborSettings neighbor = speaker.settings().neighbors().getFirst();
            speaker.change(speaker.settings()
                            .withNeighbor(
                                    neighbor.withOptions(neighbor.options().withBfd(right))))
                    .get();
            awaitBfd(true);
            lab.await("BIRD's view", 20, () -> birdc("show bfd sessions"), t -> t.contains("Up"));
        }
    }

    /**
     * A process that stood still for most of a detection time reads what came meanwhile before it believes in silence. BIRD is
     * patient with us; what is judged is our word about it.
     */
    @Tag("slow")
    @Test
    void aProcessThatStoodStillForMostOfADetectionTimeTakesNobodyForDead() throws Exception {
        bird("min rx interval 500 ms; min tx interval 100 ms;");
        Process speaker = lab.startOurs(
                "speaker",
                List.of(
                        Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                        "--enable-native-access=ALL-UNNAMED",
                        "-XX:TieredStopAtLevel=1",
                        "-XX:+UseSerialGC",
                        "-cp",
                        System.getProperty("java.class.path"),
                        SpeakMain.class.getName(),
                        "speak",
                        "--local-as",
                        "65100",
                        "--router-id",
                        "10.7.0.1",
                        "--run",
                        "cat >&2",
                        "--neighbor",
                        "10.7.0.2",
                        "--peer-as",
                        "65001",
                        "--local-address",
                        "10.7.0.1",
                        "--bfd-pace",
                        String.valueOf(PACE_MS),
                        String.valueOf(MULTIPLIER)));
        lab.await("BFD", START_SECONDS, () -> birdc("show bfd sessions"), text -> text.contains("Up"));
        lab.await("session", START_SECONDS, this::said, text -> text.contains("\"state\": \"up\""));
        for (int stop = 0; stop < STOPS; stop++) {
            PeerLab.signal(speaker, "STOP");
            Thread.sleep(PACE_MS * MULTIPLIER * 8 / 10);
            PeerLab.signal(speaker, "CONT");
            Thread.sleep(PACE_MS * 3);
            assertFalse(said().contains("\"state\": \"down\""), "stop " + stop + ": " + said());
        }
        assertTrue(birdc("show bfd sessions").contains("Up"));
    }

    private String said() throws IOException {
        return Files.readString(lab.directory.resolve("speaker.out"));
    }

    @Test
    void birdNoticesThatThePathToUsIsCut() throws Exception {
        bird();
        try (BgpSpeaker speaker = speaker()) {
            speaker.advertise(Map.of(PREFIX, RouteAttributes.PLAIN));
            lab.await("route", 15, () -> birdc("show route"), text -> text.contains("203.0.113.0/24"));
            lab.await("BFD", 10, () -> birdc("show bfd sessions"), text -> text.contains("Up"));
            int downs = lab.heard.downs();
            lab.drop("10.7.0.1");
            lab.await("route gone", 5, () -> birdc("show route"), text -> !text.contains("203.0.113.0/24"));
            lab.heard.await("we notice too", 5, () -> lab.heard.downs() > downs);
            lab.undrop();
            lab.await("route back", 20, () -> birdc("show route"), text -> text.contains("203.0.113.0/24"));
        }
    }

    @Test
    void orderlyEndIsNoFailureForBird() throws Exception {
        bird();
        try (BgpSpeaker speaker = speaker()) {
            awaitBfd(true);
            lab.heard.await("established", 15, () -> lab.heard.established() == 1);
            speaker.close("done");
            lab.await("BIRD was told", 5, () -> birdc("show protocols all edge"), text -> text.contains("done"));
        }
    }

    @Test
    void sessionWithFrrComesUpAndGoesDown() throws Exception {
        Files.createDirectories(lab.directory.resolve("vty"));
        lab.file("zebra.conf", "hostname zebra\n");
        lab.file("bfdd.conf", """
                hostname bfdd
                bfd
                 peer 10.7.0.1
                  transmit-interval 50
                  receive-interval 50
                  detect-multiplier 3
                """);
        lab.giveTo("frr");
        String zserv = lab.directory.resolve("zserv.api").toString();
        String vty = lab.directory.resolve("vty").toString();
        Process zebra = lab.start(
                "zebra",
                List.of("/usr/lib/frr/zebra", "-f", "zebra.conf", "-i", "zebra.pid", "-z", zserv, "--vty_socket", vty),
                Map.of());
        lab.awaitFile(zebra, "vty/zebra.vty");
        Process bfdd = lab.start(
                "bfdd",
                List.of(
                        "/usr/lib/frr/bfdd",
                        "-f",
                        "bfdd.conf",
                        "-i",
                        "bfdd.pid",
                        "-z",
                        zserv,
                        "--vty_socket",
                        vty,
                        "--bfdctl",
                        lab.directory.resolve("bfdd.sock").toString()),
                Map.of());
        lab.awaitFile(bfdd, "vty/bfdd.vty");
        try (BgpSpeaker speaker = speaker()) {
            awaitBfd(true);
            String json = lab.await(
                    "FRR's view",
                    10,
                    () -> lab.query("vtysh", "--vty_socket", vty, "-c", "show bfd peers json"),
                    text -> text.contains("\"status\":\"up\""));
            assertTrue(json.contains("\"remote-transmit-interval\":50"), json);
            PeerLab.signal(bfdd, "KILL");
            awaitBfd(false);
            assertEquals(1, speaker.status().get().size());
        }
    }
}
