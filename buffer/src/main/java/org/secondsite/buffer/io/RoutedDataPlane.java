package org.secondsite.buffer.io;

import java.io.IOException;
import java.util.List;
import org.secondsite.buffer.DataPlane;
import org.secondsite.buffer.DataPlaneListener;
import org.secondsite.buffer.FrameClassifier;
import org.secondsite.buffer.ProtectedVm;
import org.secondsite.buffer.RoutedSettings;
import org.secondsite.buffer.io.kernel.NamespaceLock;
import org.secondsite.buffer.io.kernel.RoutedKernelState;
import org.secondsite.buffer.io.kernel.RoutedRules;
import org.secondsite.buffer.io.ring.PortKind;
import org.secondsite.config.InterfaceAddress;

/**
 * The routed mode: the gateway is the first hop of its VMs, and releases held packets into the kernel's routing.
 *
 * <p>The tap on the VM-facing interface hears every frame; static rules behind the tap drop those of protected VMs
 * ({@link RoutedRules}). A released packet enters the kernel again at the far end of a veth pair, so that TTL,
 * neighbours, MTU and firewall are the kernel's. Packets towards VMs take the kernel's way, without a wait.
 *
 * <p>FailClosed: when this process ends, however it ends, rules and pair stay, and nothing feeds the pair any more.
 */
public final class RoutedDataPlane {
    private RoutedDataPlane() {}

    /** {@link #open(RoutedSettings, List, PortKind, DataPlaneListener)} with packet sockets and no listener. */
    public static DataPlane open(RoutedSettings settings, List<ProtectedVm> vms) throws IOException {
        return open(settings, vms, PortKind.AF_PACKET, DataPlaneListener.NONE);
    }

    /**
     * Installs the kernel state, verifies it, and starts with every VM CLOSED. Needs root, or CAP_NET_ADMIN and
     * CAP_NET_RAW.
     *
     * @throws IOException if the state cannot be installed or verified, or another data plane runs on the interface;
     * the way stays closed as far as it could be closed
     * @throws IllegalArgumentException if two VMs cannot be told apart, or the pool is too small for their number
     */
    public static DataPlane open(
            RoutedSettings settings, List<ProtectedVm> vms, PortKind port, DataPlaneListener listener)
            throws IOException {
        FrameClassifier classifier = FrameClassifier.routed(
                vms,
                settings.insideMac(),
                settings.inside().stream().map(InterfaceAddress::address).toList());
        PlaneParts.Choice choice = new PlaneParts.Choice(
                settings.insideInterface(), settings.ourEnd(), port, settings.poolBytes(), settings.perVmBytes());
        return PlaneParts.start(choice, vms, classifier, new RoutedKernelState(settings, vms), listener);
    }

    /**
     * Asks the kernel whether output of the VMs has any way out but through the release pair. Changes nothing; a data
     * plane may run or not.
     *
     * @return what is wrong, in words; empty when the way is closed
     */
    public static List<String> verify(RoutedSettings settings, List<ProtectedVm> vms) throws IOException {
        return new RoutedKernelState(settings, vms).problems();
    }

    /** Removes the rules, the release pair and the static neighbours. The VMs' output passes unheld then. */
    public static void reset(RoutedSettings settings, List<ProtectedVm> vms) throws IOException {
        try (NamespaceLock _ = new NamespaceLock(settings.insideInterface())) {
            new RoutedKernelState(settings, vms).remove();
        }
    }
}
