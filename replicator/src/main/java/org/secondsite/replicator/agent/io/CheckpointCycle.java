package org.secondsite.replicator.agent.io;

import java.io.IOException;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import org.secondsite.config.EpochId;
import org.secondsite.replicator.PageSet;
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

    /** The VM is not in a known state: it must be given up and attached anew. */
    static final class VmLost extends Exception {
        private static final long serialVersionUID = 1L;

        VmLost(String what, IOException cause) {
            super(what + ": " + cause.getMessage(), cause);
        }
    }

    /** What a checkpoint took. Whoever has it closes the pages. */
    static final class Taken {
        /** The pages that differ from the shadow. */
        final PageSet changed;

        final byte[] deviceState;

        /** How long the VM was paused, 0 if an operator had paused it before (it still is). */
        final long pauseNanos;

        Taken(PageSet changed, byte[] deviceState, long pauseNanos) {
            this.changed = changed;
            this.deviceState = deviceState;
            this.pauseNanos = pauseNanos;
        }
    }

    CheckpointCycle(
            VmDriver vm, ShadowImage shadow, GatewayLink link, CheckpointConnection connection, long maxPauseNanos) {
        this.vm = vm;
        this.shadow = shadow;
        this.link = link;
        this.connection = connection;
        this.maxPauseNanos = maxPauseNanos;
    }

    /**
     * Takes a checkpoint. When this returns or throws {@link IOException}, the VM runs, unless it did not before or STOP_VM
     * came meanwhile.
     *
     * @throws IOException if the checkpoint was dropped
     * @throws VmLost if the VM could not be made to run
     */
    Taken take(EpochId epoch) throws IOException, VmLost, InterruptedException {
        boolean running = vm.isRunning();
        vm.prepare();
        long start = System.nanoTime();
        PageSet changed = null;
        boolean done = false;
        try {
            if (running) {
                vm.pause();
            }
            CompletableFuture<Void> sealed = link.seal(connection, epoch);
            vm.beginDeviceState();
            changed = shadow.changed(vm.ram());
            byte[] deviceState = vm.awaitDeviceState(left(start));
            awaitSealed(sealed, left(start));
            long pauseNanos = running ? resume(start) : 0;
            done = true;
            return new Taken(changed, deviceState, pauseNanos);
        } finally {
            if (!done) {
                if (changed != null) {
                    changed.close();
                }
                goOn(running, start);
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

    private long resume(long start) throws VmLost, InterruptedException {
        if (link.stopDemanded()) {
            return System.nanoTime() - start;
        }
        try {
            vm.resume();
            return System.nanoTime() - start;
        } catch (IOException failed) {
            throw new VmLost("the VM does not resume", failed);
        }
    }

    /** After a failure: makes the VM run again. */
    private void goOn(boolean running, long start) throws VmLost, InterruptedException {
        vm.abandonDeviceState();
        if (running) {
            resume(start);
        }
    }
}
