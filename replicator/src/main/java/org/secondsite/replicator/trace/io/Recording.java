package org.secondsite.replicator.trace.io;

import java.io.IOException;
import java.io.OutputStream;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.Arrays;
import java.util.Deque;
import java.util.HashSet;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import org.secondsite.config.VmId;
import org.secondsite.replicator.trace.CheckpointRecorder;
import org.secondsite.replicator.trace.ColoTraceWriter;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * A recording that is made beside the way from an agent to its gateway, never in it: who passes bytes on leaves a copy here and goes on
 * at once. A thread of its own puts epochs together, compresses and writes them.
 *
 * <p><b>Memory.</b> At most so many bytes wait as it was told. If more would, the thread is too slow, or its disk hangs: nothing more is
 * taken, what waits is still written, and the recording ends with the last whole epoch in it and a failure that says what is missing.
 * Besides, one epoch is put together, which in the first is as large as the VM's memory.
 */
final class Recording implements AutoCloseable {
    private static final Logger LOG = LoggerFactory.getLogger(Recording.class);
    private static final long END_MS = 10_000;

    private final OutputStream file;
    private final ColoTraceWriter writer;
    private final VmId vm;
    private final long wantedEpochs;
    private final long maxWaitingBytes;
    private final Thread thread;
    private final CountDownLatch ended = new CountDownLatch(1);

    /** Guarded by this, as the next three are. */
    private final Deque<Piece> waiting = new ArrayDeque<>();

    private long waitingBytes;
    private boolean taking = true;

    /** Whether there was no room for something. */
    private boolean lacks;

    private volatile long epochs;

    /** Why it ended before it was complete, null if it did not. Written before {@link #ended}. */
    private volatile String failure;

    /** Bytes of a connection, or its end. */
    private static final class Piece {
        private final Connection connection;
        private final byte[] bytes;

        Piece(Connection connection, byte[] bytes) {
            this.connection = connection;
            this.bytes = bytes;
        }

        boolean isEnd() {
            return bytes.length == 0;
        }
    }

    /**
     * Begins.
     *
     * @param file where it goes; it is closed with the recording
     * @param vm whose checkpoints are recorded
     * @param wantedEpochs how many of them, the first image included
     * @param maxWaitingBytes how many bytes may wait to be written
     */
    Recording(OutputStream file, VmId vm, long wantedEpochs, long maxWaitingBytes) {
        this.file = file;
        this.vm = vm;
        this.wantedEpochs = wantedEpochs;
        this.maxWaitingBytes = maxWaitingBytes;
        writer = new ColoTraceWriter(file, System::nanoTime);
        thread = Thread.ofPlatform().daemon().name("recording").start(this::run);
    }

    /** What one connection carries, from an agent to its gateway. Its two methods never wait, whatever the disk does. */
    final class Connection implements AutoCloseable {
        /** The thread's own. */
        private final CheckpointRecorder recorder = new CheckpointRecorder(vm, writer);

        /** Whether the agent speaks for another VM. */
        private volatile boolean other;

        /** The first bytes of an array were passed on. */
        void passed(byte[] chunk, int length) {
            if (length > 0 && !other && isTaking()) {
                leave(new Piece(this, Arrays.copyOf(chunk, length)));
            }
        }

        /** Nothing more comes. */
        @Override
        public void close() {
            leave(new Piece(this, new byte[0]));
        }
    }

    /** A connection that begins. */
    Connection connection() {
        return new Connection();
    }

    /** How many whole epochs are in the file, the first image included. */
    long epochs() {
        return epochs;
    }

    /** How many bytes wait to be written. */
    synchronized long waitingBytes() {
        return waitingBytes;
    }

    private synchronized boolean isTaking() {
        return taking;
    }

    private synchronized void leave(Piece piece) {
        if (!taking) {
            return;
        }
        if (waitingBytes + piece.bytes.length > maxWaitingBytes) {
            lacks = true;
            takeNoMore();
            return;
        }
        waitingBytes += piece.bytes.length;
        waiting.add(piece);
        notifyAll();
    }

    private synchronized void takeNoMore() {
        taking = false;
        notifyAll();
    }

    /**
     * Waits until the recording has ended.
     *
     * @return how many epochs it holds; fewer than wanted if the time was over before
     * @throws IOException if it ended because of a failure
     */
    long awaitEnd(long timeoutMs) throws IOException, InterruptedException {
        if (ended.await(timeoutMs, TimeUnit.MILLISECONDS) && failure != null) {
            throw new IOException(failure);
        }
        return epochs;
    }

    /** Ends the recording, if it has not ended: what waits is written, unless that takes longer than some seconds. */
    @Override
    public void close() {
        takeNoMore();
        try {
            if (!thread.join(Duration.ofMillis(END_MS))) {
                LOG.error("the recording's disk hangs: the end of it is not written");
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }

    // ---- the thread ---------------------------------------------------------------------------------------------

    private void run() {
        Set<CheckpointRecorder> open = new HashSet<>();
        String why = null;
        try {
            why = write(open).orElse(null);
        } catch (IOException e) {
            why = "it cannot be written: " + e.getMessage();
        } catch (InterruptedException e) {
            why = "interrupted";
        } catch (RuntimeException | Error defect) {
            LOG.error("a recording has failed", defect);
            why = "a defect: " + defect;
        } finally {
            open.forEach(CheckpointRecorder::close);
            end(why);
        }
    }

    /** Until the recording is complete, or nothing more comes; what is wrong with it. */
    private Optional<String> write(Set<CheckpointRecorder> open) throws IOException, InterruptedException {
        for (Piece piece = next(); piece != null; piece = next()) {
            CheckpointRecorder recorder = piece.connection.recorder;
            if (piece.isEnd()) {
                recorder.close();
                open.remove(recorder);
                continue;
            }
            open.add(recorder);
            Optional<String> fault = recorder.feed(piece.bytes, piece.bytes.length);
            epochs = writer.epochs();
            if (fault.isPresent() || epochs >= wantedEpochs) {
                return fault;
            }
            piece.connection.other = recorder.isOther();
        }
        return Optional.empty();
    }

    /** The next piece, null if none comes any more. */
    private synchronized Piece next() throws InterruptedException {
        while (waiting.isEmpty()) {
            if (!taking) {
                return null;
            }
            wait();
        }
        Piece next = waiting.remove();
        waitingBytes -= next.bytes.length;
        return next;
    }

    private void end(String fault) {
        String why = fault;
        boolean cut;
        synchronized (this) {
            taking = false;
            waiting.clear();
            waitingBytes = 0;
            cut = lacks;
        }
        try {
            file.close();
        } catch (IOException e) {
            why = why == null ? "it cannot be written: " + e.getMessage() : why;
        }
        if (why == null && cut && epochs < wantedEpochs) {
            why = "more than " + (maxWaitingBytes >> 20) + " MiB waited to be written, so what came then is missing";
        }
        if (why != null) {
            failure = "the recording ends with " + epochs + " of " + wantedEpochs + " epochs: " + why;
            LOG.warn("{}", failure);
        }
        ended.countDown();
    }
}
