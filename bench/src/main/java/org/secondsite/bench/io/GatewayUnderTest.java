package org.secondsite.bench.io;

import static java.nio.charset.StandardCharsets.UTF_8;

import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import com.sun.management.OperatingSystemMXBean;
import com.sun.management.ThreadMXBean;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.lang.management.ManagementFactory;
import java.net.InetAddress;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import org.secondsite.bench.Contender;
import org.secondsite.buffer.DataPlane;
import org.secondsite.buffer.DataPlaneCounters;
import org.secondsite.buffer.DataPlaneListener;
import org.secondsite.buffer.ProtectedVm;
import org.secondsite.buffer.RoutedSettings;
import org.secondsite.buffer.TenantAccess;
import org.secondsite.buffer.TransparentSettings;
import org.secondsite.buffer.io.RoutedDataPlane;
import org.secondsite.buffer.io.TransparentDataPlane;
import org.secondsite.buffer.io.ring.PortKind;
import org.secondsite.buffer.io.run.SelfCommittingClock;
import org.secondsite.config.MacAddress;
import org.secondsite.config.VmId;

/**
 * The process that is measured: a data plane and the clock that commits for it. It takes a command a line and answers
 * a line of JSON.
 *
 * <pre>
 *   open N MS    a data plane that holds N VMs           clock      seal and commit, every MS milliseconds
 *   close        ends it                                 still      stop the clock, commit all
 *   seal         all VMs, and wait for it                commit     all VMs; answers "beforeNanos", System.nanoTime() before it
 *   figures      the counters and this process's costs
 * </pre>
 */
final class GatewayUnderTest {
    private static final long POOL_BYTES = 1L << 30;
    private static final long PER_VM_BYTES = 512L << 20;
    private static final int LIMIT_SECONDS = 10;

    private final Contender mode;
    private DataPlane plane;
    private SelfCommittingClock clock;
    private List<VmId> vms = List.of();
    private CountDownLatch stop = new CountDownLatch(1);
    private Thread ticking;

    private GatewayUnderTest(Contender mode) {
        this.mode = mode;
    }

    /** The process's entry. */
    public static void main(String[] arguments) throws Exception {
        GatewayUnderTest gateway = new GatewayUnderTest(Contender.valueOf(arguments[0]));
        try (BufferedReader reader = new BufferedReader(new InputStreamReader(System.in, UTF_8))) {
            for (String line = reader.readLine(); line != null; line = reader.readLine()) {
                System.out.println(gateway.execute(line.split(" ", -1)));
            }
        } finally {
            gateway.close();
        }
    }

    private ObjectNode execute(String[] words) throws Exception {
        switch (words[0]) {
            case "open" -> open(Integer.parseInt(words[1]), Integer.parseInt(words[2]));
            case "close" -> close();
            case "clock" -> start();
            case "still" -> still();
            case "seal" -> seal();
            case "commit" -> {
                long nowNanos = System.nanoTime();
                clock.commit();
                return JsonNodeFactory.instance.objectNode().put("beforeNanos", nowNanos);
            }
            case "figures" -> {
                return figures();
            }
            default -> throw new IllegalArgumentException(words[0]);
        }
        return JsonNodeFactory.instance.objectNode();
    }

    private void open(int count, int epochMillis) throws IOException {
        List<ProtectedVm> configured = new ArrayList<>();
        for (int i = 0; i < count; i++) {
            configured.add(new ProtectedVm(
                    new VmId("vm" + i),
                    MacAddress.parse(VmFrames.mac(i)),
                    List.of(InetAddress.ofLiteral(VmFrames.address(i)))));
        }
        vms = configured.stream().map(ProtectedVm::id).toList();
        plane = mode.routes()
                ? RoutedDataPlane.open(
                        new RoutedSettings(
                                "in0",
                                MacAddress.parse(Site.INSIDE_MAC),
                                List.of(Site.INSIDE_ADDRESS + "/16"),
                                "rel",
                                TenantAccess.by("out0"),
                                POOL_BYTES,
                                PER_VM_BYTES),
                        configured,
                        PortKind.AF_PACKET,
                        DataPlaneListener.NONE)
                : TransparentDataPlane.open(
                        new TransparentSettings("in0", "out0", POOL_BYTES, PER_VM_BYTES),
                        configured,
                        PortKind.AF_PACKET,
                        DataPlaneListener.NONE);
        clock = new SelfCommittingClock(plane, vms, epochMillis, 0);
        clock.hold();
    }

    private void start() {
        stop = new CountDownLatch(1);
        ticking = Thread.ofPlatform().name("clock").start(() -> clock.run(stop, Integer.MAX_VALUE));
    }

    private void still() throws InterruptedException {
        stop.countDown();
        if (ticking != null) {
            ticking.join();
            ticking = null;
            seal();
            clock.commit();
        }
    }

    private void seal() throws InterruptedException {
        CountDownLatch sealed = new CountDownLatch(vms.size());
        clock.seal(sealed::countDown);
        if (!sealed.await(LIMIT_SECONDS, TimeUnit.SECONDS)) {
            throw new IllegalStateException("not sealed");
        }
    }

    private void close() throws InterruptedException {
        if (plane != null) {
            still();
            plane.close();
            plane = null;
        }
    }

    private ObjectNode figures() {
        DataPlaneCounters counters = plane.counters();
        ThreadMXBean threads = (ThreadMXBean) ManagementFactory.getThreadMXBean();
        long allocated = Arrays.stream(threads.getThreadInfo(threads.getAllThreadIds()))
                .filter(info -> info != null
                        && (info.getThreadName().startsWith("buffer-plane-")
                                || info.getThreadName().startsWith("buffer-release-")))
                .mapToLong(info -> threads.getThreadAllocatedBytes(info.getThreadId()))
                .sum();
        OperatingSystemMXBean system = (OperatingSystemMXBean) ManagementFactory.getOperatingSystemMXBean();
        return JsonNodeFactory.instance
                .objectNode()
                .put("held", counters.heldPackets())
                .put("released", counters.releasedPackets())
                .put("dropped", counters.droppedPackets())
                .put("ringDrops", counters.ringDrops())
                .put("allocatedBytes", allocated)
                .put("cpuNanos", system.getProcessCpuTime())
                .put("commitToWireP50", counters.commitToWireMicros().p50())
                .put("commitToWireP99", counters.commitToWireMicros().p99());
    }
}
