package org.secondsite.witness;

import java.util.Set;
import org.secondsite.config.GroupId;
import org.secondsite.config.OwnershipRecord;
import org.secondsite.config.SiteId;

/** What can be asked of the record of a group. Every request is a compare-and-set on the record's term, but the first. */
public sealed interface Request {
    /** The longest reason that is kept, in characters; longer ones are cut. */
    int REASON_LIMIT = 400;

    /** The group that it is about. */
    GroupId group();

    /** Why it is asked, in words. */
    String reason();

    /**
     * Creates the first record of a configured group: its initial owner alone. Changes nothing if there is one.
     *
     * @param settings the group
     */
    record Enroll(GroupSettings settings) implements Request {
        @Override
        public GroupId group() {
            return settings.group();
        }

        @Override
        public String reason() {
            return "first record, from the configuration";
        }
    }

    /**
     * A site asks for a change by the rules of {@link ChangeRule}.
     *
     * @param group the group
     * @param expectedTerm the term that the record must have for the change to be granted
     * @param asker the site that asks, as its certificate names it
     * @param owner the owner of the wanted record
     * @param inSync the sites in sync of the wanted record
     * @param reason why, in words; kept with the record
     */
    record Change(GroupId group, long expectedTerm, SiteId asker, SiteId owner, Set<SiteId> inSync, String reason)
            implements Request {
        /** Copies the set and cuts the reason to {@link #REASON_LIMIT}. */
        public Change {
            inSync = Set.copyOf(inSync);
            reason = cut(reason);
        }
    }

    /**
     * An operator makes a site the lone owner, whatever it holds. Data may be lost: the reason is the acknowledgement.
     *
     * @param group the group
     * @param expectedTerm the term that the record must have, so that the operator decides on what was seen
     * @param asker who asks: the operator's name, or the site whose gateway was told by its operator
     * @param owner the site to become owner
     * @param reason the written acknowledgement; blank is refused
     */
    record Force(GroupId group, long expectedTerm, SiteId asker, SiteId owner, String reason) implements Request {
        /** Cuts the reason to {@link #REASON_LIMIT}. */
        public Force {
            reason = cut(reason);
        }
    }

    /**
     * An operator gives a group its record anew, at a witness that has lost some of its memory. The term is of a later
     * {@linkplain OwnershipRecord#generation generation} than any that the witness remembers or has heard of, so it was never granted.
     *
     * @param settings the group; its record may be forgotten altogether
     * @param above a term that may have been granted, such as the highest that a gateway has told
     * @param drawn a generation that was hardly ever drawn before, such as one from a clock: a copy from before a recovery
     *     does not know of it, and the next recovery must not begin the same generation
     * @param asker the operator's name
     * @param owner the site to become the lone owner
     * @param reason the written acknowledgement; blank is refused
     */
    record Recover(GroupSettings settings, long above, int drawn, SiteId asker, SiteId owner, String reason)
            implements Request {
        /** Cuts the reason to {@link #REASON_LIMIT}. */
        public Recover {
            reason = cut(reason);
        }

        @Override
        public GroupId group() {
            return settings.group();
        }
    }

    private static String cut(String reason) {
        return reason.length() <= REASON_LIMIT ? reason : reason.substring(0, REASON_LIMIT);
    }
}
