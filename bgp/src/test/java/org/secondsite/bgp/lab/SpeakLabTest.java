package org.secondsite.bgp.lab;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.PrintStream;
import java.net.Inet4Address;
import java.net.Inet6Address;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.Random;
import java.util.concurrent.TimeUnit;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.secondsite.bgp.exabgp.MessageText;
import org.secondsite.bgp.io.BgpCommands;

/** {@code bgp speak} with helper scripts and a real BIRD, and ExaBGP as the judge of our JSON. */
@Tag("lab")
@Timeout(240)
class SpeakLabTest {
    /** A minute with {@code -Dsecondsite.flood.seconds=60}. */
    private static final int FLOOD_SECONDS = Integer.getInteger("secondsite.flood.seconds", 10);

    private PeerLab lab;

    @BeforeEach
    void build() throws Exception {
        lab = PeerLab.open("/usr/sbin/bird", "/usr/sbin/birdc", "/usr/sbin/exabgp");
        lab.file("bird.conf", """
                log "bird.log" all;
                router id 10.7.0.2;
                protocol device {}
                protocol static { ipv4; route 198.51.100.0/24 blackhole; }
                protocol bgp edge {
                  local 10.7.0.2 as 65001; neighbor 10.7.0.1 as 65100; passive on; error wait time 1, 2;
                  ipv4 { import all; export all; };
                }
                """);
        Process bird = lab.start("bird", List.of("bird", "-f", "-c", "bird.conf", "-s", "bird.ctl"), Map.of());
        lab.awaitFile(bird, "bird.ctl");
    }

    @AfterEach
    void remove() throws Exception {
        lab.close();
    }

    private String birdc(String command) throws Exception {
        return lab.query("birdc", "-s", lab.directory.resolve("bird.ctl").toString(), command);
    }

    private Path script(String name, String content) throws Exception {
        Path script = lab.file(name, "#!/bin/sh\ncd " + lab.directory + "\n" + content);
        Files.setPosixFilePermissions(script, PosixFilePermissions.fromString("rwx------"));
        return script;
    }

    /** Runs speak in our namespace until the body is done. */
    private void speaking(List<String> helpers, Body body) throws Exception {
        List<String> arguments = new ArrayList<>(List.of("speak", "--local-as", "65100", "--router-id", "10.7.0.1"));
        helpers.forEach(helper -> arguments.addAll(List.of("--run", helper)));
        arguments.addAll(List.of("--neighbor", "10.7.0.2", "--peer-as", "65001", "--local-address", "10.7.0.1"));
        Thread thread = lab.inOurNamespace(() -> BgpCommands.run(
                arguments,
                new ByteArrayInputStream(new byte[0]),
                new PrintStream(new ByteArrayOutputStream()),
                System.err));
        try {
            body.run();
        } finally {
            thread.interrupt();
            thread.join(10_000);
        }
    }

    /** What a helper's commands were answered, in order. */
    private static List<String> answers(String events) {
        return events.lines()
                .filter(line -> line.equals("done") || line.equals("error"))
                .toList();
    }

    private interface Body {
        void run() throws Exception;
    }

    @Test
    void helperAnnouncesAndIsToldAndItsRoutesGoWithIt() throws Exception {
        Path helper = script("helper.sh", """
                test -e stop && sleep 60
                echo 'announce route 203.0.113.0/24 next-hop self as-path [ 65100 65100 ] community [ 65100:7 ]'
                echo 'announce flow route { match { } }'
                while read line; do echo "$line" >> events; test -e stop && exit 0; done
                """);
        speaking(List.of(helper.toString()), () -> {
            String route = lab.await(
                    "route", 20, () -> birdc("show route all for 203.0.113.0/24"), t -> t.contains("BGP.as_path"));
            assertTrue(route.contains("BGP.as_path: 65100 65100\n"), route);
            assertTrue(route.contains("(65100,7)"), route);
            String events = lab.await(
                    "events",
                    20,
                    () -> Files.readString(lab.directory.resolve("events")),
                    t -> t.contains("198.51.100.0/24") && answers(t).size() == 2);
            assertEquals(List.of("done", "error"), answers(events)); // what is told may stand between them
            assertTrue(events.contains("\"state\": \"connected\"") && events.contains("\"state\": \"up\""), events);
            assertTrue(
                    events.contains(
                            "\"announce\": { \"ipv4 unicast\": { \"10.7.0.2\": [ { \"nlri\": \"198.51.100.0/24\""),
                    events);
            lab.file("stop", "");
            birdc("disable static1"); // an event for the helper to wake up on
            lab.await("withdrawn", 10, () -> birdc("show route"), t -> !t.contains("203.0.113.0/24"));
        });
    }

