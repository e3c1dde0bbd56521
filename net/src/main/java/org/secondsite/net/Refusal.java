package org.secondsite.net;

/**
 * Something is refused, because.
 *
 * @param code for programs
 * @param reason in words
 * @param <C> the codes
 */
public record Refusal<C extends Enum<C>>(C code, String reason) {
    @Override
    public String toString() {
        return code + ": " + reason;
    }
}
