package org.secondsite.buffer.io;

import java.io.IOException;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.List;
import org.secondsite.buffer.BufferLimits;
import org.secondsite.buffer.DataPlane;
import org.secondsite.buffer.DataPlaneListener;
import org.secondsite.buffer.EpochBuffer;
import org.secondsite.buffer.FrameClassifier;
import org.secondsite.buffer.ProtectedVm;
import org.secondsite.buffer.io.kernel.KernelState;
import org.secondsite.buffer.io.kernel.NamespaceLock;
import org.secondsite.buffer.io.kernel.WholeFrames;
import org.secondsite.buffer.io.ring.FrameOutlet;
import org.secondsite.buffer.io.ring.FrameSource;
import org.secondsite.buffer.io.ring.PortKind;

/**
 * What {@link PlaneThreads} is put together from.
 *
 * @param name for messages and threads' names: the VM-facing interface
 * @param vms lane i of the buffer is the i-th of them
 * @param buffer holds the packets
 * @param classifier tells whose a frame is
 * @param source what the VM-facing interface hears
 * @param outlets by the tag of a record: {@link FrameClassifier#ROUTE_OUT}, {@link FrameClassifier#ROUTE_BACK}
 * @param listener hears of pressure, ports and failure
 * @param watch closed before the threads end
 * @param owned memory and locks, closed after the threads have ended and the ports are closed
 */
record PlaneParts(
        String name,
        List<ProtectedVm> vms,
        EpochBuffer buffer,
        FrameClassifier classifier,
        FrameSource source,
        List<FrameOutlet> outlets,
        DataPlaneListener listener,
        KernelWatch watch,
        List<AutoCloseable> owned) {

    private static final long LEAST_RING_BYTES = 64L << 20;
    private static final long MAX_RING_BYTES = 256L << 20;

    /** So many VMs may come while a data plane runs, beyond those that it began with. A lane costs some KiB. */
    private static final int SPARE_LANES = 256;

    /**
     * What a mode chooses.
     *
     * @param inside the VM-facing interface
     * @param out where released frames go that leave
     * @param port by what means
     * @param poolBytes the memory for held packets of all VMs together
     * @param perVmBytes the most that one VM may hold
     */
    record Choice(String inside, String out, PortKind port, long poolBytes, long perVmBytes) {}

    /**
     * As much as the pool, within bounds: the least is 50 ms at 10 Gb/s, for a data-plane thread that is held up; the
     * most holds two epochs of 100 ms at that rate without a copy.
     */
    private static long ringBytes(long poolBytes) {
        return Math.clamp(poolBytes, LEAST_RING_BYTES, MAX_RING_BYTES);
    }

    /**
     * Installs and verifies the kernel state, opens the ports, starts the threads. When a step fails, what was opened
     * is closed; the kernel state stays.
     */
    static DataPlane start(
            Choice choice,
            List<ProtectedVm> vms,
            FrameClassifier classifier,
            KernelState kernel,
            DataPlaneListener listener)
            throws IOException {
        Deque<AutoCloseable> opened = new ArrayDeque<>();
        try {
            NamespaceLock lock = new NamespaceLock(choice.inside());
            opened.push(lock);
            KernelState state = choice.port() == PortKind.PCAP4J ? new WholeFrames(kernel) : kernel;
            state.installAndVerify();
            PoolMemory memory = new PoolMemory(choice.poolBytes());
            opened.push(memory);
            FrameSource source = choice.port().source(choice.inside(), ringBytes(choice.poolBytes()));
            opened.push(source);
            EpochBuffer buffer = new EpochBuffer(
                    memory.segment(), BufferLimits.perVm(choice.perVmBytes()), vms.size(), SPARE_LANES, source.lent());
            FrameOutlet out = choice.port().outlet(choice.out());
            opened.push(out);
            FrameOutlet back = choice.port().outlet(choice.inside());
            opened.push(back);
            PlaneThreads threads = new PlaneThreads(new PlaneParts(
                    choice.inside(),
                    vms,
                    buffer,
                    classifier,
                    source,
                    List.of(out, back),
                    listener,
                    new KernelWatch(state, listener),
                    List.of(memory, lock)));
            threads.start();
            return threads;
        } catch (IOException | RuntimeException e) {
            Closing.all(opened, e);
            throw e;
        }
    }
}
