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
 */
public record LogEntry(OwnershipRecord record, SiteId siteA, SiteId siteB, SiteId asker, String reason) {
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

    /** The two sites of the group. */
    public Set<SiteId> sites() {
        return Set.of(siteA, siteB);
    }
}
