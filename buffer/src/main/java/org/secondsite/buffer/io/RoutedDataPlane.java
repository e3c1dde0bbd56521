package org.secondsite.buffer.io;

import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.List;
import org.secondsite.buffer.BufferLimits;
import org.secondsite.buffer.DataPlane;
import org.secondsite.buffer.EpochBuffer;
import org.secondsite.buffer.FrameClassifier;
import org.secondsite.buffer.ProtectedVm;
import org.secondsite.config.InterfaceAddress;

/**
 * The routed mode: the gateway is the first hop of its VMs, and releases held packets into the kernel's routing.
 *
 * <p>The tap on the VM-facing interface hears every frame; static rules behind the tap drop those of protected VMs
 * ({@link RoutedRules}). A released packet enters the kernel again at the far end of a veth pair, so that TTL, neighbours,
 * MTU and firewall are the kernel's. Packets towards VMs take the kernel's way, without a wait.
 *
 * <p>FailClosed: when this process ends, however it ends, rules and pair stay, and nothing feeds the pair any more.
 */
public final class RoutedDataPlane {
    private static final long RING_BYTES = 64L << 20;

    private RoutedDataPlane() {}

    /**
     * Installs the kernel state, verifies it, and starts with every VM CLOSED. Needs root, or CAP_NET_ADMIN and CAP_NET_RAW.
     *
     * @throws IOException if the state cannot be installed or verified, or another data plane runs on the interface; the way
     *     stays closed as far as it could be closed
     * @throws IllegalArgumentException if two VMs cannot be told apart, or the pool is too small for their number
     */
    public static DataPlane open(RoutedSettings settings, List<ProtectedVm> vms) throws IOException {
        FrameClassifier classifier = FrameClassifier.routed(
                vms,
                settings.insideMac(),
                settings.inside().stream().map(InterfaceAddress::address).toList());
        Deque<AutoCloseable> opened = new ArrayDeque<>();
        try {
            NamespaceLock lock = new NamespaceLock(settings.insideInterface());
            opened.push(lock);
            RoutedKernelState kernel = new RoutedKernelState(settings, vms);
            kernel.install();
            List<String> problems = kernel.problems();
            if (!problems.isEmpty()) {
                throw new IOException("refusing to run, the way out of protected VMs cannot be shown to be closed: "
                        + String.join("; ", problems));
            }
            PoolMemory memory = new PoolMemory(settings.poolBytes());
            opened.push(memory);
            MemorySegment pool = memory.segment();
            EpochBuffer buffer = new EpochBuffer(pool, BufferLimits.perVm(settings.perVmBytes()), vms.size());
            PacketRing source = new PacketRing(settings.insideInterface(), RING_BYTES);
            opened.push(source);
            FrameOutlet out = new PacketSender(settings.ourEnd(), pool);
            opened.push(out);
            FrameOutlet back = new PacketSender(settings.insideInterface(), pool);
            opened.push(back);
            // The threads close the ports themselves, in their order; lock and memory come last.
            return new PlaneThreads(
                    settings.insideInterface(),
                    vms,
                    buffer,
                    classifier,
                    source,
                    List.of(out, back),
                    List.of(memory, lock));
        } catch (IOException | RuntimeException e) {
            Closing.all(opened, e);
            throw e;
        }
    }
}
