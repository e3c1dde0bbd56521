package org.secondsite.witness;

import java.util.List;
import org.secondsite.config.OwnershipRecord;
import org.secondsite.config.SiteId;

/**
 * The rule by which a record may change, as a table: what the record is, who asks, for whom, and with whom in sync.
 *
 * <p>The six granted rows are Primary-backup with a configuration service (PacificA, Vertical Paxos II):
 *
 * <ul>
 *   <li>the owner goes solo, the standby promotes itself, the owner takes a standby, the owner hands over;
 *   <li>a lone owner may renew its record unchanged: the newer term makes an unanswered request fail for good, which a
 *       read could not (the request may still be on its way);
 *   <li>a protected owner may renew its record unchanged, too: a switch that somebody else has taken under its term, or under a
 *       later one, obeys a newer one only.
 * </ul>
 *
 * <p>A site that is not in sync is never made owner by this table. Only an operator's force can do that.
 *
 * @param now whether the record has both sites in sync, or the owner alone
 * @param asker whether the owner asks, or the other site
 * @param wanted whether the asker is to be owner, or the other site than the asker
 * @param after who shall be in sync
 * @param granted whether the change is made
 * @param words what it means, or why it is refused
 */
record ChangeRule(InSync now, Asker asker, Wanted wanted, InSync after, boolean granted, String words) {
    /** Who is in sync. */
    enum InSync {
        BOTH,
        OWNER_ALONE
    }

    /** Who asks. */
    enum Asker {
        OWNER,
        OTHER_SITE
    }

    /** Whom it wants as owner. */
    enum Wanted {
        ITSELF,
        ITS_PEER
    }

    private static final String LACKS = "it lacks what was released since it was dropped";

    /** All sixteen cases, each once. */
    static final List<ChangeRule> TABLE = List.of(
            grant(InSync.BOTH, Asker.OWNER, Wanted.ITSELF, InSync.OWNER_ALONE, "the owner goes solo"),
            grant(
                    InSync.BOTH,
                    Asker.OWNER,
                    Wanted.ITSELF,
                    InSync.BOTH,
                    "the owner renews its record, for a term that nobody else has shown to a switch"),
            grant(InSync.BOTH, Asker.OWNER, Wanted.ITS_PEER, InSync.OWNER_ALONE, "the owner hands over"),
            refuse(
                    InSync.BOTH,
                    Asker.OWNER,
                    Wanted.ITS_PEER,
                    InSync.BOTH,
                    "a new owner stands alone until the other site holds a full image of it"),
            grant(InSync.BOTH, Asker.OTHER_SITE, Wanted.ITSELF, InSync.OWNER_ALONE, "the standby is promoted"),
            refuse(
                    InSync.BOTH,
                    Asker.OTHER_SITE,
                    Wanted.ITSELF,
                    InSync.BOTH,
                    "a promoted site stands alone until the other site holds a full image of it"),
            refuse(
                    InSync.BOTH,
                    Asker.OTHER_SITE,
                    Wanted.ITS_PEER,
                    InSync.OWNER_ALONE,
                    "only the owner can give up its standby"),
            refuse(InSync.BOTH, Asker.OTHER_SITE, Wanted.ITS_PEER, InSync.BOTH, "only the owner can ask for itself"),
            grant(
                    InSync.OWNER_ALONE,
                    Asker.OWNER,
                    Wanted.ITSELF,
                    InSync.OWNER_ALONE,
                    "the lone owner renews its record, so that an unanswered request fails for good"),
            grant(InSync.OWNER_ALONE, Asker.OWNER, Wanted.ITSELF, InSync.BOTH, "the lone owner takes a standby"),
            refuse(
                    InSync.OWNER_ALONE,
                    Asker.OWNER,
                    Wanted.ITS_PEER,
                    InSync.OWNER_ALONE,
                    "the other site is not in sync: " + LACKS),
            refuse(
                    InSync.OWNER_ALONE,
                    Asker.OWNER,
                    Wanted.ITS_PEER,
                    InSync.BOTH,
                    "the other site is not in sync: " + LACKS),
            refuse(
                    InSync.OWNER_ALONE,
                    Asker.OTHER_SITE,
                    Wanted.ITSELF,
                    InSync.OWNER_ALONE,
                    "the asking site is not in sync: " + LACKS),
            refuse(
                    InSync.OWNER_ALONE,
                    Asker.OTHER_SITE,
                    Wanted.ITSELF,
                    InSync.BOTH,
                    "the asking site is not in sync: " + LACKS),
            refuse(
                    InSync.OWNER_ALONE,
                    Asker.OTHER_SITE,
                    Wanted.ITS_PEER,
                    InSync.OWNER_ALONE,
                    "only the owner can ask for itself"),
            refuse(
                    InSync.OWNER_ALONE,
                    Asker.OTHER_SITE,
                    Wanted.ITS_PEER,
                    InSync.BOTH,
                    "only the owner can take a standby"));

    /**
     * The row for a request.
     *
     * @param current the record in force
     * @param change a request of one of the two sites, that wants the owner, or both sites, in sync
     */
    static ChangeRule of(OwnershipRecord current, Request.Change change) {
        SiteId asker = change.asker();
        InSync now = current.solo() ? InSync.OWNER_ALONE : InSync.BOTH;
        Asker role = asker.equals(current.owner()) ? Asker.OWNER : Asker.OTHER_SITE;
        Wanted wanted = asker.equals(change.owner()) ? Wanted.ITSELF : Wanted.ITS_PEER;
        InSync after = change.inSync().size() == 1 ? InSync.OWNER_ALONE : InSync.BOTH;
        for (ChangeRule rule : TABLE) {
            if (rule.now == now && rule.asker == role && rule.wanted == wanted && rule.after == after) {
                return rule;
            }
        }
        throw new AssertionError("no row for " + now + ", " + role + ", " + wanted + ", " + after);
    }

    private static ChangeRule grant(InSync now, Asker asker, Wanted wanted, InSync after, String words) {
        return new ChangeRule(now, asker, wanted, after, true, words);
    }

    private static ChangeRule refuse(InSync now, Asker asker, Wanted wanted, InSync after, String words) {
        return new ChangeRule(now, asker, wanted, after, false, words);
    }
}
