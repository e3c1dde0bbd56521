package org.secondsite.gateway.group;

import java.util.EnumSet;
import java.util.Set;
import java.util.function.BooleanSupplier;
import org.secondsite.config.GroupId;
import org.secondsite.gateway.ownership.Ownership;
import org.secondsite.gateway.ownership.OwnershipState;
import org.secondsite.replicator.tunnel.PeerMessage;

/**
 * What two gateways tell each other about a group: the record that each knows, what the standby has to offer, and that the VMs
 * run. It is said again and again: a message may be lost with a connection.
 */
final class PeerTalk {
    private static final Set<OwnershipState> RUNS_THE_VMS =
            EnumSet.of(OwnershipState.SOLO, OwnershipState.SYNCING, OwnershipState.PROTECTED);
    /** Why a site offers nothing while another process counts as its gateway. */
    static final String DISPLACED = "the witness takes another process for this site's gateway";

    private static final long REPEAT_NANOS = 250_000_000L;

    private final GroupId group;
    private final Ownership ownership;
    private final GroupVms vms;
    private final Membership membership;
    private final GroupLacks lacks;
    private final Orders orders;
    private final BooleanSupplier displaced;

    private long toldNanos;
    private long burnedTerm;
    private PeerMessage.StandbyState lastOffer;
    private long peerGenerationAtStart;

    PeerTalk(
            GroupId group,
            Ownership ownership,
            GroupVms vms,
            Membership membership,
            GroupLacks lacks,
            Orders orders,
            BooleanSupplier displaced) {
        this.membership = membership;
        this.lacks = lacks;
        this.displaced = displaced;
        this.group = group;
        this.ownership = ownership;
        this.vms = vms;
        this.orders = orders;
        toldNanos = orders.nowNanos();
    }

    // ---- what is said -------------------------------------------------------------------------------------------

    /** What each side must know first on a tunnel that came up: the record, and what the standby has to offer. */
    void tellAll() {
        toldNanos = orders.nowNanos();
        tellRecord();
        offer();
    }

    /** Time passes. */
    void tellAgain() {
        if (orders.nowNanos() - toldNanos > REPEAT_NANOS) {
            tellAll();
        }
    }

    void tellRecord() {
        ownership.record().ifPresent(record -> say(new PeerMessage.RecordNews(record)));
    }

    /** Says that the VMs run, if they do, and what this site has to offer as a standby. */
    void offer() {
        // First, so that who hears the rest knows which VMs it is about.
        membership.say();
        lacks.say();
        if (RUNS_THE_VMS.contains(ownership.state()) && vms.all(VmAtSite::running)) {
            say(new PeerMessage.VmsActive(group, ownership.term()));
        }
        boolean standby = ownership.state() == OwnershipState.STANDBY;
        String obstacle = standby ? obstacle() : "it is " + ownership.state();
        say(new PeerMessage.StandbyState(
                group, obstacle.isEmpty(), vms.imageGeneration(), burnedTerm, obstacle.isEmpty() ? "ready" : obstacle));
    }

    /** Why a standby can keep no image, empty if it can. */
    private String obstacle() {
        if (displaced.getAsBoolean()) {
            return DISPLACED;
        }
        return membership.obstacle();
    }

    private void say(PeerMessage message) {
        orders.give(new SiteOrder.Say(message));
    }

    /** This site has asked for promotion in a term, and never acknowledges an epoch of it, or of a lower one, again. */
    void burn(long term) {
        burnedTerm = Math.max(burnedTerm, term);
    }

    long burnedTerm() {
        return burnedTerm;
    }

    // ---- what is heard ------------------------------------------------------------------------------------------

    void heard(PeerMessage.StandbyState offer) {
        lastOffer = offer;
    }

    /** The peer is suspected: what it offered counts no more. */
    void peerLost() {
        lastOffer = null;
    }

    boolean standbyReady() {
        return lastOffer != null && lastOffer.ready();
    }

    /** Whether the standby has lost what the present chain of epochs builds on. */
    boolean chainBroken() {
        return lastOffer.imageGeneration() != peerGenerationAtStart && vms.anyCheckpointing();
    }

    /** A chain of epochs begins, on what the standby offers now. */
    void chainBegins() {
        peerGenerationAtStart = lastOffer == null ? 0 : lastOffer.imageGeneration();
    }
}
