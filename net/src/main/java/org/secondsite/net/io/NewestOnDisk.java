package org.secondsite.net.io;

import static java.nio.charset.StandardCharsets.US_ASCII;

import java.io.IOException;
import java.nio.file.Path;
import java.util.concurrent.TimeUnit;
import org.secondsite.net.Backoff;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * A small private file that is to say the newest of what is kept there. It is replaced as a whole, by a thread of its own, so whoever keeps
 * something never waits for the disk; of what is kept faster than the disk takes it, only the newest is written. A write that fails is
 * said once, and tried again until the disk takes it.
 */
public final class NewestOnDisk implements AutoCloseable {
    private static final Logger LOG = LoggerFactory.getLogger(NewestOnDisk.class);
    private static final int CLOSE_MS = 1000;
    private static final int AGAIN_MS = 100;
    private static final int SELDOM_MS = 10_000;
    private static final int STACK_OCTETS = 256 << 10;

    /** Whoever keeps something; told on the writing thread. */
    public interface Keeper {
        /** The disk has this version, and so nothing older. */
        void written(long number);

        /** The disk does not take this version, which is tried again; told once until it takes one. */
        void failed(long number, String why);

        /** Somebody who need not know. */
        Keeper NOBODY = new Keeper() {
            @Override
            public void written(long number) {}

            @Override
            public void failed(long number, String why) {}
        };
    }

    private record Version(long number, String text) {}

    private final Path file;
    private final String what;
    private final Keeper keeper;
    private final Thread writer;
    private final Object changed = new Object();
    private Version wanted;
    private long written;
    private boolean closed;

    private NewestOnDisk(Path file, String what, long number, Keeper keeper) {
        this.file = file;
        this.what = what;
        this.keeper = keeper;
        wanted = new Version(number, "");
        written = number;
        // Not a virtual one: a disk that hangs would keep a carrier from all others.
        writer = Thread.ofPlatform()
                .name(what.replace(' ', '-') + "-on-disk")
                .daemon()
                .stackSize(STACK_OCTETS)
                .unstarted(this::write);
    }

    /**
     * Is ready to write.
     *
     * @param file made when there is something to keep
     * @param what is kept, for people
     * @param number of the version that the file has
     */
    public static NewestOnDisk open(Path file, String what, long number, Keeper keeper) {
        NewestOnDisk opened = new NewestOnDisk(file, what, number, keeper);
        opened.writer.start();
        return opened;
    }

    /**
     * The file is to say this. Does not wait for the disk.
     *
     * @param number larger than that of every version before
     * @param text ASCII
     */
    public void keep(long number, String text) {
        synchronized (changed) {
            wanted = new Version(number, text);
            changed.notifyAll();
        }
    }

    private void write() {
        Backoff backoff = new Backoff(AGAIN_MS, SELDOM_MS);
        boolean failing = false;
        try {
            Version next;
            while ((next = next()) != null) {
                try {
                    PrivateFiles.replace(file, next.text().getBytes(US_ASCII));
                    if (failing) {
                        LOG.info("{}: {} {} is on the disk now", file, what, next.number());
                    }
                    failing = false;
                    backoff.reset();
                    done(next.number());
                } catch (IOException e) {
                    if (!failing) {
                        LOG.error(
                                "{}: {} {} could not be written, which is tried again: {}",
                                file,
                                what,
                                next.number(),
                                e.toString());
                        keeper.failed(next.number(), e.toString());
                    }
                    failing = true;
                    if (!mayTryAgain(next, backoff.next())) {
                        return;
                    }
                }
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }

    private void done(long number) {
        synchronized (changed) {
            written = number;
        }
        keeper.written(number);
    }

    /** Lets time pass, less if there is news; false if the last attempt was the last one. */
    private boolean mayTryAgain(Version tried, int waitMs) throws InterruptedException {
        long end = System.nanoTime() + TimeUnit.MILLISECONDS.toNanos(waitMs);
        synchronized (changed) {
            if (closed) {
                return false;
            }
            long left = waitMs;
            while (!closed && wanted.number() == tried.number() && left > 0) {
                changed.wait(left);
                left = TimeUnit.NANOSECONDS.toMillis(end - System.nanoTime());
            }
            return true;
        }
    }

    /** The next version to write; null when there will be none. */
    private Version next() throws InterruptedException {
        synchronized (changed) {
            while (wanted.number() == written) {
                if (closed) {
                    return null;
                }
                changed.wait();
            }
            return wanted;
        }
    }

    /** Writes what is still to be written, if the disk takes it soon. */
    @Override
    public void close() {
        synchronized (changed) {
            closed = true;
            changed.notifyAll();
        }
        try {
            writer.join(CLOSE_MS);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }
}
