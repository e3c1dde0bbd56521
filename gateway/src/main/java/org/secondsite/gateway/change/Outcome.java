package org.secondsite.gateway.change;

import java.util.List;

/**
 * What a commit came to.
 *
 * @param revision the revision that runs now
 * @param impacts what it did; empty: it changed nothing
 */
public record Outcome(int revision, List<Impact> impacts) {
    /** Copies the list. */
    public Outcome {
        impacts = List.copyOf(impacts);
    }
}
