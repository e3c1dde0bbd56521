package org.secondsite.simulator;

import java.util.ArrayList;
import java.util.EnumSet;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.secondsite.config.EpochId;
import org.secondsite.config.OwnershipRecord;
import org.secondsite.config.SiteId;
import org.secondsite.gateway.group.MemberPhase;

/**
 * The safety rules, watched from outside of the sites.
 *
 * <p>A VM's state is a number that grows with every packet it sends: packet <i>k</i> shows state <i>k</i> to the world. An
 * activation begins a new <i>lineage</i> at the state that it activates; the packets of the parent lineage beyond that
 * state must never have been seen, and must never be.
 *
 * <p>The <i>truth</i> is the last record that the witness ever granted, whoever knows it. When an operator forces a change,
 * data may be lost by intention: until a site has been told, what it does as the owner that it was counts as lost then.
 */
final class SafetyChecks {
    /** How a packet comes to leave. */
    enum Way {
        /** Its epoch was committed. */
        HELD,
        /** Output passes. */
        UNHELD,
        /** Past the gateway: the VM is not ticked there. */
        FREE,
        /** The gateway's process is ending. */
        DYING
    }

    /**
     * What a VM is to the group when it lets something out.
     *
     * @param phase how far it is from being a member, where it lets that out
     * @param elsewhere whether the other site may take over, and would activate it
     */
    record Standing(MemberPhase phase, boolean elsewhere) {
        private static final Set<MemberPhase> HELD = EnumSet.of(MemberPhase.HELD, MemberPhase.ADDING);

        boolean isMember() {
            return phase == MemberPhase.MEMBER;
        }

        boolean isHeld() {
            return HELD.contains(phase);
        }
    }

    /** A life of the VM: where it runs, and from which state of which earlier life it began. */
    private static final class Lineage {
        private final SiteId site;
        private long releasedUpTo;
        private long keptUpTo;
        private long supersededAt = Long.MAX_VALUE;

        Lineage(SiteId site, long start) {
            this.site = site;
            this.releasedUpTo = start;
        }
    }

    private final List<Lineage> lineages = new ArrayList<>();
    private final Map<Long, SiteId> owners = new HashMap<>();
    private final Map<SiteId, OwnershipRecord> told = new HashMap<>();
    private final Map<SiteId, Long> replaced = new HashMap<>();
    private final Map<SiteId, Long> copies = new HashMap<>();
    /** Who says that a takeover would activate the VM, or did so when it was heard last. */
    private final Set<SiteId> promised = new HashSet<>();

    private OwnershipRecord truth;
    private long forcedTerm;
    private long released;

    /** By site, the state with which a flush was answered first that no disk has. */
    private final Map<SiteId, Long> ahead = new HashMap<>();

    // ---- the witness --------------------------------------------------------------------------------------------

    /** A record takes the place of the one before; not if an operator knows that this may be an older one. */
    void replaced(OwnershipRecord record) {
        if (truth != null && record.previousTerm() < truth.term() && record.term() > truth.term()) {
            throw new Violation(
                    Rule.NO_TERM_TWICE,
                    "term " + record.term() + " takes the place of " + record.previousTerm() + ", which term "
                            + truth.term() + " has taken already");
        }
    }

    /** The witness grants a record. */
    void granted(OwnershipRecord record, boolean forced) {
        if (owners.containsKey(record.term())) {
            throw new Violation(
                    Rule.NO_TERM_TWICE,
                    "term " + record.term() + " is granted to " + record.owner() + ", and was to "
                            + owners.get(record.term()));
        }
        if (truth != null && record.term() <= truth.term()) {
            throw new Violation(
                    Rule.ONE_OWNER_PER_TERM,
                    "term " + record.term() + " is granted to " + record.owner() + ", after [" + truth + "]");
        }
        owners.put(record.term(), record.owner());
        truth = record;
        if (forced) {
            forcedTerm = record.term();
            // Whatever the chosen site goes on from is what counts now.
            lineages.stream()
                    .filter(life -> life.site.equals(record.owner()))
                    .forEach(life -> life.supersededAt = Long.MAX_VALUE);
        }
    }

    /** Whether a term was granted to this owner. */
    boolean wasGranted(OwnershipRecord record) {
        return record.owner().equals(owners.get(record.term()));
    }

    /** The last record granted. */
    OwnershipRecord truth() {
        return truth;
    }

    /** A gateway is told of a record, by whomever. */
    void told(SiteId site, OwnershipRecord record) {
        told.merge(site, record, (known, news) -> news.term() > known.term() ? news : known);
    }

