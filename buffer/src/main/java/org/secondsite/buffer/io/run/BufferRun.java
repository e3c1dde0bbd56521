package org.secondsite.buffer.io.run;

import java.io.IOException;
import java.io.PrintStream;
import java.util.List;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import org.secondsite.buffer.DataPlane;
import org.secondsite.buffer.DataPlaneCounters;
import org.secondsite.buffer.DataPlaneListener;
import org.secondsite.buffer.ProtectedVm;
import org.secondsite.buffer.io.RoutedDataPlane;
import org.secondsite.buffer.io.TransparentDataPlane;

/**
 * The data plane alone, for measurements and trouble-shooting: a clock seals an epoch every so often and commits it a
 * fixed time later. Prints {@code ready} when it holds, and its figures as one JSON object at the end.
 */
public final class BufferRun {
    private static final int STOP_SECONDS = 10;

    private BufferRun() {}

    /**
     * Runs until its time is over, the thread is interrupted, or the process is told to end.
     *
     * @param arguments {@code run}, {@code verify} or {@code reset}, then options
     * @return the exit code: 0; 1 when something is wrong with the kernel state or a step failed; 2 for wrong options
     */
    public static int run(String[] arguments, PrintStream out, PrintStream err) {
        if (List.of(arguments).contains("--help")) {
            out.print(BufferOptions.USAGE);
            return 0;
        }
        BufferOptions options;
        try {
            options = BufferOptions.parse(arguments);
        } catch (IllegalArgumentException e) {
            err.println(e.getMessage());
            err.print(BufferOptions.USAGE);
            return 2;
        }
        try {
            return switch (options.verb) {
                case "verify" -> verify(options, out);
                case "reset" -> reset(options);
                default -> hold(options, out);
            };
        } catch (IOException | IllegalArgumentException e) {
            err.println(e.getMessage());
            return 1;
        }
    }

    private static int verify(BufferOptions options, PrintStream out) throws IOException {
        List<String> problems = options.routed
                ? RoutedDataPlane.verify(options.routedSettings(), options.vms)
                : TransparentDataPlane.verify(options.transparentSettings(), options.vms);
        problems.forEach(out::println);
        if (problems.isEmpty()) {
            out.println("closed: output of the VMs has no way out but through the data plane");
        }
        return problems.isEmpty() ? 0 : 1;
    }

    private static int reset(BufferOptions options) throws IOException {
        if (options.routed) {
            RoutedDataPlane.reset(options.routedSettings(), options.vms);
        } else {
            TransparentDataPlane.reset(options.transparentSettings(), options.vms);
        }
        return 0;
    }

    private static DataPlane open(BufferOptions options) throws IOException {
        return options.routed
                ? RoutedDataPlane.open(options.routedSettings(), options.vms, options.port, DataPlaneListener.NONE)
                : TransparentDataPlane.open(
                        options.transparentSettings(), options.vms, options.port, DataPlaneListener.NONE);
    }

    private static int hold(BufferOptions options, PrintStream out) throws IOException {
        CountDownLatch stop = new CountDownLatch(1);
        CountDownLatch printed = new CountDownLatch(1);
        Thread hook = Thread.ofPlatform().name("buffer-run-end").unstarted(() -> {
            stop.countDown();
            try {
                if (!printed.await(STOP_SECONDS, TimeUnit.SECONDS)) {
                    Thread.currentThread().interrupt();
                }
            } catch (InterruptedException e) {
                Thread.currentThread().interrupt();
            }
        });
        try (DataPlane plane = open(options)) {
            Runtime.getRuntime().addShutdownHook(hook);
            SelfCommittingClock clock = new SelfCommittingClock(
                    plane,
                    options.vms.stream().map(ProtectedVm::id).toList(),
                    options.epochMillis,
                    options.commitDelayMillis);
            clock.hold();
            out.println("ready");
            out.flush();
            clock.run(stop, options.seconds);
            out.println(CountersJson.write(plane.counters()));
            out.flush();
        } finally {
            printed.countDown();
        }
        if (stop.getCount() > 0) {
            Runtime.getRuntime().removeShutdownHook(hook);
        }
        return 0;
    }

    /** The figures as JSON. */
    private static final class CountersJson {
        private CountersJson() {}

        static String write(DataPlaneCounters counters) {
            StringBuilder vms = new StringBuilder();
            counters.vms().forEach((vm, figures) -> vms.append(vms.isEmpty() ? "" : ",")
                    .append("""
                            "%s":{"state":"%s","held":%d,"released":%d,"releasedBytes":%d,"discarded":%d,"droppedClosed":%d,\
                            "droppedQuota":%d,"droppedPool":%d,"droppedSpoofed":%d,"droppedRelease":%d}""".formatted(
                                    vm,
                                    figures.state(),
                                    figures.heldPackets(),
                                    figures.releasedPackets(),
                                    figures.releasedBytes(),
                                    figures.discardedPackets(),
                                    figures.droppedClosed(),
                                    figures.droppedQuota(),
                                    figures.droppedPool(),
                                    figures.droppedSpoofed(),
                                    figures.droppedRelease())));
            return """
                    {"released":%d,"dropped":%d,"ringDrops":%d,"unprotected":%d,"malformed":%d,"commitToWireMicros":%s,\
                    "heldMicros":%s,"epochBytes":%s,"vms":{%s}}""".formatted(
                            counters.releasedPackets(),
                            counters.droppedPackets(),
                            counters.ringDrops(),
                            counters.unprotectedPackets(),
                            counters.malformedPackets(),
                            summary(counters.commitToWireMicros()),
                            summary(counters.heldMicros()),
                            summary(counters.epochBytes()),
                            vms);
        }

        private static String summary(org.secondsite.buffer.Histogram.Summary summary) {
            return "{\"count\":%d,\"p50\":%d,\"p99\":%d,\"max\":%d}"
                    .formatted(summary.count(), summary.p50(), summary.p99(), summary.max());
        }
    }
}
