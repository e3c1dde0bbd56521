package org.secondsite.replicator.disk.io;

import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.UUID;
import org.secondsite.config.EpochId;
import org.secondsite.replicator.VolumeChanges;
import org.secondsite.replicator.disk.JournalRecord;
import org.secondsite.replicator.disk.JournalScan;
import org.secondsite.replicator.disk.Superblock;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The volumes of a VM at its standby: images that are always one whole epoch, after a kill and after a loss of power too.
 *
 * <p>{@link #keep} writes an epoch into the journal and waits for the disk; only then may it be acknowledged. A thread of its own
 * applies it to the images; from time to time these are forced to the disk, the superblocks say so, and what the journal said
 * before that is deleted. After a restart the journal is applied again from the superblocks' epoch on. That is idempotent, as
 * records are contents and not changes of contents.
 */
public final class StandbyVolumes implements AutoCloseable {
    private static final Logger LOG = LoggerFactory.getLogger(StandbyVolumes.class);
    private static final long SETTLE_NANOS = 5_000_000_000L;

    /**
     * A volume of the VM.
     *
     * @param name its name, as in {@code vm1.d0}
     * @param id which volume it is, at both sites
     * @param image the raw image or block device
     */
    public record Image(String name, UUID id, Path image) {}

    private record Open(Image image, BlockFile file, SuperblockFile superblock) {}

    private final String vm;
    private final List<Open> volumes;
    private final Journal journal;
    private final long settleBytes;

    /** In the journal and not yet in the images. Guarded by this, as all below. */
    private final ArrayDeque<JournalRecord> pending = new ArrayDeque<>();

    private final Thread applier;
    private EpochId kept;
    private EpochId applied;
    private boolean closed;
    private IOException failure;

    private StandbyVolumes(String vm, List<Open> volumes, Journal journal, EpochId applied, long settleBytes) {
        this.vm = vm;
        this.volumes = volumes;
        this.journal = journal;
        this.settleBytes = settleBytes;
        this.kept = applied;
        this.applied = applied;
        applier = Thread.ofPlatform().daemon().name("disk-apply-" + vm).unstarted(this::applyAll);
    }

    /** What was found at a start. */
    public sealed interface Found {
        /**
         * The images are a whole epoch.
         *
         * @param volumes ready to go on from there
         */
        record Whole(StandbyVolumes volumes) implements Found {}

        /**
         * A full copy is needed.
         *
         * @param reason what is wrong, for an operator
         */
        record Unusable(String reason) implements Found {}
    }

    /**
     * Takes up images that an earlier life left, or whose first copy has just ended.
     *
     * @param directory where the journal and the superblocks are
     * @throws IOException if a file cannot be opened or written
     */
    public static Found open(Path directory, String vm, List<Image> images) throws IOException {
        return open(directory, vm, images, Journal.PART_BYTES, 4 * Journal.PART_BYTES);
    }

    static Found open(Path directory, String vm, List<Image> images, long partBytes, long settleBytes)
            throws IOException {
        List<Open> volumes = new ArrayList<>();
        Journal journal = null;
        Found.Whole whole = null;
        try {
            // Their superblocks are written one after the other: a kill between two leaves one of them a step behind.
            // What the
            // journal says from there on is in the others already, and is written once more.
            EpochId oldest = null;
            EpochId newest = EpochId.NONE;
            for (Image image : images) {
                Open volume = openOne(directory, image);
                volumes.add(volume);
                Optional<Superblock> known = volume.superblock().current();
                String wrong = judge(image, volume.file().bytes(), known);
                if (wrong != null) {
                    return new Found.Unusable(image.name() + ": " + wrong);
                }
                EpochId applied = known.orElseThrow().applied();
                oldest = oldest == null || applied.atMost(oldest) ? applied : oldest;
                newest = newest.atMost(applied) ? applied : newest;
            }
            journal = Journal.open(directory, vm, partBytes);
            JournalScan scan = journal.scan(oldest == null ? EpochId.NONE : oldest);
            String damage = scan.damage();
            if (damage == null && !newest.atMost(scan.reached())) {
                damage = "it ends at " + scan.reached() + ", and a volume is at " + newest;
            }
            if (damage != null) {
                return new Found.Unusable("journal of " + vm + ": " + damage);
            }
            if (scan.torn() != null) {
                LOG.info("{}: an epoch that nobody was told of was cut off the journal at {}", vm, scan.torn());
            }
            StandbyVolumes opened = new StandbyVolumes(vm, volumes, journal, scan.reached(), settleBytes);
            for (JournalRecord record : scan.pending()) {
                record.apply(opened.target());
            }
            opened.settle(scan.reached());
            journal.clear();
            opened.applier.start();
            whole = new Found.Whole(opened);
            return whole;
        } finally {
            if (whole == null) {
                closeAll(volumes, journal);
            }
        }
    }

    private static Open openOne(Path directory, Image image) throws IOException {
        BlockFile file = BlockFile.open(image.image());
        try {
            return new Open(image, file, SuperblockFile.open(directory.resolve(image.name() + ".super")));
        } catch (IOException e) {
            file.close();
            throw e;
        }
    }

    /** Why an image cannot be used, or null. */
    private static String judge(Image image, long bytes, Optional<Superblock> known) {
        if (known.isEmpty()) {
            return "nothing is known of this image";
        }
        Superblock superblock = known.get();
        if (!superblock.volume().equals(image.id())) {
            return "this is the image of another volume";
        }
        if (superblock.bytes() != bytes) {
            return "the image has " + bytes + " bytes where " + superblock.bytes() + " are known";
        }
        if (superblock.state() != Superblock.State.CONSISTENT) {
            return "the image is no whole epoch: " + superblock.state();
        }
        return null;
    }

    private static void closeAll(List<Open> volumes, Journal journal) {
        for (Open volume : volumes) {
            volume.file().close();
            volume.superblock().close();
        }
        if (journal != null) {
            journal.close();
        }
    }

    /**
     * Says of images that they are this epoch: after a first copy, or of new ones that are empty at both sites.
     *
     * @throws IOException if the superblocks cannot be written
     */
    public static void declare(Path directory, List<Image> images, EpochId epoch) throws IOException {
        for (Image image : images) {
            Open volume = openOne(directory, image);
            try (SuperblockFile superblock = volume.superblock();
                    BlockFile file = volume.file()) {
                file.sync();
                superblock.write(superblock
                        .current()
                        .filter(known -> known.volume().equals(image.id()))
                        .orElse(new Superblock(
                                0,
                                image.id(),
                                file.bytes(),
                                Superblock.State.SYNCING,
                                EpochId.NONE,
                                EpochId.NONE,
                                BootId.current()))
                        .next(Superblock.State.CONSISTENT, epoch, epoch));
            }
        }
    }

    // ---- keeping ------------------------------------------------------------------------------------------------

    /** The last epoch that is on stable storage, in the journal or in the images. */
    public synchronized EpochId kept() {
        return kept;
    }

    /**
     * Keeps an epoch. When this returns it is on stable storage and may be acknowledged.
     *
     * @param base the epoch before it, which must be {@link #kept()}
     * @throws IOException if it is not kept: no room, the disk refuses, or what was kept before could not be applied
     */
    public synchronized void keep(EpochId epoch, EpochId base, List<VolumeChanges> changes) throws IOException {
        if (failure != null) {
            throw failure;
        }
        if (!base.equals(kept)) {
            throw new IOException(epoch + " comes upon " + base + ", and " + kept + " is what is kept");
        }
        for (VolumeChanges change : changes) {
            if (change.volume() >= volumes.size()) {
                throw new IOException("volume " + change.volume() + " of " + volumes.size());
            }
        }
        pending.add(journal.append(epoch, base, changes));
        kept = epoch;
        notifyAll();
    }

    /**
     * Waits until everything that was kept is in the images: a VM may be started on them.
     *
     * @throws IOException if it could not be applied
     * @throws InterruptedException if the thread is interrupted
     */
    public synchronized void awaitApplied() throws IOException, InterruptedException {
        while (failure == null && !applied.equals(kept)) {
            wait();
        }
        if (failure != null) {
            throw failure;
        }
    }

    // ---- applying -----------------------------------------------------------------------------------------------

    private void applyAll() {
        long lastSettled = System.nanoTime();
        EpochId settled = kept();
        try {
            while (true) {
                JournalRecord next = next(SETTLE_NANOS - (System.nanoTime() - lastSettled), settled);
                if (next != null) {
                    next.apply(target());
                    applied(next.epoch());
                }
                EpochId reached = appliedEpoch();
                boolean due = System.nanoTime() - lastSettled >= SETTLE_NANOS || mustSettle();
                if (due && !reached.equals(settled)) {
                    settle(reached);
                    settled = reached;
                    free(reached);
                }
                if (due) {
                    lastSettled = System.nanoTime();
                }
                if (next == null && isClosed()) {
                    return;
                }
            }
        } catch (IOException | RuntimeException e) {
            fail(e instanceof IOException io ? io : new IOException(e));
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }

    private synchronized JournalRecord next(long waitNanos, EpochId settled) throws InterruptedException {
        long end = System.nanoTime() + waitNanos;
        while (pending.isEmpty() && !closed) {
            long left = applied.equals(settled) ? Long.MAX_VALUE : end - System.nanoTime();
            if (left <= 0) {
                return null;
            }
            wait(Math.min(left / 1_000_000L + 1, 60_000));
        }
        return pending.poll();
    }

    private synchronized void applied(EpochId epoch) {
        applied = epoch;
        notifyAll();
    }

    private synchronized EpochId appliedEpoch() {
        return applied;
    }

    private synchronized boolean mustSettle() {
        return closed || journal.bytes() > settleBytes;
    }

    private synchronized boolean isClosed() {
        return closed;
    }

    /** Images first, then what is said of them. */
    private void settle(EpochId reached) throws IOException {
        for (Open volume : volumes) {
            volume.file().sync();
        }
        for (Open volume : volumes) {
            Superblock known = volume.superblock().current().orElseThrow();
            volume.superblock().write(known.next(Superblock.State.CONSISTENT, reached, known.bitmapBase()));
        }
    }

    private synchronized void free(EpochId reached) throws IOException {
        journal.forget(reached);
    }

    private synchronized void fail(IOException why) {
        LOG.error("{}: the images do not follow any more: {}", vm, why.getMessage());
        failure = why;
        notifyAll();
    }

    private JournalRecord.Target target() {
        return new ImageWriter(volumes.stream().map(Open::file).toList());
    }

    /** Applies and forces what was kept, and closes. */
    @Override
    public void close() throws IOException {
        synchronized (this) {
            closed = true;
            notifyAll();
        }
        try {
            applier.join();
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
        closeAll(volumes, journal);
    }
}
