package org.secondsite.gateway.change;

import java.util.List;

/** A candidate is not taken, and nothing has changed. */
public final class RefusedException extends Exception {
    private static final long serialVersionUID = 1L;

    /** What kind of reason there is. */
    public enum Kind {
        /** The candidate is not in order. */
        INVALID,
        /** It is based on a revision that does not run any more. */
        STALE,
        /** It cannot be done now. */
        NOT_NOW
    }

    private final Kind kind;

    /**
     * Refuses.
     *
     * @param reasons each on its own line; at least one
     */
    public RefusedException(Kind kind, List<String> reasons) {
        super(String.join("\n", reasons));
        this.kind = kind;
    }

    /** Refuses what cannot be done now. */
    public RefusedException(List<String> reasons) {
        this(Kind.NOT_NOW, reasons);
    }

    /** Refuses what cannot be done now, for one reason. */
    public RefusedException(String reason) {
        this(List.of(reason));
    }

    /** What kind of reason there is. */
    public Kind kind() {
        return kind;
    }
}
