package org.secondsite.buffer.io.run;

import java.util.List;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import org.secondsite.buffer.DataPlane;
import org.secondsite.config.EpochId;
import org.secondsite.config.VmId;

/**
 * The clock of a data plane that runs alone: it seals an epoch of every VM every so often, and commits it a fixed time
 * later. Commits are late rather than early. Of one thread.
 */
public final class SelfCommittingClock {
    private static final long TERM = 1;

    private final DataPlane plane;
    private final List<VmId> vms;
    private final long epochNanos;
    private final long delayNanos;
    private long sealed;
    private long committed;

    /**
     * A clock that stands still.
     *
     * @param epochMillis from one seal to the next
     * @param commitDelayMillis from a seal to its commit
     */
    public SelfCommittingClock(DataPlane plane, List<VmId> vms, int epochMillis, int commitDelayMillis) {
        this.plane = plane;
        this.vms = List.copyOf(vms);
        epochNanos = epochMillis * 1_000_000L;
        delayNanos = commitDelayMillis * 1_000_000L;
    }

    /** Holds the output of every VM. */
    public void hold() {
        vms.forEach(vm -> plane.hold(vm, TERM));
    }

    /** Runs until {@code stop} is counted down, the time is over, or the thread is interrupted. May run again. */
    public void run(CountDownLatch stop, long seconds) {
        long sealedBefore = sealed;
        long startNanos = System.nanoTime();
        long endNanos = seconds * 1_000_000_000L;
        while (true) {
            long nowNanos = System.nanoTime() - startNanos;
            if (nowNanos >= endNanos) {
                return;
            }
            while ((sealed - sealedBefore + 1) * epochNanos <= nowNanos) {
                seal(() -> {});
            }
            while (committed < sealed && (committed - sealedBefore + 1) * epochNanos + delayNanos <= nowNanos) {
                commitTo(committed + 1);
            }
            long nextNanos = (sealed - sealedBefore + 1) * epochNanos;
            if (committed < sealed) {
                nextNanos = Math.min(nextNanos, (committed - sealedBefore + 1) * epochNanos + delayNanos);
            }
            try {
                if (stop.await(Math.min(nextNanos, endNanos) - nowNanos, TimeUnit.NANOSECONDS)) {
                    return;
                }
            } catch (InterruptedException e) {
                Thread.currentThread().interrupt();
                return;
            }
        }
    }

    /**
     * Seals the next epoch of every VM now.
     *
     * @param done runs on the data-plane thread, once per VM
     */
    public void seal(Runnable done) {
        sealed++;
        EpochId epoch = new EpochId(TERM, sealed);
        for (VmId vm : vms) {
            plane.seal(vm, epoch, done);
        }
    }

    /** Commits now what is sealed. */
    public void commit() {
        commitTo(sealed);
    }

    private void commitTo(long number) {
        committed = number;
        EpochId epoch = new EpochId(TERM, committed);
        for (VmId vm : vms) {
            plane.commit(vm, epoch);
        }
    }
}
