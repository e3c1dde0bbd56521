package org.secondsite.bench.site;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.concurrent.Callable;
import java.util.concurrent.TimeUnit;
import java.util.function.BooleanSupplier;
import org.secondsite.bench.io.Machine;
import org.secondsite.bench.process.FreePorts;
import org.secondsite.bench.process.JavaProcess;
import org.secondsite.config.io.DirectoryTree;
import org.secondsite.pki.PkiCommand;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;

/**
 * {@code secondsite bench site}.
 *
 * <p>Whole gateways, their agents, the tunnel between them and a witness, each a process of its own, on loopback; VMs without a
 * hypervisor, each a group by itself, that write so much between two checkpoints. Then every process of the owner's site is killed, and the
 * other one takes over all groups. With more than one pair of gateways only the first one's owner dies, and the others' groups must
 * not notice.
 */
@Command(
        name = "site",
        mixinStandardHelpOptions = true,
        description =
                "Many VMs through whole gateways, agents and tunnel: commit latency, processor and memory of each,"
                        + " takeover of all groups.")
public final class SiteBenchCommand implements Callable<Integer> {
    private static final double MAX_COMMIT_MS = 100;
    private static final double MAX_TAKEOVER_MS = 2000;
    private static final int PROTECTED_WITHIN_SECONDS = 120;
    private static final int TAKEN_OVER_WITHIN_SECONDS = 60;
    private static final int WARM_UP_SECONDS = 5;
    private static final String PROTECTED = "PROTECTED";

    @Option(
            names = "--vms",
            split = ",",
            defaultValue = "1,10,50,200",
            description = "How many VMs each pair has (default ${DEFAULT-VALUE}).")
    private List<Integer> sizes;

    @Option(names = "--pairs", defaultValue = "1", description = "Pairs of gateways (default ${DEFAULT-VALUE}).")
    private int pairs;

    @Option(names = "--seconds", defaultValue = "20", description = "How long is measured (default ${DEFAULT-VALUE}).")
    private int seconds;

    @Option(
            names = "--interval-ms",
            defaultValue = "100",
            description = "Between two checkpoints (default ${DEFAULT-VALUE}).")
    private int intervalMs;

    @Option(
            names = "--dirty-kib",
            defaultValue = "64",
            description = "What a VM writes between two checkpoints (default ${DEFAULT-VALUE}).")
    private int dirtyKib;

    @Option(names = "--ram-kib", defaultValue = "1024", description = "RAM of a VM (default ${DEFAULT-VALUE}).")
    private int ramKib;

    @Option(names = "--report", paramLabel = "FILE", description = "Write the figures as JSON.")
    private Path report;

    private final ObjectNode figures = JsonNodeFactory.instance.objectNode();
    private final List<String> failures = new ArrayList<>();

    @Override
    public Integer call() throws Exception {
        for (int size : sizes) {
            Path directory = Files.createTempDirectory("secondsite-bench-site");
            try {
                measure(size, directory);
            } finally {
                DirectoryTree.delete(directory);
            }
        }
        if (report != null) {
            Machine.write(report, figures);
        }
        failures.forEach(failure -> System.out.println("does not hold: " + failure));
        return failures.isEmpty() ? 0 : 1;
    }

    private void measure(int size, Path directory) throws Exception {
        PkiCommand.write(directory, SiteFiles.names(pairs));
        SiteFiles files = new SiteFiles(size, intervalMs);
        int[] ports = FreePorts.of(1 + 4 * pairs);
        InetSocketAddress witnessAt = new InetSocketAddress(InetAddress.getLoopbackAddress(), ports[0]);
        Path witnessFile = Files.writeString(directory.resolve("witness.yaml"), files.witness(pairs, witnessAt));
        List<MeasuredPair> all = new ArrayList<>();
        try (JavaProcess _ = JavaProcess.startWitness(
                JavaProcess.Classes.of(JavaProcess.Classes.LINKED_FOR_WITNESS),
                directory.resolve("witness.log"),
                "witness",
                "--config",
                witnessFile.toString(),
                "--initialize")) {
            for (int pair = 1; pair <= pairs; pair++) {
                int from = 1 + 4 * (pair - 1);
                all.add(new MeasuredPair(
                        directory,
                        files,
                        pair,
                        Map.of(
                                SiteFiles.End.OWNER, new SiteFiles.Ports(ports[from], ports[from + 1]),
                                SiteFiles.End.STANDBY, new SiteFiles.Ports(ports[from + 2], ports[from + 3])),
                        witnessAt,
                        new MeasuredPair.Guests(ramKib, dirtyKib)));
            }
            steady(all, size);
            takeover(all, size);
        } finally {
            all.forEach(MeasuredPair::close);
        }
    }

