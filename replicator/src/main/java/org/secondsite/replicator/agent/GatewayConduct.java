package org.secondsite.replicator.agent;

import java.util.ArrayDeque;
import java.util.Deque;
import java.util.Optional;
import org.secondsite.config.EpochId;
import org.secondsite.config.OwnershipRecord;
import org.secondsite.replicator.Capability;
import org.secondsite.replicator.Dialect;
import org.secondsite.replicator.checkpoint.CheckpointMessage;

/**
 * What a gateway may say to an agent, by what that has said: the mirror of {@link
 * org.secondsite.replicator.checkpoint.AgentConduct}. Every message is judged here before anything is done because of it. Whoever keeps to
 * the protocol is never found fault with, also when messages of both ends cross on their way.
 *
 * <pre>
 * message               is in order
 * WELCOME               once, after HELLO; before it nothing but REFUSED
 * START, RETITLE, BEGIN under a term that is not below one that this agent has acted under, and not absurdly far above it
 * SEALED                of an epoch that SEAL named, once
 * CREDIT                below the epoch that is to be sealed next
 * ACTIVATE              when a replica was sent, or HELLO named one, and under no lower term than that; FAILED answers the wrong epoch
 * TERM                  if both ends can, not absurdly far above; a lower one is no news
 * FLUSH_AT_ONCE, SYNC_DISKS, OF_DISKS, WINDOW, DEVICE_SAME  if both ends can
 * </pre>
 *
 * <p>What is in order and cannot be done is answered by FAILED, as before. What was acted under outlasts the
 * connection, not the process. What is known besides, as a gateway tells it with TERM, forbids nothing, because epochs of an earlier term
 * may be on their way; it is what an agent remembers on its disk, and tells.
 *
 * <p>Pure. Thread-safe: the agent speaks on one thread, and hears on that of the connection.
 */
public final class GatewayConduct {
    /** Seals that were given up and may be answered late. */
    private static final int MAX_SEALS = 64;

    /** No witness has been recovered so often between two orders. */
    private static final long MAX_GENERATIONS_AHEAD = 1_000_000;

    private final Deque<EpochId> seals = new ArrayDeque<>();
    private long actedTerm;
    private long knownTerm;
    private boolean greeted;
    private boolean condemned;
    private Dialect dialect;

    /** What is to be sealed next, by all that was said: nothing from there on can be done with. NONE before START. */
    private EpochId next = EpochId.NONE;

    /** The epoch that the replica is at, or will be; NONE if there is none. */
    private EpochId given = EpochId.NONE;

    /** Nothing was said yet. */
    public GatewayConduct() {
        this(0);
    }

    /**
     * The same in a later life.
     *
     * @param rememberedTerm the highest term that an earlier one was told of; 0 if none
     */
    public GatewayConduct(long rememberedTerm) {
        knownTerm = rememberedTerm;
    }

    /** A new connection stands. */
    public synchronized void connected() {
        greeted = false;
        condemned = false;
        dialect = null;
        seals.clear();
        next = EpochId.NONE;
        given = EpochId.NONE;
    }

    /** The agent says something. */
    public synchronized void said(CheckpointMessage message) {
        switch (message) {
            case CheckpointMessage.Hello hello -> {
                greeted = true;
                given = hello.running() ? EpochId.NONE : hello.applied();
            }
            case CheckpointMessage.Seal seal -> {
                if (seals.size() == MAX_SEALS) {
                    seals.removeFirst();
                }
                seals.addLast(seal.epoch());
                await(seal.epoch().next());
            }
            default -> {}
        }
    }

    private void await(EpochId epoch) {
        next = epoch.atMost(next) ? next : epoch;
    }

    /** The connection is to end: what still comes on it is passed over. */
    public synchronized boolean isCondemned() {
        return condemned;
    }

    /** The highest term that this agent was told of, or to act under; 0 if none. */
    public synchronized long highestTerm() {
        return knownTerm;
    }

