package org.secondsite.bgp.lab;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.PrintStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.secondsite.bgp.exabgp.Configuration;
import org.secondsite.bgp.io.BgpCommands;

/** Files written for ExaBGP, and ExaBGP's own health check as a helper, before a real BIRD. */
@Tag("lab")
@Timeout(240)
class ConfigurationLabTest {
    private static final Path EXAMPLES = Path.of("/usr/share/doc/exabgp/examples");
    private static final int PATIENCE_SECONDS = 20;
    private static final String NEIGHBOR = """
            neighbor 10.7.0.2 {
              router-id 10.7.0.1; local-address 10.7.0.1; local-as 65100; peer-as 65001; family { ipv4 unicast; }
              %s
            }
            """;
    private static final Pattern UPDATES = Pattern.compile("Import (updates|withdraws): +(\\d+)");

    private PeerLab lab;

    @BeforeEach
    void build() throws Exception {
        lab = PeerLab.open("/usr/sbin/bird", "/usr/sbin/birdc", "/usr/sbin/exabgp", "/usr/bin/python3");
    }

    @AfterEach
    void remove() throws Exception {
        lab.close();
    }

    private void bird() throws Exception {
        lab.file("bird.conf", """
                log "bird.log" all;
                router id 10.7.0.2;
                timeformat protocol iso long ms;
                protocol device {}
                protocol bgp edge {
                  local 10.7.0.2 as 65001; neighbor 10.7.0.1 as 65100; passive on; error wait time 1, 2;
                  ipv4 { import all; export none; };
                }
                """);
        Process bird = lab.start("bird", List.of("bird", "-f", "-c", "bird.conf", "-s", "bird.ctl"), Map.of());
        lab.awaitFile(bird, "bird.ctl");
    }

    private String birdc(String command) throws Exception {
        return lab.query("birdc", "-s", lab.directory.resolve("bird.ctl").toString(), command);
    }

