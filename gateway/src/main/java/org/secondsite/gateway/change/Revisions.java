package org.secondsite.gateway.change;

import java.io.IOException;
import java.time.Instant;
import java.util.List;
import java.util.Optional;

/** Where revisions are kept, so that they outlive the process. */
public interface Revisions {
    /**
     * A revision that runs and is not confirmed.
     *
     * @param number the revision
     * @param backTo the one to go back to
     * @param confirmBy when that is done
     */
    record Unconfirmed(int number, int backTo, Instant confirmBy) {}

    /** All that are kept, oldest first; the last one runs. Never empty. */
    List<Revision> all();

    /** What waits to be confirmed. */
    Optional<Unconfirmed> unconfirmed();

    /**
     * Keeps a revision as the running one, and its text as the gateway's file. It is on stable storage when this returns.
     *
     * @param unconfirmed that it is not confirmed; empty: it stays
     * @throws IOException if it cannot be kept; nothing has changed then
     */
    void keep(Revision revision, Optional<Unconfirmed> unconfirmed) throws IOException;

    /**
     * What waited to be confirmed stays.
     *
     * @throws IOException if that cannot be kept
     */
    void confirm() throws IOException;
}
