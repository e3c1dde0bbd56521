package org.secondsite.lab.wan;

import java.util.Arrays;

/**
 * Frames on the way, ordered by arrival and, at the same time, by when they were added: a binary heap in parallel arrays, so
 * that a frame costs no object. Grows as needed; the frame pool bounds it.
 */
final class WanSchedule {
    private long[] arrivalNanos = new long[1024];
    private long[] order = new long[1024];
    private WanLink[] links = new WanLink[1024];
    private int[] slots = new int[1024];
    private int[] lengths = new int[1024];
    private int size;
    private long added;

    /** The earliest arrival, or MAX_VALUE if nothing is on the way. */
    long nextNanos() {
        return size == 0 ? Long.MAX_VALUE : arrivalNanos[0];
    }

    WanLink nextLink() {
        return links[0];
    }

    int nextSlot() {
        return slots[0];
    }

    int nextLengthBytes() {
        return lengths[0];
    }

    void add(long atNanos, WanLink link, int slot, int lengthBytes) {
        if (size == slots.length) {
            grow();
        }
        long place = added++;
        int child = size++;
        while (child > 0) {
            int parent = (child - 1) >>> 1;
            if (!before(atNanos, place, parent)) {
                break;
            }
            move(parent, child);
            child = parent;
        }
        put(child, atNanos, place, link, slot, lengthBytes);
    }

    /** Forgets the earliest. */
    void remove() {
        int last = --size;
        long lastNanos = arrivalNanos[last];
        long lastOrder = order[last];
        WanLink link = links[last];
        int slot = slots[last];
        int lengthBytes = lengths[last];
        links[last] = null;
        if (last == 0) {
            return;
        }
        int parent = 0;
        for (int child = 1; child < last; child = 2 * parent + 1) {
            if (child + 1 < last && before(arrivalNanos[child + 1], order[child + 1], child)) {
                child++;
            }
            if (!before(arrivalNanos[child], order[child], lastNanos, lastOrder)) {
                break;
            }
            move(child, parent);
            parent = child;
        }
        put(parent, lastNanos, lastOrder, link, slot, lengthBytes);
    }

    private boolean before(long nanos, long place, int other) {
        return before(nanos, place, arrivalNanos[other], order[other]);
    }

    private static boolean before(long nanos, long place, long otherNanos, long otherPlace) {
        return nanos < otherNanos || (nanos == otherNanos && place < otherPlace);
    }

    private void move(int from, int to) {
        put(to, arrivalNanos[from], order[from], links[from], slots[from], lengths[from]);
    }

    private void put(int at, long nanos, long place, WanLink link, int slot, int lengthBytes) {
        arrivalNanos[at] = nanos;
        order[at] = place;
        links[at] = link;
        slots[at] = slot;
        lengths[at] = lengthBytes;
    }

    private void grow() {
        int capacity = 2 * slots.length;
        arrivalNanos = Arrays.copyOf(arrivalNanos, capacity);
        order = Arrays.copyOf(order, capacity);
        links = Arrays.copyOf(links, capacity);
        slots = Arrays.copyOf(slots, capacity);
        lengths = Arrays.copyOf(lengths, capacity);
    }
}
