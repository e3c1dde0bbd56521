package org.secondsite.bench.bgp;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.Callable;
import org.secondsite.bench.Figures;
import org.secondsite.bench.io.AskedProcess;
import org.secondsite.bench.io.Machine;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;

/**
 * {@code secondsite bench bgp}: our speaker beside ExaBGP, GoBGP and BIRD.
 *
 * <p>Every source has its routes before its session comes up; the sink is a BIRD, which tells by its own clock when the
 * session was up and when the last route came. Every sample has daemons and namespaces of its own.
 */
@Command(
        name = "bgp",
        mixinStandardHelpOptions = true,
        description = "The BGP speaker beside ExaBGP, GoBGP and BIRD. Needs root.")
public final class BgpBenchCommand implements Callable<Integer> {
    private static final double MAX_RATIO_TO_EXABGP = 0.35;
    private static final double MAX_RATIO_OF_HELPER = 1.5;
    private static final double MAX_LOOP_MS = 1;
    private static final double MAX_WIRE_MS = 5;
    private static final double MAX_GROUP_MS = 20;
    private static final int GROUP_NEIGHBORS = 4;
    private static final int GROUPS = 50;
    private static final Map<String, String> EXABGP = Map.of(
            "exabgp.daemon.drop", "false",
            "exabgp.api.cli", "false",
            "exabgp.log.level", "ERR",
            "exabgp.log.destination", "stdout");

    @Option(
            names = "--prefixes",
            defaultValue = "100000",
            description = "Routes of a source (default ${DEFAULT-VALUE}).")
    private int prefixes;

    @Option(
            names = "--received",
            defaultValue = "1000000",
            description = "Routes of a sink, and beside a single change (default ${DEFAULT-VALUE}).")
    private int many;

    @Option(names = "--rounds", defaultValue = "5", description = "Samples of each time (default ${DEFAULT-VALUE}).")
    private int rounds;

    @Option(names = "--changes", defaultValue = "1000", description = "Single changes (default ${DEFAULT-VALUE}).")
    private int changes;

    @Option(
            names = "--neighbors",
            defaultValue = "1000",
            description = "Neighbours that are kept alive (default ${DEFAULT-VALUE}).")
    private int neighbors;

    @Option(names = "--seconds", defaultValue = "30", description = "For so long (default ${DEFAULT-VALUE}).")
    private int seconds;

    @Option(
            names = "--only",
            split = ",",
            defaultValue = "table,change,received,group,crowd",
            description = "Only these: table, helper (ExaBGP's takes a minute), change, received, group, crowd.")
    private Set<String> only = Set.of();

    @Option(names = "--report", paramLabel = "FILE", description = "Write all samples as JSON.")
    private Path file;

    private final ObjectNode report = new ObjectMapper().createObjectNode();
    private final List<String> failures = new ArrayList<>();

    /** Has one source begin; the session is up some time later. */
    @FunctionalInterface
    private interface Source {
        void start(BgpSite site) throws IOException, InterruptedException;
    }

    @Override
    public Integer call() throws Exception {
        if (only.contains("table")) {
            tables();
        }
        if (only.contains("change")) {
            change(prefixes);
            change(many);
        }
        if (only.contains("received")) {
            received();
        }
        if (only.contains("group")) {
            group();
        }
        if (only.contains("crowd")) {
            crowd();
        }
        failures.forEach(failure -> System.out.println("does not hold: " + failure));
        if (file != null) {
            failures.forEach(report.putArray("failures")::add);
            Machine.write(file, report);
        }
        return failures.isEmpty() ? 0 : 1;
    }

    private void tables() throws Exception {
        Map<String, Source> sources = new LinkedHashMap<>();
        sources.put("ours", site -> site.startOurs("source", List.of("source", String.valueOf(prefixes))));
        sources.put("ours, by a helper", this::ourHelper);
        sources.put("exabgp", this::exabgp);
        sources.put("gobgp", this::gobgp);
        sources.put("bird", site -> Bird.startSource(site, prefixes));
        if (only.contains("helper")) {
            sources.put("exabgp, by a helper", this::exabgpHelper);
        }
        Map<String, List<Double>> samples = new LinkedHashMap<>();
        for (int round = 0; round < rounds; round++) {
            for (Map.Entry<String, Source> source : sources.entrySet()) {
                try (BgpSite site = new BgpSite()) {
                    source.getValue().start(site);
                    double ms = Bird.startSink(site).awaitAll(prefixes);
                    samples.computeIfAbsent(source.getKey(), _ -> new ArrayList<>())
                            .add(ms);
                    System.err.printf(Locale.ROOT, "%s: %.0f ms%n", source.getKey(), ms);
                }
            }
        }
        ObjectNode node = report.putObject("tableMs");
        Map<String, Double> medians = new LinkedHashMap<>();
        samples.forEach((source, times) -> {
            ArrayNode all = node.putArray(source);
            times.forEach(all::add);
            medians.put(source, Figures.median(times));
        });
        medians.forEach((source, ms) -> System.out.printf(
                Locale.ROOT,
                "%d prefixes, Established to the last at BIRD: %-20s %6.0f ms, %.2f of ExaBGP's%n",
                prefixes,
                source,
                ms,
                ms / medians.get("exabgp")));
        require("of ExaBGP's time", medians.get("ours") / medians.get("exabgp"), MAX_RATIO_TO_EXABGP);
        require("of GoBGP's time", medians.get("ours") / medians.get("gobgp"), 1);
        require(
                "by a helper, of the time without",
                medians.get("ours, by a helper") / medians.get("ours"),
                MAX_RATIO_OF_HELPER);
    }

