package org.secondsite.bench.io;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.lang.management.GarbageCollectorMXBean;
import java.lang.management.ManagementFactory;
import java.net.InetSocketAddress;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.SplittableRandom;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.Semaphore;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.LongAdder;
import java.util.concurrent.locks.LockSupport;
import org.secondsite.config.EpochId;
import org.secondsite.config.SiteId;
import org.secondsite.config.TlsFiles;
import org.secondsite.config.VmId;
import org.secondsite.replicator.Epoch;
import org.secondsite.replicator.EpochHeader;
import org.secondsite.replicator.PageSet;
import org.secondsite.replicator.tunnel.PeerMessage;
import org.secondsite.replicator.tunnel.Reset;
import org.secondsite.replicator.tunnel.TunnelListener;
import org.secondsite.replicator.tunnel.TunnelSettings;
import org.secondsite.replicator.tunnel.io.TlsTunnel;

/**
 * One end of a tunnel as a process of its own, so that it can live in a network namespace and its processor time is its own.
 *
 * <p>It reads commands from standard input, and answers each with a line of JSON. The far end commits whatever comes. The near
 * end is given a {@link Load}. Pages are random bytes that come again only after more of them than a codec looks back, so nothing
 * in them can be compressed, and bytes of pages are bytes on the wire.
 */
final class TunnelEnd implements TunnelListener {
    static final SiteId NEAR = new SiteId("near");
    static final SiteId FAR = new SiteId("zfar");

    private static final ObjectMapper JSON = new ObjectMapper();
    private static final int NOISE_BYTES = 256 << 20;
    private static final int RAM_PAGES = 1 << 18;

    /**
     * What the near end is to send.
     *
     * @param vms how many VMs
     * @param epochsPerSecond of each VM; 0: as many as go, with two epochs on the way
     * @param pages of an epoch
     * @param hugePages of the one epoch that the first VM sends half-way, and once before in the time that does not count; 0 for
     *     none
     * @param warmSeconds the time that does not count
     * @param seconds the time that counts
     */
    record Load(int vms, int epochsPerSecond, int pages, int hugePages, double warmSeconds, double seconds) {
        static Load parse(JsonNode node) {
            return new Load(
                    node.get("vms").asInt(),
                    node.get("epochsPerSecond").asInt(),
                    node.get("pages").asInt(),
                    node.get("hugePages").asInt(),
                    node.get("warmSeconds").asDouble(),
                    node.get("seconds").asDouble());
        }

        ObjectNode json() {
            return JSON.createObjectNode()
                    .put("vms", vms)
                    .put("epochsPerSecond", epochsPerSecond)
                    .put("pages", pages)
                    .put("hugePages", hugePages)
                    .put("warmSeconds", warmSeconds)
                    .put("seconds", seconds);
        }
    }

    /** A committed epoch. */
    private record Commit(VmId vm, long sentNanos, long committedNanos, long bytes, boolean huge) {}

    /** An epoch on its way. */
    private record Sent(long nanoTime, long bytes, boolean huge) {}

    private final TlsTunnel tunnel;
    private final CountDownLatch connected = new CountDownLatch(1);
    private final Map<String, Sent> onTheWay = new ConcurrentHashMap<>();
    private final List<Commit> commits = new ArrayList<>();
    private final Map<VmId, Semaphore> room = new ConcurrentHashMap<>();
    private final Map<VmId, EpochId> last = new HashMap<>();
    private final LongAdder breaks = new LongAdder();
    private final byte[] noise = new byte[NOISE_BYTES];
    private int nextNoise;

    private TunnelEnd(TunnelSettings settings) throws IOException {
        new SplittableRandom(1).nextBytes(noise);
        tunnel = TlsTunnel.open(settings, this);
    }

