package org.secondsite.openflow.pipeline;

import static org.junit.jupiter.api.Assertions.assertNotEquals;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.secondsite.openflow.Vlan;

/** What a switch does with flows: lookup by priority, table after table. Refuses flows that a real one finds ambiguous. */
public final class FakeFlowTable {
    private final List<Flow> flows;

    public FakeFlowTable(List<Flow> flows) {
        this.flows = List.copyOf(flows);
        Map<Flow.Key, Flow> keys = new HashMap<>();
        for (Flow flow : flows) {
            assertNotEquals(flow, keys.put(flow.key(), flow), "a key stands twice");
        }
    }

    /** The ports by which a frame with these fields goes out; never by the one that it came in by. */
    public Set<Integer> outputs(Map<Field, Bits> sent) {
        return new LinkedHashSet<>(frames(sent).keySet());
    }

    /** By port, the VLAN tags with which a frame goes out: what {@link Field#VLAN_VID} matches. */
    public Map<Integer, Integer> frames(Map<Field, Bits> sent) {
        Map<Field, Bits> frame = new HashMap<>(sent);
        int table = 0;
        while (true) {
            Flow.Outcome outcome = lookup(table, frame);
            switch (outcome) {
                case Flow.Outcome.Drop() -> {
                    return Map.of();
                }
                case Flow.Outcome.Output(int tag, List<Integer> ports, List<Integer> untagged) -> {
                    push(frame, tag);
                    Map<Integer, Integer> out = new LinkedHashMap<>();
                    int vid =
                            (int) frame.getOrDefault(Field.VLAN_VID, Bits.ZERO).low();
                    ports.forEach(port -> out.put(port, vid));
                    untagged.forEach(port -> out.put(port, 0));
                    // OpenFlow 1.4.1 §7.2.5.1: a frame does not go back unless OFPP_IN_PORT says so.
                    out.remove((int) frame.get(Field.IN_PORT).low());
                    return out;
                }
                case Flow.Outcome.Continue(int next, int tag) -> {
                    push(frame, tag);
                    if (next <= table) {
                        throw new AssertionError("goes back from table " + table + " to " + next);
                    }
                    table = next;
                }
            }
        }
    }

    private static void push(Map<Field, Bits> frame, int tag) {
        if (tag != 0) {
            frame.put(Field.VLAN_VID, Bits.of(Vlan.match(tag)));
        }
    }

    private Flow.Outcome lookup(int table, Map<Field, Bits> frame) {
        List<Flow> best = new ArrayList<>();
        for (Flow flow : flows) {
            if (flow.key().table() == table && matches(flow.key().match(), frame)) {
                if (!best.isEmpty()
                        && flow.key().priority() > best.getFirst().key().priority()) {
                    best.clear();
                }
                if (best.isEmpty()
                        || flow.key().priority() == best.getFirst().key().priority()) {
                    best.add(flow);
                }
            }
        }
        if (best.stream().map(Flow::outcome).distinct().count() > 1) {
            throw new AssertionError("the switch may choose among " + best);
        }
        return best.isEmpty() ? new Flow.Outcome.Drop() : best.getFirst().outcome();
    }

    private static boolean matches(Match match, Map<Field, Bits> frame) {
        return match.conditions().entrySet().stream().allMatch(entry -> {
            Bits value = frame.get(entry.getKey());
            return value != null
                    && value.and(entry.getValue().mask())
                            .equals(entry.getValue().value());
        });
    }
}
