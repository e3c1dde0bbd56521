package org.secondsite.openflow.session;

import java.util.Optional;
import org.projectfloodlight.openflow.protocol.OFControllerRole;
import org.projectfloodlight.openflow.protocol.OFFactory;
import org.projectfloodlight.openflow.types.U64;

/** What is known of the generation that a switch holds, and what stands in the way of a term. */
final class Roles {
    private final OFFactory factory;
    private final Outbox outbox;

    /** Of the latest question; 0: none. */
    private long askedXid;

    private boolean isKnown;
    private long held = Generation.UNDEFINED;
    private long requested;
    private boolean wasRefused;
    private boolean wasDisplaced;
    private boolean isForeign;

    Roles(OFFactory factory, Outbox outbox) {
        this.factory = factory;
        this.outbox = outbox;
    }

    /** Asks for role and generation, changing neither. */
    void query() {
        send(OFControllerRole.ROLE_NOCHANGE, 0);
    }

    /** Asks to be master in this term, or goes a step of the way round to it. */
    void ask(long term) {
        requested = isForeign ? Generation.towards(held, term) : term;
        send(OFControllerRole.ROLE_MASTER, requested);
    }

    boolean isAnsweredBy(long xid) {
        return askedXid != 0 && xid == askedXid;
    }

    /** The generation that was asked to be master in. */
    long requested() {
        return requested;
    }

    /** Whether it has been told, or was asked for in vain. */
    boolean isKnown() {
        return isKnown;
    }

    /** The switch holds this. */
    void holds(long generation) {
        held = generation;
        isKnown = true;
    }

    /** The switch has made us master in this. */
    void granted(long generation, long term) {
        holds(generation);
        wasRefused = false;
        wasDisplaced = false;
        isForeign &= Generation.outranks(generation, term);
    }

    /** The switch does not tell. */
    void unknown() {
        isKnown = true;
        held = Generation.UNDEFINED;
    }

    /** Another controller was made master. */
    void displaced() {
        wasDisplaced = true;
    }

    /** A refusal for staleness was the second in a row: what the switch tells does not explain it. */
    boolean isStaleTwice() {
        boolean twice = wasRefused;
        wasRefused = !twice;
        return twice;
    }

    /** Whether the number that is in the way is none of a witness's. */
    boolean isForeign() {
        return isForeign;
    }

    /**
     * What stands in the way of this term.
     *
     * @param mayLeadRound whether a foreign generation may be led round to it
     */
    Optional<String> obstacle(long term, boolean mayLeadRound) {
        boolean displaced = wasDisplaced;
        wasDisplaced = false;
        isForeign = false;
        if (Generation.outranks(held, term)) {
            wasRefused = false;
            isForeign = !Generation.isPlausible(held, term);
            if (isForeign && mayLeadRound) {
                return Optional.empty();
            }
            String who =
                    displaced ? "another controller is master now, generation " : "stale: the switch has seen term ";
            return Optional.of(
                    isForeign
                            ? "foreign-generation: the switch holds " + Long.toUnsignedString(held)
                                    + ", which no witness can have granted"
                            : who + held);
        }
        if (displaced) {
            isForeign = true;
            return Optional.of("foreign-generation: another controller is master, with generation "
                    + Long.toUnsignedString(held) + " against term " + term);
        }
        return Optional.empty();
    }

    private void send(OFControllerRole role, long generation) {
        askedXid = outbox.nextXid();
        outbox.send(factory.buildRoleRequest()
                .setXid(askedXid)
                .setRole(role)
                .setGenerationId(U64.of(generation))
                .build());
    }
}
