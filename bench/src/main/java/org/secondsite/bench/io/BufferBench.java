package org.secondsite.bench.io;

import com.fasterxml.jackson.databind.JsonNode;
import java.io.IOException;
import java.util.EnumMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import java.util.function.Consumer;
import org.secondsite.bench.BufferReport;
import org.secondsite.bench.Check;
import org.secondsite.bench.Contender;
import org.secondsite.bench.Figures;
import org.secondsite.bench.Workload;

/**
 * The data plane against the kernel's own bridge and routing: the same load over the same kind of wires, by turns, so
 * that what the machine does meanwhile meets all of them.
 *
 * <p>Sender, middle and receiver share one machine. The sender's thread carries its frames, in the kernel, to where
 * the next thread takes over: past the bridge or the routing to the receiver, or into the gateway's receive ring.
 */
public final class BufferBench implements AutoCloseable {
    private static final int MANY = 1000;
    private static final int SMALL_FRAME = 64;
    private static final int LARGE_FRAME = 1400 + VmFrames.HEADER_BYTES;
    private static final int EPOCH_MILLIS = 25;
    private static final double SUSTAINED = 0.6;
    private static final long SETTLE_MILLIS = 400;

    // Congestion windows have to open: a hundred round trips of an epoch, for the kernel's own way as well.
    private static final long TCP_SETTLE_MILLIS = 3000;

    private static final int INBOUND_PACKETS = 1500;
    private static final int HELD_PACKETS = 100_000;
    private static final double FILL_PER_SECOND = 150_000;
    private static final int RELEASES = 5;

    /**
     * How much is measured.
     *
     * @param rounds samples of each figure
     * @param seconds the length of one sample of a throughput
     * @param workloads which
     * @param checks whether loss, order, garbage and release are looked at
     */
    public record Plan(int rounds, double seconds, Set<Workload> workloads, boolean checks) {
        /** Takes a copy. */
        public Plan {
            workloads = Set.copyOf(workloads);
        }
    }

    private final Plan plan;
    private final Consumer<String> progress;
    private final BufferReport report = new BufferReport();
    private final Map<Contender, Site> sites = new EnumMap<>(Contender.class);
    private final Map<Contender, AskedProcess> gateways = new EnumMap<>(Contender.class);

    /** Makes the namespaces and starts the gateways; needs root. */
    public BufferBench(Plan plan, Consumer<String> progress) throws IOException {
        this.plan = plan;
        this.progress = progress;
        try {
            for (Contender contender : Contender.values()) {
                Site site = new Site(contender);
                sites.put(contender, site);
                if (contender.holds()) {
                    gateways.put(
                            contender,
                            new AskedProcess(
                                    site.full("gw"),
                                    GatewayUnderTest.class,
                                    List.of(contender.name()),
                                    ProcessBuilder.Redirect.INHERIT));
                }
            }
        } catch (IOException e) {
            close();
            throw e;
        }
    }

    /** Measures all of the plan. */
    public BufferReport run() throws IOException, InterruptedException {
        open(1);
        warmUp();
        for (int round = 0; round < plan.rounds(); round++) {
            listen();
            for (Workload workload : Workload.values()) {
                if (plan.workloads().contains(workload) && workload != Workload.UDP_64_MANY) {
                    each(workload, 1);
                }
            }
        }
        if (plan.checks()) {
            checks();
        }
        if (plan.workloads().contains(Workload.UDP_64_MANY)) {
            open(MANY);
            warmUp();
            for (int round = 0; round < plan.rounds(); round++) {
                each(Workload.UDP_64_MANY, MANY);
            }
        }
        return report;
    }

    /** What others do on this machine while nothing is measured: it is not silent, and the figures bear it. */
    private void listen() throws IOException, InterruptedException {
        Thread.sleep(2 * SETTLE_MILLIS);
        long busyNanos = Processors.busyNanos();
        long startNanos = System.nanoTime();
        Thread.sleep(SETTLE_MILLIS);
        double share = (double) (Processors.busyNanos() - busyNanos) / (System.nanoTime() - startNanos);
        report.addBackground(share);
        progress.accept(String.format(Locale.ROOT, "processors busy with other things: %.2f", share));
    }

