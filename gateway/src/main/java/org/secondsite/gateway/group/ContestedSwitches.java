package org.secondsite.gateway.group;

import java.util.ArrayList;
import java.util.Iterator;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import org.secondsite.config.SwitchId;
import org.secondsite.net.Backoff;

/**
 * Switches that obey somebody else, though the witness names this site: which of them a newer term is to be asked for, and when.
 *
 * <p>The first time it is at once. Whoever takes a switch again and again makes this gateway ask ever more rarely, at last once a
 * minute: each term is a change of a record. Who has kept quiet for so long is met at once again.
 */
final class ContestedSwitches {
    private static final int FIRST_WAIT_MS = 250;
    private static final int MAX_WAIT_MS = 60_000;
    private static final long MILLI = 1_000_000;
    private static final long CALM_NANOS = MAX_WAIT_MS * MILLI;

    private static final class Contest {
        private final Backoff backoff = new Backoff(FIRST_WAIT_MS, MAX_WAIT_MS);
        private long term;
        private boolean pending;
        private long dueNanos;

        /** When it was last contested, or asked for. */
        private long activeNanos;

        private Contest(long nowNanos) {
            dueNanos = nowNanos;
            activeNanos = nowNanos;
        }
    }

    private final Map<SwitchId, Contest> contests =
            new TreeMap<>((a, b) -> a.name().compareTo(b.name()));

    /** The switch was told this term, and obeys somebody else. */
    void contested(SwitchId sw, long term, long nowNanos) {
        Contest contest = contests.computeIfAbsent(sw, _ -> new Contest(nowNanos));
        if (nowNanos - contest.activeNanos >= CALM_NANOS) {
            contest.backoff.reset();
            contest.dueNanos = nowNanos;
        }
        contest.activeNanos = nowNanos;
        contest.term = Math.max(contest.term, term);
        contest.pending = true;
    }

    /**
     * The switches for which a newer term is to be asked for now.
     *
     * @param newestTerm the greatest term that this gateway knows; what was contested under a lower one is settled
     */
    List<SwitchId> due(long newestTerm, long nowNanos) {
        List<SwitchId> due = new ArrayList<>();
        Iterator<Map.Entry<SwitchId, Contest>> all = contests.entrySet().iterator();
        while (all.hasNext()) {
            Map.Entry<SwitchId, Contest> entry = all.next();
            Contest contest = entry.getValue();
            contest.pending &= contest.term >= newestTerm;
            if (contest.pending && nowNanos - contest.dueNanos >= 0) {
                contest.dueNanos = nowNanos + contest.backoff.next() * MILLI;
                contest.activeNanos = nowNanos;
                due.add(entry.getKey());
            } else if (!contest.pending && nowNanos - contest.activeNanos >= CALM_NANOS) {
                all.remove();
            }
        }
        return due;
    }
}
