package org.secondsite.openflow.pipeline;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.Set;
import java.util.function.Function;

/**
 * What a switch said it has.
 *
 * @param flows the flows that are understood, whoever wrote them
 * @param strange the others
 * @param lostParts how many parts of the reading could not even be cut into flows
 */
public record InstalledFlows(List<Known> flows, List<Strange> strange, int lostParts) {
    /**
     * A flow as the pipeline could have written it.
     *
     * @param flow what it does
     * @param cookie its mark
     * @param packets how many frames it has had
     */
    public record Known(Flow flow, long cookie, long packets) {}

    /**
     * A flow that the pipeline never writes: with a match, instruction or timeout that it does not use.
     *
     * @param place where it stands
     * @param key the same, if the match is understood
     * @param inPort the port that it is for, if it is for one only
     * @param cookie its mark
     * @param packets how many frames it has had
     */
    public record Strange(RawPlace place, Optional<Flow.Key> key, OptionalInt inPort, long cookie, long packets) {}

    /**
     * What a flow is identified by, with its match as the switch has told it: enough to remove it.
     *
     * @param table the table's number
     * @param priority the larger wins
     * @param match {@code ofp_match} with its padding, in hexadecimal
     */
    public record RawPlace(int table, int priority, String match) {
        @Override
        public String toString() {
            return "table=" + table + ",priority=" + priority + ",match=0x" + match;
        }
    }

    /** Copies the lists. */
    public InstalledFlows {
        flows = List.copyOf(flows);
        strange = List.copyOf(strange);
    }

    /** How many flows there are, as far as they could be told apart. */
    public int size() {
        return flows.size() + strange.size();
    }

    /** The same, with the gates of these ports shut. */
    public InstalledFlows shut(Set<Integer> ports) {
        Set<Flow.Key> gates = HashSet.newHashSet(ports.size());
        ports.forEach(port -> gates.add(Pipeline.gate(port)));
        return with(flow -> gates.contains(flow.key()) ? new Flow.Outcome.Drop() : flow.outcome());
    }

    /** The same, with every flow of the first table a drop but for these. What is not understood counts as it was. */
    public InstalledFlows shutAllBut(List<Flow> remaining) {
        Map<Flow.Key, Flow.Outcome> kept = HashMap.newHashMap(remaining.size());
        remaining.forEach(flow -> kept.put(flow.key(), flow.outcome()));
        return with(flow -> flow.key().table() == Pipeline.GATE_TABLE
                ? kept.getOrDefault(flow.key(), new Flow.Outcome.Drop())
                : flow.outcome());
    }

    private InstalledFlows with(Function<Flow, Flow.Outcome> outcome) {
        List<Known> after = new ArrayList<>(flows.size());
        for (Known known : flows) {
            Flow.Outcome next = outcome.apply(known.flow());
            after.add(
                    next.equals(known.flow().outcome())
                            ? known
                            : new Known(new Flow(known.flow().key(), next), known.cookie(), known.packets()));
        }
        return new InstalledFlows(after, strange, lostParts);
    }
}
