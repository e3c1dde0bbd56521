package org.secondsite.buffer.io;

import java.io.IOException;
import java.util.List;
import org.secondsite.buffer.DataPlane;
import org.secondsite.buffer.DataPlaneListener;
import org.secondsite.buffer.FrameClassifier;
import org.secondsite.buffer.ProtectedVm;
import org.secondsite.buffer.TransparentSettings;
import org.secondsite.buffer.io.kernel.NamespaceLock;
import org.secondsite.buffer.io.kernel.TransparentKernelState;
import org.secondsite.buffer.io.ring.PortKind;

/**
 * The transparent mode: a bump in the wire between two interfaces. Frames of protected VMs are held and released
 * straight to the other port; everything else, and everything inbound, is redirected by the kernel ({@link
 * TransparentKernelState}).
 */
public final class TransparentDataPlane {
    private TransparentDataPlane() {}

    /**
     * Installs the kernel state, verifies it, and starts with every VM CLOSED. Needs root, or CAP_NET_ADMIN and
     * CAP_NET_RAW.
     *
     * @throws IOException if the state cannot be installed or verified, or another data plane runs on the interface;
     * the way stays closed as far as it could be closed
     * @throws IllegalArgumentException if two VMs cannot be told apart, or the pool is too small for their number
     */
    public static DataPlane open(
            TransparentSettings settings, List<ProtectedVm> vms, PortKind port, DataPlaneListener listener)
            throws IOException {
        PlaneParts.Choice choice = new PlaneParts.Choice(
                settings.insideInterface(),
                settings.outsideInterface(),
                port,
                settings.poolBytes(),
                settings.perVmBytes());
        TransparentKernelState kernel = new TransparentKernelState(settings, vms);
        return PlaneParts.start(choice, vms, FrameClassifier.transparent(vms), kernel, listener);
    }

    /**
     * Asks the kernel whether output of the VMs has any way from inside to outside but through this process. Changes
     * nothing.
     *
     * @return what is wrong, in words; empty when the way is closed
     */
    public static List<String> verify(TransparentSettings settings, List<ProtectedVm> vms) throws IOException {
        return new TransparentKernelState(settings, vms).problems();
    }

    /** Removes the filters. Nothing connects the two interfaces then. */
    public static void reset(TransparentSettings settings, List<ProtectedVm> vms) throws IOException {
        try (NamespaceLock _ = new NamespaceLock(settings.insideInterface())) {
            new TransparentKernelState(settings, vms).remove();
        }
    }
}
