package org.secondsite.buffer.io.kernel;

import java.io.IOException;
import java.net.InetAddress;
import java.util.List;
import org.secondsite.buffer.ProtectedVm;

/** What a mode needs of the kernel, and leaves behind closed when the process ends. */
public interface KernelState {
    /**
     * Makes the state, over whatever an earlier process or a partial loss has left. At no moment is the way more open
     * than before.
     *
     * @throws IOException if a step fails; the message has the step
     */
    void install() throws IOException;

    /**
     * Asks the kernel for all of it; returns what is missing or wrong, in words. Empty means that the way is closed.
     */
    List<String> problems() throws IOException;

    /**
     * Makes and verifies it for these VMs instead of those before, in one step.
     *
     * @throws IOException if that fails; it is for those before then
     */
    default void confine(List<ProtectedVm> vms, List<InetAddress> closed) throws IOException {
        throw new IOException("the VMs of this mode cannot change while it runs");
    }

    /**
     * Has packets find VMs that are at other sites, as {@link org.secondsite.buffer.DataPlane#elsewhere} says. Asked again and again, for
     * routers come and go; a gateway that is no router has nothing to do.
     *
     * @throws IOException if the kernel does not do it, or not all of it
     */
    default void elsewhere(List<InetAddress> addresses) throws IOException {}

    /** Removes what {@link #install} made. Protected VMs are not held back any more then. */
    void remove() throws IOException;

    /** The interfaces that it is about; the VM-facing one first. */
    List<String> interfaces();

    /**
     * {@link #install} and {@link #problems} at a start.
     *
     * @throws IOException if there is any problem
     */
    default void installAndVerify() throws IOException {
        install();
        List<String> problems = problems();
        if (!problems.isEmpty()) {
            throw new IOException("refusing to run, the way out of protected VMs cannot be shown to be closed: "
                    + String.join("; ", problems));
        }
    }
}
