package org.secondsite.openflow.pipeline;

import java.util.List;
import java.util.OptionalInt;

/**
 * One flow of a switch.
 *
 * @param key where it stands; a table has at most one flow of a key
 * @param outcome what becomes of a frame
 */
public record Flow(Key key, Outcome outcome) {
    /**
     * What OpenFlow identifies a flow by, besides its cookie.
     *
     * @param table the table's number
     * @param priority the larger wins
     * @param match the frames
     */
    public record Key(int table, int priority, Match match) {
        /** The port that it is for, if it is for one only. */
        public OptionalInt inPort() {
            Match.Condition condition = match.conditions().get(Field.IN_PORT);
            return condition == null
                    ? OptionalInt.empty()
                    : OptionalInt.of((int) condition.value().low());
        }

        @Override
        public String toString() {
            return "table=" + table + ",priority=" + priority + "," + match;
        }
    }

    /** What becomes of a frame that matches. */
    public sealed interface Outcome {
        /** It is gone. */
        record Drop() implements Outcome {}

        /** It goes out by each of these ports. */
        record Output(List<Integer> ports) implements Outcome {
            /**
             * Copies the list.
             *
             * @throws IllegalArgumentException if it is empty
             */
            public Output {
                ports = List.copyOf(ports);
                if (ports.isEmpty()) {
                    throw new IllegalArgumentException("output to no port is a drop");
                }
            }
        }

        /** A later table decides. */
        record Continue(int table) implements Outcome {}
    }
}
