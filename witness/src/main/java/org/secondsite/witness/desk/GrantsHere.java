package org.secondsite.witness.desk;

import java.util.HashSet;
import java.util.Iterator;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Set;
import org.secondsite.config.OwnershipRecord;
import org.secondsite.config.SiteId;
import org.secondsite.witness.AccessRule;
import org.secondsite.witness.LogEntry;

/**
 * Which terms a site can have been told of by this witness: those up to the highest on its disk when it started, which nobody can tell apart any
 * more, and, once the site was served, those that it has granted since to a group of the site. The counter alone would not do: grants to groups of others bring it
 * past a term that was granted before, and forgotten.
 *
 * <p>Of the newest {@value #MAX_GRANTS} grants it knows whose they are; older ones are like those on the disk.
 */
final class GrantsHere {
    private static final int MAX_GRANTS = 4096;

    private final Map<Long, Set<SiteId>> sites = new LinkedHashMap<>();
    private final Set<SiteId> served = new HashSet<>();
    private boolean started;
    private long anybodys;

    /** All that was on the disk is known; what comes now is granted by this witness. */
    void started() {
        started = true;
    }

    void granted(LogEntry entry) {
        long term = entry.record().term();
        if (!started) {
            anybodys = Math.max(anybodys, term);
        } else if (term > anybodys) {
            sites.putIfAbsent(term, entry.sites());
            forgetOldest();
        }
    }

    /** Whatever was granted before this generation is settled: nobody acts on it before a recovery. */
    void recovered(long generation) {
        anybodys = Math.max(anybodys, OwnershipRecord.firstTerm(generation) - 1);
        sites.keySet().removeIf(term -> term <= anybodys);
    }

    private void forgetOldest() {
        if (sites.size() > MAX_GRANTS) {
            Iterator<Long> terms = sites.keySet().iterator();
            anybodys = Math.max(anybodys, terms.next());
            terms.remove();
        }
    }

    /** This site is told from now on. What it knew before, it has told before. */
    void served(SiteId site) {
        served.add(site);
    }

    /** Whether somebody may have been told of that by this witness. An operator sees the groups of all. */
    boolean canKnow(SiteId site, long term) {
        if (term <= anybodys) {
            return true;
        }
        Set<SiteId> whose = sites.getOrDefault(term, Set.of());
        return served.contains(site) && (site.equals(AccessRule.OPERATOR) ? !whose.isEmpty() : whose.contains(site));
    }
}
