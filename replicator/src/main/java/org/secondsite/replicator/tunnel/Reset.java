package org.secondsite.replicator.tunnel;

/**
 * A connection must end.
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
