package org.secondsite.replicator.agent;

import org.secondsite.config.EpochId;

/**
 * A checkpoint under way: what it is to be, and what has come of it so far.
 *
 * <pre>
 * VM       runs │ paused                                             │ runs
 * agent         │ pause ─ SEAL ─ collect ──────────┬─ verify ─ resume │ ship
 * gateway       │   seal the packet epoch ─ SEALED ┘                 │
 * </pre>
 *
 * <p>It runs on only when the gateway has sealed, the device state is whole and the dirty pages are copied; no part of it depends
 * on how far the other site is. What the gateway orders meanwhile waits until the checkpoint has ended; only STOP_VM does not.
 *
 * <p><b>A checkpoint that fails is dropped</b>, and the VM runs on in any case, after a bounded wait. Also when the gateway never
 * answered SEAL: that is safe. Say the gateway seals packet epoch <i>e</i> late, after the VM went on. Then <i>e</i> holds packets
 * of a time that checkpoint <i>e</i> does not cover. But checkpoint <i>e</i> is dropped here and its id is never used again, so
 * nothing can commit <i>e</i> by itself: its packets leave with the commit of a later checkpoint, and every packet that got into
 * <i>e</i> was sent before the VM was paused for that later one, because the gateway seals in the order in which it is asked.
 * Packets that no seal has reached stay in the open epoch. In both cases what leaves is covered by a committed checkpoint
 * (ReleasedIsCommitted); only later than it could have been.
 */
final class VmCheckpoint {
    /** Its own epoch. */
    final EpochId id;
    /** What it builds on, NONE for a full image. */
    final EpochId base;
    /** Whether the VM stays paused if it succeeds. */
    final boolean staysPaused;
    /** Where the VM is left if it does not. */
    final AgentPhase from;

    final long deadlineNanos;

    private boolean sealed;
    private boolean collected;

    VmCheckpoint(EpochId id, EpochId base, boolean staysPaused, AgentPhase from, long deadlineNanos) {
        this.id = id;
        this.base = base;
        this.staysPaused = staysPaused;
        this.from = from;
        this.deadlineNanos = deadlineNanos;
    }

    /** The gateway has sealed; whether that was the last that was missing. */
    boolean sealed() {
        sealed = true;
        return collected;
    }

    /** Pages and device state are copied; whether that was the last that was missing. */
    boolean collected() {
        collected = true;
        return sealed;
    }
}
