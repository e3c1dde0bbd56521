package org.secondsite.lab.io;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.time.LocalTime;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.concurrent.TimeUnit;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.secondsite.config.io.DirectoryTree;

/** The neighbours of a {@link LiveSite}, by number: BIRDs and an FRR, each at an address of its own in one namespace. */
final class LiveRouters implements AutoCloseable {
    private static final ObjectMapper JSON = new ObjectMapper();
    private static final int START_SECONDS = 30;

    /** BIRD reckons the time of day anew whenever it is asked; after the end of a session it waits for a second before the next. */
    private static final int SAME_MS = 500;

    private static final Pattern UP = Pattern.compile("edge +BGP +--- +up +\\S+ (\\S+) +Established");
    private static final Pattern COUNTED = Pattern.compile("Import (updates|withdraws): +(\\d+)");
    private static final Pattern ROUTE = Pattern.compile("(?m)^(\\d[\\d./]+) +unicast");
    private static final Pattern ATTRIBUTE = Pattern.compile("BGP\\.(as_path|med|community): (.*)");

    private final String namespace;
    private final Path directory;
    private final Path home;
    private final List<Process> processes = new ArrayList<>();

    /**
     * What a neighbour has to say of the gateway.
     *
     * @param since when its session came up; empty: it is not
     * @param updates routes that it was told in this session; FRR: messages
     * @param withdraws routes that were withdrawn; FRR: 0
     * @param routes what it knows of each prefix: path, MED and communities
     */
    record Heard(String since, long updates, long withdraws, Map<String, String> routes) {
        boolean isUp() {
            return !since.isEmpty();
        }

        /** Whether it is still the session that it was. */
        boolean isSession(Heard before) {
            if (since.isEmpty() || before.since.isEmpty()) {
                return since.equals(before.since);
            } else if (!since.contains(":")) {
                return since.equals(before.since);
            }
            long apart = Duration.between(LocalTime.parse(before.since), LocalTime.parse(since))
                    .abs()
                    .toMillis();
            return Math.min(apart, Duration.ofDays(1).toMillis() - apart) < SAME_MS;
        }
    }

    LiveRouters(String namespace, Path directory) throws IOException {
        this.namespace = namespace;
        this.directory = Files.createDirectory(directory);
        // FRR runs as a user that does not get into the directories of others.
        home = Files.createTempDirectory("secondsite-frr");
    }

    void begin() throws IOException {
        bird(LiveFile.BIRD);
        for (int i = 0; i < LiveFile.CROWD; i++) {
            bird(LiveFile.FIRST_OF_CROWD + i);
        }
        frr();
    }

    private void bird(int number) throws IOException {
        Path file =
                Files.writeString(directory.resolve("bird" + number + ".conf"), """
                router id 192.0.2.%1$d;
                timeformat protocol iso long ms;
                protocol device {}
                protocol bgp edge {
                  local 192.0.2.%1$d as %2$d; neighbor 192.0.2.1 as 65100;
                  strict bind on; hold time 90;
                  connect delay time 1; connect retry time 1; error wait time 1, 1;
                  ipv4 { import all; export none; };
                }
                """.formatted(number, 65000 + number));
        start(
                "bird" + number,
                "bird",
                "-f",
                "-c",
                file.toString(),
                "-s",
                directory.resolve("bird" + number + ".ctl").toString());
        awaitFile(directory.resolve("bird" + number + ".ctl"));
    }

    private void frr() throws IOException {
        Files.writeString(home.resolve("zebra.conf"), "hostname zebra\n");
        Files.writeString(home.resolve("bgpd.conf"), """
                hostname bgpd
                router bgp %1$d
                 bgp router-id 192.0.2.%2$d
                 no bgp ebgp-requires-policy
                 neighbor 192.0.2.1 remote-as 65100
                 neighbor 192.0.2.1 update-source 192.0.2.%2$d
                 neighbor 192.0.2.1 timers 10 90
                 neighbor 192.0.2.1 timers connect 1
                """.formatted(65000 + LiveFile.FRR, LiveFile.FRR));
        Commands.run("chown", "-R", "frr:", home.toString());
        frrDaemon("zebra");
        frrDaemon("bgpd", "-l", "192.0.2." + LiveFile.FRR);
    }

