package org.secondsite.openflow.pipeline;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalInt;
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
        if (actual.lostParts() > 0) {
            return new FlowDifference(true, wanted.flows(), List.of(), List.of(), List.of(), Foreign.NONE);
        }
        return new Comparison(wanted, actual, sharing).difference();
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

    /** One comparison under way. */
    private static final class Comparison {
        private final Pipeline wanted;
        private final Sharing sharing;
        private final Set<Integer> guarded = new HashSet<>();
        /** By key, which of the wanted flows it is. */
        private final Map<Flow.Key, Integer> indices;

        /** What stands at the key of each wanted flow; {@code null}: nothing that is understood. */
        private final Flow.Outcome[] standing;

        private final boolean[] isBroken;
        private final List<Flow.Key> obsolete = new ArrayList<>();
        private final List<Flow.Key> foreign = new ArrayList<>();
        private final List<InstalledFlows.RawPlace> strange = new ArrayList<>();

        Comparison(Pipeline wanted, InstalledFlows actual, Sharing sharing) {
            this.wanted = wanted;
            this.sharing = sharing;
            wanted.gateway().ifPresent(guarded::add);
            wanted.places().forEach(place -> guarded.add(place.port()));
            int size = wanted.flows().size();
            standing = new Flow.Outcome[size];
            isBroken = new boolean[size];
            indices = HashMap.newHashMap(size);
            for (int i = 0; i < size; i++) {
                indices.put(wanted.flows().get(i).key(), i);
            }
            for (InstalledFlows.Known known : actual.flows()) {
                Integer index = indices.get(known.flow().key());
                if (index == null) {
                    unwanted(known);
                } else {
                    standing[index] = known.flow().outcome();
                }
            }
            for (InstalledFlows.Strange other : actual.strange()) {
                Optional<Integer> index = other.key().map(indices::get);
                if (index.isPresent()) {
                    isBroken[index.get()] = true;
                } else if (!stays(other.inPort())) {
                    strange.add(other.place());
                }
            }
        }

        private void unwanted(InstalledFlows.Known known) {
            Flow.Key key = known.flow().key();
            if (Cookie.isOurs(known.cookie())) {
                obsolete.add(key);
            } else if (!stays(key.inPort())) {
                foreign.add(key);
            }
        }

        private boolean stays(OptionalInt inPort) {
            return sharing == Sharing.COOPERATIVE && inPort.isPresent() && !guarded.contains(inPort.getAsInt());
        }

        FlowDifference difference() {
            List<Flow> missing = new ArrayList<>();
            List<Flow> altered = new ArrayList<>();
            List<Flow> overwritten = new ArrayList<>();
            for (int i = 0; i < standing.length; i++) {
                Flow flow = wanted.flows().get(i);
                Flow.Outcome there = standing[i];
                if (isBroken[i]) {
                    overwritten.add(flow);
                } else if (there == null) {
                    missing.add(flow);
                } else if (!there.equals(flow.outcome())) {
                    altered.add(flow);
                }
            }
            return new FlowDifference(false, missing, altered, overwritten, obsolete, new Foreign(foreign, strange));
        }
    }
}
