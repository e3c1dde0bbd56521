package org.secondsite.replicator.agent.io;

import static org.secondsite.replicator.PageSet.PAGE_BYTES;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.atomic.AtomicInteger;
import org.secondsite.config.EpochId;
import org.secondsite.replicator.PageSet;
import org.secondsite.replicator.agent.PageCompare;

/**
 * The RAM as it was at the last epoch that was handed to the gateway: what the RAM is compared with to find dirty pages.
 *
 * <p><b>Rule.</b> The shadow stands at exactly one epoch, or at none. It moves on only by {@link #advance}, with the pages of
 * an epoch that is on its way. An epoch that was dropped leaves it where it is, so the next comparison finds the dropped
 * changes again; nothing has to be remembered or merged. When a connection breaks, the epoch at which the shadow stands is
 * what HELLO tells; the gateway either has that epoch and takes a delta on it, or asks for a full image.
 *
 * <p><b>Full images.</b> Before the pause the running VM's RAM is copied as it is, torn pages and all; the comparison in the
 * pause then finds what has changed since, and the image is read from the shadow afterwards. So the pause of a full image
 * is that of a delta.
 *
 * <p><b>Time.</b> Comparing reads two images at memory speed: this is most of the pause, so it is shared by a few threads in
 * stripes of 1 MiB. It needs no privilege, no kernel feature, and sees every writer of the RAM, also vhost-user and VFIO.
 */
final class ShadowImage implements AutoCloseable {
    private static final int STRIPE_PAGES = 256;
    private static final int MAX_THREADS = 4;

    private final int pages;
    private final Arena arena = Arena.ofShared();
    private final MemorySegment shadow;
    private final long[] differing;
    private final int helpers;
    private final ExecutorService pool;
    private EpochId epoch = EpochId.NONE;

    ShadowImage(String name, long ramBytes) {
        pages = (int) (ramBytes / PAGE_BYTES);
        shadow = arena.allocate(ramBytes, PAGE_BYTES);
        differing = new long[(pages + Long.SIZE - 1) / Long.SIZE];
        helpers = Math.min(Runtime.getRuntime().availableProcessors(), MAX_THREADS) - 1;
        pool = helpers == 0
                ? null
                : Executors.newFixedThreadPool(
                        helpers,
                        Thread.ofPlatform()
                                .daemon()
                                .name("compare-" + name + "-", 1)
                                .factory());
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
        MemorySegment.copy(ram, 0, shadow, 0, shadow.byteSize());
    }

    /** The pages that differ, with the RAM's content. The VM must be paused. The caller owns the set. */
    PageSet changed(MemorySegment ram) {
        compare(ram);
        PageSet.Builder changed = PageSet.builder();
        for (int page = PageCompare.next(differing, 0); page >= 0; page = PageCompare.next(differing, page + 1)) {
            changed.add(page, ram, (long) page * PAGE_BYTES);
        }
        return changed.build();
    }

    /** How many pages differ right now. */
    int compare(MemorySegment ram) {
        Arrays.fill(differing, 0);
        AtomicInteger nextStripe = new AtomicInteger();
        Runnable stripes = () -> {
            int first = nextStripe.getAndIncrement() * STRIPE_PAGES;
            while (first < pages) {
                PageCompare.mark(ram, shadow, first, Math.min(first + STRIPE_PAGES, pages), differing);
                first = nextStripe.getAndIncrement() * STRIPE_PAGES;
            }
        };
        List<Future<?>> shares = new ArrayList<>();
        for (int i = 0; i < helpers; i++) {
            shares.add(pool.submit(stripes));
        }
        stripes.run();
        for (Future<?> share : shares) {
            join(share);
        }
        int count = 0;
        for (long word : differing) {
            count += Long.bitCount(word);
        }
        return count;
    }

    private static void join(Future<?> share) {
        try {
            share.get();
        } catch (ExecutionException failed) {
            throw new IllegalStateException("comparing failed", failed.getCause());
        } catch (InterruptedException interrupted) {
            // Not while another thread still reads the RAM: the stripes that are left take milliseconds.
            boolean done = false;
            while (!done) {
                done = share.isDone();
                Thread.onSpinWait();
            }
            Thread.currentThread().interrupt();
        }
    }

    /** Moves on to an epoch whose pages these are. */
    void advance(PageSet changed, EpochId to) {
        for (int i = 0; i < changed.count(); i++) {
            MemorySegment.copy(changed.content(i), 0, shadow, (long) changed.number(i) * PAGE_BYTES, PAGE_BYTES);
        }
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
        if (pool != null) {
            pool.shutdown();
        }
        arena.close();
    }
}
