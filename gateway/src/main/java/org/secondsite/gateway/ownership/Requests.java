package org.secondsite.gateway.ownership;

import java.util.Set;
import org.secondsite.config.OwnershipRecord;
import org.secondsite.config.SiteId;
import org.secondsite.gateway.ownership.OwnershipAction.Ask;

/**
 * The request to the witness whose fate is open, if any. At most one is of interest: all are on the same term, and of those
 * the witness grants one.
 */
final class Requests {
    /** How long after an unanswered request the next one goes out. Costs service, never safety. */
    static final long RETRY_NANOS = 200_000_000L;

    private Ask asked;
    /** Whether it was lost sight of. */
    private boolean unanswered;

    /** The term in which the witness's silence has been told of. */
    private long alarmedTerm = -1;

    /** The next request goes out no sooner; a burst would only load a witness that struggles. */
    private long repeatAtNanos = Long.MIN_VALUE / 2;

    private long attempts;

    /** Counts on from attempts of a former life of the group in this process: their answers are none to these. */
    Requests(long attempts) {
        this.attempts = attempts;
    }

    Ask put(long expectedTerm, SiteId owner, Set<SiteId> inSync, String why) {
        asked = new Ask(++attempts, expectedTerm, owner, inSync, why);
        unanswered = false;
        return asked;
    }

    /** A newer record is known: whatever was asked is decided. */
    void settled() {
        asked = null;
        unanswered = false;
    }

    /** The open request was refused. */
    void refused(long nowNanos) {
        settled();
        repeatAtNanos = nowNanos + RETRY_NANOS;
    }

    /** The open request may still be granted, and nobody can say. */
    void lostSight(long nowNanos) {
        unanswered = true;
        repeatAtNanos = nowNanos + RETRY_NANOS;
    }

    /** Whether a request is open. */
    boolean open() {
        return asked != null;
    }

    /** Whether the open request is to have the standby recorded as in sync. */
    boolean keepsStandby() {
        return asked != null && asked.inSync().size() > 1;
    }

    /** The open request. */
    Ask asked() {
        return asked;
    }

    /** Whether the open request is this one. */
    boolean isOpen(long attempt) {
        return asked != null && asked.attempt() == attempt;
    }

    /** Why this request was put, for people. */
    String why(long attempt) {
        return isOpen(attempt) ? asked.reason() : "an earlier request";
    }

    /**
     * Whether this record was made by the open request: no other process asks for this site. An operator's recovery of the
     * witness grants nothing that was asked: its term is of another generation.
     */
    boolean made(OwnershipRecord record, SiteId self) {
        return asked != null
                && record.previousTerm() == asked.expectedTerm()
                && OwnershipRecord.generation(record.term()) == OwnershipRecord.generation(asked.expectedTerm())
                && record.owner().equals(self);
    }

    /** Whether nothing is open, and enough time has passed since the last request failed. */
    boolean mayAsk(long nowNanos) {
        return asked == null && nowNanos - repeatAtNanos >= 0;
    }

    /** Whether the open request is to be repeated now. */
    boolean dueAgain(long nowNanos) {
        return asked != null && unanswered && nowNanos - repeatAtNanos >= 0;
    }

    /** Whether the witness's silence is news in this term: it is asked five times a second, and once is loud enough. */
    boolean silenceIsNews(long term) {
        boolean news = alarmedTerm != term;
        alarmedTerm = term;
        return news;
    }
}