    private void require(String what, double figure, double most) {
        if (!(figure <= most)) {
            failures.add(String.format(Locale.ROOT, "%s: %.2f, wanted %.2f", what, figure, most));
        }
    }

    private Path helper(BgpSite site) throws IOException {
        Path lines = site.file("lines");
        Routes.write(
                lines,
                "",
                prefixes,
                i -> "announce route " + Routes.text(i, prefixes) + " next-hop " + BgpSite.SOURCE,
                "");
        Path script = site.file("helper.sh", "#!/bin/sh\ncat " + lines + "\nexec sleep 1000\n");
        if (!script.toFile().setExecutable(true)) {
            throw new IOException("cannot make " + script + " executable");
        }
        return script;
    }

    private void ourHelper(BgpSite site) throws IOException {
        Path script = helper(site);
        site.start(
                "source",
                "speak",
                AskedProcess.java(
                        org.secondsite.appliance.Main.class.getName(),
                        List.of(
                                "bgp",
                                "speak",
                                "--local-as",
                                String.valueOf(BgpSite.SOURCE_AS),
                                "--router-id",
                                BgpSite.SOURCE,
                                "--neighbor",
                                BgpSite.SINK,
                                "--peer-as",
                                String.valueOf(BgpSite.SINK_AS),
                                "--local-address",
                                BgpSite.SOURCE,
                                "--run",
                                script.toString())),
                Map.of());
    }

    private static String exabgpNeighbor(String body) {
        return """
                neighbor %s { router-id %s; local-address %s; local-as %d; peer-as %d; family { ipv4 unicast; }
                %s
                """.formatted(BgpSite.SINK, BgpSite.SOURCE, BgpSite.SOURCE, BgpSite.SOURCE_AS, BgpSite.SINK_AS, body);
    }

    private void exabgp(BgpSite site) throws IOException, InterruptedException {
        Routes.write(
                site.file("exabgp.conf"),
                exabgpNeighbor("static {"),
                prefixes,
                i -> "route " + Routes.text(i, prefixes) + " next-hop " + BgpSite.SOURCE + ";",
                "} }\n");
        site.start("source", "exabgp", List.of("exabgp", "exabgp.conf"), EXABGP);
    }

    private void exabgpHelper(BgpSite site) throws IOException {
        site.file(
                "exabgp.conf",
                "process lines { run " + helper(site) + "; encoder text; }\n"
                        + exabgpNeighbor("api { processes [ lines ]; } }"));
        site.start("source", "exabgp", List.of("exabgp", "exabgp.conf"), EXABGP);
    }

    private void gobgp(BgpSite site) throws IOException, InterruptedException {
        Routes.writeMrt(site.file("table.mrt"), prefixes, BgpSite.SOURCE_AS, BgpSite.SOURCE);
        startGobgp(site, "source", BgpSite.SOURCE, BgpSite.SOURCE_AS, "");
        // It loses some at the end of a file; what it has already it takes again.
        BgpSite.await("all routes are in GoBGP", () -> {
            site.query(
                    "source",
                    List.of(
                            "gobgp",
                            "mrt",
                            "inject",
                            "global",
                            site.file("table.mrt").toString(),
                            "--nexthop",
                            BgpSite.SOURCE,
                            "--no-ipv6"));
            return site.query("source", List.of("gobgp", "global", "rib", "summary"))
                    .contains("Destination: " + prefixes + ",");
        });
        site.query("source", List.of("gobgp", "neighbor", "add", BgpSite.SINK, "as", String.valueOf(BgpSite.SINK_AS)));
    }

    private static Process startGobgp(BgpSite site, String namespace, String id, long as, String more)
            throws IOException, InterruptedException {
        site.file("gobgp.toml", """
                [global.config]
                  as = %d
                  router-id = "%s"
                  local-address-list = ["%s"]
                %s
                """.formatted(as, id, id, more));
        Process process = site.start(
                namespace, "gobgpd", List.of("gobgpd", "-f", "gobgp.toml", "--api-hosts", "127.0.0.1:50051"), Map.of());
        BgpSite.await("GoBGP is up", () -> {
            try {
                return site.query(namespace, List.of("gobgp", "global")).contains(String.valueOf(as));
            } catch (IOException notYet) {
                return false;
            }
        });
        return process;
    }

