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
    private final Map<String, String> absent = new LinkedHashMap<>();

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
            ObjectNode left = report.putObject("absent");
            absent.forEach(left::put);
            Machine.write(file, report);
        }
        return failures.isEmpty() ? 0 : 1;
    }

    private void tables() throws Exception {
        Sources known = new Sources(prefixes);
        Map<String, Sources.Source> sources = only.contains("helper") ? known.withSlow() : known.usual();
        Map<String, List<Double>> samples = new LinkedHashMap<>();
        for (int round = 0; round < rounds; round++) {
            for (Map.Entry<String, Sources.Source> source : sources.entrySet()) {
                if (!absent.containsKey(source.getKey())) {
                    sample(source.getKey(), source.getValue(), samples);
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
                ms / medians.getOrDefault("exabgp", Double.NaN)));
        require("of ExaBGP's time", medians, "ours", "exabgp", MAX_RATIO_TO_EXABGP);
        require("of GoBGP's time", medians, "ours", "gobgp", 1);
        require("by a helper, of the time without", medians, "ours, by a helper", "ours", MAX_RATIO_OF_HELPER);
    }

    /** One time of a source; another project's that cannot be had, or takes too long, is told, and not tried again. */
    private void sample(String name, Sources.Source source, Map<String, List<Double>> samples)
            throws IOException, InterruptedException {
        try (BgpSite site = new BgpSite()) {
            source.start(site);
            double ms = Bird.startSink(site).awaitAll(prefixes);
            samples.computeIfAbsent(name, _ -> new ArrayList<>()).add(ms);
            System.err.printf(Locale.ROOT, "%s: %.0f ms%n", name, ms);
        } catch (IOException e) {
            if (name.startsWith("ours")) {
                throw new IOException(name + ": " + e.getMessage(), e);
            }
            isAbsent(name, e, samples.getOrDefault(name, List.of()).size());
        }
    }

    private void isAbsent(String name, IOException reason, int rounds) {
        absent.put(name, reason.getMessage() + (rounds > 0 ? "; its figures are of " + rounds + " before" : ""));
        System.out.println(name + " is left out from now on: " + absent.get(name));
    }

    private void require(String what, Map<String, Double> figures, String ours, String theirs, double most) {
        if (figures.containsKey(theirs)) {
            require(what, figures.get(ours) / figures.get(theirs), most);
        }
    }

    private void require(String what, double figure, double most) {
        if (!(figure <= most)) {
            failures.add(String.format(Locale.ROOT, "%s: %.2f, wanted %.2f", what, figure, most));
        }
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
        double oursMs;
        double oursMib;
        double perRoute;
        try (BgpSite site = new BgpSite()) {
            AskedProcess sink = site.startOurs("sink", List.of("sink"));
            long heap = sink.ask("heap 0").get("bytes").asLong();
            AskedProcess source = site.startOurs("source", List.of("source", String.valueOf(many)));
            long begin = source.ask("established 1").get("epochMs").asLong();
            JsonNode all = sink.ask("received " + many);
            oursMs = all.get("epochMs").asLong() - begin;
            perRoute = (all.get("heapBytes").asLong() - heap) / (double) many;
            oursMib = BgpSite.mostMemoryMib(sink.pid());
        }
        ObjectNode node = report.putObject("received")
                .put("routes", many)
                .put("oursMs", oursMs)
                .put("oursMib", oursMib)
                .put("heapBytesPerRoute", perRoute);
        System.out.printf(
                Locale.ROOT,
                "%d received: ours %.0f ms, %.0f MiB at most, %.0f bytes of heap a route%n",
                many,
                oursMs,
                oursMib,
                perRoute);
        try {
            receivedByGobgp(node);
        } catch (IOException e) {
            isAbsent("gobgp as a sink", e, 0);
        }
    }

    private void receivedByGobgp(ObjectNode node) throws IOException, InterruptedException {
        try (BgpSite site = new BgpSite()) {
            Process sink = Sources.startGobgp(
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
            double ms = System.currentTimeMillis() - begin;
            double mib = BgpSite.mostMemoryMib(sink.pid());
            node.put("gobgpMs", ms).put("gobgpMib", mib);
            System.out.printf(Locale.ROOT, "%d received: GoBGP %.0f ms, %.0f MiB%n", many, ms, mib);
            require("received, of GoBGP's time", node.get("oursMs").asDouble() / ms, 1);
            require("received, of GoBGP's memory", node.get("oursMib").asDouble() / mib, 1);
        }
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
