package org.secondsite.replicator.agent.io;

import java.io.IOException;
import java.util.Locale;
import org.secondsite.config.EpochId;
import org.secondsite.config.VmId;
import org.secondsite.replicator.CarriedDisks;
import org.secondsite.replicator.Epoch;
import org.secondsite.replicator.EpochHeader;
import org.secondsite.replicator.PageSet;
import org.secondsite.replicator.agent.AgentEvent;
import org.secondsite.replicator.agent.SlowPauseException;
import org.secondsite.replicator.agent.VmDriver;
import org.secondsite.replicator.disk.io.VmVolumes;

/**
 * One checkpoint, as it is carried out: what was copied of the VM, and where the time of the pause went. The order of its steps is
 * decided by {@link org.secondsite.replicator.agent.VmAgent}.
 */
final class CheckpointCycle {
    private final VmDriver vm;
    private final ShadowImage shadow;
    private final VmVolumes volumes;
    private final boolean full;
    private final long maxPauseNanos;

    private boolean ran;
    private PageSet changed;
    private byte[] deviceState;
    private long startNanos;
    private long stoppedNanos;
    private long copiedNanos;
    private long collectedNanos;
    private long sealedNanos;
    private long resumedNanos;

    /** A checkpoint that is not begun yet. */
    CheckpointCycle(VmDriver vm, ShadowImage shadow, VmVolumes volumes, boolean full, long maxPauseNanos) {
        this.vm = vm;
        this.shadow = shadow;
        this.volumes = volumes;
        this.full = full;
        this.maxPauseNanos = maxPauseNanos;
    }

    AgentEvent.Answer pause() throws InterruptedException {
        try {
            if (full) {
                shadow.prefill(vm.ram());
            }
            volumes.copyAhead();
            vm.prepare();
        } catch (IOException impossible) {
            return new AgentEvent.Unprepared(impossible.getMessage());
        }
        startNanos = System.nanoTime();
        volumes.drain(true);
        try {
            ran = vm.pause();
        } catch (SlowPauseException slow) {
            return new AgentEvent.PauseLate(slow.getMessage());
        } catch (IOException failed) {
            return new AgentEvent.PauseFailed(failed.getMessage());
        }
        stoppedNanos = System.nanoTime();
        return new AgentEvent.Paused();
    }

    AgentEvent.Answer collect() throws InterruptedException {
        try {
            // Only now: until it has answered, QEMU carries out what the guest had asked of its disks.
            volumes.cut();
            volumes.drain(false);
            vm.beginDeviceState();
            changed = shadow.changed(vm.ram());
            copiedNanos = System.nanoTime();
            deviceState = vm.awaitDeviceState(Math.max(0, maxPauseNanos - (copiedNanos - startNanos)));
            collectedNanos = System.nanoTime();
            return new AgentEvent.Collected();
        } catch (IOException failed) {
            return new AgentEvent.CollectFailed(failed.getMessage());
        }
    }

    AgentEvent.Answer verify() throws InterruptedException {
        sealedNanos = System.nanoTime();
        // If the VM stays paused, this is the end of it.
        resumedNanos = sealedNanos;
        try {
            return vm.spoiled().<AgentEvent.Answer>map(AgentEvent.Spoiled::new).orElseGet(AgentEvent.Verified::new);
        } catch (IOException unknown) {
            return new AgentEvent.Spoiled(unknown.getMessage());
        }
    }

    /** The VM runs on, if it did before. */
    void resumed() {
        resumedNanos = System.nanoTime();
    }

    /**
     * Makes the epoch of what was copied. Once; whoever has it closes it.
     *
     * @param base what it builds on, NONE for a full image
     */
    Epoch epoch(VmId id, EpochId epoch, EpochId base, long ramBytes) {
        PageSet pages = changed;
        changed = null;
        if (full) {
            shadow.advance(pages, epoch);
            pages.close();
            pages = shadow.full();
        }
        CarriedDisks disks = volumes.cutDisks();
        return new Epoch(new EpochHeader(id, epoch, base, ramBytes, disks), pages, volumes.take(epoch), deviceState);
    }

    /** The epoch is being shipped, which only reads the same pages; they are closed when both are done. */
    void shipped(Epoch epoch) {
        if (!full) {
            shadow.advance(epoch.pages(), epoch.header().epoch());
        }
        shadow.audit(vm.ram());
    }

    /** Gives back what was copied and not shipped. */
    void abandon() {
        volumes.giveBack();
        volumes.drain(false);
        if (changed != null) {
            changed.close();
            changed = null;
        }
    }

    /** How long the VM was paused, 0 if it was paused before, or still is. */
    long pauseNanos() {
        return ran && resumedNanos > sealedNanos ? resumedNanos - startNanos : 0;
    }

    /** Where the time of the pause went: until the VM stood still, its RAM was copied, the device state was whole, and so on. */
    @Override
    public String toString() {
        return String.format(
                Locale.ROOT,
                "pause %.1f ms: stop %.1f, pages %.1f, device state %.1f more, seal %.1f more, cont %.1f",
                ms(startNanos, resumedNanos),
                ms(startNanos, stoppedNanos),
                ms(stoppedNanos, copiedNanos),
                ms(copiedNanos, collectedNanos),
                ms(collectedNanos, sealedNanos),
                ms(sealedNanos, resumedNanos));
    }

    private static double ms(long from, long to) {
        return (to - from) / 1e6;
    }
}
