package org.secondsite.replicator.disk.io;

import java.io.IOException;
import java.util.ArrayList;
import java.util.BitSet;
import java.util.List;
import java.util.Optional;
import java.util.UUID;
import java.util.function.LongSupplier;
import org.secondsite.config.EpochId;
import org.secondsite.net.io.StrangersLog;
import org.secondsite.replicator.CarriedDisks;
import org.secondsite.replicator.CopyProgress;
import org.secondsite.replicator.DiskTalk;
import org.secondsite.replicator.VolumeChanges;
import org.secondsite.replicator.disk.BlockMemory;
import org.secondsite.replicator.disk.BlockSet;
import org.secondsite.replicator.disk.CopyPlan;
import org.secondsite.replicator.disk.CopyRate;
import org.secondsite.replicator.disk.DiskException;
import org.secondsite.replicator.disk.Superblock;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The volumes of a VM that may run here: served to its hypervisor, and what is written to them is remembered epoch by epoch.
 *
 * <p><b>A copy</b> is a part of the epochs: beside what the VM has written, each brings up to {@value #USUAL_COPY_BYTES} bytes of
 * what the volumes contain, until all was brought of which it is not known that the standby has it ({@link CopyPlan}). A part is
 * taken in under the lock of the volume, so it cannot be older than what a later write says.
 *
 * <p>One thread calls; the connections of hypervisors have their own.
 */
final class OwnerVolumes implements AutoCloseable {
    /** What an epoch usually brings of a copy, at most, beyond a last piece of 1 MiB. */
    static final long USUAL_COPY_BYTES = 16L << 20;

    private static final Logger LOG = LoggerFactory.getLogger(OwnerVolumes.class);

    /** A guest may write a thousand times a second to an image that has no room. */
    private static final StrangersLog TROUBLES = new StrangersLog(LOG);

    /**
     * How fast a copy goes.
     *
     * @param epochBytes what an epoch brings of it, at most, beyond a last piece of 1 MiB
     * @param bytesPerSecond what it brings in a second, 0 if that is not limited
     * @param clock nanoseconds, monotonic
     */
    record CopyPace(long epochBytes, long bytesPerSecond, LongSupplier clock) {}

    /** A volume, what is known of its image, and its server. */
    private record Served(Volume volume, SuperblockFile superblock, NbdServer server) {}

    /** How many chunks are compared for an epoch: 32 MiB. */
    private static final int COMPARED_AT_ONCE = 512;

    /** How long a standby may take to answer. */
    private static final long PATIENCE_NANOS = 30_000_000_000L;

    /** How often the dirty map is read against a later epoch. */
    private static final long SETTLE_NANOS = 5_000_000_000L;

    private final CarriedDisks disks;
    private final BlockMemory memory;
    private final DirtyMap map;
    private final CopyPace pace;
    private final CopyRate rate;
    private final List<Served> volumes = new ArrayList<>();

    private final ChunkHash hashes = new ChunkHash();

    /** What a copy brings, and how far it is. */
    private CopyPlan plan;

    /** The chain of epochs whose copy leaves out what the standby has; NONE if it brings everything. */
    private EpochId basis = EpochId.NONE;

    private long heardNanos;
    private long broughtBlocks;

    private boolean atOnce;
    private boolean captures;
    private Thread settling;
    private long settledNanos;

    private OwnerVolumes(CarriedDisks disks, DirtyMap map, BlockMemory memory, CopyPace pace) {
        this.pace = pace;
        this.rate = new CopyRate(pace.bytesPerSecond(), pace.clock().getAsLong());
        this.disks = disks;
        this.map = map;
        this.memory = memory;
        this.plan = CopyPlan.everything(disks);
    }

    /**
     * Serves them. What a former life has answered is on the disk before the first client is heard.
     *
     * @param map where it is noted what is written; it stays the caller's
     * @param memory where it waits until it is shipped; closed with them
     * @throws IOException if an image cannot be opened, or a socket cannot be listened on
     */
    static OwnerVolumes serve(VmImages images, CarriedDisks disks, DirtyMap map, BlockMemory memory, CopyPace pace)
            throws IOException {
        OwnerVolumes owner = new OwnerVolumes(disks, map, memory, pace);
        boolean whole = false;
        try {
            UUID boot = BootId.current();
            for (VmImages.One image : images.list()) {
                BlockFile file = BlockFile.open(image.file());
                int index = owner.volumes.size();
                Volume volume = new Volume(
                        image.name(), file, false, owner.memory, (offset, length) -> map.mark(index, offset, length));
                SuperblockFile superblock = SuperblockFile.open(image.superblock());
                Superblock known = superblock
                        .current()
                        .orElse(new Superblock(
                                0, image.id(), file.bytes(), image.unknown(), EpochId.NONE, EpochId.NONE, boot));
                file.sync();
                boolean mirror = known.state() == Superblock.State.MIRROR;
                superblock.write(known.next(mirror ? Superblock.State.MIRROR : Superblock.State.OWNER, boot));
                NbdServer server = NbdServer.open(
                        image.socket(),
                        volume,
                        trouble -> TROUBLES.tell(image.name(), "{}: {}", image.name(), trouble));
                owner.volumes.add(new Served(volume, superblock, server));
                LOG.info("{}: served on {}", image.name(), image.socket());
            }
            whole = true;
            return owner;
        } finally {
            if (!whole) {
                owner.close();
            }
        }
    }

    // ---- epochs -------------------------------------------------------------------------------------------------

    /** Begins anew to remember what is written, and a copy of everything. */
    void beginCapture() {
        for (Served each : volumes) {
            each.volume().endCapture();
            each.volume().beginCapture();
        }
        map.endGathering();
        plan = CopyPlan.everything(disks);
        basis = EpochId.NONE;
        captures = true;
    }

    /** Copies only what differs from the standby's disks, of which this is known. Before the first cut of the chain. */
    private void copyUpon(DiskTalk.Claim claim) {
        Optional<EpochId> common = map.claim().common(claim.claim());
        if (common.isPresent()) {
            List<BitSet> own = new ArrayList<>();
            for (int i = 0; i < volumes.size(); i++) {
                own.add(map.dirty(i));
            }
            plan = CopyPlan.named(claim.chain(), disks, own, claim.dirtyChunks());
            basis = claim.chain();
        } else {
            plan = CopyPlan.differing(claim.chain(), disks);
        }
        heardNanos = pace.clock().getAsLong();
        LOG.info(
                "the standby's disks are {}, {} chunks besides; {}",
                claim.claim().base(),
                claim.dirtyChunks(),
                common.map(epoch -> "what was written since " + epoch + " is copied, at most " + plan.missingBlocks()
                                + " blocks")
                        .orElse("what differs by its hash is copied"));
    }

    /** The standby says something; what is to be asked then. */
    List<DiskTalk> heard(DiskTalk talk) {
        switch (talk) {
            case DiskTalk.Claim claim -> copyUpon(claim);
            case DiskTalk.Answer answer -> {
                if (plan.answered(answer)) {
                    heardNanos = pace.clock().getAsLong();
                }
            }
            case DiskTalk.Nobody nobody -> plan.nobody(nobody);
            default -> {}
        }
        return questions();
    }

    /** What is to be asked now; nothing while what is known is far ahead of what was copied. */
    List<DiskTalk> questions() {
        List<DiskTalk> questions = new ArrayList<>();
        for (Optional<DiskTalk> next = plan.nextQuery(); captures && next.isPresent(); next = plan.nextQuery()) {
            questions.add(next.get());
        }
        return questions;
    }

    /** Remembers nothing more: no checkpoint follows. */
    void endCapture() {
        captures = false;
        map.endGathering();
        volumes.forEach(each -> each.volume().endCapture());
    }

    /**
     * Brings the next part of a copy into the open epoch, if one is under way.
     *
     * @throws DiskException if a volume cannot be read
     */
    void copyAhead() throws DiskException {
        if (plan.waits() && pace.clock().getAsLong() - heardNanos > PATIENCE_NANOS) {
            LOG.warn("the standby does not say what differs: all of the rest is copied");
            plan.stopAsking();
        }
        long limit = memory.takenBytes() + pace.epochBytes();
        int compared = 0;
        while (captures && !plan.isDone() && memory.takenBytes() < limit && memory.hasRoom()) {
            Volume volume = volumes.get(plan.volume()).volume();
            CopyPlan.Verdict verdict = plan.verdict();
            if (verdict == CopyPlan.Verdict.UNKNOWN || compared == COMPARED_AT_ONCE) {
                return;
            }
            if (verdict == CopyPlan.Verdict.SAME) {
                plan.skip();
            } else if (verdict == CopyPlan.Verdict.COMPARE
                    && volume.isChunk(plan.chunkOfVolume(), plan.hash(), hashes)) {
                plan.skip();
                compared++;
            } else if (rate.admits(pace.clock().getAsLong())) {
                Volume.Copied copied = volume.copyFrom(plan.block(), plan.endOfNeeded());
                rate.brought((long) copied.contentBlocks() * BlockSet.BLOCK_BYTES);
                broughtBlocks += copied.end() - plan.block();
                plan.brought(copied.end());
            } else {
                return;
            }
        }
    }

    private long missingBlocks() {
        return plan.missingBlocks();
    }

    /** How far the copy is; empty while no epochs are made. */
    Optional<CopyProgress> copyProgress() {
        return captures ? Optional.of(new CopyProgress(plan.missingOfEach(), rate.bytesPerSecond())) : Optional.empty();
    }

    /** The blocks that copies have brought, those of holes included. */
    long broughtBlocks() {
        return broughtBlocks;
    }

    /** The VM is about to stop, or has: nothing may be held up until it has. */
    void drain(boolean stopping) {
        memory.drain(stopping);
    }

    /**
     * What was written in an epoch. Whoever has it ships it, or gives it back.
     *
     * @param disks with what is missing after this epoch
     */
    record Cut(CarriedDisks disks, List<BlockSet> sets) {
        /** The changes, to be shipped; nothing can be given back any more. */
        List<VolumeChanges> take() {
            List<VolumeChanges> changes = new ArrayList<>();
            for (int i = 0; i < sets.size(); i++) {
                BlockSet set = sets.get(i);
                changes.add(new VolumeChanges(i, set.zeroRanges(), set.pages()));
                set.close();
            }
            return changes;
        }
    }

    /**
     * Ends the open epoch of all volumes; the VM must stand still.
     *
     * @throws DiskException if what was written is not known; then nothing was cut
     */
    Cut cut() throws DiskException {
        List<BlockSet> sets = new ArrayList<>();
        // No write comes between the end of the map's period and that of the epoch.
        volumes.forEach(each -> each.volume().lock().lock());
        try {
            if (missingBlocks() == 0 && mayRebase()) {
                map.cut();
            }
            for (Served each : volumes) {
                sets.add(each.volume().cut());
            }
        } catch (DiskException failed) {
            restore(new Cut(disks, sets));
            throw failed;
        } finally {
            volumes.forEach(each -> each.volume().lock().unlock());
        }
        return new Cut(disks.missing(missingBlocks()).upon(basis), sets);
    }

    /** What was cut was taken. */
    void shipped() {
        memory.shipped();
    }

    /** The epoch is not shipped after all: its blocks go back, or they would be missing at the standby for ever. */
    void restore(Cut cut) {
        map.dropped();
        for (int i = 0; i < cut.sets().size(); i++) {
            volumes.get(i).volume().restore(cut.sets().get(i));
        }
    }

    // ---- the dirty map ------------------------------------------------------------------------------------------

    private boolean mayRebase() {
        return map.claim().base().equals(EpochId.NONE) || pace.clock().getAsLong() - settledNanos > SETTLE_NANOS;
    }

    /** The other site has everything up to this epoch: the dirty map may be read against one of them. */
    void acknowledged(EpochId upTo) {
        Optional<EpochId> due = map.due(upTo);
        if (due.isPresent() && (settling == null || !settling.isAlive())) {
            settledNanos = pace.clock().getAsLong();
            settling = Thread.ofVirtual().name("dirty-map").start(() -> settle(due.get()));
        }
    }

    /** What was written before the cut goes to the disk first, and a checkpoint does not wait for that. */
    private void settle(EpochId epoch) {
        try {
            for (Served each : List.copyOf(volumes)) {
                each.volume().file().sync();
            }
            map.settle(epoch);
        } catch (IOException e) {
            LOG.warn("the dirty map stays as it was: {}", e.getMessage());
        }
    }

    void awaitSettled() {
        if (settling != null) {
            try {
                settling.join();
            } catch (InterruptedException e) {
                Thread.currentThread().interrupt();
            }
        }
    }

    // ---- flushes ------------------------------------------------------------------------------------------------

    /**
     * Answers flushes at once from now on. If the machine loses its power from here on, the images are of no use: that is noted
     * first.
     *
     * @throws IOException if it cannot be noted; flushes are answered as before
     */
    void flushAtOnce() throws IOException {
        if (atOnce) {
            return;
        }
        mark(Superblock.State.DIRTY);
        atOnce = true;
        volumes.forEach(each -> each.volume().flushAtOnce());
    }

    /**
     * Makes flushes wait for the disk from now on, and has everything that was ever answered there.
     *
     * @throws IOException if a disk refuses; no output may pass unheld then
     */
    void becomeHonest() throws IOException {
        for (Served each : volumes) {
            each.volume().becomeHonest();
        }
        if (atOnce) {
            mark(Superblock.State.OWNER);
            atOnce = false;
        }
    }

    /** Notes what may be done with the images that the VM has; with a copy of a disk that it has elsewhere, nothing. */
    private void mark(Superblock.State state) throws IOException {
        UUID boot = BootId.current();
        for (int i = 0; i < volumes.size(); i++) {
            if (!isMirror(i)) {
                SuperblockFile file = volumes.get(i).superblock();
                file.write(file.current().orElseThrow().next(state, boot));
            }
        }
    }

    // ---- copies of disks that the VM has elsewhere ----------------------------------------------------------------

    /** Whether an image is a copy of a disk that the VM has, rather than that disk. */
    boolean isMirror(int index) {
        return volumes.get(index).superblock().current().orElseThrow().state() == Superblock.State.MIRROR;
    }

    /** An image. */
    Volume volume(int index) {
        return volumes.get(index).volume();
    }

    @Override
    public void close() {
        awaitSettled();
        for (Served each : volumes) {
            try {
                each.server().close();
            } catch (IOException e) {
                LOG.warn("{}: {}", each.volume().export().name(), e.getMessage());
            }
            each.volume().close();
            each.superblock().close();
        }
        volumes.clear();
        memory.close();
    }
}
