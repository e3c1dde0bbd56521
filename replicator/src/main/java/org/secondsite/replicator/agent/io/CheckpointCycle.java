package org.secondsite.replicator.agent.io;

import java.io.IOException;
import java.util.Locale;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import org.secondsite.config.EpochId;
import org.secondsite.replicator.PageSet;
import org.secondsite.replicator.agent.SlowPauseException;
import org.secondsite.replicator.agent.VmDriver;
import org.secondsite.replicator.checkpoint.io.CheckpointConnection;

/**
 * One checkpoint: what happens while the VM is paused.
 *
 * <pre>
 * VM      runs │ paused                                              │ runs
 * worker       │ pause ─ SEAL ─ begin device state ─ compare RAM ─┬──│ ship
 * gateway      │            seal the packet epoch ─ SEALED ───────▶│  │
 * hypervisor   │                  write device state ────────────▶│  │
 * </pre>
 *
 * <p>The VM runs on only when the gateway has sealed, the device state is whole and the dirty pages are copied; no part of
 * it depends on how far the other site is.
 *
 * <p><b>A checkpoint that fails is dropped</b>, and the VM runs on in any case, after a bounded wait. Also when the gateway
 * never answered SEAL: that is safe. Say the gateway seals packet epoch <i>e</i> late, after the VM went on. Then <i>e</i>
 * holds packets of a time that checkpoint <i>e</i> does not cover. But checkpoint <i>e</i> is dropped here and its id is never
 * used again, so nothing can commit <i>e</i> by itself: its packets leave with the commit of a later checkpoint, and every
 * packet that got into <i>e</i> was sent before the VM was paused for that later one, because the gateway seals in the order
 * in which it is asked. Packets that no seal has reached stay in the open epoch. In both cases what leaves is covered by a
 * committed checkpoint (ReleasedIsCommitted); only later than it could have been.
 */
final class CheckpointCycle {
    private final VmDriver vm;
    private final ShadowImage shadow;
    private final GatewayLink link;
    private final CheckpointConnection connection;
    private final long maxPauseNanos;
    private final boolean staysPaused;

    /** The VM is not in a known state: it must be given up and attached anew. */
    static final class VmLost extends Exception {
        private static final long serialVersionUID = 1L;

        VmLost(String what, IOException cause) {
            super(what + ": " + cause.getMessage(), cause);
        }
    }

    /**
     * Where the time of a pause went, in nanoseconds: until the VM stood still, until its RAM was compared and copied, until
     * the device state was whole, until the gateway had sealed, and until the VM ran.
     */
    record Phases(long stop, long pages, long deviceState, long sealed, long resume) {
        private static final double NANOS_PER_MS = 1e6;

        long total() {
            return stop + pages + deviceState + sealed + resume;
        }

        @Override
        public String toString() {
            return String.format(
                    Locale.ROOT,
                    "pause %.1f ms: stop %.1f, pages %.1f, device state %.1f more, seal %.1f more, cont %.1f",
                    total() / NANOS_PER_MS,
                    stop / NANOS_PER_MS,
                    pages / NANOS_PER_MS,
                    deviceState / NANOS_PER_MS,
                    sealed / NANOS_PER_MS,
                    resume / NANOS_PER_MS);
        }
    }

    /** What a checkpoint took. Whoever has it closes the pages. */
    static final class Taken {
        /** The pages that differ from the shadow. */
        final PageSet changed;

        final byte[] deviceState;

        final Phases phases;

        /** How long the VM was paused, 0 if it was paused before, or still is. */
        final long pauseNanos;

        Taken(PageSet changed, byte[] deviceState, Phases phases, boolean pausedForIt) {
            this.changed = changed;
            this.deviceState = deviceState;
            this.phases = phases;
            this.pauseNanos = pausedForIt ? phases.total() : 0;
        }
    }

    /**
     * A checkpoint that is not taken yet.
     *
     * @param staysPaused whether the VM is left paused if the checkpoint succeeds
     */
    CheckpointCycle(
            VmDriver vm,
            ShadowImage shadow,
            GatewayLink link,
            CheckpointConnection connection,
            long maxPauseNanos,
            boolean staysPaused) {
        this.vm = vm;
        this.shadow = shadow;
        this.link = link;
        this.connection = connection;
        this.maxPauseNanos = maxPauseNanos;
        this.staysPaused = staysPaused;
    }

    /**
     * Takes a checkpoint. When this returns or throws {@link IOException}, the VM runs, unless it did not before, STOP_VM
     * came meanwhile, or it was taken and is to stay paused.
     *
     * @throws SlowPauseException if the VM is going to be paused, and is to be made to run then
     * @throws IOException if the checkpoint was dropped
     * @throws VmLost if the VM could not be made to run
     */
    Taken take(EpochId epoch) throws IOException, VmLost, InterruptedException {
        vm.prepare();
        long start = System.nanoTime();
        PageSet changed = null;
        boolean done = false;
        try {
            boolean ran = vm.pause();
            long stopped = System.nanoTime();
            CompletableFuture<Void> sealed = link.seal(connection, epoch);
            vm.beginDeviceState();
            changed = shadow.changed(vm.ram());
            long copied = System.nanoTime();
            byte[] deviceState = vm.awaitDeviceState(left(start));
            long collected = System.nanoTime();
            awaitSealed(sealed, left(start));
            long sealedAt = System.nanoTime();
            if (vm.resumedByOthers()) {
                throw new IOException("the VM was resumed by somebody else in the middle of the checkpoint");
            }
            if (!staysPaused) {
                resume();
            }
            long resumed = System.nanoTime();
            done = true;
            Phases phases = new Phases(
                    stopped - start, copied - stopped, collected - copied, sealedAt - collected, resumed - sealedAt);
            return new Taken(changed, deviceState, phases, ran && !staysPaused);
        } catch (SlowPauseException late) {
            // Nothing is under way, and nothing can be asked: the VM is made to run when it is known to be paused.
            done = true;
            throw late;
        } finally {
            if (!done) {
                if (changed != null) {
                    changed.close();
                }
                goOn();
            }
        }
    }

    private long left(long start) {
        return Math.max(0, maxPauseNanos - (System.nanoTime() - start));
    }

    private void awaitSealed(CompletableFuture<Void> sealed, long timeoutNanos)
            throws IOException, InterruptedException {
        try {
            sealed.get(timeoutNanos, TimeUnit.NANOSECONDS);
        } catch (TimeoutException late) {
            throw new IOException("the gateway did not seal within " + maxPauseNanos / 1_000_000 + " ms", late);
        } catch (ExecutionException gone) {
            throw new IOException(gone.getCause().getMessage(), gone);
        }
    }

    private void resume() throws VmLost, InterruptedException {
        if (link.stopDemanded()) {
            return;
        }
        try {
            vm.resume();
        } catch (IOException failed) {
            throw new VmLost("the VM does not resume", failed);
        }
    }

    /** After a failure: makes the VM run again. */
    private void goOn() throws VmLost, InterruptedException {
        vm.abandonDeviceState();
        resume();
    }
}
