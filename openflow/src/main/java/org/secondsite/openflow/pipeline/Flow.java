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
            return match.of(Field.IN_PORT)
                    .map(condition -> OptionalInt.of((int) condition.value().low()))
                    .orElse(OptionalInt.empty());
        }

        /** Keys are looked up by the thousand while a switch is waited for. */
        @Override
        public boolean equals(Object other) {
            return other instanceof Key key
                    && table == key.table
                    && priority == key.priority
                    && match.equals(key.match);
        }

        @Override
        public int hashCode() {
            return 31 * (31 * match.hashCode() + priority) + table;
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

        /**
         * It goes out by each of these ports.
         *
         * @param tag the VLAN whose tag is put on first; 0: none
         * @param ports where it then goes as it is
         * @param untaggedPorts where it goes without its tag
         */
        record Output(int tag, List<Integer> ports, List<Integer> untaggedPorts) implements Outcome {
            /**
             * Copies the lists.
             *
             * @throws IllegalArgumentException if there is no port
             */
            public Output {
                ports = List.copyOf(ports);
                untaggedPorts = List.copyOf(untaggedPorts);
                if (ports.isEmpty() && untaggedPorts.isEmpty()) {
                    throw new IllegalArgumentException("output to no port is a drop");
                }
            }

            /** As it is. */
            public Output(List<Integer> ports) {
                this(0, ports, List.of());
            }
        }

        /**
         * A later table decides.
         *
         * @param table the table's number
         * @param tag the VLAN whose tag is put on first; 0: none
         */
        record Continue(int table, int tag) implements Outcome {
            /** As it is. */
            public Continue(int table) {
                this(table, 0);
            }
        }
    }
}
