package org.secondsite.openflow.session;

import java.util.Optional;
import org.projectfloodlight.openflow.protocol.OFControllerRole;
import org.projectfloodlight.openflow.protocol.OFFactory;
import org.projectfloodlight.openflow.protocol.OFRoleReply;
import org.projectfloodlight.openflow.types.U64;
import org.secondsite.openflow.ForeignGeneration;

/**
 * The way to be master under a term: which generation the switch holds, what stands in the way of the term, and which term was
 * granted.
 */
final class Roles {
    private final OFFactory factory;
    private final Outbox outbox;
    private final Progress progress;
    private final ForeignGeneration foreign;

    /** Of the latest question; 0: none. */
    private long askedXid;

    private boolean isKnown;
    private long held = Generation.UNDEFINED;
    private long requested;
    private long grantedTerm;
    private boolean wasRefused;
    private boolean wasDisplaced;
    private boolean isForeign;

    Roles(OFFactory factory, Outbox outbox, Progress progress, ForeignGeneration foreign) {
        this.factory = factory;
        this.outbox = outbox;
        this.progress = progress;
        this.foreign = foreign;
    }

    /** The term under which the switch has made us master; 0: it has not, or not any more. */
    long grantedTerm() {
        return grantedTerm;
    }

    /** Whether the number that is in the way is none of a witness's. */
    boolean isForeign() {
        return isForeign;
    }

    /** Goes for the term: asks to be master, or first what the switch holds. */
    void seek(long term, long nowNanos) {
        if (isKnown && !isForeign) {
            ask(term, nowNanos);
        } else {
            query(Occasion.SEEKS, "which generation it holds", nowNanos);
        }
    }

    /** Asks for role and generation beside other things, changing neither. */
    void audit() {
        send(OFControllerRole.ROLE_NOCHANGE, 0);
    }

    /** A role was told: as an answer to a question. */
    Outcome answered(OFRoleReply reply, long term, long nowNanos) {
        if (!isAnsweredBy(reply.getXid())) {
            return Outcome.WAITING;
        }
        long generation = reply.getGenerationId().getValue();
        return switch (progress.step()) {
            case QUERY -> {
                holds(generation);
                yield queried(term, nowNanos);
            }
            case ROLE -> granted(reply, generation, term, nowNanos);
            default -> told(reply.getRole(), generation, term, nowNanos);
        };
    }

    /** A role was told: unasked, or at an audit. */
    Outcome told(OFControllerRole role, long generation, long term, long nowNanos) {
        boolean isAsked = progress.step() == Step.ROLE || progress.step() == Step.QUERY;
        if (role == OFControllerRole.ROLE_MASTER || grantedTerm == 0 || isAsked) {
            // While a role is asked for, the answer decides: this message is about the one before.
            return Outcome.WAITING;
        }
        grantedTerm = 0;
        wasDisplaced = true;
        holds(generation);
        return queried(term, nowNanos);
    }

    /** An error shows that another controller was made master. */
    void displaced(String errorName, long nowNanos) {
        grantedTerm = 0;
        wasDisplaced = true;
        query(Occasion.DISPLACED, "another controller is master (" + errorName + ")", nowNanos);
    }

    /** Somebody else's number stands: the term is not ours. */
    void outranked() {
        grantedTerm = 0;
    }

    /** An error in answer to a role request. */
    Outcome refused(long xid, String errorName, long term, long nowNanos) {
        // Some switches' errors bear no transaction id; then their kind has to do.
        if (!isAnsweredBy(xid) && (xid != 0 || !errorName.startsWith("ROLE_REQUEST_FAILED"))) {
            return Outcome.WAITING;
        }
        if (progress.step() == Step.QUERY) {
            return untold(term, nowNanos);
        }
        if (!errorName.equals("ROLE_REQUEST_FAILED/STALE")) {
            return new Outcome.Failed(errorName + " in step " + progress.step());
        }
        // The second in a row: what the switch tells does not explain it.
        boolean isStaleTwice = wasRefused;
        wasRefused = !isStaleTwice;
        if (isStaleTwice) {
            return new Outcome.Outranked(
                    Obstacle.LATER_TERM, "stale: the switch has seen a later term (" + errorName + ")");
        }
        query(Occasion.STALE, "it has seen a later generation", nowNanos);
        return Outcome.WAITING;
    }

    /** An answer could not be parsed. */
    Outcome lost(long xid, long term, long nowNanos) {
        return isAnsweredBy(xid) ? untold(term, nowNanos) : Outcome.WAITING;
    }

    private boolean isAnsweredBy(long xid) {
        return askedXid != 0 && xid == askedXid;
    }

    private void holds(long generation) {
        held = generation;
        isKnown = true;
    }

    private Outcome untold(long term, long nowNanos) {
        isKnown = true;
        held = Generation.UNDEFINED;
        return queried(term, nowNanos);
    }

    private Outcome queried(long term, long nowNanos) {
        Optional<Outcome.Outranked> obstacle = obstacle(term);
        if (obstacle.isPresent()) {
            return obstacle.get();
        }
        ask(term, nowNanos);
        return Outcome.WAITING;
    }

    private void query(Occasion occasion, String why, long nowNanos) {
        progress.on(occasion, why, nowNanos);
        audit();
    }

    /** Asks to be master in this term, or goes a step of the way round to it. */
    private void ask(long term, long nowNanos) {
        progress.on(Occasion.FREE, "to be master in term " + term, nowNanos);
        requested = isForeign ? Generation.towards(held, term) : term;
        send(OFControllerRole.ROLE_MASTER, requested);
    }

    private Outcome granted(OFRoleReply reply, long generation, long term, long nowNanos) {
        if (reply.getRole() != OFControllerRole.ROLE_MASTER || generation != requested) {
            return new Outcome.Failed(
                    "asked to be master in term " + requested + ", got " + reply.getRole() + " in " + generation);
        }
        holds(generation);
        wasRefused = false;
        wasDisplaced = false;
        isForeign &= Generation.outranks(generation, term);
        if (generation != term && Generation.outranks(generation, term)) {
            ask(term, nowNanos);
            return Outcome.WAITING;
        }
        grantedTerm = generation;
        return Outcome.GRANTED;
    }

    /** What stands in the way of this term. */
    private Optional<Outcome.Outranked> obstacle(long term) {
        boolean displaced = wasDisplaced;
        wasDisplaced = false;
        isForeign = false;
        if (Generation.outranks(held, term)) {
            wasRefused = false;
            isForeign = !Generation.isPlausible(held, term);
            if (isForeign && foreign == ForeignGeneration.RESET) {
                return Optional.empty();
            }
            String who =
                    displaced ? "another controller is master now, generation " : "stale: the switch has seen term ";
            return Optional.of(
                    isForeign
                            ? new Outcome.Outranked(
                                    Obstacle.FOREIGN,
                                    "foreign-generation: the switch holds " + Long.toUnsignedString(held)
                                            + ", which no witness can have granted")
                            : new Outcome.Outranked(Obstacle.LATER_TERM, who + held));
        }
        if (displaced) {
            isForeign = true;
            return Optional.of(new Outcome.Outranked(
                    Obstacle.SAME_TERM,
                    "foreign-generation: another controller is master, with generation " + Long.toUnsignedString(held)
                            + " against term " + term));
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
