package org.secondsite.witness;

import java.util.Set;
import org.secondsite.config.OwnershipRecord;
import org.secondsite.config.SiteId;

/**
 * One line of the witness's memory: a record that came into force, with all that is needed to decide what follows it.
 *
 * @param record the record
 * @param siteA one of the group's two sites
 * @param siteB the other one
 * @param asker who asked for it
 * @param reason why, in words
 * @param request the request that was granted
 */
public record LogEntry(
        OwnershipRecord record, SiteId siteA, SiteId siteB, SiteId asker, String reason, RequestId request) {
    /**
     * Checks the shape.
     *
     * @throws IllegalArgumentException if the record names a third site
     */
    public LogEntry {
        if (siteA.equals(siteB) || !Set.of(siteA, siteB).containsAll(record.inSync())) {
            throw new IllegalArgumentException(record + " does not fit the sites " + siteA + " and " + siteB);
        }
    }

    /** The same of a request that is never repeated. */
    public LogEntry(OwnershipRecord record, SiteId siteA, SiteId siteB, SiteId asker, String reason) {
        this(record, siteA, siteB, asker, reason, RequestId.NONE);
    }

    /** The same record, made by this request. */
    LogEntry granted(SiteId by, String why, RequestId id) {
        return new LogEntry(record, siteA, siteB, by, why, id);
    }

    /** The two sites of the group. */
    public Set<SiteId> sites() {
        return Set.of(siteA, siteB);
    }
}