    private void open(int vms) throws IOException {
        for (AskedProcess gateway : gateways.values()) {
            gateway.ask("close");
            gateway.ask("open " + vms + " " + EPOCH_MILLIS);
        }
    }

    /** Until the just-in-time compiler has seen the load. */
    private void warmUp() throws IOException, InterruptedException {
        for (Contender mode : gateways.keySet()) {
            gateways.get(mode).ask("clock");
            for (int frame : new int[] {SMALL_FRAME, LARGE_FRAME}) {
                packetsPerSecond(sites.get(mode), 1, frame);
            }
            gateways.get(mode).ask("still");
        }
    }

    private void each(Workload workload, int vms) throws IOException, InterruptedException {
        for (Site site : sites.values()) {
            Contender contender = site.contender();
            if (contender.holds()) {
                gateways.get(contender).ask("clock");
            }
            double figure =
                    switch (workload) {
                        case UDP_64, UDP_64_MANY -> packetsPerSecond(site, vms, SMALL_FRAME);
                        case UDP_1400 -> packetsPerSecond(site, vms, LARGE_FRAME);
                        case TCP_GSO -> bitsPerSecond(site, true);
                        case TCP_NO_GSO -> bitsPerSecond(site, false);
                        case INBOUND -> InboundProbe.p50Micros(site, INBOUND_PACKETS);
                        case CPU -> cpuMicros(site);
                    };
            if (contender.holds()) {
                gateways.get(contender).ask("still");
                tellDrops(contender);
            }
            report.add(workload, contender, figure);
            progress.accept(String.format(
                    Locale.ROOT,
                    "%-30s %-12s %s %s",
                    workload.title(),
                    contender.label(),
                    Figures.text(figure),
                    workload.unit()));
        }
    }

    /** What the gateway has had no room for since it was opened; a flood is meant to find its limits. */
    private void tellDrops(Contender mode) throws IOException {
        JsonNode figures = gateways.get(mode).ask("figures");
        progress.accept("  so far dropped by %s: %d of the receive ring, %d of the buffer"
                .formatted(
                        mode.label(),
                        figures.get("ringDrops").asLong(),
                        figures.get("dropped").asLong()));
    }

    private double packetsPerSecond(Site site, int vms, int frameBytes) throws IOException, InterruptedException {
        try (Flood _ = new Flood(site, Flood.Load.counted(vms, frameBytes))) {
            Thread.sleep(SETTLE_MILLIS);
            long before = site.counted();
            long startNanos = System.nanoTime();
            Thread.sleep((long) (plan.seconds() * 1000));
            long after = site.counted();
            return (after - before) * 1e9 / (System.nanoTime() - startNanos);
        }
    }

    private double bitsPerSecond(Site site, boolean vmSegments) throws IOException, InterruptedException {
        site.offload(vmSegments, !vmSegments);
        site.queueAtVm(true);
        try (TcpLoad load = new TcpLoad(site)) {
            Thread.sleep(TCP_SETTLE_MILLIS);
            long before = load.bytes();
            long startNanos = System.nanoTime();
            Thread.sleep((long) (plan.seconds() * 1000));
            return (load.bytes() - before) * 8e9 / (System.nanoTime() - startNanos);
        } finally {
            site.queueAtVm(false);
            site.offload(true, false);
        }
    }

    /** At a rate that the gateway's mode of this pair can sustain, the same for both. */
    private double cpuMicros(Site site) throws IOException, InterruptedException {
        Contender mode = site.contender().routes() ? Contender.ROUTED : Contender.TRANSPARENT;
        Flood.Load load = new Flood.Load(1, SMALL_FRAME, Site.COUNTED_PORT, sustained(mode), Long.MAX_VALUE);
        try (Flood _ = new Flood(site, load)) {
            Thread.sleep(SETTLE_MILLIS);
            long before = site.counted();
            long busyBefore = Processors.busyNanos();
            Thread.sleep((long) (plan.seconds() * 1000));
            long busyNanos = Processors.busyNanos() - busyBefore;
            return busyNanos / 1000.0 / (site.counted() - before);
        }
    }

