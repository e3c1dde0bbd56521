package org.secondsite.witness;

import java.util.Set;
import org.secondsite.config.GroupId;
import org.secondsite.config.SiteId;

/**
 * A protection group as the witness is told about it.
 *
 * @param group its name
 * @param siteA one of its two sites
 * @param siteB the other one
 * @param initialOwner the site that owns it alone in its first record; it has no say once a record exists
 */
public record GroupSettings(GroupId group, SiteId siteA, SiteId siteB, SiteId initialOwner) {
    /**
     * Checks the shape.
     *
     * @throws IllegalArgumentException if the sites are the same, or the initial owner is neither
     */
    public GroupSettings {
        if (siteA.equals(siteB)) {
            throw new IllegalArgumentException("group " + group + " has site " + siteA + " twice");
        }
        if (!initialOwner.equals(siteA) && !initialOwner.equals(siteB)) {
            throw new IllegalArgumentException("group " + group + ": initial owner " + initialOwner
                    + " is neither of its sites " + siteA + " and " + siteB);
        }
    }

    /** The two sites. */
    public Set<SiteId> sites() {
        return Set.of(siteA, siteB);
    }
}
