package org.secondsite.gateway.change;

import java.util.List;

/** A candidate is not taken, and nothing has changed. */
public final class RefusedException extends Exception {
    private static final long serialVersionUID = 1L;

    /**
     * Refuses.
     *
     * @param reasons each on its own line; at least one
     */
    public RefusedException(List<String> reasons) {
        super(String.join("\n", reasons));
    }

    /** Refuses for one reason. */
    public RefusedException(String reason) {
        super(reason);
    }
}
