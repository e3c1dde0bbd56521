package org.secondsite.witness.io.quorum;

import java.util.Map;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;
import java.util.function.LongSupplier;
import org.secondsite.witness.NotLeadingException;

/**
 * The proof that this node leads now, which a read needs before it may be answered: a leader that was replaced does not know that (Raft's
 * thesis §6.4). Ratis 3.3.0 asks for it only once for each committed index ({@code ReadIndexHeartbeats.ackedCommitIndex}), and has a read take
 * part in the round of an earlier one; between two grants a leader that is cut off would tell for seconds what it believes.
 *
 * <p><b>Why it is one.</b> A proof begins, and then looks for the election's number T that this node is at. It is made when other nodes, with
 * this one a majority, have taken an append of number T that was sent after it began. Each of them was at no higher number then. Whoever was
 * elected with a higher one before the proof began would have had a vote of one of them, which would be at that number. So all that was
 * answered before the proof began was committed up to T, and a leader of T, or a later one, that reads from now on has it.
 *
 * <p>A node that follows has its read index from the leader, which proves itself first. One that began to lead meanwhile, so that Ratis took its
 * own index, has to prove itself instead: {@link #wasTold} says which it was.
 *
 * <p>Thread-safe.
 */
final class Leadership {
    private final int nodes;
    private final long patienceMs;
    private final AtomicLong clock = new AtomicLong();
    private final Map<String, Runnable> heartbeats = new ConcurrentHashMap<>();
    private final Set<Attempt> attempts = ConcurrentHashMap.newKeySet();
    private final Map<Long, Boolean> asked = new ConcurrentHashMap<>();

    private static final class Attempt {
        private final long begun;
        private final long election;
        private final Set<String> acknowledged = ConcurrentHashMap.newKeySet();
        private final CompletableFuture<Void> proof = new CompletableFuture<>();

        private Attempt(long begun, long election) {
            this.begun = begun;
            this.election = election;
        }
    }

    /**
     * Nothing is proved yet.
     *
     * @param nodes how many there are, this one included
     * @param patienceMs how long a proof may take
     */
    Leadership(int nodes, long patienceMs) {
        this.nodes = nodes;
        this.patienceMs = patienceMs;
    }

    /** This node has begun to lead, and has another one send appends to a node at once by this. */
    void reaches(String node, Runnable heartbeat) {
        heartbeats.put(node, heartbeat);
    }

    /** An append is about to be sent. Returns when, for {@link #acknowledged}. */
    long sends() {
        return clock.get();
    }

    /**
     * A node has taken an append for that of its leader.
     *
     * @param election the number of the election that the append names
     * @param sent when, as {@link #sends} said
     */
    void acknowledged(String node, long election, long sent) {
        for (Attempt attempt : attempts) {
            if (sent >= attempt.begun && election == attempt.election) {
                attempt.acknowledged.add(node);
                if (attempt.acknowledged.size() + 1 > nodes / 2) {
                    attempt.proof.complete(null);
                }
            }
        }
    }

    /**
     * Begins a proof.
     *
     * @param election the number of the election that this node is at
     * @return exceptionally {@link NotLeadingException} if it is not made in time
     */
    CompletableFuture<Void> prove(LongSupplier election) {
        if (nodes == 1) {
            return CompletableFuture.completedFuture(null);
        }
        long begun = clock.incrementAndGet();
        // After that: a node that has voted for another one since would be at its number.
        Attempt attempt = new Attempt(begun, election.getAsLong());
        attempts.add(attempt);
        heartbeats.values().forEach(Runnable::run);
        return attempt.proof
                .orTimeout(patienceMs, TimeUnit.MILLISECONDS)
                .whenComplete((proved, failure) -> attempts.remove(attempt))
                .exceptionallyCompose(late -> CompletableFuture.failedFuture(new NotLeadingException("")));
    }

    /** A read of this number is about to be made by a node that follows. */
    void asks(long call) {
        asked.put(call, false);
    }

    /** The leader has told the index of a read. */
    void told(long call) {
        asked.replace(call, true);
    }

    /** The read is over. Whether the leader has told its index. */
    boolean wasTold(long call) {
        return Boolean.TRUE.equals(asked.remove(call));
    }
}
