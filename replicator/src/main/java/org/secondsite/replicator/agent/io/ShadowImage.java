package org.secondsite.replicator.agent.io;

import static org.secondsite.replicator.PageSet.PAGE_BYTES;

import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.Arrays;
import org.secondsite.config.EpochId;
import org.secondsite.replicator.PageSet;
import org.secondsite.replicator.agent.DirtyPageTracker;
import org.secondsite.replicator.agent.PageCompare;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The RAM as it was at the last epoch that was handed to the gateway: what the RAM is compared with to find dirty pages.
 *
 * <p><b>Rule.</b> The shadow stands at exactly one epoch, or at none. It moves on only by {@link #advance}, with the pages of
 * an epoch that is on its way. An epoch that was dropped leaves it where it is, so the next comparison finds the dropped
 * changes again. When a connection breaks, the epoch at which the shadow stands is what HELLO tells; the gateway either has
 * that epoch and takes a delta on it, or asks for a full image.
 *
 * <p><b>Full images.</b> Before the pause the running VM's RAM is copied as it is, torn pages and all; the pause then finds
 * what has changed since, and the image is read from the shadow afterwards. So the pause of a full image is that of a delta.
 *
 * <p><b>Which pages are compared</b> decides how long the pause is. All of them: that reads two images at memory speed, needs
 * no privilege and no kernel feature, and sees every writer of the RAM, also vhost-user and VFIO. Or, with a
 * {@link DirtyPageTracker}, those that were written since the shadow's epoch; they are remembered here until the shadow moves
 * on, as the tracker tells of each write once.
 *
 * <p><b>A tracker is not believed, but checked.</b> After every checkpoint one part of {@value #AUDIT_PARTS} of the running
 * VM's RAM is compared, one part after the other ({@link #audit}). A page that differs from the shadow was written after the
 * shadow's epoch, so the tracker has to tell of it in the next pause. If it does not, or fails in any other way, it is given
 * up for good, and in that same pause all pages are compared: that epoch is complete again, whatever was missed before.
 */
final class ShadowImage implements AutoCloseable {
    private static final Logger LOG = LoggerFactory.getLogger(ShadowImage.class);
    private static final int AUDIT_PARTS = 128;

    private final String name;
    private final int pages;
    private final Arena arena = Arena.ofShared();
    private final MemorySegment shadow;
    private final PageComparer comparer;
    private final long[] differing;
    /** What the tracker has told of since the shadow's epoch. */
    private final long[] written;
    /** What the audit found to differ since the last pause. */
    private final long[] audited;

    private DirtyPageTracker tracker;
    private int auditFrom;
    private EpochId epoch = EpochId.NONE;

    ShadowImage(String name, long ramBytes) {
        this.name = name;
        pages = (int) (ramBytes / PAGE_BYTES);
        shadow = arena.allocate(ramBytes, PAGE_BYTES);
        comparer = new PageComparer(name, pages);
        int words = (pages + Long.SIZE - 1) / Long.SIZE;
        differing = new long[words];
        written = new long[words];
        audited = new long[words];
    }

    /** From the next full image on, only pages of which this tells are compared. It is closed with the shadow. */
    void track(DirtyPageTracker by) {
        forget();
        tracker = by;
    }

    /** Whether a tracker is in use. */
    boolean isTracked() {
        return tracker != null;
    }

    /** The epoch at which the shadow stands, NONE if it stands at none. */
    EpochId epoch() {
        return epoch;
    }

    /** The shadow stands at no epoch any more. */
    void forget() {
        epoch = EpochId.NONE;
    }

    /** Copies the RAM of a running VM, so that few pages differ in the pause; the shadow stands at no epoch then. */
    void prefill(MemorySegment ram) {
        epoch = EpochId.NONE;
        // First, so that what is written while it is copied is told of in the pause.
        collect();
        Arrays.fill(written, 0);
        Arrays.fill(audited, 0);
        MemorySegment.copy(ram, 0, shadow, 0, shadow.byteSize());
    }

    /** The pages that differ, with the RAM's content. The VM must be paused. The caller owns the set. */
    PageSet changed(MemorySegment ram) {
        Arrays.fill(differing, 0);
        if (collect() && auditHolds()) {
            compareWritten(ram);
        } else {
            comparer.mark(ram, shadow, differing);
        }
        PageSet.Builder changed = PageSet.builder();
        for (int page = PageCompare.next(differing, 0); page >= 0; page = PageCompare.next(differing, page + 1)) {
            changed.add(page, ram, (long) page * PAGE_BYTES);
        }
        return changed.build();
    }

    private void compareWritten(MemorySegment ram) {
        for (int page = PageCompare.next(written, 0); page >= 0; page = PageCompare.next(written, page + 1)) {
            PageCompare.mark(ram, shadow, page, page + 1, differing);
        }
    }

    /** Asks the tracker; false if there is none, any more. */
    private boolean collect() {
        if (tracker == null) {
            return false;
        }
        try {
            tracker.collect(written);
            return true;
        } catch (IOException failed) {
            LOG.warn("{}: dirty pages are found by comparing all RAM from now on: {}", name, failed.getMessage());
            stopTracking();
            return false;
        }
    }

    /** Whether the tracker told of every page that is known to differ. */
    private boolean auditHolds() {
        int page = firstMissed();
        Arrays.fill(audited, 0);
        if (page < 0) {
            return true;
        }
        LOG.error(
                "{}: page {} was written behind the tracker; epochs up to {} may lack such pages, the next one is complete,"
                        + " and dirty pages are found by comparing all RAM from now on",
                name,
                page,
                epoch);
        stopTracking();
        return false;
    }

    private int firstMissed() {
        for (int word = 0; word < audited.length; word++) {
            long missed = audited[word] & ~written[word];
            if (missed != 0) {
                return word * Long.SIZE + Long.numberOfTrailingZeros(missed);
            }
        }
        return -1;
    }

    private void stopTracking() {
        tracker.close();
        tracker = null;
    }

    /** Looks for pages of which the tracker will have to tell, in the next part of the RAM. The VM may run. */
    void audit(MemorySegment ram) {
        if (tracker == null || epoch.equals(EpochId.NONE)) {
            return;
        }
        int end = Math.min(pages, auditFrom + auditPages());
        PageCompare.mark(ram, shadow, auditFrom, end, audited);
        auditFrom = end == pages ? 0 : end;
    }

    /** A multiple of 64. */
    private int auditPages() {
        return (pages / AUDIT_PARTS / Long.SIZE + 1) * Long.SIZE;
    }

    /** Moves on to an epoch whose pages these are. */
    void advance(PageSet changed, EpochId to) {
        for (int i = 0; i < changed.count(); i++) {
            MemorySegment.copy(changed.content(i), 0, shadow, (long) changed.number(i) * PAGE_BYTES, PAGE_BYTES);
        }
        Arrays.fill(written, 0);
        epoch = to;
    }

    /** Every page of the shadow that is not zero. The caller owns the set. */
    PageSet full() {
        MemorySegment zeros = MemorySegment.ofArray(new long[PAGE_BYTES / Long.BYTES]);
        PageSet.Builder full = PageSet.builder();
        for (int page = 0; page < pages; page++) {
            long from = (long) page * PAGE_BYTES;
            if (MemorySegment.mismatch(shadow, from, from + PAGE_BYTES, zeros, 0, PAGE_BYTES) >= 0) {
                full.add(page, shadow, from);
            }
        }
        return full.build();
    }

    @Override
    public void close() {
        if (tracker != null) {
            stopTracking();
        }
        comparer.close();
        arena.close();
    }
}
