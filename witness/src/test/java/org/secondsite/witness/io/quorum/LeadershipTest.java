package org.secondsite.witness.io.quorum;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.secondsite.witness.NotLeadingException;

class LeadershipTest {
    private static final long PATIENCE_MS = TimeUnit.HOURS.toMillis(1);
    private static final long ELECTION = 7;

    private final Leadership three = new Leadership(3, PATIENCE_MS);

    @Test
    void anAppendThatWasSentAfterTheBeginningProves() {
        CompletableFuture<Void> proof = three.prove(() -> ELECTION);
        assertFalse(proof.isDone());
        three.acknowledged("w2", ELECTION, three.sends());
        assertTrue(proof.isDone());
    }

    /** What Ratis takes for a proof: an acknowledgement from before another node was elected. */
    @Test
    void anAppendThatWasSentBeforeProvesNothing() {
        long sent = three.sends();
        CompletableFuture<Void> first = three.prove(() -> ELECTION);
        three.acknowledged("w2", ELECTION, sent);
        assertFalse(first.isDone());
        long between = three.sends();
        CompletableFuture<Void> second = three.prove(() -> ELECTION);
        three.acknowledged("w2", ELECTION, between);
        assertTrue(first.isDone());
        assertFalse(second.isDone(), "the proof of an earlier read is none of a later one");
    }

    @Test
    void anAppendOfAnotherElectionProvesNothing() {
        CompletableFuture<Void> proof = three.prove(() -> ELECTION);
        three.acknowledged("w2", ELECTION - 1, three.sends());
        three.acknowledged("w2", ELECTION + 1, three.sends());
        assertFalse(proof.isDone());
    }

    @Test
    void aMajorityIsNeededOfDifferentNodes() {
        Leadership five = new Leadership(5, PATIENCE_MS);
        CompletableFuture<Void> proof = five.prove(() -> ELECTION);
        five.acknowledged("w2", ELECTION, five.sends());
        five.acknowledged("w2", ELECTION, five.sends());
        assertFalse(proof.isDone());
        five.acknowledged("w5", ELECTION, five.sends());
        assertTrue(proof.isDone());
    }

    @Test
    void aNodeAloneIsItsOwnMajority() {
        assertTrue(new Leadership(1, PATIENCE_MS).prove(() -> ELECTION).isDone());
    }

    @Test
    void theOthersAreAskedAtOnceByWhoeverSendsToThemNow() {
        List<String> asked = new ArrayList<>();
        three.reaches("w2", () -> asked.add("an appender of before"));
        three.reaches("w2", () -> asked.add("w2"));
        three.reaches("w3", () -> asked.add("w3"));
        CompletableFuture<Void> proof = three.prove(() -> ELECTION);
        assertFalse(proof.isDone());
        assertEquals(List.of("w2", "w3"), asked.stream().sorted().toList());
    }

    @Test
    void whoIsNotProvedInTimeDoesNotLead() {
        CompletableFuture<Void> proof = new Leadership(3, 1).prove(() -> ELECTION);
        ExecutionException late = assertThrows(ExecutionException.class, () -> proof.get(30, TimeUnit.SECONDS));
        assertInstanceOf(NotLeadingException.class, late.getCause());
    }

    @Test
    void itIsKnownOfWhichReadsTheLeaderHasToldTheIndex() {
        three.asks(1);
        three.asks(2);
        three.told(2);
        three.told(3);
        assertFalse(three.wasTold(1));
        assertTrue(three.wasTold(2));
        assertFalse(three.wasTold(3), "nobody asks any more");
        three.told(1);
        assertFalse(three.wasTold(1));
    }
}