    /** A gateway starts, and knows nothing. */
    void started(SiteId site) {
        told.remove(site);
        replaced.remove(site);
    }

    /** A gateway goes on that stood still for so long that it may have been replaced. */
    void stoodStill(SiteId site) {
        if (truth != null && !truth.owner().equals(site)) {
            replaced.put(site, truth.term());
        }
    }

    // ---- the VM -------------------------------------------------------------------------------------------------

    /** A first VM, started by an operator. */
    int born(SiteId site) {
        lineages.add(new Lineage(site, 0));
        return lineages.size() - 1;
    }

    /** A VM starts at {@code site} from state {@code state} of lineage {@code parent}. */
    int activated(SiteId site, int parent, long state) {
        Lineage old = lineages.get(parent);
        if (old.releasedUpTo > state && forcedTerm == 0) {
            throw new Violation(
                    Rule.PROMOTED_HOLDS_ALL_RELEASED,
                    site + " activates state " + state + ", but " + old.site + " has released " + old.releasedUpTo);
        }
        if (truth.owner().equals(site)) {
            // Otherwise an operator has overruled it while the VM was starting: what that VM sends is of no account.
            old.supersededAt = Math.min(old.supersededAt, state);
        }
        lineages.add(new Lineage(site, state));
        return lineages.size() - 1;
    }

    /** Whether another site has gone on from the VM that was started last at a site. */
    boolean isOlder(SiteId site) {
        return lineages.stream()
                .filter(life -> life.site.equals(site))
                .reduce((earlier, later) -> later)
                .filter(life -> life.supersededAt != Long.MAX_VALUE)
                .isPresent();
    }

    /** A VM executes something. */
    void executes(SiteId site, boolean keptPaused) {
        if (keptPaused) {
            throw new Violation(
                    Rule.KEPT_STANDS_STILL,
                    "the VM at " + site + " runs, and the gateway was told that it is paused for good");
        }
    }

    /** A flush was answered, and no disk has what it is about; then the VM sends the packet that shows this state. */
    void answeredAhead(SiteId site, long state) {
        ahead.putIfAbsent(site, state);
    }

    /** Every flush that was ever answered at a site is on its disk, or its VM is gone. */
    void synced(SiteId site) {
        ahead.remove(site);
    }

    /** The standby of a lineage keeps a state, completely. */
    void kept(int lineage, long state) {
        Lineage life = lineages.get(lineage);
        life.keptUpTo = Math.max(life.keptUpTo, state);
    }

    // ---- a gateway ----------------------------------------------------------------------------------------------

    /** A packet of a member leaves a site. */
    void released(SiteId site, int lineage, long state, Way way) {
        released(site, lineage, state, way, new Standing(MemberPhase.MEMBER, false));
    }

    /** A packet leaves a site. */
    void released(SiteId site, int lineage, long state, Way way, Standing standing) {
        released++;
        Lineage life = lineages.get(lineage);
        if (forcedTerm == 0) {
            requireMembership(site, life, state, way, standing);
        }
        // What came before a VM that joins was held may leave later.
        boolean free = way != Way.DYING && !standing.isMember() && !standing.isHeld();
        if (free && !standing.elsewhere()) {
            requireSynced(site, state);
        } else {
            requireOwner(site, life, state, way);
        }
        if (state <= life.releasedUpTo) {
            throw new Violation(
                    Rule.RELEASED_ONCE, site + " releases " + state + " after it has released " + life.releasedUpTo);
        }
        life.releasedUpTo = state;
    }

    private void requireMembership(SiteId site, Lineage life, long state, Way way, Standing standing) {
        boolean free = way == Way.FREE || (way == Way.UNHELD && !standing.isMember());
        if (free && standing.elsewhere()) {
            throw new Violation(
                    Rule.MEMBERSHIP_BEFORE_OUTPUT,
                    site + " lets " + state + " pass, and a takeover would activate " + life.keptUpTo);
        }
        if (free && state > life.supersededAt) {
            throw new Violation(
                    Rule.MEMBERSHIP_BEFORE_OUTPUT,
                    site + " lets " + state + " pass after another site went on from " + life.supersededAt);
        }
        if (way == Way.HELD && standing.isHeld() && !standing.elsewhere()) {
            throw new Violation(
                    Rule.MEMBERSHIP_BEFORE_OUTPUT,
                    site + " releases " + state + " of a VM that joins, and no takeover would activate it");
        }
    }

    /** The site says that a takeover would activate the VM. */
    void promises(SiteId site, boolean isMember) {
        if (isMember) {
            promised.add(site);
        } else {
            promised.remove(site);
        }
    }

