package org.secondsite.openflow.pipeline;

import java.util.Arrays;
import java.util.List;
import java.util.Set;
import java.util.function.Predicate;

/**
 * Finds flows by their keys: an open-addressed hash table, half full at most. A switch is waited for while tens of thousands are
 * looked up.
 */
public final class FlowIndex {
    private static final int FREE = -1;
    private static final int MIXER = 0x9e37_79b9;
    private static final int MIN_BITS = 4;

    private final List<Flow> flows;
    private final int[] slots;
    private final int shift;

    /** An index of these flows, no two of the same key. */
    public FlowIndex(List<Flow> flows) {
        this(flows, flows.size(), _ -> true);
    }

    /** Of those flows that have one of these keys: the others are not looked up. */
    static FlowIndex of(List<Flow> flows, Set<Flow.Key> keys) {
        return new FlowIndex(flows, Math.min(flows.size(), keys.size()), keys::contains);
    }

    private FlowIndex(List<Flow> flows, int size, Predicate<Flow.Key> some) {
        this.flows = List.copyOf(flows);
        int bits = Math.max(MIN_BITS, Integer.SIZE - Integer.numberOfLeadingZeros(2 * size));
        slots = new int[1 << bits];
        shift = Integer.SIZE - bits;
        Arrays.fill(slots, FREE);
        for (int i = 0; i < this.flows.size(); i++) {
            Flow.Key key = this.flows.get(i).key();
            if (some.test(key)) {
                slots[slot(key)] = i;
            }
        }
    }

    /** Which of the flows has this key; -1: none. */
    int find(Flow.Key key) {
        return slots[slot(key)];
    }

    private int slot(Flow.Key key) {
        int at = (key.hashCode() * MIXER) >>> shift;
        while (slots[at] != FREE && !flows.get(slots[at]).key().equals(key)) {
            at = (at + 1) & (slots.length - 1);
        }
        return at;
    }
}