    /** Protection as it goes on: how late commits are, and what each process takes. */
    private void steady(List<MeasuredPair> all, int size) throws Exception {
        await("protection of all groups", PROTECTED_WITHIN_SECONDS, () -> all.stream()
                .allMatch(pair -> pair.in(SiteFiles.End.OWNER, PROTECTED) == size));
        TimeUnit.SECONDS.sleep(WARM_UP_SECONDS);
        Map<String, JavaProcess> processes = new LinkedHashMap<>();
        all.forEach(pair -> processes.putAll(pair.processes()));
        long epochsBefore = epochs(all);
        Map<String, Long> processorBefore = new LinkedHashMap<>();
        for (Map.Entry<String, JavaProcess> one : processes.entrySet()) {
            processorBefore.put(one.getKey(), one.getValue().processorNanos());
        }
        long start = System.nanoTime();
        TimeUnit.SECONDS.sleep(seconds);
        double took = (System.nanoTime() - start) / 1e9;
        ObjectNode node = figures.putObject(Integer.toString(size));
        double epochs = (epochs(all) - epochsBefore) / took / (size * pairs);
        Commits commits = Commits.of(all);
        say(String.format(
                Locale.ROOT,
                "%d VMs: %.1f epochs/s each, commit p50 %.1f ms, p99 %.1f ms (of the worst VM %.1f ms)",
                size * pairs,
                epochs,
                commits.p50(),
                commits.p99(),
                commits.worst()));
        node.put("epochsPerSecond", epochs)
                .put("commitP50Ms", commits.p50())
                .put("commitP99Ms", commits.p99())
                .put("worstCommitP99Ms", commits.worst());
        must(
                commits.p99() <= MAX_COMMIT_MS,
                String.format(
                        Locale.ROOT,
                        "%d VMs: commit p99 %.1f ms, wanted %.0f",
                        size * pairs,
                        commits.p99(),
                        MAX_COMMIT_MS));
        ObjectNode each = node.putObject("processes");
        for (Map.Entry<String, JavaProcess> one : processes.entrySet()) {
            double processor = (one.getValue().processorNanos() - processorBefore.get(one.getKey())) / 1e9 / took;
            double resident = one.getValue().residentKib("VmRSS") / 1024.0;
            say(String.format(
                    Locale.ROOT,
                    "  %-12s %5.1f %% of a processor, %.3f %% a VM; %.0f MiB, %.2f MiB a VM",
                    one.getKey(),
                    100 * processor,
                    100 * processor / size,
                    resident,
                    resident / size));
            each.putObject(one.getKey()).put("processors", processor).put("residentMiB", resident);
        }
    }

    /** The median and p99 are those in the middle of all VMs'. */
    private record Commits(double p50, double p99, double worst) {
        static Commits of(List<MeasuredPair> all) throws IOException {
            List<Double> medians = new ArrayList<>();
            List<Double> tails = new ArrayList<>();
            for (MeasuredPair pair : all) {
                for (JsonNode group : pair.groups(SiteFiles.End.OWNER)) {
                    JsonNode commit = group.path("vms").path(0).path("commitMs");
                    medians.add(commit.path("p50").asDouble());
                    tails.add(commit.path("p99").asDouble());
                }
            }
            medians.sort(Comparator.naturalOrder());
            tails.sort(Comparator.naturalOrder());
            return new Commits(medians.get(medians.size() / 2), tails.get(tails.size() / 2), tails.getLast());
        }
    }

    private static long epochs(List<MeasuredPair> all) throws IOException {
        long sum = 0;
        for (MeasuredPair pair : all) {
            for (JsonNode group : pair.groups(SiteFiles.End.OWNER)) {
                String committed = group.path("vms").path(0).path("committed").asText();
                sum += Long.parseLong(committed.substring(committed.lastIndexOf('/') + 1));
            }
        }
        return sum;
    }

    private void takeover(List<MeasuredPair> all, int size) throws Exception {
        MeasuredPair dying = all.getFirst();
        long killed = dying.killOwner();
        await(
                "takeover of all groups",
                TAKEN_OVER_WITHIN_SECONDS,
                () -> dying.in(SiteFiles.End.STANDBY, "SOLO") == size);
        List<Long> activated = dying.activated(killed);
        if (activated.size() < size) {
            throw new IOException("the timeline tells of " + activated.size() + " VMs that run, of " + size);
        }
        double first = (activated.getFirst() - killed) / 1e6;
        double last = (activated.getLast() - killed) / 1e6;
        say(String.format(
                Locale.ROOT, "%d VMs: takeover, first VM runs after %.0f ms, all after %.0f ms", size, first, last));
        figures.withObject("/" + size).put("firstTakeoverMs", first).put("takeoverMs", last);
        must(
                last <= MAX_TAKEOVER_MS,
                String.format(Locale.ROOT, "%d VMs: takeover after %.0f ms, wanted %.0f", size, last, MAX_TAKEOVER_MS));
        for (int pair = 1; pair < all.size(); pair++) {
            long untouched = all.get(pair).in(SiteFiles.End.OWNER, PROTECTED);
            say(String.format(
                    Locale.ROOT,
                    "pair %d, which nothing happened to: %d of %d groups are protected at their owner",
                    pair + 1,
                    untouched,
                    size));
            must(
                    untouched == size,
                    String.format(Locale.ROOT, "pair %d: %d of %d groups are protected", pair + 1, untouched, size));
        }
    }

    private void must(boolean holds, String words) {
        if (!holds) {
            failures.add(words);
        }
    }

    private static void say(String words) {
        System.out.println(words);
    }

    private static void await(String what, int limitSeconds, BooleanSupplier condition) throws Exception {
        long end = System.nanoTime() + TimeUnit.SECONDS.toNanos(limitSeconds);
        while (!condition.getAsBoolean()) {
            if (System.nanoTime() > end) {
                throw new IOException(what + " did not come about within " + limitSeconds + " s");
            }
            TimeUnit.MILLISECONDS.sleep(200);
        }
    }
}
