package org.secondsite.gateway.group;

import java.util.Optional;
import org.secondsite.buffer.Pressure;
import org.secondsite.config.EpochId;
import org.secondsite.config.VmId;
import org.secondsite.replicator.checkpoint.AgentSession;

/**
 * What a VM's checkpoints do about a buffer that fills.
 *
 * <pre>
 *   news          interval      besides
 *   -----------   -----------   --------------------------------------------------------------------------
 *   EASY          as the pace sets it ({@link CheckpointPace})
 *   SEAL_SOONER   a half        the next checkpoint starts now
 *   KEEP_PAUSED   a quarter     a VM that is paused for a checkpoint stays so until the epochs before are committed
 *   HARD_LIMIT    a quarter     the same; the data plane drops the newest packets meanwhile
 * </pre>
 *
 * A VM is kept paused by keeping back the answer to its seal, for {@value #MAX_MILLIS} ms at most: a standby that
 * does not answer must not stop a VM. What is kept back never includes the seal itself.
 */
public final class BackPressure {
    private static final long MAX_MILLIS = 250;

    private final VmId vm;
    private final Orders orders;

    private Pressure level = Pressure.EASY;
    private boolean keptBack;
    private EpochId awaited = EpochId.NONE;
    private long sinceNanos;
    private long sealedSooner;
    private long keptPaused;
    private long hardLimits;

    BackPressure(VmId vm, Orders orders) {
        this.vm = vm;
        this.orders = orders;
    }

    /** The buffer fills or empties; {@code checkpoints} are those that can be taken sooner, if they are taken. */
    void news(Pressure now, Optional<AgentSession> checkpoints, int intervalMs) {
        boolean more = now.compareTo(level) > 0;
        level = now;
        if (now == Pressure.HARD_LIMIT) {
            hardLimits++;
        }
        if (now.compareTo(Pressure.KEEP_PAUSED) < 0) {
            endPause();
        }
        checkpoints.ifPresent(session -> {
            orders.give(new SiteOrder.Interval(session, paced(intervalMs)));
            if (more) {
                sealedSooner++;
                orders.give(new SiteOrder.CheckpointNow(session));
            }
        });
    }

    /** The interval under the present pressure, in milliseconds. */
    int paced(int intervalMs) {
        int shift = Math.min(2, level.compareTo(Pressure.EASY));
        return Math.max(1, intervalMs >> shift);
    }

    /**
     * Seals; the agent is told so that the VM may run on, at once or when a commit has made room.
     *
     * @param before the last epoch before this one that the standby does not hold yet; NONE when it holds all
     */
    void seal(AgentSession session, EpochId epoch, EpochId before) {
        endPause();
        if (level.compareTo(Pressure.KEEP_PAUSED) >= 0 && !before.equals(EpochId.NONE)) {
            keptPaused++;
            keptBack = true;
            awaited = before;
            sinceNanos = orders.nowNanos();
            orders.give(new SiteOrder.SealAndKeepPaused(session, epoch));
        } else {
            orders.give(new SiteOrder.Seal(session, epoch));
        }
    }

    /** The standby holds all up to this epoch. */
    void committed(EpochId epoch) {
        if (awaited.atMost(epoch)) {
            endPause();
        }
    }

    /** Time passes. */
    void tick() {
        if (orders.nowNanos() - sinceNanos > MAX_MILLIS * 1_000_000) {
            endPause();
        }
    }

    /** The VM is not kept paused any longer. */
    void endPause() {
        if (keptBack) {
            keptBack = false;
            orders.give(new SiteOrder.EndPause(vm));
        }
    }

    /** What the data plane told last. */
    public Pressure level() {
        return level;
    }

    /** How often a checkpoint was ordered before its time. */
    public long sealedSooner() {
        return sealedSooner;
    }

    /** How often the VM was kept paused until a commit. */
    public long keptPaused() {
        return keptPaused;
    }

    /** How often the buffer was so full that packets were dropped. */
    public long hardLimits() {
        return hardLimits;
    }
}
