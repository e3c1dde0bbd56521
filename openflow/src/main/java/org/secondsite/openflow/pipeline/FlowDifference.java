package org.secondsite.openflow.pipeline;

import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import org.secondsite.openflow.Sharing;

/**
 * What must change for a switch to have exactly the wanted flows.
 *
 * @param replaceAll whether every flow of every table goes first: part of the reading could not be read, so what stands in
 *     the way cannot be named
 * @param missing flows whose key is free
 * @param altered flows whose key has another outcome: to be modified, which needs no room
 * @param overwritten flows at whose key something stands that a modification would not make right, such as a timeout
 * @param obsolete keys of flows that go and bear the gateway's mark
 * @param foreign what others wrote, understood or not, and has to go
 */
public record FlowDifference(
        boolean replaceAll,
        List<Flow> missing,
        List<Flow> altered,
        List<Flow> overwritten,
        List<Flow.Key> obsolete,
        Foreign foreign) {
    private static final int FEWER = 8;

    /**
     * What others wrote and has to go.
     *
     * @param known flows whose match is understood
     * @param strange flows whose match is not
     */
    public record Foreign(List<Flow.Key> known, List<InstalledFlows.RawPlace> strange) {
        /** Nothing. */
        public static final Foreign NONE = new Foreign(List.of(), List.of());

        /** Copies the lists. */
        public Foreign {
            known = List.copyOf(known);
            strange = List.copyOf(strange);
        }

        /** How many there are. */
        public int size() {
            return known.size() + strange.size();
        }
    }

    /** Copies the lists. */
    public FlowDifference {
        missing = List.copyOf(missing);
        altered = List.copyOf(altered);
        overwritten = List.copyOf(overwritten);
        obsolete = List.copyOf(obsolete);
    }

    /** What is to be done for {@code wanted} when the switch has {@code actual}. */
    public static FlowDifference between(Pipeline wanted, InstalledFlows actual, Sharing sharing) {
        Comparison comparison = new Comparison(wanted, index(wanted, actual), sharing);
        comparison.take(actual);
        return comparison.difference();
    }

    private static FlowIndex index(Pipeline wanted, InstalledFlows actual) {
        if (actual.size() * FEWER > wanted.flows().size()) {
            return new FlowIndex(wanted.flows());
        }
        // An empty switch, or nearly so: most of what is wanted need not be looked up.
        Set<Flow.Key> there = new HashSet<>();
        actual.flows().forEach(known -> there.add(known.flow().key()));
        actual.strange().forEach(other -> other.key().ifPresent(there::add));
        return FlowIndex.of(wanted.flows(), there);
    }

    /** Everything goes, and all of these come. */
    static FlowDifference ofUnreadable(List<Flow> flows) {
        return new FlowDifference(true, flows, List.of(), List.of(), List.of(), Foreign.NONE);
    }

    /** Whether there is nothing to do. */
    public boolean isEmpty() {
        return size() == 0;
    }

    /** The number of changes. */
    public int size() {
        return (replaceAll ? 1 : 0)
                + missing.size()
                + altered.size()
                + overwritten.size()
                + obsolete.size()
                + foreign.size();
    }

    /** Whether flows that are missing are all there is. */
    public boolean isOnlyMissing() {
        return size() == missing.size();
    }

    /** What is wrong, in words and with an example. */
    @Override
    public String toString() {
        if (replaceAll) {
            return "a part of the reading could not be read";
        }
        List<String> parts = new ArrayList<>();
        describe(parts, missing.stream().map(Flow::key).toList(), "missing");
        describe(parts, altered.stream().map(Flow::key).toList(), "altered");
        describe(parts, overwritten.stream().map(Flow::key).toList(), "overwritten");
        describe(parts, obsolete, "obsolete");
        List<Object> all = new ArrayList<>(foreign.known());
        all.addAll(foreign.strange());
        describe(parts, all, "foreign");
        return String.join("; ", parts);
    }

    private static void describe(List<String> parts, List<?> some, String kind) {
        if (!some.isEmpty()) {
            parts.add(some.size() + " " + kind + (some.size() == 1 ? ": " : ", the first: ") + some.getFirst());
        }
    }
}
