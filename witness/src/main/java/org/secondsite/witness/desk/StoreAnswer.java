package org.secondsite.witness.desk;

import java.util.List;
import org.secondsite.witness.Answer;
import org.secondsite.witness.LogEntry;

/** What the store says to a command of the desk. */
public sealed interface StoreAnswer {
    /** The request was decided; what the answer says is durable. */
    record Decided(Answer answer) implements StoreAnswer {}

    /** The records as they are after everything that was answered before the read was ordered. */
    record Read(List<LogEntry> entries) implements StoreAnswer {
        /** Copies the list. */
        public Read {
            entries = List.copyOf(entries);
        }
    }

    /**
     * This node does not decide now, and nothing was changed.
     *
     * @param leader the address of the node that does; empty if it is not known
     */
    record NotHere(String leader) implements StoreAnswer {}

    /**
     * The store may lack grants, and decides nothing until an operator has recovered it. It does not know whether the change was
     * made before.
     */
    record Doubted(String reason) implements StoreAnswer {}

    /** Whether the change was made is not known. */
    record Unknown(String reason) implements StoreAnswer {}
}
