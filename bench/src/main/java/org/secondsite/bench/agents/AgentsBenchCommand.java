package org.secondsite.bench.agents;

import java.io.IOException;
import java.lang.foreign.ValueLayout;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.concurrent.Callable;
import java.util.concurrent.TimeUnit;
import java.util.function.ToDoubleFunction;
import org.secondsite.config.AgentConfig;
import org.secondsite.config.SiteId;
import org.secondsite.config.VmId;
import org.secondsite.config.io.DirectoryTree;
import org.secondsite.pki.TestAuthority;
import org.secondsite.replicator.PageSet;
import org.secondsite.replicator.agent.AgentTiming;
import org.secondsite.replicator.agent.GatewayAccess;
import org.secondsite.replicator.agent.SyntheticVm;
import org.secondsite.replicator.agent.io.CheckpointAgent;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;

/**
 * {@code secondsite bench agents}: an agent and a gateway's port on loopback, with and without TLS by turns, in one run. The VM writes a
 * part of its RAM between two checkpoints. What is behind the port, tunnel and standby, is the same with and without.
 */
@Command(
        name = "agents",
        mixinStandardHelpOptions = true,
        description = "What TLS costs between an agent and its gateway: pause, time to the gateway, throughput.")
public final class AgentsBenchCommand implements Callable<Integer> {
    private static final VmId VM = new VmId("vm1");
    private static final String HOST = "host-a";
    private static final int RAM_BYTES = 64 << 20;
    private static final int INTERVAL_MS = 20;

    /** So much worse at most. */
    private static final double LIMIT = 1.05;

    @Option(names = "--rounds", defaultValue = "5", description = "Samples of each figure (default ${DEFAULT-VALUE}).")
    private int rounds;

    @Option(names = "--seconds", defaultValue = "2", description = "Length of one sample (default ${DEFAULT-VALUE}).")
    private double seconds;

    @Option(
            names = "--pages",
            defaultValue = "256,8192",
            split = ",",
            description = "Pages that the VM writes between two checkpoints (default ${DEFAULT-VALUE}).")
    private List<Integer> pages;

    private Path directory;

    private record Line(String words, ToDoubleFunction<SealingGateway.Sample> figure, boolean moreIsBetter) {}

    @Override
    public Integer call() throws Exception {
        directory = Files.createTempDirectory("secondsite-bench-agents");
        List<String> failures = new ArrayList<>();
        try {
            TestAuthority authority = new TestAuthority(directory.resolve("pki"));
            for (int count : pages) {
                compare(authority, count, failures);
            }
        } finally {
            DirectoryTree.delete(directory);
        }
        failures.forEach(failure -> System.out.println("does not hold: " + failure));
        return failures.isEmpty() ? 0 : 1;
    }

    private void compare(TestAuthority authority, int count, List<String> failures) throws Exception {
        List<SealingGateway.Sample> plain = new ArrayList<>();
        List<SealingGateway.Sample> tls = new ArrayList<>();
        for (int round = 0; round <= rounds; round++) {
            SealingGateway.Sample without = sample(Optional.empty(), count);
            SealingGateway.Sample with = sample(Optional.of(authority), count);
            if (round > 0) { // the first ones warm up
                plain.add(without);
                tls.add(with);
            }
        }
        List<Line> lines = List.of(
                new Line("pause p50, ms", sample -> sample.pauses().ms(50), false),
                new Line(
                        "seal to whole epoch p50, ms", sample -> sample.epochs().ms(50), false),
                new Line(
                        "seal to whole epoch p99, ms", sample -> sample.epochs().ms(99), false),
                new Line("MB/s", sample -> sample.bytes() / seconds / 1e6, true));
        for (Line line : lines) {
            double without = median(plain, line.figure());
            double with = median(tls, line.figure());
            double ratio = line.moreIsBetter() ? without / with : with / without;
            String words = String.format(
                    Locale.ROOT,
                    "%d pages, %s: plain %.2f, TLS %.2f, ratio %.2f",
                    count,
                    line.words(),
                    without,
                    with,
                    ratio);
            System.out.println(words);
            if (ratio > LIMIT) {
                failures.add(words);
            }
        }
    }

    private static double median(List<SealingGateway.Sample> samples, ToDoubleFunction<SealingGateway.Sample> figure) {
        double[] sorted = samples.stream().mapToDouble(figure).sorted().toArray();
        return sorted[sorted.length / 2];
    }

    private SealingGateway.Sample sample(Optional<TestAuthority> authority, int count) throws Exception {
        SyntheticVm vm = new SyntheticVm(VM, RAM_BYTES);
        vm.boot();
        try (SealingGateway gateway = gateway(authority);
                CheckpointAgent _ = CheckpointAgent.open(
                        new GatewayAccess(gateway.address(), proof(authority)), List.of(vm), AgentTiming.USUAL)) {
            long end = System.nanoTime() + TimeUnit.SECONDS.toNanos(1);
            work(vm, count, end);
            gateway.take();
            work(vm, count, System.nanoTime() + (long) (seconds * 1e9));
            return gateway.take();
        }
    }

    private static SealingGateway gateway(Optional<TestAuthority> authority) throws Exception {
        return new SealingGateway(
                VM,
                HOST,
                authority.isPresent() ? Optional.of(authority.get().issue("a")) : Optional.empty(),
                INTERVAL_MS);
    }

    private static Optional<AgentConfig.Proof> proof(Optional<TestAuthority> authority) throws Exception {
        return authority.isPresent()
                ? Optional.of(
                        new AgentConfig.Proof(new SiteId("a"), authority.get().issue(HOST)))
                : Optional.empty();
    }

    /** The guest writes a word of each page, again and again, a little at a time. */
    private static void work(SyntheticVm vm, int count, long endNanos) throws IOException, InterruptedException {
        for (long turn = 1; System.nanoTime() < endNanos; turn++) {
            long value = turn;
            vm.run((ram, registers) -> {
                for (int page = 0; page < count; page++) {
                    ram.set(ValueLayout.JAVA_LONG, (long) page * PageSet.PAGE_BYTES, value);
                }
                return value;
            });
            Thread.sleep(2);
        }
    }
}
