package org.secondsite.openflow.session;

import static org.secondsite.openflow.session.Step.ADD;
import static org.secondsite.openflow.session.Step.COMMIT;
import static org.secondsite.openflow.session.Step.COUNT;
import static org.secondsite.openflow.session.Step.DISCARD;
import static org.secondsite.openflow.session.Step.FAILED;
import static org.secondsite.openflow.session.Step.FILL;
import static org.secondsite.openflow.session.Step.IDLE;
import static org.secondsite.openflow.session.Step.OUTRANKED;
import static org.secondsite.openflow.session.Step.QUERY;
import static org.secondsite.openflow.session.Step.READ;
import static org.secondsite.openflow.session.Step.REMOVE;
import static org.secondsite.openflow.session.Step.ROLE;
import static org.secondsite.openflow.session.Step.STEADY;

import com.google.common.collect.ImmutableSet;
import com.google.common.collect.Sets;
import java.util.EnumSet;
import java.util.Set;

/**
 * What ends a step of {@link Programming}, which step follows, and in which it can happen. Every change of the step is by one of
 * these; rendered into {@code docs/openflow.md}.
 */
enum Occasion {
    /** The generation is not known, or was none of a witness's. */
    SEEKS(
            "a term is desired, and the generation in the switch is not known",
            QUERY,
            of(IDLE, ROLE, READ, STEADY, COUNT, FAILED, OUTRANKED)),
    /** An error says that somebody else is master. */
    DISPLACED("an error says that another controller is master", QUERY, after(IDLE, OUTRANKED)),
    /** The switch refuses the term. */
    STALE("the term is refused as stale, for the first time", QUERY, of(ROLE)),
    /** Nothing stands in the way of the term, as far as is known. */
    FREE("nothing is known to be in the way of the term, or it is to be overruled", ROLE, after(IDLE)),
    /** A number stands in the way. */
    IN_THE_WAY("another number, or its holder, is in the way", OUTRANKED, after(IDLE)),
    /** What the switch has is not known. */
    UNKNOWN("granted, and what the switch has is not known", READ, of(ROLE, READ, STEADY, COUNT, FAILED)),
    /** What was written is to be proved. */
    WRITTEN("it is written, or given up, and is to be read back", READ, of(FILL, COMMIT, DISCARD, ADD, REMOVE)),
    /** What was committed as a whole is counted before it is read back. */
    COMMITTED("it is committed, and there are more than 2,000 flows", COUNT, of(COMMIT)),
    /** There is nothing to do. */
    AS_WANTED("it has what it shall have", STEADY, of(ROLE, READ, STEADY, COUNT, FAILED)),
    /** There is something to do, in a bundle. */
    DIFFERS("it differs, and takes bundles", FILL, of(ROLE, READ, STEADY, COUNT, FAILED)),
    /** There is something to do, one by one. */
    DIFFERS_IN_ORDER(
            "it differs, and takes no bundle, or has not the room for it", ADD, of(ROLE, READ, STEADY, COUNT, FAILED)),
    /** No message of the bundle was refused. */
    WHOLE("no message was refused", COMMIT, of(FILL)),
    /** A message of the bundle was refused, or something else is wanted. */
    FAULTY("a message was refused, or something else is wanted", DISCARD, of(FILL)),
    /** What comes is written. */
    ADDED("the switch has worked them off, and there is something that goes", REMOVE, of(ADD)),
    /** An audit of few flows, or one of all that is thorough. */
    AUDIT(
            "after 0.4 s with up to 2,000 flows, every 10 s, and at once behind a commit that was counted",
            READ,
            of(STEADY)),
    /** An audit of many flows. */
    QUICK_AUDIT("after 0.4 s with more flows", COUNT, of(STEADY)),
    /** The number of flows is not right. */
    MISCOUNT("another number, or no answer", READ, of(COUNT)),
    /** The number of flows is right. */
    COUNTED("the same numbers", STEADY, of(COUNT)),
    /** It does not work. */
    REFUSED(
            "refused, or three writes in a row leave a difference",
            FAILED,
            of(ROLE, READ, FILL, COMMIT, DISCARD, ADD, REMOVE));

    private final String words;
    private final Step next;
    private final ImmutableSet<Step> in;

    Occasion(String words, Step next, Set<Step> in) {
        this.words = words;
        this.next = next;
        this.in = Sets.immutableEnumSet(in);
    }

    /** What happens. */
    String words() {
        return words;
    }

    /** Which step follows. */
    Step next() {
        return next;
    }

    /** In which steps it can happen. */
    Set<Step> in() {
        return in;
    }

    private static Set<Step> of(Step first, Step... others) {
        return EnumSet.of(first, others);
    }

    private static Set<Step> after(Step first, Step... others) {
        return EnumSet.complementOf(EnumSet.of(first, others));
    }
}
