package org.secondsite.witness;

/** What the {@link RecordBook} makes of a request. */
public sealed interface Decision {
    /**
     * Nothing changes. It may be said at once, because it tells only what is durable already.
     *
     * @param answer the refusal
     */
    record Refusal(Answer.Refused answer) implements Decision {}

    /**
     * Nothing changes, and nothing may be said: grants that were told may be forgotten, this very request's among them. Who took it
     * for a refusal would take its request for settled.
     *
     * @param reason what an operator has to do
     */
    record Doubt(String reason) implements Decision {}

    /**
     * A new record. The book does not follow it, and the answer is not to be had, before the store has proven it durable.
     *
     * @param entry what must be made durable
     */
    record Grant(LogEntry entry) implements Decision {
        /**
         * The answer, for the proof that it will be remembered.
         *
         * @throws IllegalArgumentException if the proof is of another entry
         */
        public Answer.Granted answer(Durable proof) {
            if (!proof.entry().equals(entry)) {
                throw new IllegalArgumentException("proof of " + proof.entry() + " is none of " + entry);
            }
            return new Answer.Granted(entry.record());
        }
    }
}