    /** A site takes over, and the VM is no member there. */
    void takesOverWithoutTheVm(SiteId site) {
        if (promised.contains(World.other(site)) && forcedTerm == 0) {
            throw new Violation(
                    Rule.MEMBERSHIP_BEFORE_OUTPUT,
                    site + " takes over without the VM, which is a member at " + World.other(site));
        }
    }

    private void requireSynced(SiteId site, long state) {
        if (state >= ahead.getOrDefault(site, Long.MAX_VALUE)) {
            throw new Violation(
                    Rule.DISK_BEFORE_OUTPUT,
                    site + " passes " + state + " unheld, and no disk has what was flushed from " + ahead.get(site)
                            + " on");
        }
    }

    private void requireOwner(SiteId site, Lineage life, long state, Way way) {
        OwnershipRecord known = told.get(site);
        if (way == Way.DYING) {
            throw new Violation(Rule.FAIL_CLOSED, site + " releases " + state + " while it dies");
        }
        if (known == null) {
            throw new Violation(Rule.FAIL_CLOSED, site + " releases " + state + " before it was told its role");
        }
        if (!known.owner().equals(site)) {
            throw new Violation(
                    Rule.NOTHING_AFTER_FENCE, site + " releases " + state + " although it was told [" + known + "]");
        }
        if (!life.site.equals(site)) {
            throw new Violation(Rule.ONE_OWNER_PER_TERM, site + " releases output of the VM at " + life.site);
        }
        if (known.term() >= forcedTerm) {
            if (known.term() < replaced.getOrDefault(site, 0L)) {
                throw new Violation(
                        Rule.SILENT_AFTER_STANDSTILL,
                        site + " releases " + state + " under [" + known + "] after a standstill in which term "
                                + replaced.get(site) + " was granted to the other site");
            }
            requireRight(site, life, state, way, known);
        }
    }

    private void requireRight(SiteId site, Lineage life, long state, Way way, OwnershipRecord known) {
        if (copies.containsKey(site)) {
            throw new Violation(
                    Rule.ONE_GATEWAY_PER_SITE,
                    site + " releases " + state + " under [" + known + "], and so does its copy under term "
                            + copies.get(site));
        }
        boolean alone = truth.owner().equals(site) && truth.solo();
        if (!alone && way == Way.UNHELD) {
            throw new Violation(
                    Rule.NO_SOLO_WHILE_PEER_IN_SYNC,
                    site + " passes " + state + " unheld under [" + known + "], but the record is [" + truth + "]");
        }
        if (!alone && state > life.keptUpTo) {
            throw new Violation(
                    Rule.RELEASED_IS_COMMITTED,
                    site + " releases " + state + " under [" + known + "], but the standby holds only up to "
                            + life.keptUpTo);
        }
        if (way == Way.UNHELD) {
            requireSynced(site, state);
        }
        if (state > life.supersededAt) {
            throw new Violation(
                    Rule.PROMOTED_HOLDS_ALL_RELEASED,
                    site + " releases " + state + " after another site went on from " + life.supersededAt);
        }
    }

    /**
     * A site tells its peer on a new connection which epoch it has acknowledged.
     *
     * @param burnedTerm the highest term in which it has asked for promotion
     */
    void repeats(SiteId site, EpochId acknowledged, long burnedTerm) {
        if (!acknowledged.equals(EpochId.NONE) && acknowledged.term() <= burnedTerm) {
            throw new Violation(
                    Rule.ASKING_BURNS_THE_TERM,
                    site + " says again that it holds " + acknowledged + ", but it has asked for promotion in term "
                            + burnedTerm);
        }
    }

    /** A gateway acts as the owner under a term. */
    void acts(SiteId site, long term) {
        if (!site.equals(owners.get(term))) {
            throw new Violation(
                    Rule.ONE_OWNER_PER_TERM,
                    site + " acts in term " + term
                            + (owners.containsKey(term)
                                    ? ", which is of " + owners.get(term)
                                    : ", which was never granted"));
        }
    }

    /** The copy of a site's gateway lets something out, under a term that it was granted. */
    void copyLetsOut(SiteId site, long term) {
        copies.put(site, term);
    }

    /** The copy of a site's gateway is put off. */
    void copyEnds(SiteId site) {
        copies.remove(site);
    }

    /** How many packets were released, and thus checked. */
    long releases() {
        return released;
    }

    /** Whether an operator has forced a change. */
    boolean forced() {
        return forcedTerm != 0;
    }
}