    @Test
    void helperThatDoesNotReadBlocksNobody() throws Exception {
        Path deaf = script("deaf.sh", "exec sleep 60\n");
        Path busy = script("busy.sh", """
                i=0
                while test $i -lt 20000; do
                  echo "announce route 10.$((i / 256)).$((i % 256)).0/24 next-hop self"; i=$((i + 1))
                done
                echo disable-ack
                exec sleep 60
                """);
        long begin = System.nanoTime();
        speaking(List.of(deaf.toString(), busy.toString()), () -> {
            lab.await("all routes", 90, () -> birdc("show route count"), t -> t.contains("20001 of 20001 routes for"));
        });
        System.out.println("20000 text commands to BIRD took " + (System.nanoTime() - begin) / 1_000_000 + " ms");
    }

    /** The session stands in 128 MiB, within which a second of the flood does not fit, while one helper repeats itself at full speed and another ends no line. */
    @Test
    void helpersThatFloodHarmNobody() throws Exception {
        Path repeating = script("repeating.sh", "exec yes 'announce route 10.0.0.0/24 next-hop self med 5'\n");
        Path endless = script("endless.sh", "exec tr '\\0' 'x' < /dev/zero\n");
        Path sound = script("sound.sh", "echo 'announce route 203.0.113.0/24 next-hop self'; exec sleep 100\n");
        List<String> command = new ArrayList<>(List.of(
                Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                "-Xmx128m",
                "-XX:+ExitOnOutOfMemoryError",
                "--enable-native-access=ALL-UNNAMED",
                "-cp",
                System.getProperty("java.class.path"),
                SpeakMain.class.getName(),
                "speak",
                "--local-as",
                "65100",
                "--router-id",
                "10.7.0.1"));
        for (Path helper : List.of(repeating, endless, sound)) {
            command.addAll(List.of("--run", helper.toString()));
        }
        command.addAll(List.of(
                "--neighbor", "10.7.0.2", "--peer-as", "65001", "--local-address", "10.7.0.1", "--hold-time", "30"));
        Process speaker = lab.startOurs("speaker", command);
        lab.await(
                "routes",
                90,
                () -> birdc("show route"),
                t -> t.contains("203.0.113.0/24") && t.contains("10.0.0.0/24"));
        String since = birdc("show protocols edge");
        assertTrue(since.contains("Established"), since);
        assertFalse(speaker.waitFor(FLOOD_SECONDS, TimeUnit.SECONDS), "the speaker ended");
        String later = birdc("show protocols edge");
        assertTrue(later.contains("Established") && BirdSession.isOne(since, later), () -> since + later);
    }

    @Test
    void exabgpReadsTheSameFromOurMessages() throws Exception {
        lab.file("exabgp.conf", """
                neighbor 10.7.0.1 { router-id 10.7.0.2; local-address 10.7.0.2; local-as 65001; peer-as 65100;
                  hold-time 30; family { ipv4 unicast; ipv6 unicast; } }
                """);
        for (String command : List.of(
                "announce route 203.0.113.0/24 next-hop 10.7.0.1",
                "announce route 203.0.113.0/24 next-hop 10.7.0.1 as-path [ 65100 4200000001 ( 7 8 ) ] med 5 origin egp",
                "announce route 2001:db8::/32 next-hop fd00:7::1 community [65100:1 no-export]",
                "announce attributes next-hop 10.7.0.1 large-community [1:2:3] nlri 10.0.0.0/8 192.0.2.1/32 0.0.0.0/0",
                "announce route 10.0.0.0/8 next-hop 10.7.0.1 extended-community [target:65100:9]"
                        + " aggregator (65100:10.0.0.1) atomic-aggregate",
                "withdraw route 203.0.113.0/24",
                "withdraw route 2001:db8::/32")) {
            String hex = ours(List.of("encode", "--local-as", "65100", "--local-address", "10.7.0.1", command))
                    .strip();
            String theirs = exabgpDecode(hex);
            String ours = ours(List.of("decode", "--as-sets", hex));
            assertEquals(message(theirs), message(ours), command);
        }
    }

