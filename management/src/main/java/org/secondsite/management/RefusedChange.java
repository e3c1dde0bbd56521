package org.secondsite.management;

import java.util.List;

/** A change is not made; each line says why. */
public final class RefusedChange extends Exception {
    private static final long serialVersionUID = 1;

    /** What kind of reason there is. */
    public enum Kind {
        /** The file is not in order. */
        INVALID,
        /** It was made from a revision that does not run any more. */
        STALE,
        /** It is in order, and cannot be done now. */
        NOT_NOW
    }

    private final Kind kind;
    private final transient List<String> lines;

    /** A refusal with its reasons. */
    public RefusedChange(Kind kind, List<String> lines) {
        super(String.join("; ", lines));
        this.kind = kind;
        this.lines = List.copyOf(lines);
    }

    /** What kind of reason there is. */
    public Kind kind() {
        return kind;
    }

    /** The reasons. */
    public List<String> lines() {
        return lines;
    }
}
