package org.secondsite.appliance.log;

import static java.nio.charset.StandardCharsets.UTF_8;

import java.io.FileDescriptor;
import java.io.FileOutputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.io.PrintStream;
import java.util.Arrays;
import java.util.concurrent.ArrayBlockingQueue;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.locks.LockSupport;

/**
 * What goes to a stream of this process, in a bounded queue, and the one thread that writes it. Whoever has something to say never
 * waits: a pipe that nobody reads, a terminal that was stopped or a full disk must not stop a thread that decides. What does not fit
 * is dropped, and counted in the next line that is written.
 */
public final class LogQueue {
    /** The standard error stream. What is queued when the process ends in good order is written, if the stream takes it soon. */
    static final LogQueue STDERR = standardError();

    private static final long AT_THE_END_MS = 1000;
    private static final int MAX_PIECES = 4096;
    private static final long MAX_OCTETS = 2 << 20;
    private static final long POLL_NANOS = 500_000;

    private final BlockingQueue<byte[]> pieces = new ArrayBlockingQueue<>(MAX_PIECES);
    private final AtomicLong queuedOctets = new AtomicLong();
    private final AtomicLong dropped = new AtomicLong();
    private final OutputStream stream;
    private boolean ended;

    LogQueue(OutputStream stream) {
        this.stream = stream;
        Thread.ofPlatform().name("log").daemon().start(this::write);
    }

    private static LogQueue standardError() {
        LogQueue queue = new LogQueue(new FileOutputStream(FileDescriptor.err));
        Runtime.getRuntime()
                .addShutdownHook(Thread.ofPlatform().name("log-end").unstarted(() -> queue.drained(AT_THE_END_MS)));
        return queue;
    }

    /**
     * Has everything that this process prints to its standard streams go this way, also what the JVM and libraries print, such as
     * warnings. For daemons, whose log that is.
     */
    public static void takeStandardStreams() {
        PrintStream queued = new PrintStream(STDERR.asStream(), true, UTF_8);
        System.setErr(queued);
        System.setOut(queued);
    }

    /** What was said so far is written, if the stream takes it in a second. */
    public static void drain() {
        STDERR.drained(AT_THE_END_MS);
    }

    /** Never waits for the stream. */
    void say(byte[] piece) {
        if (!offer(piece)) {
            dropped.incrementAndGet();
        }
    }

    /**
     * The last piece of all: what others say afterwards is dropped. Waits until all is written, for so long at most.
     */
    void sayLast(byte[] piece, long millis) {
        long end = System.nanoTime() + TimeUnit.MILLISECONDS.toNanos(millis);
        // A queue that is full and read has room in a moment.
        while (!offerLast(piece) && System.nanoTime() < end) {
            LockSupport.parkNanos(POLL_NANOS);
        }
        drainedUntil(end);
    }

    /** Nobody gets in behind the last piece, which is why both take a lock; neither waits under it. */
    private synchronized boolean offer(byte[] piece) {
        return !ended && enqueue(piece);
    }

    private synchronized boolean offerLast(byte[] piece) {
        ended = true;
        return enqueue(piece);
    }

    private boolean enqueue(byte[] piece) {
        boolean fits = queuedOctets.addAndGet(piece.length) <= MAX_OCTETS && pieces.offer(piece);
        if (!fits) {
            queuedOctets.addAndGet(-piece.length);
        }
        return fits;
    }

    /** How many pieces were dropped and not told of yet. */
    long dropped() {
        return dropped.get();
    }

    /** Waits until all is written, for so long at most. */
    void drained(long millis) {
        drainedUntil(System.nanoTime() + TimeUnit.MILLISECONDS.toNanos(millis));
    }

    private void drainedUntil(long end) {
        while (queuedOctets.get() > 0 && System.nanoTime() < end) {
            LockSupport.parkNanos(POLL_NANOS);
        }
    }

    /** A stream of which every write is one piece. */
    OutputStream asStream() {
        return new OutputStream() {
            @Override
            public void write(int octet) {
                say(new byte[] {(byte) octet});
            }

            @Override
            public void write(byte[] octets, int start, int length) {
                say(Arrays.copyOfRange(octets, start, start + length));
            }
        };
    }

    private void write() {
        try {
            while (true) {
                byte[] piece = pieces.take();
                long lost = dropped.getAndSet(0);
                if (lost > 0) {
                    put((lost + " lines of this log were dropped: it was not read in time\n").getBytes(UTF_8));
                }
                put(piece);
                queuedOctets.addAndGet(-piece.length);
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }

    private void put(byte[] piece) {
        try {
            stream.write(piece);
        } catch (IOException e) {
            // There is nowhere to say so. A stream that is closed loses the log, and nothing else.
            dropped.incrementAndGet();
        }
    }
}
