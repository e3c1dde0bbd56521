package org.secondsite.buffer;

import java.io.IOException;
import java.net.InetAddress;
import java.util.List;
import org.secondsite.config.EpochId;
import org.secondsite.config.VmId;
import org.secondsite.net.life.Turn;

/**
 * The data plane as the rest of the gateway sees it.
 *
 * <p>Every call returns at once. The calls are commands to the one data-plane thread, which executes them in the
 * order in which they were given; when two threads give commands, the order between them is theirs to arrange. A
 * command for a VM that is not configured is refused with {@link IllegalArgumentException}. A command has taken
 * effect when the continuation of a later {@link #seal} or {@link #fence} runs; until then packets may still meet the
 * state before it.
 *
 * <p>A VM starts {@link VmState#CLOSED}: a restarted gateway lets nothing out until it has been told its role
 * (FailClosed). A command whose term is lower than the highest seen for its VM is refused: it changes nothing, is
 * counted and logged ({@link VmCounters#refusedCommands()}).
 */
public interface DataPlane extends AutoCloseable {
    /**
     * Holds the VM's output from now on.
     *
     * <p>Called before protection is asked for ("gate before asking") and again when the term changes;
     * packets that are already held just go on waiting.
     *
     * @param term the term under which the owner holds
     */
    void hold(VmId vm, long term);

    /**
     * Releases everything held, sealed or not, in order; then output passes unheld until {@link #hold} or {@link
     * #fence}.
     *
     * @param term the term whose record says that the owner stands alone (NoSoloWhilePeerInSync)
     */
    void pass(VmId vm, long term);

    /**
     * Closes the open epoch under an id. A packet that was on its way while this ran may belong to this epoch or to the
     * next; a packet that arrives after {@code sealed} has run never belongs to this one.
     *
     * <p>A refused seal (stale term, an id that is not above the last one) leaves the packets in the open epoch,
     * where they wait for a later commit; {@code sealed} runs all the same, because its promise holds and a VM is
     * paused for it.
     *
     * @param epoch the id of the epoch that ends here; ids of one VM grow
     * @param sealed runs on the data-plane thread; it must be short and must not block
     */
    void seal(VmId vm, EpochId epoch, Runnable sealed);

    /**
     * Releases every sealed epoch up to and including this one, in order. An epoch that is sealed later is not
     * affected.
     *
     * @param upTo the epoch that the standby holds completely (ReleasedIsCommitted)
     */
    void commit(VmId vm, EpochId upTo);

    /**
     * Discards everything held, committed or not, and closes the VM; nothing is released any more under a term below
     * this one (NothingAfterFence).
     *
     * @param fenced runs on the data-plane thread once no packet of this VM can leave any more; also after a refused
     * fence
     */
    void fence(VmId vm, long term, Runnable fenced);

    /** {@link #fence(VmId, long, Runnable)} for callers that need not know when it has taken effect. */
    default void fence(VmId vm, long term) {
        fence(vm, term, () -> {});
    }

    /**
     * Has the plane stop releasing when it finds that the process stood still for so long: stopped by a signal, its machine
     * paused, or in a long collection. Another site may have been told meanwhile that it owns the VMs; what the standby had
     * committed before would still be true, but would leave from two sites. It is told to {@link
     * DataPlaneListener#stoodStill}, and each VM waits for its {@link #releaseAgain}. A plane that was not told so, or that has no
     * threads of its own, never stops by itself.
     *
     * @param nanos shorter than the time in which a silent owner is replaced
     */
    default void noticeStandstill(long nanos) {}

    /**
     * The VM's owner is known to be the owner still: packets that may leave, leave again.
     *
     * @param standstill as it was told; of no effect when the process has stood still again since
     */
    default void releaseAgain(VmId vm, long standstill) {}

    /**
     * Releases nothing of the VM from now on, committed or not, until {@link #resume} says so. What is held stays. Takes effect at
     * once, ahead of commands that still wait.
     *
     * @param doubt the caller's number of it, growing
     */
    void suspend(VmId vm, long doubt);

    /**
     * Packets that may leave, leave again.
     *
     * @param doubt the last one that is settled; of no effect when there was a later one
     */
    void resume(VmId vm, long doubt);

    /**
     * Tells the frames of one more VM from others, from now on; it begins CLOSED. Whether the kernel lets them pass as well is a matter
     * of {@link #confine}. Waits for the plane's thread: not for a thread that decides.
     *
     * @throws IOException if there is no room for another VM, or it cannot be told from those that are there
     */
    default void admit(ProtectedVm vm) throws IOException {
        throw new IOException("this data plane has no room for VM " + vm.id() + " while it runs");
    }

    /**
     * Closes the kernel's way for these VMs, and for no others. Waits for the kernel.
     *
     * @param closed where no VM's packet goes, whatever the way, in a mode in which it could
     * @throws IOException if the kernel does not do it; the way stays as it was
     */
    default void confine(List<ProtectedVm> vms, List<InetAddress> closed) throws IOException {
        throw new IOException("this data plane's VMs cannot change while it runs");
    }

    /**
     * VMs of these addresses are at other sites now, and no others are. What VMs here send them leaves by the uplinks, as what is sent to the
     * outside does, in a mode in which the gateway is the VMs' first hop; and what they send to VMs here may come in that way. Takes
     * effect soon. What comes from the outside goes to VMs here whatever is said.
     */
    default void elsewhere(List<InetAddress> addresses) {}

    /**
     * Does not know a VM any more: what may leave leaves before, within a bounded time, and the rest is discarded. Waits for the
     * plane's threads.
     *
     * @throws IOException if they do not do it in time
     */
    default void dismiss(VmId vm) throws IOException {
        throw new IOException("this data plane's VMs cannot change while it runs");
    }

    /**
     * Proves that the plane's threads live. Each turns round several times between two heartbeats, once it knows by {@link
     * #noticeStandstill} how short that time is.
     *
     * @return empty for a plane without threads of its own
     */
    default List<Turn> turns() {
        return List.of();
    }

    /** The figures of this moment. Each is exact; two of them may be a packet apart. May be called from any thread. */
    DataPlaneCounters counters();

    /** Discards everything held and ends. Never flushes. The kernel state that keeps the way closed stays behind. */
    @Override
    void close();
}