    private double sustained(Contender mode) throws IOException {
        double most = report.median(Workload.UDP_64, mode);
        if (Double.isNaN(most)) {
            throw new IOException("the rate follows from " + Workload.UDP_64.label() + ", which has not been measured");
        }
        return SUSTAINED * most;
    }

    private void checks() throws IOException, InterruptedException {
        for (int round = 0; round < plan.rounds(); round++) {
            for (Map.Entry<Contender, AskedProcess> entry : gateways.entrySet()) {
                AskedProcess gateway = entry.getValue();
                gateway.ask("close");
                gateway.ask("open 1 " + EPOCH_MILLIS);
                sustain(sites.get(entry.getKey()), gateway);
                gateway.ask("close");
                gateway.ask("open 1 " + EPOCH_MILLIS);
                for (int i = 0; i < RELEASES; i++) {
                    release(sites.get(entry.getKey()), gateway);
                }
            }
        }
    }

    /** Loss, order, garbage and the time from commit to wire at a rate that must be sustained. */
    private void sustain(Site site, AskedProcess gateway) throws IOException, InterruptedException {
        Contender mode = site.contender();
        gateway.ask("clock");
        double rate = sustained(mode);
        long packets = (long) (rate * plan.seconds());
        try (SequenceSink sink = new SequenceSink(site)) {
            JsonNode before = gateway.ask("figures");
            try (Flood flood = new Flood(site, new Flood.Load(1, SMALL_FRAME, SequenceSink.PORT, rate, packets))) {
                flood.await();
            }
            sink.await(packets);
            JsonNode after = gateway.ask("figures");
            gateway.ask("still");
            long released =
                    after.get("released").asLong() - before.get("released").asLong();
            long allocated = after.get("allocatedBytes").asLong()
                    - before.get("allocatedBytes").asLong();
            add(Check.LOST, mode, packets - sink.received());
            add(Check.DISORDERED, mode, sink.disordered());
            add(Check.GARBAGE, mode, (double) allocated / released);
            add(Check.COMMIT_TO_WIRE_P50, mode, after.get("commitToWireP50").asLong());
            add(Check.COMMIT_TO_WIRE_P99, mode, after.get("commitToWireP99").asLong());
        }
    }

    private void release(Site site, AskedProcess gateway) throws IOException, InterruptedException {
        try (SequenceSink sink = new SequenceSink(site)) {
            Flood.Load load = new Flood.Load(1, SMALL_FRAME, SequenceSink.PORT, FILL_PER_SECOND, HELD_PACKETS);
            try (Flood flood = new Flood(site, load)) {
                flood.await();
            }
            Thread.sleep(SETTLE_MILLIS / 4);
            long held = gateway.ask("figures").get("held").asLong();
            gateway.ask("seal");
            long committedNanos = gateway.ask("commit").get("beforeNanos").asLong();
            sink.await(HELD_PACKETS);
            add(Check.LOST, site.contender(), HELD_PACKETS - Math.min(held, sink.received()));
            add(Check.DISORDERED, site.contender(), sink.disordered());
            add(Check.RELEASE_START, site.contender(), (sink.firstNanos() - committedNanos) / 1000.0);
        }
    }

    private void add(Check check, Contender mode, long figure) {
        add(check, mode, (double) figure);
    }

    private void add(Check check, Contender mode, double figure) {
        report.add(check, mode, figure);
        progress.accept(String.format(
                Locale.ROOT, "%-30s %-12s %s %s", check.title(), mode.label(), Figures.text(figure), check.unit()));
    }

    /** Ends the gateways and removes the namespaces. Again, it does nothing. */
    @Override
    public synchronized void close() {
        gateways.values().forEach(AskedProcess::close);
        gateways.clear();
        sites.values().forEach(Site::close);
        sites.clear();
    }
}
