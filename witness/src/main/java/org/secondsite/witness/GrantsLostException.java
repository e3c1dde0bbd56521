package org.secondsite.witness;

import java.io.IOException;
import java.io.Serial;

/**
 * The store's memory may lack grants that were told: it decides nothing for the group, and says nothing of what became of earlier
 * requests, until an operator has recovered it.
 */
public final class GrantsLostException extends IOException {
    @Serial
    private static final long serialVersionUID = 1L;

    /** Says what an operator has to do. */
    public GrantsLostException(String reason) {
        super(reason);
    }
}
