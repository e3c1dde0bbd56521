package org.secondsite.openflow.pipeline;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/**
 * What must change for a switch to have exactly the wanted flows.
 *
 * <p>The switch belongs to the gateway: a flow that the gateway did not write, or does not understand, may lead frames past
 * it. Such a flow need not be named to be removed: all flows are then replaced, which in a bundle is one step for the
 * switch's frames.
 *
 * @param replaceAll whether every flow of every table goes first
 * @param removed keys of flows that go; empty when all go
 * @param added flows to write; one of a key that stands already replaces it
 */
public record FlowDifference(boolean replaceAll, List<Flow.Key> removed, List<Flow> added) {
    /** Copies the lists. */
    public FlowDifference {
        removed = List.copyOf(removed);
        added = List.copyOf(added);
    }

    /** What is to be done for {@code wanted} when the switch has {@code actual}. */
    public static FlowDifference between(List<Flow> wanted, InstalledFlows actual) {
        if (actual.strange() > 0) {
            return new FlowDifference(true, List.of(), wanted);
        }
        Map<Flow.Key, Flow.Outcome> obsolete = new HashMap<>();
        actual.flows().forEach(flow -> obsolete.put(flow.key(), flow.outcome()));
        List<Flow> added = new ArrayList<>();
        for (Flow flow : wanted) {
            if (!flow.outcome().equals(obsolete.remove(flow.key()))) {
                added.add(flow);
            }
        }
        // A changed flow is written over; only what has no successor is removed.
        List<Flow.Key> removed = actual.flows().stream()
                .map(Flow::key)
                .filter(obsolete::containsKey)
                .toList();
        return new FlowDifference(false, removed, added);
    }

    /** Whether there is nothing to do. */
    public boolean isEmpty() {
        return !replaceAll && removed.isEmpty() && added.isEmpty();
    }

    /** The number of changes, for the log. */
    public int size() {
        return (replaceAll ? 1 : 0) + removed.size() + added.size();
    }
}