    /** Generated commands of every kind; ExaBGP decodes all of their messages in one run. */
    @Test
    void hundredsOfGeneratedMessagesMeanTheSameToExabgp() throws Exception {
        lab.file("exabgp.conf", """
                neighbor 10.7.0.1 { router-id 10.7.0.2; local-address 10.7.0.2; local-as 65001; peer-as 65100;
                  hold-time 30; family { ipv4 unicast; ipv6 unicast; ipv4 flow; ipv6 flow; } }
                """);
        long seed = 8955;
        MessageText session = new MessageText(
                65100,
                OptionalLong.empty(),
                false,
                false,
                true,
                MessageText.ALL_FAMILIES,
                Optional.of((Inet4Address) PeerLab.SELF),
                Optional.of((Inet6Address) PeerLab.SELF6));
        List<String> commands = new GeneratedCommands(new Random(seed)).take(400);
        List<String> messages = new ArrayList<>();
        List<String> origins = new ArrayList<>();
        for (String command : commands) {
            for (String hex : session.encode(command)) {
                if (hex.length() / 2 < 256) { // ExaBGP takes one octet of the length in a run of several
                    messages.add(hex);
                    origins.add(command);
                }
            }
        }
        assertTrue(messages.size() >= 380, messages.size() + " messages of seed " + seed);
        String theirs = exabgpDecode(String.join("", messages));
        List<String> decoded =
                theirs.lines().filter(line -> line.contains("update json")).toList();
        assertEquals(messages.size(), decoded.size(), theirs);
        for (int i = 0; i < messages.size(); i++) {
            assertEquals(
                    message(decoded.get(i)),
                    message(session.decode(messages.get(i))),
                    "seed " + seed + ": " + origins.get(i) + " = " + messages.get(i));
        }
    }

    private static String ours(List<String> arguments) {
        ByteArrayOutputStream out = new ByteArrayOutputStream();
        ByteArrayOutputStream err = new ByteArrayOutputStream();
        int result = BgpCommands.run(
                arguments, new ByteArrayInputStream(new byte[0]), new PrintStream(out), new PrintStream(err));
        assertEquals(0, result, err.toString(StandardCharsets.UTF_8));
        return out.toString(StandardCharsets.UTF_8);
    }

    private String exabgpDecode(String hex) throws Exception {
        Process process = lab.start(
                "exabgp-" + Integer.toHexString(hex.hashCode()),
                List.of("exabgp", "--decode", hex, "exabgp.conf"),
                Map.of(
                        "exabgp.daemon.drop", "false",
                        "exabgp.api.cli", "false",
                        "exabgp.log.level", "INFO",
                        "exabgp.log.destination", "stdout"));
        assertTrue(process.waitFor(90, TimeUnit.SECONDS));
        return Files.readString(lab.directory.resolve("exabgp-" + Integer.toHexString(hex.hashCode()) + ".out"));
    }

    /** The object behind "message", without blanks; sets of prefixes have no order, so they are sorted. */
    private static String message(String text) {
        // ExaBGP shows the flags of an unknown attribute as it would pass it on: partial.
        String squeezed = text.replace(" ", "").replace("\"attribute-0x63-0xE0\"", "\"attribute-0x63-0xC0\"");
        int start = squeezed.lastIndexOf("\"message\":") + "\"message\":".length();
        int depth = 0;
        int end = start;
        do {
            depth += squeezed.charAt(end) == '{' ? 1 : squeezed.charAt(end) == '}' ? -1 : 0;
            end++;
        } while (depth > 0);
        String message = squeezed.substring(start, end);
        Matcher list = Pattern.compile("\\[((\\{\"nlri\":\"[^}]*},?)+)]").matcher(message);
        return list.replaceAll(found -> {
            List<String> items = new ArrayList<>(List.of(found.group(1).split("(?<=}),")));
            items.sort(String::compareTo);
            return "[" + String.join(",", items) + "]";
        });
    }
}