    private void change(int routes) throws Exception {
        try (BgpSite site = new BgpSite()) {
            Bird bird = Bird.startSink(site);
            AskedProcess source = site.startOurs("source", List.of("source", String.valueOf(routes)));
            BgpSite.await(routes + " routes at BIRD", () -> bird.imported() == routes);
            JsonNode times = source.ask("changes " + changes);
            report.set("changeAmong" + routes, times);
            for (String what : List.of("loop", "wire")) {
                JsonNode time = times.get(what);
                System.out.printf(
                        Locale.ROOT,
                        "one change among %d routes, %s: p50 %.3f ms, p99 %.3f ms, max %.2f ms%n",
                        routes,
                        what.equals("loop") ? "of the event loop" : "to the wire",
                        time.get("p50Ms").asDouble(),
                        time.get("p99Ms").asDouble(),
                        time.get("maxMs").asDouble());
            }
            require("ms of the event loop at p99", times.at("/loop/p99Ms").asDouble(), MAX_LOOP_MS);
            require("ms to the wire at p99", times.at("/wire/p99Ms").asDouble(), MAX_WIRE_MS);
        }
    }

    private void received() throws Exception {
        List<Double> ours = new ArrayList<>();
        List<Double> gobgp = new ArrayList<>();
        double ourMib = 0;
        double gobgpMib = 0;
        double perRoute = 0;
        try (BgpSite site = new BgpSite()) {
            AskedProcess sink = site.startOurs("sink", List.of("sink"));
            long heap = sink.ask("heap 0").get("bytes").asLong();
            AskedProcess source = site.startOurs("source", List.of("source", String.valueOf(many)));
            long begin = source.ask("established 1").get("epochMs").asLong();
            JsonNode all = sink.ask("received " + many);
            ours.add((double) (all.get("epochMs").asLong() - begin));
            perRoute = (all.get("heapBytes").asLong() - heap) / (double) many;
            ourMib = BgpSite.mostMemoryMib(sink.pid());
        }
        try (BgpSite site = new BgpSite()) {
            Process sink = startGobgp(
                    site, "sink", BgpSite.SINK, BgpSite.SINK_AS, """
                    [[neighbors]]
                      [neighbors.config]
                        neighbor-address = "%s"
                        peer-as = %d
                      [neighbors.transport.config]
                        passive-mode = true
                    """.formatted(BgpSite.SOURCE, BgpSite.SOURCE_AS));
            AskedProcess source = site.startOurs("source", List.of("source", String.valueOf(many)));
            long begin = source.ask("established 1").get("epochMs").asLong();
            BgpSite.await("all routes at GoBGP", () -> site.query("sink", List.of("gobgp", "global", "rib", "summary"))
                    .contains("Destination: " + many + ","));
            gobgp.add((double) (System.currentTimeMillis() - begin));
            gobgpMib = BgpSite.mostMemoryMib(sink.pid());
        }
        report.putObject("received")
                .put("routes", many)
                .put("oursMs", Figures.median(ours))
                .put("gobgpMs", Figures.median(gobgp))
                .put("oursMib", ourMib)
                .put("gobgpMib", gobgpMib)
                .put("heapBytesPerRoute", perRoute);
        System.out.printf(
                Locale.ROOT,
                "%d received: ours %.0f ms, %.0f MiB at most, %.0f bytes of heap a route; GoBGP %.0f ms, %.0f MiB%n",
                many,
                Figures.median(ours),
                ourMib,
                perRoute,
                Figures.median(gobgp),
                gobgpMib);
        require("received, of GoBGP's time", Figures.median(ours) / Figures.median(gobgp), 1);
        require("received, of GoBGP's memory", ourMib / gobgpMib, 1);
    }

    private void group() throws Exception {
        try (BgpSite site = new BgpSite()) {
            AskedProcess hub = site.startOurs("source", List.of("hub", String.valueOf(GROUP_NEIGHBORS)));
            site.startOurs("source", List.of("crowd", String.valueOf(GROUP_NEIGHBORS)));
            JsonNode times = hub.ask("group " + GROUPS).get("group");
            report.set("group", times);
            System.out.printf(
                    Locale.ROOT,
                    "1000 prefixes of a group to %d neighbours: p50 %.2f ms, max %.2f ms%n",
                    GROUP_NEIGHBORS,
                    times.get("p50Ms").asDouble(),
                    times.get("maxMs").asDouble());
            require("ms for a group at p50", times.get("p50Ms").asDouble(), MAX_GROUP_MS);
        }
    }

    private void crowd() throws Exception {
        try (BgpSite site = new BgpSite()) {
            AskedProcess hub = site.startOurs("source", List.of("hub", String.valueOf(neighbors)));
            site.startOurs("source", List.of("crowd", String.valueOf(neighbors)));
            hub.ask("established " + neighbors);
            int downs = hub.ask("watch " + seconds).get("downs").asInt();
            report.putObject("crowd")
                    .put("neighbors", neighbors)
                    .put("seconds", seconds)
                    .put("downs", downs);
            System.out.printf(
                    Locale.ROOT, "%d neighbours, hold time 3 s, for %d s: %d lost%n", neighbors, seconds, downs);
            require("sessions lost", downs, 0);
        }
    }
}
