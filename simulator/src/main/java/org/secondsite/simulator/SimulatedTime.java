package org.secondsite.simulator;

import java.util.PriorityQueue;

/** Virtual time: what is due runs in the order of its time, and of equal times in the order in which it was scheduled. */
final class SimulatedTime {
    static final long MILLI = 1_000_000L;

    private record Due(long atNanos, long order, Runnable task) implements Comparable<Due> {
        @Override
        public int compareTo(Due other) {
            int byTime = Long.compare(atNanos, other.atNanos);
            return byTime != 0 ? byTime : Long.compare(order, other.order);
        }
    }

    private final PriorityQueue<Due> queue = new PriorityQueue<>(64);
    private long nowNanos = 1;
    private long scheduled;

    long nowNanos() {
        return nowNanos;
    }

    void at(long atNanos, Runnable task) {
        queue.add(new Due(Math.max(nowNanos, atNanos), scheduled++, task));
    }

    void after(long delayNanos, Runnable task) {
        at(nowNanos + delayNanos, task);
    }

    /** How many tasks were scheduled so far. */
    long scheduled() {
        return scheduled;
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
