package org.secondsite.replicator.checkpoint;

/**
 * A connection cannot go on.
 *
 * @param code for programs
 * @param reason in words
 */
public record Reset(ResetCode code, String reason) {
    @Override
    public String toString() {
        return code + ": " + reason;
    }
}
