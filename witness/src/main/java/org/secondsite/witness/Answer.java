package org.secondsite.witness;

import org.secondsite.config.OwnershipRecord;

/** The witness's answer to a request. What it says is durable: a crash of the witness cannot take it back. */
public sealed interface Answer {
    /**
     * The record that is now in force, or was when the answer left.
     *
     * @return the granted record, or the one that stood against the request
     */
    OwnershipRecord current();

    /**
     * The change was made.
     *
     * @param record the new record; its term is larger than that of every earlier grant for any group
     */
    record Granted(OwnershipRecord record) implements Answer {
        @Override
        public OwnershipRecord current() {
            return record;
        }
    }

    /**
     * The change was not made, and this very request can never be made later.
     *
     * @param current the record that stands
     * @param reason why, in words
     */
    record Refused(OwnershipRecord current, String reason) implements Answer {}
}
