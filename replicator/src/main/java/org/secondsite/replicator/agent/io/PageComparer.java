package org.secondsite.replicator.agent.io;

import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.atomic.AtomicInteger;
import org.secondsite.replicator.agent.PageCompare;

/** Compares two images of a RAM by a few threads, in stripes of 1 MiB: it is done at memory speed, and a VM waits for it. */
final class PageComparer implements AutoCloseable {
    private static final int STRIPE_PAGES = 256;
    private static final int MAX_THREADS = 4;

    private final int pages;
    private final int helpers;
    private final ExecutorService pool;

    PageComparer(String name, int pages) {
        this.pages = pages;
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

    /** Sets the bit of every page that differs. */
    void mark(MemorySegment ram, MemorySegment shadow, long[] differing) {
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

    @Override
    public void close() {
        if (pool != null) {
            pool.shutdown();
        }
    }
}
