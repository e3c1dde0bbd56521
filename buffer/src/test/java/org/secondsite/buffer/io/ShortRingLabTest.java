package org.secondsite.buffer.io;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.nio.ByteBuffer;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.secondsite.buffer.BufferLimits;
import org.secondsite.buffer.DataPlane;
import org.secondsite.buffer.DataPlaneListener;
import org.secondsite.buffer.EpochBuffer;
import org.secondsite.buffer.FrameClassifier;
import org.secondsite.buffer.ProtectedVm;
import org.secondsite.buffer.VmCounters;
import org.secondsite.buffer.io.kernel.NamespaceLock;
import org.secondsite.buffer.io.kernel.TransparentKernelState;
import org.secondsite.buffer.io.ring.FrameSource;
import org.secondsite.buffer.io.ring.PortKind;
import org.secondsite.config.EpochId;

/** Frames that stay in the receive ring make room for others when a commit is long in coming. */
@Tag("lab")
@Timeout(180)
class ShortRingLabTest {
    private static final long RING_BYTES = 16 << 20;
    private static final long POOL_BYTES = 256 << 20;
    private static final int EPOCHS = 8;
    private static final int FRAMES = 800;
    private static final int PAYLOAD = 8990;
    private static final int HEADER = 14;

    /** The sender is ahead by so many frames at most; if each has a block of its own, that is an eighth of the ring. */
    private static final int AHEAD = 8;

    private TransparentSite site;

    @BeforeEach
    void build() throws Exception {
        site = new TransparentSite();
    }

    @AfterEach
    void remove() {
        site.close();
    }

    @Test
    void largeFramesOfHeldEpochsThatFillTheRingManyTimesLeaveIntactAndInOrder() throws Exception {
        assertTrue((long) EPOCHS * FRAMES * PAYLOAD > 3 * RING_BYTES);
        try (DataPlane plane = site.namespaces.in("gw", ShortRingLabTest::start);
                Capture uplink = new Capture(site.namespaces, "up", "eth0");
                RawPort vm = site.namespaces.in("vm", () -> new RawPort("eth0"))) {
            RoutedSite.hold(plane, 1);
            for (int epoch = 0; epoch < EPOCHS; epoch++) {
                for (int i = epoch * FRAMES; i < (epoch + 1) * FRAMES; i++) {
                    int sent = i;
                    vm.send(frame(i));
                    if (i % AHEAD == AHEAD - 1) {
                        Eventually.holds(
                                () -> figures(plane).heldPackets() == sent + 1, () -> "held: " + plane.counters());
                    }
                }
                RoutedSite.seal(plane, 1, epoch + 1L);
            }
            assertEquals(0, plane.counters().ringDrops());
            assertEquals(0, uplink.frames().size());
            for (int epoch = 1; epoch <= EPOCHS; epoch++) {
                int released = epoch * FRAMES;
                plane.commit(TransparentSite.VM, new EpochId(1, epoch));
                Eventually.holds(() -> uplink.frames().size() >= released, () -> "released: " + plane.counters());
                assertEquals(released, uplink.frames().size(), "of a later epoch");
            }
            List<byte[]> heard = uplink.frames();
            for (int i = 0; i < heard.size(); i++) {
                assertArrayEquals(frame(i), heard.get(i), "frame " + i);
            }
            assertEquals(0, figures(plane).dropped());
            assertEquals(0, plane.counters().ringDrops());
        }
    }

    /** The transparent mode, but for the ring's size. */
    private static DataPlane start() throws Exception {
        List<ProtectedVm> vms = TransparentSite.vms();
        NamespaceLock lock = new NamespaceLock("in0");
        TransparentKernelState kernel = new TransparentKernelState(TransparentSite.settings(), vms);
        kernel.installAndVerify();
        PoolMemory memory = new PoolMemory(POOL_BYTES);
        FrameSource source = PortKind.AF_PACKET.source("in0", RING_BYTES);
        PlaneThreads threads = new PlaneThreads(new PlaneParts(
                "in0",
                vms,
                new EpochBuffer(memory.segment(), BufferLimits.perVm(POOL_BYTES / 2), vms.size(), source.lent()),
                FrameClassifier.transparent(vms),
                source,
                List.of(PortKind.AF_PACKET.outlet("out0"), PortKind.AF_PACKET.outlet("in0")),
                DataPlaneListener.NONE,
                new KernelWatch(kernel, DataPlaneListener.NONE),
                List.of(memory, lock)));
        threads.start();
        return threads;
    }

    private static VmCounters figures(DataPlane plane) {
        return plane.counters().vms().get(TransparentSite.VM);
    }

    /** Noise that tells which frame it is. */
    private static byte[] frame(int number) {
        byte[] noise = new byte[PAYLOAD];
        new Random(number).nextBytes(noise);
        return ByteBuffer.allocate(HEADER + PAYLOAD)
                .put(TransparentDataPlaneLabTest.octets(TransparentSite.UP_MAC.toString()))
                .put(TransparentDataPlaneLabTest.octets(RoutedSite.VM_MAC.toString()))
                .putShort((short) 0x88b5)
                .put(noise)
                .array();
    }
}
