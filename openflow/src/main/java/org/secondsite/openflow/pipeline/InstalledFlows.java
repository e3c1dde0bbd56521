package org.secondsite.openflow.pipeline;

import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.Set;
import java.util.function.Predicate;

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
        return dropping(gates::contains);
    }

    /** The same, with every flow of the first table a drop. What is not understood counts as it was. */
    public InstalledFlows shutAll() {
        return dropping(key -> key.table() == Pipeline.GATE_TABLE);
    }

    private InstalledFlows dropping(Predicate<Flow.Key> which) {
        List<Known> after = new ArrayList<>(flows.size());
        for (Known known : flows) {
            after.add(
                    which.test(known.flow().key())
                            ? new Known(
                                    new Flow(known.flow().key(), new Flow.Outcome.Drop()),
                                    known.cookie(),
                                    known.packets())
                            : known);
        }
        return new InstalledFlows(after, strange, lostParts);
    }
}