    /** {@code TunnelEnd near|far LISTEN CONNECT PORT PKI CONNECTIONS}. */
    public static void main(String[] arguments) throws Exception {
        boolean near = arguments[0].equals("near");
        int port = Integer.parseInt(arguments[3]);
        Path pki = Path.of(arguments[4]);
        SiteId self = near ? NEAR : FAR;
        TunnelSettings settings = new TunnelSettings(
                        self,
                        near ? FAR : NEAR,
                        new InetSocketAddress(arguments[1], port),
                        new InetSocketAddress(arguments[2], port),
                        new TlsFiles(
                                pki.resolve(self + ".crt"), pki.resolve(self + ".key"), pki.resolve("authority.crt")))
                .withTiming(new TunnelSettings.Timing(100, 5000, 50, 500))
                .withConnections(Integer.parseInt(arguments[5]));
        TunnelEnd end = new TunnelEnd(settings);
        BufferedReader commands = new BufferedReader(new InputStreamReader(System.in, StandardCharsets.UTF_8));
        for (String line = commands.readLine(); line != null; line = commands.readLine()) {
            System.out.println(end.answer(line));
        }
        end.tunnel.close();
    }

    private JsonNode answer(String line) throws InterruptedException {
        if (line.equals("connected")) {
            return JSON.createObjectNode().put("connected", connected.await(30, TimeUnit.SECONDS));
        }
        if (line.equals("figures")) {
            return figures();
        }
        try {
            return load(Load.parse(JSON.readTree(line)));
        } catch (com.fasterxml.jackson.core.JsonProcessingException e) {
            return JSON.createObjectNode().put("error", e.getMessage());
        }
    }

    /** What this process has used up so far. */
    private ObjectNode figures() {
        long processorNanos =
                ManagementFactory.getOperatingSystemMXBean() instanceof com.sun.management.OperatingSystemMXBean system
                        ? system.getProcessCpuTime()
                        : 0;
        long allocated = ManagementFactory.getThreadMXBean() instanceof com.sun.management.ThreadMXBean threads
                ? threads.getTotalThreadAllocatedBytes()
                : 0;
        Runtime runtime = Runtime.getRuntime();
        return JSON.createObjectNode()
                .put("processorNanos", processorNanos)
                .put("garbageBytes", allocated)
                .put(
                        "collections",
                        ManagementFactory.getGarbageCollectorMXBeans().stream()
                                .mapToLong(GarbageCollectorMXBean::getCollectionCount)
                                .sum())
                .put("heapBytes", runtime.totalMemory() - runtime.freeMemory())
                .put("pageBytes", PageSet.takenBytes())
                .put("breaks", breaks.sum());
    }

    // ---- the near end

    private ObjectNode load(Load load) throws InterruptedException {
        synchronized (commits) {
            commits.clear();
        }
        long start = System.nanoTime();
        long from = start + (long) (load.warmSeconds() * 1e9);
        long end = from + (long) (load.seconds() * 1e9);
        ObjectNode[] before = new ObjectNode[1];
        ArrayDeque<Long> hugeDue = new ArrayDeque<>();
        if (load.hugePages() > 0) {
            hugeDue.add((start + from) / 2);
            hugeDue.add((from + end) / 2);
        }
        long interval = load.epochsPerSecond() == 0 ? 0 : 1_000_000_000L / load.epochsPerSecond();
        long[] due = new long[load.vms()];
        for (int i = 0; i < due.length; i++) {
            due[i] = start + (interval * i / due.length);
        }
        long peakPages = 0;
        for (long now = System.nanoTime(); now < end; now = System.nanoTime()) {
            if (before[0] == null && now >= from) {
                before[0] = figures();
            }
            boolean sent = false;
            for (int i = 0; i < due.length; i++) {
                VmId vm = new VmId("vm" + i);
                boolean free = room.computeIfAbsent(vm, key -> new Semaphore(interval == 0 ? 2 : 1000))
                        .tryAcquire();
                if (!free) {
                    continue;
                }
                if (System.nanoTime() < due[i]) {
                    room.get(vm).release();
                    continue;
                }
                due[i] += interval;
                boolean huge = i == 0 && !hugeDue.isEmpty() && now >= hugeDue.peek();
                if (huge) {
                    hugeDue.remove();
                }
                send(vm, huge ? load.hugePages() : load.pages(), huge);
                sent = true;
            }
            peakPages = Math.max(peakPages, PageSet.takenBytes());
            if (!sent) {
                LockSupport.parkNanos(200_000);
            }
        }
        ObjectNode after = figures();
        awaitAnswers();
        room.clear();
        ObjectNode result = summary(from, end);
        result.put("lost", onTheWay.size());
        result.put("peakPageBytes", peakPages);
        result.put("rttNanos", tunnel.status().rttNanos());
        result.set("before", before[0]);
        result.set("after", after);
        return result;
    }