    private void frrDaemon(String daemon, String... more) throws IOException {
        List<String> command = new ArrayList<>(List.of(
                "/usr/lib/frr/" + daemon,
                "-f",
                home.resolve(daemon + ".conf").toString(),
                "-i",
                home.resolve(daemon + ".pid").toString(),
                "-z",
                home.resolve("zserv.api").toString(),
                "--vty_socket",
                home.toString(),
                "-A",
                "127.0.0.1",
                "-P",
                "0"));
        command.addAll(List.of(more));
        start(daemon, command.toArray(String[]::new));
        awaitFile(home.resolve(daemon + ".vty"));
    }

    private void start(String log, String... command) throws IOException {
        List<String> words = new ArrayList<>(List.of("ip", "netns", "exec", namespace));
        words.addAll(List.of(command));
        processes.add(new ProcessBuilder(words)
                .redirectErrorStream(true)
                .redirectOutput(directory.resolve(log + ".log").toFile())
                .start());
    }

    private static void awaitFile(Path file) throws IOException {
        Waiting.until(file.toString(), START_SECONDS, () -> Files.exists(file));
    }

    /** Asks a neighbour. */
    Heard heard(int number) throws IOException {
        return number == LiveFile.FRR ? heardByFrr() : heardByBird(number);
    }

    private String birdc(int number, String question) throws IOException {
        return Commands.run(
                "birdc", "-s", directory.resolve("bird" + number + ".ctl").toString(), "show " + question);
    }

    private Heard heardByBird(int number) throws IOException {
        String session = birdc(number, "protocols all edge");
        Matcher up = UP.matcher(session);
        Map<String, Long> counted = new TreeMap<>();
        Matcher count = COUNTED.matcher(session);
        while (count.find()) {
            counted.put(count.group(1), Long.parseLong(count.group(2)));
        }
        Map<String, String> routes = new TreeMap<>();
        String prefix = "";
        Map<String, String> attributes = new TreeMap<>();
        for (String line : birdc(number, "route protocol edge all").split("\n", -1)) {
            Matcher route = ROUTE.matcher(line);
            Matcher attribute = ATTRIBUTE.matcher(line);
            if (route.find()) {
                prefix = route.group(1);
                attributes.clear();
            } else if (attribute.find()) {
                attributes.put(attribute.group(1), attribute.group(2).strip());
            }
            if (!prefix.isEmpty()) {
                routes.put(
                        prefix,
                        attributes.getOrDefault("as_path", "") + " " + attributes.getOrDefault("med", "") + " "
                                + attributes.getOrDefault("community", ""));
            }
        }
        return new Heard(
                up.find() ? up.group(1) : "",
                counted.getOrDefault("updates", 0L),
                counted.getOrDefault("withdraws", 0L),
                routes);
    }

    /** What of the routes a neighbour shows: FRR the path alone. */
    static Map<String, String> shown(int number, Map<String, String> routes) {
        Map<String, String> shown = new TreeMap<>(routes);
        if (number == LiveFile.FRR) {
            shown.replaceAll((prefix, attributes) -> attributes.replaceAll("(65100)( (?!65100).*)?$", "$1"));
        }
        return shown;
    }

    private JsonNode vtysh(String question) throws IOException {
        return JSON.readTree(
                Commands.run("vtysh", "--vty_socket", home.toString(), "-c", "show bgp " + question + " json"));
    }

    private Heard heardByFrr() throws IOException {
        JsonNode neighbor = vtysh("neighbors").path("192.0.2.1");
        Map<String, String> routes = new TreeMap<>();
        JsonNode known = vtysh("ipv4 unicast").path("routes");
        known.fieldNames().forEachRemaining(prefix -> {
            routes.put(prefix, known.path(prefix).path(0).path("path").asText());
        });
        return new Heard(
                neighbor.path("bgpState").asText().equals("Established")
                        ? neighbor.path("connectionsEstablished").asText()
                        : "",
                neighbor.path("messageStats").path("updatesRecv").asLong(),
                0,
                routes);
    }

    @Override
    public void close() throws IOException {
        for (Process process : processes) {
            process.destroyForcibly();
        }
        for (Process process : processes) {
            process.onExit().orTimeout(START_SECONDS, TimeUnit.SECONDS).join();
        }
        DirectoryTree.delete(home);
    }
}
