package org.secondsite.bench.agents;

import java.io.IOException;
import java.lang.foreign.ValueLayout;
import java.net.UnixDomainSocketAddress;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.EnumMap;
import java.util.EnumSet;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.Callable;
import java.util.concurrent.TimeUnit;
import java.util.function.ToDoubleFunction;
import org.secondsite.config.AgentConfig;
import org.secondsite.config.SiteId;
import org.secondsite.config.TlsFiles;
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
 * {@code secondsite bench agents}: an agent and a gateway on one machine, by plain TCP, by TLS and by a Unix socket in turns, in one run. The VM
 * writes a part of its RAM between two checkpoints. What is behind the gateway's port, tunnel and standby, is the same for all.
 */
@Command(
        name = "agents",
        mixinStandardHelpOptions = true,
        description = "What TLS, or a Unix socket, costs between an agent and its gateway: pause, time to the gateway,"
                + " throughput.")
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

    /** How an agent and its gateway speak. */
    private enum Way {
        PLAIN("plain TCP"),
        TLS("TLS"),
        /** By a Unix socket, where the kernel says who is at the other end. */
        LOCAL("socket");

        private final String words;

        Way(String words) {
            this.words = words;
        }
    }

    /**
     * A figure.
     *
     * @param held which ways may cost no more than they may: over TLS bulk may cost more, which is what the Unix socket is for
     */
    private record Line(
            String words, ToDoubleFunction<SealingGateway.Sample> figure, boolean moreIsBetter, Set<Way> held) {
        double of(List<SealingGateway.Sample> samples) {
            double[] sorted = samples.stream().mapToDouble(figure).sorted().toArray();
            return sorted[sorted.length / 2];
        }

        double ratio(double plain, double other) {
            return moreIsBetter ? plain / other : other / plain;
        }
    }

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
        Map<Way, List<SealingGateway.Sample>> samples = new EnumMap<>(Way.class);
        for (int round = 0; round <= rounds; round++) {
            for (Way way : Way.values()) {
                SealingGateway.Sample sample = sample(authority, way, count);
                if (round > 0) { // the first ones warm up
                    samples.computeIfAbsent(way, first -> new ArrayList<>()).add(sample);
                }
            }
        }
        Set<Way> all = EnumSet.of(Way.TLS, Way.LOCAL);
        Set<Way> local = EnumSet.of(Way.LOCAL);
        List<Line> lines = List.of(
                new Line("pause p50, ms", sample -> sample.pauses().ms(50), false, all),
                new Line(
                        "seal to whole epoch p50, ms", sample -> sample.epochs().ms(50), false, local),
                new Line(
                        "seal to whole epoch p99, ms", sample -> sample.epochs().ms(99), false, local),
                new Line("MB/s", sample -> sample.bytes() / seconds / 1e6, true, local));
        for (Line line : lines) {
            double plain = line.of(samples.get(Way.PLAIN));
            StringBuilder words = new StringBuilder(
                    String.format(Locale.ROOT, "%d pages, %s: plain TCP %.2f", count, line.words(), plain));
            for (Way way : all) {
                double other = line.of(samples.get(way));
                double ratio = line.ratio(plain, other);
                words.append(String.format(Locale.ROOT, ", %s %.2f (ratio %.2f)", way.words, other, ratio));
                if (line.held().contains(way) && ratio > LIMIT) {
                    failures.add(String.format(
                            Locale.ROOT, "%d pages, %s, %s: ratio %.2f", count, line.words(), way.words, ratio));
                }
            }
            System.out.println(words);
        }
    }

    private SealingGateway.Sample sample(TestAuthority authority, Way way, int count) throws Exception {
        SyntheticVm vm = new SyntheticVm(VM, RAM_BYTES);
        vm.boot();
        Path socket = directory.resolve("agents.sock");
        Optional<TlsFiles> shown = way == Way.PLAIN ? Optional.empty() : Optional.of(authority.issue("a"));
        try (SealingGateway gateway = new SealingGateway(
                        VM, HOST, shown, way == Way.LOCAL ? Optional.of(socket) : Optional.empty(), INTERVAL_MS);
                CheckpointAgent _ =
                        CheckpointAgent.open(access(authority, way, gateway, socket), List.of(vm), AgentTiming.USUAL)) {
            long end = System.nanoTime() + TimeUnit.SECONDS.toNanos(1);
            work(vm, count, end);
            gateway.take();
            work(vm, count, System.nanoTime() + (long) (seconds * 1e9));
            return gateway.take();
        }
    }

    private static GatewayAccess access(TestAuthority authority, Way way, SealingGateway gateway, Path socket)
            throws Exception {
        return switch (way) {
            case PLAIN -> GatewayAccess.plain(gateway.address());
            case TLS ->
                new GatewayAccess(
                        gateway.address(), Optional.of(new AgentConfig.Proof(new SiteId("a"), authority.issue(HOST))));
            case LOCAL -> GatewayAccess.plain(UnixDomainSocketAddress.of(socket));
        };
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