    private void awaitAnswers() {
        for (long limit = System.nanoTime() + 30_000_000_000L; !onTheWay.isEmpty() && System.nanoTime() < limit; ) {
            LockSupport.parkNanos(1_000_000);
        }
    }

    private void send(VmId vm, int count, boolean huge) {
        PageSet.Builder pages = PageSet.checkedBuilder(); // as a gateway has it from an agent
        for (int i = 0; i < count; i++) {
            pages.add(i, ByteBuffer.wrap(noise, nextNoise, PageSet.PAGE_BYTES));
            nextNoise = (nextNoise + PageSet.PAGE_BYTES) % NOISE_BYTES;
        }
        EpochId base = last.getOrDefault(vm, EpochId.NONE);
        EpochId id = base.equals(EpochId.NONE) ? new EpochId(1, 1) : base.next();
        last.put(vm, id);
        EpochHeader header = new EpochHeader(vm, id, base, (long) RAM_PAGES * PageSet.PAGE_BYTES);
        Epoch epoch = new Epoch(header, pages.build(), new byte[0]);
        onTheWay.put(vm + " " + id, new Sent(System.nanoTime(), epoch.plainBytes(), huge));
        tunnel.send(epoch);
    }

    private ObjectNode summary(long from, long end) {
        List<Commit> counted = new ArrayList<>();
        long bytes = 0;
        long hugeNanos = 0;
        synchronized (commits) {
            for (Commit commit : commits) {
                if (commit.committedNanos() >= from && commit.committedNanos() < end) {
                    bytes += commit.bytes();
                }
                if (commit.huge()) {
                    hugeNanos = commit.committedNanos() - commit.sentNanos();
                } else if (commit.sentNanos() >= from && commit.sentNanos() < end && isOther(commit.vm())) {
                    counted.add(commit);
                }
            }
        }
        long[] latencies = counted.stream()
                .mapToLong(commit -> commit.committedNanos() - commit.sentNanos())
                .sorted()
                .toArray();
        return JSON.createObjectNode()
                .put("epochs", latencies.length)
                .put("bytes", bytes)
                .put("seconds", (end - from) / 1e9)
                .put("p50Nanos", percentile(latencies, 50))
                .put("p99Nanos", percentile(latencies, 99))
                .put("maxNanos", percentile(latencies, 100))
                .put("hugeNanos", hugeNanos);
    }

    /** The epochs of the VM with the huge one wait for it: they build on it. So its latencies are left out, always. */
    private static boolean isOther(VmId vm) {
        return !vm.equals(new VmId("vm0"));
    }

    private static long percentile(long[] sorted, int percent) {
        return sorted.length == 0 ? 0 : sorted[Math.min(sorted.length - 1, sorted.length * percent / 100)];
    }

    // ---- what the tunnel tells

    @Override
    public void connected() {
        connected.countDown();
    }

    @Override
    public void disconnected(Reset reset) {
        breaks.increment();
        System.err.println("the tunnel broke: " + reset);
    }

    @Override
    public void peerHeard(long nanoTime) {
        // Only a failure detector asks for it.
    }

    @Override
    public void message(PeerMessage message) {
        // None is sent.
    }

    @Override
    public void epochReceived(Epoch epoch) {
        try (epoch) {
            tunnel.acknowledge(epoch.header().vm(), epoch.header().epoch());
        }
    }

    @Override
    public void acknowledged(VmId vm, EpochId epoch) {
        Sent sent = onTheWay.remove(vm + " " + epoch);
        if (sent != null) {
            synchronized (commits) {
                commits.add(new Commit(vm, sent.nanoTime(), System.nanoTime(), sent.bytes(), sent.huge()));
            }
            Semaphore mine = room.get(vm);
            if (mine != null) {
                mine.release();
            }
        }
    }

    @Override
    public void refused(VmId vm, EpochId epoch, String reason) {
        System.err.println("refused: " + vm + " " + epoch + ": " + reason);
        Runtime.getRuntime().halt(3);
    }
}
