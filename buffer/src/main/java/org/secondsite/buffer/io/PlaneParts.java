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
            kernel.installAndVerify();
            PoolMemory memory = new PoolMemory(choice.poolBytes());
            opened.push(memory);
            EpochBuffer buffer = new EpochBuffer(memory.segment(), BufferLimits.perVm(choice.perVmBytes()), vms.size());
            FrameSource source = choice.port().source(choice.inside());
            opened.push(source);
            FrameOutlet out = choice.port().outlet(choice.out(), memory.segment());
            opened.push(out);
            FrameOutlet back = choice.port().outlet(choice.inside(), memory.segment());
            opened.push(back);
            PlaneThreads threads = new PlaneThreads(new PlaneParts(
                    choice.inside(),
                    vms,
                    buffer,
                    classifier,
                    source,
                    List.of(out, back),
                    listener,
                    new KernelWatch(kernel, listener),
                    List.of(memory, lock)));
            threads.start();
            return threads;
        } catch (IOException | RuntimeException e) {
            Closing.all(opened, e);
            throw e;
        }
    }
}
