package org.secondsite.gateway.simulation;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.secondsite.config.OwnershipRecord;
import org.secondsite.config.SiteId;

/**
 * The safety rules, watched from outside of the sites.
 *
 * <p>A VM's state is a number that grows with every packet it sends: packet <i>k</i> shows state <i>k</i> to the world. An
 * activation begins a new <i>lineage</i> at the state that it activates; the packets of the parent lineage beyond that
 * state must never have been seen, and must never be.
 */
final class SafetyChecks {
    /** A life of the VM: where it runs, and from which state of which earlier life it began. */
    private static final class Lineage {
        private final SiteId site;
        private long releasedUpTo;
        private long supersededAt = Long.MAX_VALUE;

        Lineage(SiteId site, long start) {
            this.site = site;
            this.releasedUpTo = start;
        }
    }

    private final List<Lineage> lineages = new ArrayList<>();
    private final Map<Long, SiteId> actors = new HashMap<>();
    private final Map<Long, Long> keptUpTo = new HashMap<>();
    private long released;

    /** A first VM, started by an operator. */
    int born(SiteId site) {
        lineages.add(new Lineage(site, 0));
        return lineages.size() - 1;
    }

    /** A VM starts at {@code site} from state {@code state} of lineage {@code parent}. */
    int activated(SiteId site, int parent, long state) {
        Lineage old = lineages.get(parent);
        if (old.releasedUpTo > state) {
            throw new Violation(
                    "PromotedHoldsAllReleased",
                    site + " activates state " + state + ", but " + old.site + " has released " + old.releasedUpTo);
        }
        old.supersededAt = state;
        lineages.add(new Lineage(site, state));
        return lineages.size() - 1;
    }

    /** The standby of a lineage keeps a state, completely. */
    void kept(int lineage, long state) {
        keptUpTo.merge((long) lineage, state, Math::max);
    }

    /**
     * A packet leaves a site.
     *
     * @param truth the witness's record at this moment
     * @param actingKnown the record that the gateway knows; null if none
     */
    void released(SiteId site, int lineage, long state, OwnershipRecord truth, OwnershipRecord actingKnown) {
        released++;
        Lineage life = lineages.get(lineage);
        if (!life.site.equals(site)) {
            throw new Violation("OneOwnerPerTerm", site + " releases output of the VM at " + life.site);
        }
        if (actingKnown == null) {
            throw new Violation("FailClosed", site + " releases " + state + " before it knows its role");
        }
        if (!actingKnown.owner().equals(site)) {
            throw new Violation("NothingAfterFence", site + " releases " + state + " although it knows " + actingKnown);
        }
        if (state > life.supersededAt) {
            throw new Violation(
                    "PromotedHoldsAllReleased",
                    site + " releases " + state + " after another site went on from " + life.supersededAt);
        }
        boolean alone = truth.owner().equals(site) && truth.solo();
        if (!alone && state > keptUpTo.getOrDefault((long) lineage, 0L)) {
            String rule = actingKnown.solo() ? "NoSoloWhilePeerInSync" : "ReleasedIsCommitted";
            throw new Violation(
                    rule,
                    site + " releases " + state + " under " + actingKnown + ", the record is " + truth
                            + ", kept elsewhere up to " + keptUpTo.getOrDefault((long) lineage, 0L));
        }
        life.releasedUpTo = Math.max(life.releasedUpTo, state);
    }

    /** A gateway acts as the owner under a term. */
    void acts(SiteId site, long term) {
        SiteId first = actors.putIfAbsent(term, site);
        if (first != null && !first.equals(site)) {
            throw new Violation("OneOwnerPerTerm", first + " and " + site + " both act in term " + term);
        }
    }

    /** How many packets were released, and thus checked. */
    long releases() {
        return released;
    }
}
