package org.secondsite.bench.io;

import java.io.IOException;
import java.io.InputStream;
import java.lang.management.ManagementFactory;
import java.lang.management.ThreadMXBean;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.Callable;
import org.secondsite.bench.CodecContender;
import org.secondsite.bench.CodecReport;
import org.secondsite.bench.codec.PageCoder;
import org.secondsite.config.VmId;
import org.secondsite.replicator.Epoch;
import org.secondsite.replicator.trace.ColoTrace;
import org.secondsite.replicator.trace.ReplayReport;
import org.secondsite.replicator.trace.io.ReplayTrace;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** {@code secondsite bench codec}: processor time of one thread, and bytes. */
@Command(
        name = "codec",
        mixinStandardHelpOptions = true,
        description = "The page codec against zlib, zstd, LZ4 and XBZRLE's rule, on a recording.")
public final class CodecCommand implements Callable<Integer> {
    @Parameters(paramLabel = "TRACE", description = "A recorded COLO exchange, plain or .zst.")
    private Path trace;

    @Option(
            names = "--rounds",
            defaultValue = "15",
            description =
                    "Runs of each codec; times are medians, so the first ones warm up (default ${DEFAULT-VALUE}).")
    private int rounds;

    @Option(names = "--report", paramLabel = "FILE", description = "Write the figures as JSON.")
    private Path file;

    @Override
    public Integer call() throws IOException {
        CodecReport report = new CodecReport();
        for (CodecContender contender : CodecContender.values()) {
            System.err.println(contender.title() + " …");
            List<ReplayReport> measured = new ArrayList<>();
            for (int round = 0; round < Math.max(1, rounds); round++) {
                measured.add(run(contender));
            }
            report.add(contender, measured);
        }
        System.out.println(report.table());
        report.failures().forEach(failure -> System.out.println("does not hold: " + failure));
        if (file != null) {
            Machine.write(file, report.json());
        }
        return report.failures().isEmpty() ? 0 : 1;
    }

    private ReplayReport run(CodecContender contender) throws IOException {
        ThreadMXBean threads = ManagementFactory.getThreadMXBean();
        List<ReplayReport.Measured> measured = new ArrayList<>();
        try (InputStream in = ReplayTrace.open(trace);
                PageCoder coder = contender.coder()) {
            ColoTrace recording = new ColoTrace(new VmId("replayed"), in);
            for (Optional<ColoTrace.Recorded> next = recording.next(); next.isPresent(); next = recording.next()) {
                try (Epoch epoch = next.get().epoch()) {
                    long start = threads.getCurrentThreadCpuTime();
                    long codedBytes = coder.encode(epoch);
                    long nanos = threads.getCurrentThreadCpuTime() - start;
                    measured.add(new ReplayReport.Measured(
                            epoch.pages().count(),
                            next.get().recordedBytes(),
                            epoch.plainBytes(),
                            codedBytes,
                            nanos,
                            0));
                }
            }
        }
        if (measured.isEmpty()) {
            throw new IOException("the recording holds no epoch");
        }
        return new ReplayReport(measured.getFirst(), measured.subList(1, measured.size()));
    }
}
