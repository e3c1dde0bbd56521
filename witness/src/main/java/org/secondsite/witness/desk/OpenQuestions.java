package org.secondsite.witness.desk;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.OptionalLong;
import java.util.Set;
import java.util.concurrent.TimeUnit;
import org.secondsite.config.GroupId;
import org.secondsite.config.OwnershipRecord;
import org.secondsite.config.SiteId;
import org.secondsite.witness.wire.Message;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * What a client has asked, of whom, and what it has been told: questions, connections that come and go, messages and a time in;
 * messages, answers and news out. The client's event loop and the simulator drive this same class.
 *
 * <p>A question goes to the node that led last. A node that does not lead says so, and the question goes to the one that it
 * names, or a moment later to all; likewise when a connection breaks, or when a node has not answered for
 * {@link #HEDGE_NANOS}. It bears the same number wherever it goes, so it is decided once. Questions are numbered over the life of
 * the client, so a late answer is never taken for another's; the record in it is still told.
 *
 * <p>Times are of one monotonic clock that the caller passes in. One owner; not thread-safe.
 */
public final class OpenQuestions {
    /** How long a node may keep a question before another is asked too: it may have died without a word. */
    static final long HEDGE_NANOS = TimeUnit.MILLISECONDS.toNanos(200);

    /** How long to wait before every node is asked when none leads. */
    static final long ROUND_NANOS = TimeUnit.MILLISECONDS.toNanos(20);

    /** Far more than one for each group: who has more is broken. */
    private static final int MAX_OPEN_QUESTIONS = 1 << 16;

    private static final Logger LOG = LoggerFactory.getLogger(OpenQuestions.class);

    /** What is to be done, in this order. */
    public sealed interface Effect {
        /**
         * Send the question.
         *
         * @param node by its place in the list of nodes
         */
        record Send(int node, Message.Question question) implements Effect {}

        /** The question with this number is answered. */
        record Answered(long number, Message.Reply reply) implements Effect {}

        /** It will not be answered: whether the change was made is not known. */
        record Unanswered(long number, String reason) implements Effect {}

        /** A record with a higher term than any told before for its group. */
        record Told(OwnershipRecord record) implements Effect {}

        /** How a record came to be; once per record. */
        record Made(OwnershipRecord record, SiteId asker, String reason) implements Effect {}

        /** Whether at least one node is connected. */
        record Reachable(boolean up, String reason) implements Effect {}
    }

    /** A question on its way to whichever node leads; it may lie at several nodes at once. */
    private static final class Question {
        private final Message.Question message;
        private final long endNanos;
        private final Set<Integer> asked = new HashSet<>();
        private int last = -1;
        private long hedgeNanos;
        private OptionalLong againNanos = OptionalLong.empty();

        Question(Message.Question message, long nowNanos, long endNanos) {
            this.message = message;
            this.endNanos = endNanos;
            this.hedgeNanos = nowNanos + HEDGE_NANOS;
        }
    }

    private final List<String> nodes;
    private final long answerTimeoutNanos;
    private final Set<Integer> connected = new HashSet<>();
    private final Map<Long, Question> open = new LinkedHashMap<>();
    private final Map<GroupId, Long> toldTerms = new HashMap<>();
    private final Map<GroupId, Long> madeTerms = new HashMap<>();
    private List<Effect> effects = new ArrayList<>();
    private OptionalInt leader = OptionalInt.empty();
    private long lastNumber;
    private boolean up;
    private String lastReason = "";

    /**
     * No node is connected yet.
     *
     * @param nodes the nodes' addresses, like {@code 192.0.2.1:7500}
     * @param answerTimeoutNanos how long to wait for an answer
     */
    public OpenQuestions(List<String> nodes, long answerTimeoutNanos) {
        this.nodes = List.copyOf(nodes);
        this.answerTimeoutNanos = answerTimeoutNanos;
    }

    /** A number that no question has had. */
    public long nextNumber() {
        return ++lastNumber;
    }

    /** The highest term that was told; 0 if none. */
    public long highestTerm() {
        return toldTerms.values().stream().mapToLong(Long::longValue).max().orElse(0);
    }

    /** Asks. The number is from {@link #nextNumber}. */
    public List<Effect> ask(Message.Question message, long nowNanos) {
        long number = message.requestId();
        if (open.size() >= MAX_OPEN_QUESTIONS) {
            effects.add(new Effect.Unanswered(number, open.size() + " questions are open already"));
            return drain();
        }
        Question question = new Question(message, nowNanos, nowNanos + answerTimeoutNanos);
        OptionalInt first = leader.isPresent() && connected.contains(leader.getAsInt()) ? leader : next(question);
        if (first.isEmpty()) {
            effects.add(new Effect.Unanswered(number, "no witness is connected: " + lastReason));
            return drain();
        }
        open.put(number, question);
        askAt(question, first.getAsInt());
        return drain();
    }

    /** A node has welcomed this client. */
    public List<Effect> connected(int node) {
        connected.add(node);
        if (!up) {
            up = true;
            lastReason = "connected to " + nodes.get(node);
            effects.add(new Effect.Reachable(true, lastReason));
        }
        return drain();
    }

    /** The connection to a node has ended or could not be made. */
    public List<Effect> disconnected(int node, String reason, long nowNanos) {
        connected.remove(node);
        for (Question question : List.copyOf(open.values())) {
            if (!question.asked.contains(node)) {
                continue;
            }
            if (connected.isEmpty()) {
                fail(question, "the connection was lost: " + reason);
            } else {
                askElsewhere(question, node, "", nowNanos);
            }
        }
        if (leader.isPresent() && leader.getAsInt() == node) {
            leader = OptionalInt.empty();
        }
        if (connected.isEmpty() && (up || !reason.equals(lastReason))) {
            up = false;
            lastReason = reason;
            effects.add(new Effect.Reachable(false, reason));
        }
        return drain();
    }

    /** A node tells a record unasked. */
    public List<Effect> watched(Message.Watched watched) {
        OwnershipRecord record = watched.record();
        tell(record);
        if (record.term() > madeTerms.getOrDefault(record.group(), 0L)) {
            madeTerms.put(record.group(), record.term());
            effects.add(new Effect.Made(record, watched.asker(), watched.reason()));
        }
        return drain();
    }

    /** A node answers. What it says of the record is told before the question counts as answered, and also when that is late. */
    public List<Effect> replied(int node, Message.Reply reply, long nowNanos) {
        Optional<Question> question = Optional.ofNullable(open.get(reply.requestId()));
        switch (reply) {
            case Message.Granted granted -> tell(granted.record());
            case Message.Refused refused -> tell(refused.current());
            case Message.Current current -> tell(current.record());
            case Message.NotServed not -> LOG.warn("not served: {}", not.reason());
            case Message.Elsewhere elsewhere -> {
                question.ifPresent(asked -> askElsewhere(asked, node, elsewhere.leader(), nowNanos));
                return drain();
            }
        }
        if (reply instanceof Message.Granted || reply instanceof Message.Refused) {
            leader = OptionalInt.of(node);
        }
        if (question.isPresent()) {
            open.remove(reply.requestId());
            effects.add(new Effect.Answered(reply.requestId(), reply));
        }
        return drain();
    }

    /** Gives up what has waited too long, and asks others where a node is silent. */
    public List<Effect> tick(long nowNanos) {
        for (Question question : List.copyOf(open.values())) {
            if (nowNanos >= question.endNanos) {
                long waitedMs = TimeUnit.NANOSECONDS.toMillis(answerTimeoutNanos);
                fail(question, "no answer within " + waitedMs + " ms");
                continue;
            }
            if (question.againNanos.isPresent() && nowNanos >= question.againNanos.getAsLong()) {
                question.againNanos = OptionalLong.empty();
                askAgain(question);
            }
            if (nodes.size() > 1 && nowNanos >= question.hedgeNanos) {
                question.hedgeNanos = nowNanos + HEDGE_NANOS;
                next(question).ifPresent(node -> askAt(question, node));
            }
        }
        return drain();
    }

    /** When {@link #tick} is to be called next; empty if nothing is open. */
    public OptionalLong wakeNanos() {
        long next = Long.MAX_VALUE;
        for (Question question : open.values()) {
            next = Math.min(next, question.endNanos);
            next = Math.min(next, question.againNanos.orElse(Long.MAX_VALUE));
            next = nodes.size() > 1 ? Math.min(next, question.hedgeNanos) : next;
        }
        return next == Long.MAX_VALUE ? OptionalLong.empty() : OptionalLong.of(next);
    }

    /** Gives everything up. */
    public List<Effect> close(String reason) {
        List.copyOf(open.values()).forEach(question -> fail(question, reason));
        return drain();
    }

    private void fail(Question question, String reason) {
        long number = question.message.requestId();
        if (open.remove(number) != null) {
            effects.add(new Effect.Unanswered(number, reason));
        }
    }

    private void askAt(Question question, int node) {
        question.asked.add(node);
        question.last = node;
        effects.add(new Effect.Send(node, question.message));
    }

    /** The node does not answer: it does not lead, or is lost. */
    private void askElsewhere(Question question, int node, String hint, long nowNanos) {
        question.asked.remove(node);
        int named = nodes.indexOf(hint);
        if (named >= 0 && connected.contains(named) && !question.asked.contains(named)) {
            askAt(question, named);
        } else if (question.asked.isEmpty() && question.againNanos.isEmpty()) {
            question.againNanos = OptionalLong.of(nowNanos + ROUND_NANOS);
        }
    }

    private void askAgain(Question question) {
        if (question.asked.isEmpty()) {
            connected.stream().sorted().forEach(node -> askAt(question, node));
            if (question.asked.isEmpty()) {
                fail(question, "no witness is connected: " + lastReason);
            }
        }
    }

    /** The next connected node after the one that was asked last, in the order of the configuration, but none asked now. */
    private OptionalInt next(Question question) {
        for (int i = 1; i <= nodes.size(); i++) {
            int node = Math.floorMod(question.last + i, nodes.size());
            if (connected.contains(node) && !question.asked.contains(node)) {
                return OptionalInt.of(node);
            }
        }
        return OptionalInt.empty();
    }

    private void tell(OwnershipRecord record) {
        if (record.term() > toldTerms.getOrDefault(record.group(), 0L)) {
            toldTerms.put(record.group(), record.term());
            effects.add(new Effect.Told(record));
        }
    }

    private List<Effect> drain() {
        List<Effect> drained = effects;
        effects = new ArrayList<>();
        return drained;
    }
}
