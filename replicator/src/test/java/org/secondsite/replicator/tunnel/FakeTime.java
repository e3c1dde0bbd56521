package org.secondsite.replicator.tunnel;

import java.util.PriorityQueue;

/** A test's own time: what is due runs in its order, and of equal times in the order in which it was asked for. */
final class FakeTime {
    private record Due(long atNanos, long order, Runnable task) implements Comparable<Due> {
        @Override
        public int compareTo(Due other) {
            int byTime = Long.compare(atNanos, other.atNanos);
            return byTime != 0 ? byTime : Long.compare(order, other.order);
        }
    }

    private final PriorityQueue<Due> queue = new PriorityQueue<>();
    private long nowNanos = 1_000_000;
    private long asked;

    long now() {
        return nowNanos;
    }

    void after(long nanos, Runnable task) {
        queue.add(new Due(nowNanos + nanos, asked++, task));
    }

    void run(long nanos) {
        long endNanos = nowNanos + nanos;
        while (!queue.isEmpty() && queue.peek().atNanos() <= endNanos) {
            Due next = queue.poll();
            nowNanos = next.atNanos();
            next.task().run();
        }
        nowNanos = endNanos;
    }
}
