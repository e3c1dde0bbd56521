package org.secondsite.replicator.tunnel;

import java.util.ArrayDeque;
import java.util.Deque;
import java.util.HashMap;
import java.util.Iterator;
import java.util.Map;
import java.util.function.IntPredicate;

/**
 * Frames of epochs that are encoded and wait for the connection: a queue for each stream, from which one frame is taken in
 * turn. Control frames never wait here, so they are ahead of all of them.
 *
 * <p>Not thread-safe.
 */
public final class FrameQueue {
    private static final class Queue {
        private final Deque<TunnelFrame> frames = new ArrayDeque<>();
        private long bytes;
    }

    private final Map<Integer, Queue> queues = new HashMap<>();
    private final Deque<Integer> turns = new ArrayDeque<>();

    /** Appends a frame to the queue of its stream. */
    public void add(TunnelFrame frame) {
        Queue queue = queues.get(frame.stream());
        if (queue == null) {
            queue = new Queue();
            queues.put(frame.stream(), queue);
            turns.addLast(frame.stream());
        }
        queue.frames.addLast(frame);
        queue.bytes += frame.payload().readableBytes();
    }

    /** The next frame of the stream whose turn it is, or null. */
    public TunnelFrame poll() {
        return poll(stream -> true);
    }

    /** The next frame of the stream whose turn it is among those that may go, or null. The others keep their places. */
    public TunnelFrame poll(IntPredicate mayGo) {
        for (Iterator<Integer> each = turns.iterator(); each.hasNext(); ) {
            Integer stream = each.next();
            if (mayGo.test(stream)) {
                each.remove();
                return take(stream);
            }
        }
        return null;
    }

    private TunnelFrame take(Integer stream) {
        Queue queue = queues.get(stream);
        TunnelFrame frame = queue.frames.removeFirst();
        queue.bytes -= frame.payload().readableBytes();
        if (queue.frames.isEmpty()) {
            queues.remove(stream);
        } else {
            turns.addLast(stream);
        }
        return frame;
    }

    /** The payload bytes of a stream that wait. */
    public long bytes(int stream) {
        Queue queue = queues.get(stream);
        return queue == null ? 0 : queue.bytes;
    }

    /** Whether nothing waits. */
    public boolean isEmpty() {
        return turns.isEmpty();
    }

    /** Drops what waits of a stream. */
    public void discard(int stream) {
        Queue queue = queues.remove(stream);
        if (queue != null) {
            turns.remove(stream);
            queue.frames.forEach(frame -> frame.payload().release());
        }
    }

    /** Drops everything. */
    public void clear() {
        queues.values()
                .forEach(queue -> queue.frames.forEach(frame -> frame.payload().release()));
        queues.clear();
        turns.clear();
    }
}
