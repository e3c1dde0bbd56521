package org.secondsite.gateway.change;

import java.time.Duration;
import java.util.Optional;

/**
 * A configuration that somebody wants a gateway to run.
 *
 * @param text the file
 * @param who asks for it, such as {@code uid 0}
 * @param reason why, in the asker's words; may be empty
 * @param basedOn the revision that the asker saw; empty: whichever runs
 * @param confirmWithin how long to wait for a confirmation before it is taken back; empty: it needs none
 * @param when whether it is to count from now on, or from the next start
 */
public record Candidate(
        String text,
        String who,
        String reason,
        Optional<Integer> basedOn,
        Optional<Duration> confirmWithin,
        When when) {

    /** When a candidate is to count. */
    public enum When {
        /** From now on; one that needs a restart is refused, and what does is named. */
        NOW,
        /** All of it from the next start on. */
        AT_NEXT_START
    }
}
