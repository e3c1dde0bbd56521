package org.secondsite.buffer;

import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.net.InetAddress;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Consumer;
import org.secondsite.config.EpochId;
import org.secondsite.config.VmId;

/**
 * A data plane without a network: frames come by a method call and leave through a consumer. The embedded demo and
 * the simulator run the same {@link EpochBuffer} with it as a gateway does with real ports.
 *
 * <p>Commands take effect before the call returns, in the calling thread; every method may be called from any thread.
 * The uplink is called under this object's lock, so that frames keep their order: it must not wait for another thread
 * that uses this object. {@code sealed} and {@code fenced} run in the calling thread after the lock has been left.
 */
public final class LoopbackDataPlane implements DataPlane {
    private static final int SPARE_LANES = 16;

    private final Map<VmId, Integer> lanes = new HashMap<>();
    private final Arena arena = Arena.ofShared();
    private final EpochBuffer buffer;
    private final ReleaseCursor cursor;
    private final Consumer<byte[]> uplink;
    private final long[] suspended;
    private final long[] resumed;
    private boolean closed;

    /**
     * A data plane with every VM CLOSED.
     *
     * @param poolBytes the memory for all VMs
     * @param perVmBytes the quota of each
     * @param uplink gets each released frame, byte for byte as it came
     * @throws IllegalArgumentException if two VMs have one name, or the pool is too small for them
     */
    public LoopbackDataPlane(List<ProtectedVm> vms, long poolBytes, long perVmBytes, Consumer<byte[]> uplink) {
        for (ProtectedVm vm : vms) {
            if (lanes.put(vm.id(), lanes.size()) != null) {
                throw new IllegalArgumentException("VM " + vm.id() + " is configured twice");
            }
        }
        this.uplink = uplink;
        buffer = new EpochBuffer(
                arena.allocate(poolBytes, 8),
                BufferLimits.perVm(perVmBytes),
                lanes.size(),
                SPARE_LANES,
                LentBlocks.NONE);
        cursor = buffer.cursor();
        suspended = new long[buffer.capacity()];
        resumed = new long[buffer.capacity()];
    }

    /** A frame that the VM sends. That of a VM that is not told from others passes, as in a network. */
    public synchronized void fromVm(VmId vm, byte[] frame) {
        if (!closed && !lanes.containsKey(vm)) {
            uplink.accept(frame.clone());
            return;
        }
        int lane = lane(vm);
        if (!closed && buffer.arrive(lane, MemorySegment.ofArray(frame), 0, frame.length, 0, 0) == Arrival.PASSED) {
            release(lane);
        }
    }

    @Override
    public synchronized void hold(VmId vm, long term) {
        buffer.hold(lane(vm), term);
    }

    @Override
    public synchronized void pass(VmId vm, long term) {
        int lane = lane(vm);
        if (!closed && buffer.pass(lane, term)) {
            release(lane);
        }
    }

    @Override
    public void seal(VmId vm, EpochId epoch, Runnable sealed) {
        synchronized (this) {
            buffer.seal(lane(vm), epoch);
        }
        sealed.run();
    }

    @Override
    public synchronized void commit(VmId vm, EpochId upTo) {
        int lane = lane(vm);
        if (!closed && buffer.commit(lane, upTo)) {
            release(lane);
        }
    }

    @Override
    public void fence(VmId vm, long term, Runnable fenced) {
        synchronized (this) {
            if (!closed) {
                buffer.fence(lane(vm), term);
            }
        }
        fenced.run();
    }

    @Override
    public synchronized void suspend(VmId vm, long doubt) {
        int lane = lane(vm);
        suspended[lane] = Math.max(suspended[lane], doubt);
    }

    @Override
    public synchronized void resume(VmId vm, long doubt) {
        int lane = lane(vm);
        resumed[lane] = Math.max(resumed[lane], doubt);
        if (!closed) {
            release(lane);
        }
    }

    @Override
    public synchronized void admit(ProtectedVm vm) throws IOException {
        int lane = 0;
        while (lanes.containsValue(lane)) {
            lane++;
        }
        if (lanes.containsKey(vm.id()) || !buffer.suits(Math.max(buffer.lanes(), lane + 1))) {
            throw new IOException("there is no room for VM " + vm.id() + ", or it is there already");
        }
        buffer.renew(lane);
        suspended[lane] = 0;
        resumed[lane] = 0;
        lanes.put(vm.id(), lane);
    }

    /** There is no other way than by this object. */
    @Override
    public void confine(List<ProtectedVm> vms, List<InetAddress> nowhere) {}

    @Override
    public synchronized void dismiss(VmId vm) {
        if (!closed) {
            buffer.renew(lane(vm));
        }
        lanes.remove(vm);
    }

    @Override
    public synchronized DataPlaneCounters counters() {
        Map<VmId, VmCounters> vms = new HashMap<>();
        lanes.forEach((vm, lane) -> vms.put(vm, buffer.counters(lane)));
        Histogram.Summary none = Histogram.Summary.EMPTY;
        return new DataPlaneCounters(vms, 0, 0, 0, buffer.poolBytes(), buffer.poolFreeBytes(), none, none, none);
    }

    @Override
    public synchronized void close() {
        if (!closed) {
            closed = true;
            buffer.close();
            arena.close();
        }
    }

    private void release(int lane) {
        if (resumed[lane] < suspended[lane]) {
            return;
        }
        cursor.start(lane);
        while (cursor.next()) {
            byte[] frame = new byte[cursor.bytes()];
            for (int at = 0; at < frame.length; at += cursor.piece(at)) {
                MemorySegment.copy(
                        cursor.memory(), cursor.offset(at), MemorySegment.ofArray(frame), at, cursor.piece(at));
            }
            buffer.released(lane, 1);
            uplink.accept(frame);
        }
    }

    private int lane(VmId vm) {
        Integer lane = lanes.get(vm);
        if (lane == null) {
            throw new IllegalArgumentException("VM " + vm + " is not configured");
        }
        return lane;
    }
}
