package org.secondsite.replicator.agent;

import java.util.OptionalLong;

/**
 * When a VM is resumed again that its hypervisor has halted because a disk failed.
 *
 * <p>Nobody else does it: QEMU halts such a VM and waits. A retry that fails halts the VM again, before the guest has seen
 * anything. Waits grow from half a second to four; QEMU's NBD client, for one, answers every request with an error until
 * its own wait to reconnect is over. A VM that is halted again within {@value #PROVEN_SECONDS} s was not well.
 *
 * <p>Pure: the time is passed in, in nanoseconds of any monotonic clock. Not thread-safe.
 */
public final class HaltRecovery {
    private static final long FIRST_WAIT_NANOS = 500_000_000;
    private static final int DOUBLINGS = 3;
    private static final long PROVEN_SECONDS = 10;
    private static final long PROVEN_NANOS = PROVEN_SECONDS * 1_000_000_000;

    private String reason = "";
    private boolean halted;
    private int attempts;
    private boolean ranBefore;
    private long ranNanos;
    private long retryNanos;

    /**
     * The VM is halted.
     *
     * @return whether that is news: not within a row of attempts for the same reason
     */
    public boolean halted(String why, long now) {
        if (halted) {
            return false;
        }
        halted = true;
        boolean again = ranBefore && now - ranNanos < PROVEN_NANOS;
        attempts = again ? attempts : 0;
        boolean news = !(again && why.equals(reason));
        reason = why;
        retryNanos = now + (FIRST_WAIT_NANOS << Math.min(attempts, DOUBLINGS));
        return news;
    }

    /** The VM runs. */
    public void resumed(long now) {
        if (halted) {
            halted = false;
            ranBefore = true;
            ranNanos = now;
        }
    }

    /** It was resumed, or that was tried, for the {@code attempts}-th time in a row. */
    public int attempted(long now) {
        attempts++;
        retryNanos = now + (FIRST_WAIT_NANOS << Math.min(attempts, DOUBLINGS));
        return attempts;
    }

    /** The VM is gone: what comes next is another one. */
    public void forget() {
        halted = false;
        ranBefore = false;
        attempts = 0;
    }

    /** Whether the VM is halted. */
    public boolean isHalted() {
        return halted;
    }

    /** Why the VM is halted, or was last. */
    public String reason() {
        return reason;
    }

    /** How long until it is to be resumed, 0 if that is due; empty if it is not halted. */
    public OptionalLong dueIn(long now) {
        return halted ? OptionalLong.of(Math.max(0, retryNanos - now)) : OptionalLong.empty();
    }
}