    /** What is wrong with a message, and condemns the connection; empty if it is in order, and is taken to have its effect then. */
    public synchronized Optional<String> judge(CheckpointMessage message) {
        String wrong = dialect == null ? beforeWelcome(message) : inSession(message);
        condemned |= wrong != null;
        return Optional.ofNullable(wrong);
    }

    /** What the agent has to say to a message at once, before anything else is judged; empty if nothing. */
    public synchronized Optional<CheckpointMessage> reply(CheckpointMessage message) {
        return message instanceof CheckpointMessage.Welcome && dialect.has(Capability.TERMS)
                ? Optional.of(new CheckpointMessage.Term(knownTerm))
                : Optional.empty();
    }

    private String beforeWelcome(CheckpointMessage message) {
        if (message instanceof CheckpointMessage.Refused) {
            return null;
        }
        if (greeted && message instanceof CheckpointMessage.Welcome welcome) {
            dialect = welcome.dialect();
            return null;
        }
        return word(message) + " before " + (greeted ? "WELCOME" : "HELLO");
    }

    private String inSession(CheckpointMessage message) {
        return switch (message) {
            case CheckpointMessage.Welcome welcome -> "a second WELCOME";
            case CheckpointMessage.Start start -> order("START", start.first());
            case CheckpointMessage.Retitle retitle -> order("RETITLE", retitle.next());
            case CheckpointMessage.Sealed sealed ->
                seals.remove(sealed.epoch()) ? null : "SEALED of " + sealed.epoch() + ", which no SEAL asked for";
            case CheckpointMessage.Credit credit -> credit(credit.committed());
            case CheckpointMessage.Begin begin -> begin(begin.header().epoch());
            case CheckpointMessage.Activate activate -> activate(activate.expected());
            case CheckpointMessage.DeviceSame same -> agreed(same, Capability.DEVICE_SAME);
            case CheckpointMessage.Window window -> agreed(window, Capability.WINDOW);
            case CheckpointMessage.Term told -> told(told);
            case CheckpointMessage.DiskOrder order -> agreed(order, Capability.DISKS);
            case CheckpointMessage.OfDisks said -> agreed(said, said.talk().needs());
            default -> null;
        };
    }

    private String order(String what, EpochId first) {
        String wrong = term(what, first);
        if (wrong == null) {
            await(first);
        }
        return wrong;
    }

    private String begin(EpochId epoch) {
        String wrong = term("BEGIN", epoch);
        if (wrong == null) {
            given = epoch;
        }
        return wrong;
    }

    private String activate(EpochId expected) {
        if (given.equals(EpochId.NONE)) {
            return "ACTIVATE of " + expected + ", and no epoch was sent";
        }
        return expected.term() < given.term() ? "ACTIVATE of " + expected + ", and " + given + " was sent" : null;
    }

    private String term(String what, EpochId epoch) {
        long term = epoch.term();
        if (term < 1 || term < actedTerm) {
            return what + " of " + epoch + ", and this agent has acted under term " + actedTerm;
        }
        if (isAbsurd(term)) {
            return what + " of " + epoch + ", a term that no witness can have granted after " + knownTerm;
        }
        actedTerm = term;
        knownTerm = Math.max(knownTerm, term);
        return null;
    }

    private boolean isAbsurd(long term) {
        return OwnershipRecord.generation(term) - OwnershipRecord.generation(knownTerm) > MAX_GENERATIONS_AHEAD;
    }

    private String told(CheckpointMessage.Term told) {
        if (isAbsurd(told.term())) {
            return "TERM " + told.term() + ", which no witness can have granted after " + knownTerm;
        }
        String wrong = agreed(told, Capability.TERMS);
        knownTerm = wrong == null ? Math.max(knownTerm, told.term()) : knownTerm;
        return wrong;
    }

    private String credit(EpochId committed) {
        return next.equals(EpochId.NONE) || committed.compareTo(next) < 0
                ? null
                : "CREDIT of " + committed + ", and " + next + " is not even sealed";
    }

    private String agreed(CheckpointMessage message, Capability capability) {
        return dialect.has(capability) ? null : word(message) + " was not agreed on";
    }

    private static String word(CheckpointMessage message) {
        return message.getClass().getSimpleName();
    }
}
