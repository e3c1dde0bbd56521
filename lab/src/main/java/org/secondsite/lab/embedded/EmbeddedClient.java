package org.secondsite.lab.embedded;

import java.nio.ByteBuffer;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;

/**
 * The outside client: many connections, each with one request under way, asked again when no answer comes. Keeps its own
 * record; it knows nothing of sites.
 */
final class EmbeddedClient implements AutoCloseable {
    private static final long RETRANSMIT_NANOS = TimeUnit.MILLISECONDS.toNanos(100);

    /** One connection. */
    private static final class Connection {
        private long asked = 1;
        private long askedNanos;
        private boolean broken;
    }

    /**
     * What the client saw.
     *
     * @param connections how many connections there are
     * @param broken how many of them were reset
     * @param answers how many answers came, each the next number of its connection
     * @param longestGapMs the longest time without any answer
     */
    record Tally(int connections, int broken, long answers, double longestGapMs) {}

    private final Connection[] connections;
    private final Consumer<byte[]> network;
    private final BlockingQueue<byte[]> arrived = new LinkedBlockingQueue<>();
    private final Thread thread = new Thread(this::run, "client");
    private volatile boolean closed;

    private long answers;
    private long lastAnswerNanos;
    private long longestGapNanos;
    private volatile long firstAnswerAfterMark;
    private volatile long markNanos = Long.MAX_VALUE;

    EmbeddedClient(int count, Consumer<byte[]> network) {
        connections = new Connection[count];
        for (int i = 0; i < count; i++) {
            connections[i] = new Connection();
        }
        this.network = network;
    }

    void start() {
        thread.start();
    }

    /** A frame comes from the network. Any thread. */
    void receive(byte[] frame) {
        arrived.add(frame);
    }

    /** From now on {@link #firstAnswerAfterMark()} is of interest. */
    void mark() {
        firstAnswerAfterMark = 0;
        markNanos = System.nanoTime();
    }

    /** When the first answer after the mark came; 0 if none has. */
    long firstAnswerAfterMark() {
        return firstAnswerAfterMark;
    }

    private void run() {
        try {
            while (!closed) {
                byte[] frame = arrived.poll(5, TimeUnit.MILLISECONDS);
                long now = System.nanoTime();
                if (frame != null) {
                    answered(ByteBuffer.wrap(frame), now);
                }
                for (int i = 0; i < connections.length; i++) {
                    ask(i, connections[i], now);
                }
            }
        } catch (InterruptedException e) {
            // Only close() interrupts.
            Thread.currentThread().interrupt();
        }
    }

    private void ask(int index, Connection connection, long now) {
        if (!connection.broken && (connection.askedNanos == 0 || now - connection.askedNanos > RETRANSMIT_NANOS)) {
            connection.askedNanos = now;
            network.accept(Conversations.request(index, connection.asked));
        }
    }

    private synchronized void answered(ByteBuffer frame, long now) {
        Connection connection = connections[frame.getInt()];
        long number = frame.getLong();
        long count = frame.getLong();
        if (number != connection.asked) {
            return;
        }
        if (count != number) {
            connection.broken = true;
            return;
        }
        connection.asked++;
        connection.askedNanos = 0;
        answers++;
        if (lastAnswerNanos != 0) {
            longestGapNanos = Math.max(longestGapNanos, now - lastAnswerNanos);
        }
        lastAnswerNanos = now;
        if (firstAnswerAfterMark == 0 && now > markNanos) {
            firstAnswerAfterMark = now;
        }
    }

    synchronized Tally tally() {
        int broken = 0;
        for (Connection connection : connections) {
            broken += connection.broken ? 1 : 0;
        }
        return new Tally(connections.length, broken, answers, longestGapNanos / 1e6);
    }

    @Override
    public void close() {
        closed = true;
        thread.interrupt();
        try {
            thread.join();
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt(); // it was told to end, and ends without this thread's waiting
        }
    }
}
