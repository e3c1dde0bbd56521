package org.secondsite.buffer.io;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.secondsite.buffer.DataPlane;
import org.secondsite.buffer.DataPlaneListener;
import org.secondsite.buffer.ProtectedVm;
import org.secondsite.buffer.TransparentSettings;
import org.secondsite.buffer.VmCounters;
import org.secondsite.buffer.VmState;
import org.secondsite.buffer.io.ring.PortKind;
import org.secondsite.config.EpochId;
import org.secondsite.config.MacAddress;
import org.secondsite.config.VmId;

/** A thousand protected VMs share a pool that is smaller than their quotas together. */
@Tag("lab")
@Timeout(180)
class ManyVmsLabTest {
    private static final int VMS = 1000;
    private static final int EACH = 20;
    private static final int FLOOD_PER_TURN = 1500;
    private static final int FRAME_BYTES = 1400;
    private static final long QUOTA_BYTES = 4L << 20;
    private static final int TYPE = 0x88b5;

    private TransparentSite site;

    @BeforeEach
    void build() throws IOException {
        site = new TransparentSite();
    }

    @AfterEach
    void remove() {
        site.close();
    }

    @Test
    void oneThatFloodsTakesNothingFromTheOthers() throws Exception {
        List<ProtectedVm> vms = vms();
        TransparentSettings settings = new TransparentSettings("in0", "out0", 256L << 20, QUOTA_BYTES);
        try (DataPlane plane = site.namespaces.in(
                        "gw",
                        () -> TransparentDataPlane.open(settings, vms, PortKind.AF_PACKET, DataPlaneListener.NONE));
                Capture uplink = Capture.ofBeginnings(
                        64, site.namespaces, "up", "eth0", "ether", "proto", "0x" + Integer.toHexString(TYPE));
                RawPort port = site.namespaces.in("vm", () -> new RawPort("eth0"))) {
            vms.forEach(vm -> plane.hold(vm.id(), 1));
            Eventually.holds(
                    () -> plane.counters().vms().values().stream().allMatch(vm -> vm.state() == VmState.HOLD),
                    () -> "all held");
            for (int turn = 0; turn < EACH; turn++) {
                for (int i = 0; i < FLOOD_PER_TURN; i++) {
                    port.send(frame(0, turn * FLOOD_PER_TURN + i));
                }
                for (int vm = 1; vm < VMS; vm++) {
                    port.send(frame(vm, turn));
                }
            }
            Eventually.holds(
                    () -> arrived(plane) == (VMS - 1) * EACH + EACH * FLOOD_PER_TURN,
                    () -> arrived(plane) + " arrived, ring drops "
                            + plane.counters().ringDrops());
            Map<VmId, VmCounters> figures = plane.counters().vms();
            VmCounters flooder = figures.get(vms.getFirst().id());
            assertTrue(flooder.dropped() > 0, "the flood is more than a quota: " + flooder);
            assertTrue(flooder.heldMemoryBytes() <= QUOTA_BYTES, flooder.toString());
            for (ProtectedVm vm : vms.subList(1, VMS)) {
                assertEquals(EACH, figures.get(vm.id()).heldPackets(), vm.id().toString());
                assertEquals(0, figures.get(vm.id()).dropped(), vm.id().toString());
            }
            sealAndCommit(plane, vms);
            long expected = flooder.heldPackets() + (VMS - 1) * EACH;
            Eventually.holds(
                    () -> uplink.frames().size() == expected,
                    () -> plane.counters().releasedPackets() + " released, of " + expected);
            judge(uplink.frames());
        }
    }

    private static void sealAndCommit(DataPlane plane, List<ProtectedVm> vms) throws InterruptedException {
        CountDownLatch sealed = new CountDownLatch(VMS);
        vms.forEach(vm -> plane.seal(vm.id(), new EpochId(1, 1), sealed::countDown));
        assertTrue(sealed.await(10, TimeUnit.SECONDS));
        vms.forEach(vm -> plane.commit(vm.id(), new EpochId(1, 1)));
    }

    /** Each VM's frames are there from its first, in order, without a gap: only the flood's end was dropped. */
    private static void judge(List<byte[]> frames) {
        int[] next = new int[VMS];
        for (byte[] bytes : frames) {
            ByteBuffer frame = ByteBuffer.wrap(bytes);
            int vm = Short.toUnsignedInt(frame.getShort(10));
            assertEquals(next[vm]++, frame.getInt(14), "VM " + vm);
        }
        for (int vm = 1; vm < VMS; vm++) {
            assertEquals(EACH, next[vm], "VM " + vm);
        }
    }

    private static long arrived(DataPlane plane) {
        return plane.counters().heldPackets() + plane.counters().droppedPackets();
    }

    private static List<ProtectedVm> vms() {
        List<ProtectedVm> vms = new ArrayList<>();
        for (int i = 0; i < VMS; i++) {
            vms.add(new ProtectedVm(
                    new VmId("vm" + i),
                    MacAddress.parse(String.format("52:54:00:00:%02x:%02x", i >> 8, i & 0xff)),
                    List.of()));
        }
        return vms;
    }

    private static byte[] frame(int vm, int number) {
        return ByteBuffer.allocate(FRAME_BYTES)
                .putLong(TransparentSite.UP_MAC.value() << 16 | 0x5254)
                .putShort((short) 0)
                .putShort((short) vm)
                .putShort((short) TYPE)
                .putInt(number)
                .array();
    }
}