    /** Speaks as the file says until the body is done. */
    private void speaking(Path file, Body body) throws Exception {
        Thread thread = lab.inOurNamespace(() -> BgpCommands.run(
                List.of("speak", "--config", file.toString()),
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

    private interface Body {
        void run() throws Exception;
    }

    private void awaitMed(String med) throws Exception {
        lab.await(
                "MED " + med,
                PATIENCE_SECONDS,
                () -> birdc("show route all for 203.0.113.1"),
                text -> text.contains("BGP.med: " + med + "\n"));
    }

    @Test
    void exabgpsHealthCheckIsSeenUpDownDisabledAndGone() throws Exception {
        bird();
        Path pid = lab.directory.resolve("pid");
        Path file = lab.file("exabgp.conf", """
                process check {
                  run /usr/bin/python3 -m exabgp healthcheck --cmd "test -e up" --name web --ip 203.0.113.1/32 --no-ip-setup
                    --interval 0.2 --fast-interval 0.1 --rise 1 --fall 1 --disable disabled --pid pid --timeout 5 --no-syslog;
                  encoder text;
                }
                """ + NEIGHBOR.formatted("api services { processes [ check ]; }"));
        lab.file("up", "");
        speaking(file, () -> {
            awaitMed("100");
            Files.delete(lab.directory.resolve("up"));
            awaitMed("1000");
            lab.file("disabled", "");
            awaitMed("500");
            Files.delete(lab.directory.resolve("disabled"));
            lab.file("up", "");
            awaitMed("100");
            Set<Long> seen = new HashSet<>();
            // By TERM and INT, its state EXIT, it says goodbye, and is run again; by KILL it cannot say anything.
            for (String signal : List.of("-TERM", "-INT", "-KILL")) {
                ProcessHandle process = process(pid);
                assertTrue(seen.add(process.pid()), signal);
                int before = withdraws();
                PeerLab.run("kill", signal, String.valueOf(process.pid()));
                // It is back before anybody can look: BIRD has counted.
                lab.await(
                        "withdrawn by " + signal,
                        PATIENCE_SECONDS,
                        () -> String.valueOf(withdraws() - before),
                        more -> !more.startsWith("-") && !more.equals("0"));
                awaitMed("100");
            }
        });
    }

    /** Its state END: it announces, and exits without a word. */
    @Test
    void exabgpsHealthCheckThatExitsByItselfTakesItsRouteAlong() throws Exception {
        bird();
        Path file = lab.file("exabgp.conf", """
                process check {
                  run /usr/bin/python3 -m exabgp healthcheck --cmd true --name web --ip 203.0.113.1/32 --no-ip-setup
                    --interval 0 --rise 1 --no-syslog;
                  encoder text;
                }
                """ + NEIGHBOR.formatted("api services { processes [ check ]; }"));
        speaking(
                file,
                () -> lab.await(
                        "announced and withdrawn",
                        PATIENCE_SECONDS,
                        () -> String.valueOf(counted()),
                        text -> text.matches("\\{updates=[1-9]\\d*, withdraws=[1-9]\\d*}")));
    }

    private ProcessHandle process(Path pid) throws Exception {
        return ProcessHandle.of(Long.parseLong(Files.readString(pid).strip())).orElseThrow();
    }

    private int withdraws() throws Exception {
        return counted().getOrDefault("withdraws", 0);
    }

    private Map<String, Integer> counted() throws Exception {
        Map<String, Integer> counted = new TreeMap<>();
        Matcher matcher = UPDATES.matcher(birdc("show protocols all edge"));
        while (matcher.find()) {
            counted.put(matcher.group(1), Integer.parseInt(matcher.group(2)));
        }
        return counted;
    }

    @Test
    void aFileThatIsReadAgainSendsTheDifferenceAlone() throws Exception {
        bird();
        String routes = "static { route 203.0.113.1 next-hop self med 100; route 192.0.2.0/24 next-hop self; %s }";
        Path file = lab.file("exabgp.conf", NEIGHBOR.formatted(routes.formatted("")));
        speaking(file, () -> {
            awaitMed("100");
            lab.await("both", PATIENCE_SECONDS, () -> birdc("show route"), text -> text.contains("192.0.2.0/24"));
            String session = birdc("show protocols");
            assertEquals(Map.of("updates", 2, "withdraws", 0), counted());

            lab.file(
                    "exabgp.conf",
                    NEIGHBOR.formatted(routes.formatted("route 198.51.100.0/24 next-hop self;")
                            .replace("route 192.0.2.0/24 next-hop self;", "")));
            PeerLab.run("kill", "-USR1", String.valueOf(ProcessHandle.current().pid()));
            lab.await(
                    "the new one",
                    PATIENCE_SECONDS,
                    () -> birdc("show route"),
                    t -> t.contains("198.51.100.0/24") && !t.contains("192.0.2.0/24"));
            assertEquals(Map.of("updates", 3, "withdraws", 1), counted());

            lab.file("exabgp.conf", "neighbor 10.7.0.2 { nonsense; }");
            PeerLab.run("kill", "-USR1", String.valueOf(ProcessHandle.current().pid()));
            lab.file("exabgp.conf", NEIGHBOR.formatted(routes.formatted("").replace("med 100", "med 7")));
            PeerLab.run("kill", "-USR1", String.valueOf(ProcessHandle.current().pid()));
            awaitMed("7");
            assertEquals(session, birdc("show protocols"), "the session stands");
        });
    }

    /** What of Debian's examples is not read, and what for. */
    @Test
    void debiansExamplesAreReadOrRefusedByName() throws Exception {
        Map<String, String> refused = new TreeMap<>();
        int read = 0;
        List<Path> files;
        try (Stream<Path> all = Files.list(EXAMPLES)) {
            files = all.filter(path -> path.toString().endsWith(".conf"))
                    .sorted()
                    .toList();
        }
        for (Path file : files) {
            switch (Configuration.parse(Files.readString(file))) {
                case Configuration.Outcome.Read _ -> read++;
                case Configuration.Outcome.Refused(String reason) -> {
                    // One of them lacks a brace.
                    boolean named = reason.contains("is not supported here")
                            || reason.contains("different router-ids are not supported")
                            || file.endsWith("conf-split.conf");
                    assertTrue(named, file + ": " + reason);
                    refused.put(String.valueOf(file.getFileName()), reason);
                }
            }
        }
        System.out.println(read + " of Debian's " + files.size() + " examples are read; refused: " + refused);
        assertTrue(read >= 45, refused.toString());
    }
}
