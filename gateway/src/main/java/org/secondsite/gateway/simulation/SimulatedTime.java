package org.secondsite.gateway.simulation;

import java.util.PriorityQueue;

/** Virtual time: what is due runs in the order of its time, and of equal times in the order in which it was scheduled. */
final class SimulatedTime {
    private record Due(long atNanos, long order, Runnable task) implements Comparable<Due> {
        @Override
        public int compareTo(Due other) {
            int byTime = Long.compare(atNanos, other.atNanos);
            return byTime != 0 ? byTime : Long.compare(order, other.order);
        }
    }

    private final PriorityQueue<Due> queue = new PriorityQueue<>();
    private long nowNanos = 1;
    private long scheduled;

    long nowNanos() {
        return nowNanos;
    }

    void after(long delayNanos, Runnable task) {
        queue.add(new Due(nowNanos + Math.max(0, delayNanos), scheduled++, task));
    }

    /** Runs everything that is due until a time, and stops there. */
    void runUntil(long endNanos) {
        while (!queue.isEmpty() && queue.peek().atNanos() <= endNanos) {
            Due due = queue.poll();
            nowNanos = due.atNanos();
            due.task().run();
        }
        nowNanos = Math.max(nowNanos, endNanos);
    }
}
