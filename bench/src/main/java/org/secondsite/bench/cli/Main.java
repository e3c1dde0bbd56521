package org.secondsite.bench.cli;

import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.EnumSet;
import java.util.List;
import java.util.Set;
import java.util.concurrent.Callable;
import java.util.function.Consumer;
import org.secondsite.bench.BufferReport;
import org.secondsite.bench.Workload;
import org.secondsite.bench.agents.AgentsBenchCommand;
import org.secondsite.bench.bgp.BgpBenchCommand;
import org.secondsite.bench.detection.DetectionBenchCommand;
import org.secondsite.bench.disk.DiskBenchCommand;
import org.secondsite.bench.io.BufferBench;
import org.secondsite.bench.io.CodecCommand;
import org.secondsite.bench.io.Machine;
import org.secondsite.bench.io.TunnelCommand;
import org.secondsite.bench.openflow.OpenFlowBenchCommand;
import org.secondsite.bench.site.SiteBenchCommand;
import org.secondsite.bench.trace.ReplicatorCommand;
import org.secondsite.bench.witness.WitnessBenchCommand;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.ScopeType;
import picocli.CommandLine.Spec;

/** The benchmarks' commands. Exit codes: 0 all ratios hold, 1 one does not or a step failed, 2 wrong usage. */
@Command(
        name = "secondsite bench",
        description = "Measurements against peers, in the same run.",
        mixinStandardHelpOptions = true,
        scope = ScopeType.INHERIT,
        subcommands = {
            Main.Buffer.class,
            CodecCommand.class,
            TunnelCommand.class,
            BgpBenchCommand.class,
            WitnessBenchCommand.class,
            DetectionBenchCommand.class,
            DiskBenchCommand.class,
            AgentsBenchCommand.class,
            OpenFlowBenchCommand.class,
            SiteBenchCommand.class,
            ReplicatorCommand.class
        })
public final class Main implements Runnable {
    @Spec
    private CommandSpec spec;

    private Main() {}

    /** Runs a benchmark and exits with its code. */
    public static void main(String[] arguments) {
        System.exit(execute(arguments));
    }

    /** Runs a benchmark. */
    public static int execute(String... arguments) {
        return new CommandLine(new Main())
                .setCaseInsensitiveEnumValuesAllowed(true)
                .setExecutionExceptionHandler((failure, line, _) -> {
                    line.getErr().println("bench: " + failure);
                    return 1;
                })
                .execute(arguments);
    }

    @Override
    public void run() {
        throw new ParameterException(spec.commandLine(), "which benchmark? (see --help)");
    }

    /** {@code secondsite bench buffer}. */
    @Command(
            name = "buffer",
            mixinStandardHelpOptions = true,
            description = "The data plane against the kernel's own bridge and routing. Needs root.")
    static final class Buffer implements Callable<Integer> {
        @Option(
                names = "--rounds",
                defaultValue = "3",
                description = "Samples of each figure (default ${DEFAULT-VALUE}).")
        private int rounds;

        @Option(
                names = "--seconds",
                defaultValue = "2",
                description = "Length of one sample of a throughput (default ${DEFAULT-VALUE}).")
        private double seconds;

        @Option(
                names = "--only",
                split = ",",
                paramLabel = "WORKLOAD",
                description = "Only these: udp-64, udp-1400, udp-64-many, tcp-gso, tcp-no-gso, inbound, cpu, checks.")
        private List<String> only = new ArrayList<>();

        @Option(names = "--report", paramLabel = "FILE", description = "Write all samples as JSON.")
        private Path file;

        @Spec
        private CommandSpec spec;

        @Override
        public Integer call() throws IOException, InterruptedException {
            Consumer<String> progress = System.err::println;
            BufferReport report;
            try (BufferBench bench = new BufferBench(plan(), progress)) {
                // Whoever interrupts a run leaves no namespaces behind.
                Runtime.getRuntime().addShutdownHook(new Thread(bench::close, "bench-end"));
                report = bench.run();
            }
            System.out.println(report.table());
            report.failures().forEach(failure -> System.out.println("does not hold: " + failure));
            if (file != null) {
                Machine.write(file, report.json());
            }
            return report.failures().isEmpty() ? 0 : 1;
        }

        private BufferBench.Plan plan() {
            Set<Workload> workloads = EnumSet.noneOf(Workload.class);
            boolean checks = only.isEmpty() || only.contains("checks");
            for (String name : only) {
                if (!name.equals("checks")) {
                    workloads.add(Workload.labelled(name)
                            .orElseThrow(() -> new ParameterException(
                                    spec.commandLine(), "'" + name + "' is no workload (see --help)")));
                }
            }
            if (only.isEmpty()) {
                workloads.addAll(EnumSet.allOf(Workload.class));
            }
            if (checks || workloads.contains(Workload.CPU)) {
                workloads.add(Workload.UDP_64); // their rate follows from it
            }
            return new BufferBench.Plan(rounds, seconds, workloads, checks);
        }
    }
}
