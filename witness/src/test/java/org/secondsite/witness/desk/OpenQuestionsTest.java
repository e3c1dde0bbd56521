package org.secondsite.witness.desk;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;

import java.util.List;
import java.util.OptionalLong;
import java.util.Set;
import org.junit.jupiter.api.Test;
import org.secondsite.config.GroupId;
import org.secondsite.config.OwnershipRecord;
import org.secondsite.config.SiteId;
import org.secondsite.witness.desk.OpenQuestions.Effect;
import org.secondsite.witness.wire.Message;

/** A client's questions by themselves. */
class OpenQuestionsTest {
    private static final SiteId A = new SiteId("a");
    private static final GroupId WEB = new GroupId("web");
    private static final long MS = 1_000_000;
    private static final long TIMEOUT = 1000 * MS;

    private final OpenQuestions three =
            new OpenQuestions(List.of("192.0.2.1:1", "192.0.2.2:1", "192.0.2.3:1"), TIMEOUT);

    private static OwnershipRecord record(long term) {
        return new OwnershipRecord(WEB, term, term - 1, A, Set.of(A));
    }

    private Message.Read question() {
        return new Message.Read(three.nextNumber(), WEB);
    }

    private void connectAll() {
        assertEquals(List.of(new Effect.Reachable(true, "connected to 192.0.2.1:1")), three.connected(0));
        assertEquals(List.of(), three.connected(1));
        assertEquals(List.of(), three.connected(2));
    }

    @Test
    void failsAtOnceWhenNobodyIsConnected() {
        Message.Read read = question();
        assertInstanceOf(Effect.Unanswered.class, three.ask(read, 0).getFirst());
        assertEquals(OptionalLong.empty(), three.wakeNanos());
    }

    @Test
    void goesToTheNodeThatIsNamedAndToTheOneThatLedLastNextTime() {
        connectAll();
        Message.Read read = question();
        assertEquals(List.of(new Effect.Send(0, read)), three.ask(read, 0));
        assertEquals(
                List.of(new Effect.Send(2, read)),
                three.replied(0, new Message.Elsewhere(read.requestId(), "192.0.2.3:1"), 1));
        Message.Granted granted = new Message.Granted(read.requestId(), record(4));
        assertEquals(
                List.of(new Effect.Told(record(4)), new Effect.Answered(read.requestId(), granted)),
                three.replied(2, granted, 2));
        Message.Read next = question();
        assertEquals(List.of(new Effect.Send(2, next)), three.ask(next, 3));
    }

    @Test
    void asksAllAMomentLaterWhenNobodyKnowsWhoLeads() {
        connectAll();
        Message.Read read = question();
        three.ask(read, 0);
        assertEquals(List.of(), three.replied(0, new Message.Elsewhere(read.requestId(), ""), 1));
        assertEquals(OptionalLong.of(1 + OpenQuestions.ROUND_NANOS), three.wakeNanos());
        assertEquals(
                List.of(new Effect.Send(0, read), new Effect.Send(1, read), new Effect.Send(2, read)),
                three.tick(1 + OpenQuestions.ROUND_NANOS));
    }

    @Test
    void asksAnotherWhenANodeIsSilentUnderTheSameNumber() {
        connectAll();
        Message.Read read = question();
        three.ask(read, 0);
        assertEquals(List.of(new Effect.Send(1, read)), three.tick(OpenQuestions.HEDGE_NANOS));
        assertEquals(List.of(new Effect.Send(2, read)), three.tick(2 * OpenQuestions.HEDGE_NANOS));
        assertEquals(List.of(), three.tick(3 * OpenQuestions.HEDGE_NANOS), "all have been asked");
    }

    @Test
    void aLateAnswerIsNobodysButItsRecordIsTold() {
        connectAll();
        Message.Read read = question();
        three.ask(read, 0);
        assertEquals(List.of(new Effect.Unanswered(read.requestId(), "no answer within 1000 ms")), three.tick(TIMEOUT));
        assertEquals(
                List.of(new Effect.Told(record(5))),
                three.replied(0, new Message.Granted(read.requestId(), record(5)), TIMEOUT + 1));
        assertEquals(
                List.of(),
                three.replied(0, new Message.Current(read.requestId(), record(5)), TIMEOUT + 2),
                "told once");
    }

    @Test
    void aLostConnectionSendsTheQuestionToTheOthersAndTheLastOneEndsIt() {
        connectAll();
        Message.Read read = question();
        three.ask(read, 0);
        assertEquals(List.of(), three.disconnected(0, "reset", 1));
        assertEquals(
                List.of(new Effect.Send(1, read), new Effect.Send(2, read)), three.tick(1 + OpenQuestions.ROUND_NANOS));
        three.disconnected(1, "reset", 2);
        assertEquals(
                List.of(
                        new Effect.Unanswered(read.requestId(), "the connection was lost: reset too"),
                        new Effect.Reachable(false, "reset too")),
                three.disconnected(2, "reset too", 3));
    }

    @Test
    void aRecordIsToldOnceAndNeverAnOlderOne() {
        Message.Watched watched = new Message.Watched(record(3), A, "why");
        assertEquals(List.of(new Effect.Told(record(3)), new Effect.Made(record(3), A, "why")), three.watched(watched));
        assertEquals(List.of(), three.watched(watched));
        assertEquals(List.of(), three.watched(new Message.Watched(record(2), A, "older")));
    }
}
