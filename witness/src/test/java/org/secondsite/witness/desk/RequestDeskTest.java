package org.secondsite.witness.desk;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.List;
import java.util.Map;
import java.util.OptionalLong;
import java.util.Set;
import java.util.function.Function;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;
import org.secondsite.config.GroupId;
import org.secondsite.config.OwnershipRecord;
import org.secondsite.config.SiteId;
import org.secondsite.witness.AccessRule;
import org.secondsite.witness.Answer;
import org.secondsite.witness.GrantPolicy;
import org.secondsite.witness.GroupSettings;
import org.secondsite.witness.LogEntry;
import org.secondsite.witness.Provenance;
import org.secondsite.witness.Request;
import org.secondsite.witness.RequestId;
import org.secondsite.witness.SeatId;
import org.secondsite.witness.wire.Message;
import org.secondsite.witness.wire.MessageCodec;

/** The desk by itself: events in, effects out, a time that the test makes. */
class RequestDeskTest {
    private static final SiteId A = new SiteId("a");
    private static final SiteId B = new SiteId("b");
    private static final SiteId C = new SiteId("c");
    private static final GroupId WEB = new GroupId("web");
    private static final GroupId MAIL = new GroupId("mail");
    private static final long MS = 1_000_000;
    private static final long FRESH = 300 * MS;
    private static final long LONGEST = 1500 * MS;
    private static final LogEntry BOTH = entry(WEB, 2, 1, A, Set.of(A, B));
    private static final LogEntry PROMOTED = entry(WEB, 4, 2, B, Set.of(B));
    private static final LogEntry OF_MAIL = entry(MAIL, 3, 0, C, Set.of(C));

    private RequestDesk desk = desk(Provenance.BEGUN);
    private final Connection a = new Connection(1, A, "there:1");
    private final Connection b = new Connection(2, B, "there:2");

    private static RequestDesk desk(Provenance start) {
        return new RequestDesk(
                new AccessRule(List.of(new GroupSettings(WEB, A, B, A), new GroupSettings(MAIL, B, C, C))),
                new GrantPolicy(FRESH, LONGEST),
                List.of(BOTH, OF_MAIL),
                start,
                Map.of(),
                0);
    }

    private static LogEntry entry(GroupId group, long term, long before, SiteId owner, Set<SiteId> inSync) {
        boolean web = group.equals(WEB);
        return new LogEntry(
                new OwnershipRecord(group, term, before, owner, inSync), web ? A : B, web ? B : C, owner, "why");
    }

    private static <E extends DeskEffect> E only(Class<E> type, List<DeskEffect> effects) {
        assertEquals(1, effects.size(), () -> "" + effects);
        return assertInstanceOf(type, effects.getFirst());
    }

    /** Connects, says hello, and is told what there is. */
    private void join(Connection connection, long client) {
        desk.leads(true);
        assertEquals(List.of(), desk.opened(connection));
        List<DeskEffect> welcome = desk.received(connection, hello(connection.certified(), client), 0);
        assertEquals(new DeskEffect.Send(connection, new Message.Welcome(MessageCodec.VERSION)), welcome.getFirst());
        long ticket =
                assertInstanceOf(DeskEffect.ReadCurrent.class, welcome.get(1)).ticket();
        desk.answered(ticket, new StoreAnswer.Read(List.of(BOTH, OF_MAIL)), 0);
    }

    private static Message.Hello hello(SiteId site, long client) {
        return new Message.Hello(MessageCodec.OLDEST_HELLO, site, client);
    }

    private static Message.Ask promotion(long id) {
        return new Message.Ask(id, 2, WEB, B, Set.of(B), "a is silent");
    }

    private void heard(Connection connection, long nowNanos) {
        assertEquals(
                List.of(new DeskEffect.Send(connection, new Message.Echo())),
                desk.received(connection, new Message.Heartbeat(connection.certified()), nowNanos));
    }

    @Test
    void tellsWhatWasReadThroughTheMajorityAndOfOnesOwnGroupsOnly() {
        desk.opened(a);
        long ticket = assertInstanceOf(
                        DeskEffect.ReadCurrent.class,
                        desk.received(a, hello(A, 7), 0).get(1))
                .ticket();
        // What comes while the read is on its way is told after it, not before.
        assertEquals(List.of(), desk.recorded(PROMOTED, 1));
        assertEquals(
                List.of(new DeskEffect.Tell(a, PROMOTED)),
                desk.answered(ticket, new StoreAnswer.Read(List.of(BOTH, OF_MAIL)), 2));
    }

    @Test
    void aNodeLeftBehindTellsNothingAndReadsAgain() {
        desk.opened(a);
        long ticket = assertInstanceOf(
                        DeskEffect.ReadCurrent.class,
                        desk.received(a, hello(A, 7), 0).get(1))
                .ticket();
        assertEquals(List.of(), desk.answered(ticket, new StoreAnswer.NotHere(""), 10));
        assertEquals(OptionalLong.of(10 + 50 * MS), desk.wakeNanos());
        assertEquals(List.of(), desk.tick(49 * MS));
        only(DeskEffect.ReadCurrent.class, desk.tick(10 + 50 * MS));
        assertEquals(OptionalLong.empty(), desk.wakeNanos());
    }

    @Test
    void standbyWaitsWhileTheOwnerIsHeardAndNoLonger() {
        join(a, 1);
        join(b, 2);
        heard(a, 1000 * MS);
        assertEquals(List.of(), desk.received(b, promotion(9), 1001 * MS));
        assertEquals(OptionalLong.of(1300 * MS), desk.wakeNanos());
        heard(a, 1200 * MS);
        assertEquals(List.of(), desk.tick(1300 * MS), "heard again meanwhile");
        assertEquals(OptionalLong.of(1500 * MS), desk.wakeNanos());
        DeskEffect.Submit submit = only(DeskEffect.Submit.class, desk.tick(1500 * MS));
        assertEquals(new RequestId(2, 9), submit.id());
        assertEquals(new Request.Change(WEB, 2, B, B, Set.of(B), "a is silent"), submit.request());
        assertEquals(1, desk.counts().delayed());
    }

    @Test
    void anOwnerThatHeartbeatsAndDoesNotActBlocksItsStandbyForABoundedTimeOnly() {
        join(a, 1);
        join(b, 2);
        heard(a, 0);
        assertEquals(List.of(), desk.received(b, promotion(9), 0));
        for (long now = 100 * MS; now < LONGEST; now += 100 * MS) {
            heard(a, now);
            assertEquals(List.of(), desk.tick(now));
        }
        only(DeskEffect.Submit.class, desk.tick(LONGEST));
    }

    @Test
    void whatWaitsIsAskedAtOnceWhenTheRecordChanges() {
        join(a, 1);
        join(b, 2);
        heard(a, 0);
        assertEquals(List.of(), desk.received(b, promotion(9), 0));
        LogEntry solo = entry(WEB, 4, 2, A, Set.of(A));
        List<DeskEffect> effects = desk.recorded(solo, 5);
        assertEquals(List.of(new DeskEffect.Tell(a, solo), new DeskEffect.Tell(b, solo)), effects.subList(0, 2));
        assertInstanceOf(DeskEffect.Submit.class, effects.get(2));
    }

    @Test
    void aStandbyThatDiedAfterAskingIsNotAskedFor() {
        join(a, 1);
        join(b, 2);
        heard(a, 0);
        assertEquals(List.of(), desk.received(b, promotion(9), 0));
        desk.closed(b);
        assertEquals(OptionalLong.empty(), desk.wakeNanos());
        assertEquals(List.of(), desk.tick(LONGEST));
    }

    @Test
    void aGrantIsAnsweredOnlyByTheStoresWord() {
        join(b, 2);
        desk.leads(false);
        DeskEffect.Submit submit = only(DeskEffect.Submit.class, desk.received(b, promotion(9), 0));
        assertEquals(List.of(new DeskEffect.Tell(b, PROMOTED)), desk.recorded(PROMOTED, 1), "told when it is in force");
        assertEquals(
                List.of(new DeskEffect.Send(b, new Message.Granted(9, PROMOTED.record()))),
                desk.answered(submit.ticket(), new StoreAnswer.Decided(new Answer.Granted(PROMOTED.record())), 2));
        assertThrows(
                IllegalArgumentException.class,
                () -> desk.answered(submit.ticket(), new StoreAnswer.NotHere(""), 3),
                "a command is answered once");
        assertEquals(1, desk.counts().granted());
    }

    @Test
    void whatIsNotKnownIsNotSaid() {
        join(b, 2);
        desk.leads(false);
        DeskEffect.Submit submit = only(DeskEffect.Submit.class, desk.received(b, promotion(9), 0));
        DeskEffect.Close close = only(
                DeskEffect.Close.class, desk.answered(submit.ticket(), new StoreAnswer.Unknown("the disk is full"), 1));
        assertTrue(close.reason().contains("the disk is full"), close.reason());
        assertEquals(List.of(), desk.received(b, promotion(10), 2), "nothing follows a close");
    }

    /** A refusal would settle the request, and its asker would let output pass: NoSoloWhilePeerInSync. */
    @Test
    void whatMayBeForgottenIsNoRefusal() {
        join(b, 2);
        desk.leads(false);
        DeskEffect.Submit submit = only(DeskEffect.Submit.class, desk.received(b, promotion(9), 0));
        assertEquals(
                List.of(new DeskEffect.Send(b, new Message.NotServed(9, "an operator must recover it"))),
                desk.answered(submit.ticket(), new StoreAnswer.Doubted("an operator must recover it"), 1));
    }

    @Test
    void anotherNodeIsNamedWhenItLeads() {
        join(b, 2);
        desk.leads(false);
        DeskEffect.Submit submit = only(DeskEffect.Submit.class, desk.received(b, promotion(9), 0));
        assertEquals(
                List.of(new DeskEffect.Send(b, new Message.Elsewhere(9, "192.0.2.7:7500"))),
                desk.answered(submit.ticket(), new StoreAnswer.NotHere("192.0.2.7:7500"), 1));
        assertEquals(1, desk.counts().redirected());
    }

    static Stream<Arguments> breaches() {
        return Stream.of(
                Arguments.of("first message", List.of(new Message.Heartbeat(A)), "the first message must be a hello"),
                Arguments.of("another's name", List.of(hello(B, 7)), "'b' has the certificate of 'a'"),
                Arguments.of("twice", List.of(hello(A, 7), hello(A, 7)), "a second hello"),
                Arguments.of(
                        "another's heartbeat",
                        List.of(hello(A, 7), new Message.Heartbeat(B)),
                        "a heartbeat of 'b' on the connection of 'a'"),
                Arguments.of(
                        "the witness's message",
                        List.of(hello(A, 7), new Message.Echo()),
                        "that message is the witness's to send"));
    }

    @ParameterizedTest(name = "{0}")
    @MethodSource("breaches")
    void aBreachOfTheProtocolEndsTheConnection(String name, List<Message> messages, String reason) {
        desk.opened(a);
        List<DeskEffect> last = List.of();
        for (Message message : messages) {
            last = desk.received(a, message, 0);
        }
        assertEquals(List.of(new DeskEffect.Close(a, reason)), last);
        assertEquals(1, desk.counts().rejected());
        assertEquals(0, desk.counts().clients());
    }

    private List<DeskEffect> tells(Connection connection, long term) {
        List<DeskEffect> effects = desk.received(connection, new Message.Term(term), 0);
        return effects.stream()
                .flatMap(effect -> effect instanceof DeskEffect.ReadCurrent(long ticket)
                        ? desk.answered(ticket, new StoreAnswer.Read(List.of(BOTH, OF_MAIL)), 0).stream()
                        : Stream.of(effect))
                .toList();
    }

    @Test
    void noTermTwiceAWitnessThatHearsOfAHigherTermThanItsOwnDecidesNothing() {
        join(a, 1);
        join(b, 2);
        assertEquals(List.of(), tells(a, 3), "the last that was granted");
        assertEquals(List.of(), tells(a, 4), "one that this witness has forgotten");
        DeskEffect.Send answer =
                only(DeskEffect.Send.class, desk.received(b, new Message.Ask(9, 2, WEB, A, Set.of(A), "solo"), 0));
        String reason =
                assertInstanceOf(Message.NotServed.class, answer.message()).reason();
        assertTrue(reason.contains("lost grants") && reason.contains("knows of 4"), reason);
        assertEquals(4, desk.heardTerm());
        assertEquals(1, desk.counts().behind());
    }

    @Test
    void anOperatorsRecoveryIsAboveEveryTermHeard() {
        join(a, 1);
        Connection operator = new Connection(4, AccessRule.OPERATOR, "there:4");
        join(operator, 4);
        tells(a, 4);
        DeskEffect.Submit submit = only(
                DeskEffect.Submit.class,
                desk.received(operator, new Message.Recover(1, 0, 5, WEB, B, "the disk was lost; b was asked"), 0));
        assertEquals(
                4, assertInstanceOf(Request.Recover.class, submit.request()).above());
        LogEntry anew = entry(WEB, (1L << 32) + 1, 2, B, Set.of(B));
        desk.recorded(anew, 1);
        only(DeskEffect.Submit.class, desk.received(a, new Message.Ask(9, 2, WEB, A, Set.of(A), "solo"), 2));
        assertInstanceOf(
                Message.NotServed.class,
                only(DeskEffect.Send.class, desk.received(a, new Message.Recover(2, 0, 5, WEB, A, "me"), 0))
                        .message());
    }

    @Test
    void aNodeThatHasNotAppliedWhatTheMajorityHasAsksItsClientToAskAgain() {
        desk = desk(Provenance.MAJORITY);
        join(a, 1);
        List<DeskEffect> effects = desk.received(a, new Message.Term(4), 0);
        long ticket = only(DeskEffect.ReadCurrent.class, effects).ticket();
        List<DeskEffect> meanwhile = desk.received(a, new Message.Ask(9, 4, WEB, B, Set.of(B), "hand over"), 0);
        assertTrue(meanwhile.contains(new DeskEffect.Send(a, new Message.Elsewhere(9, ""))), () -> "" + meanwhile);
        desk.answered(ticket, new StoreAnswer.Read(List.of(PROMOTED, OF_MAIL)), 1);
        only(
                DeskEffect.Submit.class,
                desk.received(a, new Message.Ask(10, 4, WEB, A, Set.of(A), "it is decided now"), 2));
    }

    /** A gateway tells a term once: before the nodes have a leader, nobody can say whether it was granted. */
    @Test
    void aTermThatNobodyCouldJudgeIsJudgedByTheNodeThatLeadsThen() {
        desk = desk(Provenance.MAJORITY);
        join(a, 1);
        desk.leads(false);
        desk.received(a, new Message.Term(2), 0);
        long ticket = only(DeskEffect.ReadCurrent.class, desk.received(a, new Message.TermOf(WEB, 1000), 1))
                .ticket();
        assertEquals(List.of(), desk.answered(ticket, new StoreAnswer.NotHere(""), 2));
        heard(a, 3);
        desk.leads(true);
        List<DeskEffect> effects = desk.received(a, new Message.Heartbeat(A), 4);
        ticket = assertInstanceOf(DeskEffect.ReadCurrent.class, effects.getLast())
                .ticket();
        DeskEffect.Send notice =
                only(DeskEffect.Send.class, desk.answered(ticket, new StoreAnswer.Read(List.of(BOTH, OF_MAIL)), 5));
        String text = assertInstanceOf(Message.Notice.class, notice.message()).text();
        assertTrue(text.contains("term 1000, which was never granted"), text);
        heard(a, 6);
    }

    /** It would take what is told for what is in force (planted fault TOLD_STALE_AT_START of the model). */
    @Test
    void aGatewayThatStartsIsToldNothingByAWitnessThatHasLostGrants() {
        desk.opened(a);
        desk.received(a, new Message.Hello(MessageCodec.OLDEST_VERSION, A, 1), 0);
        desk.received(a, new Message.Term(4), 0);
        long ticket = assertInstanceOf(
                        DeskEffect.ReadCurrent.class,
                        desk.received(a, new Message.Seat(SeatId.NONE), 0).getLast())
                .ticket();
        assertEquals(List.of(), desk.answered(ticket, new StoreAnswer.Read(List.of(BOTH, OF_MAIL)), 0));
        ticket = only(DeskEffect.ReadCurrent.class, desk.tick(50 * MS)).ticket();
        LogEntry recovered = entry(WEB, 1L << 32, 2, B, Set.of(B));
        desk.recorded(recovered, 60 * MS);
        assertEquals(
                List.of(new DeskEffect.Tell(a, recovered)),
                desk.answered(ticket, new StoreAnswer.Read(List.of(recovered)), 60 * MS));
    }

    @Test
    void aRecordOfAGroupWhoseGrantsMayBeForgottenIsNoEvidenceAndToldToNobodyWhoStarts() {
        desk.opened(b);
        long atStart = assertInstanceOf(
                        DeskEffect.ReadCurrent.class,
                        desk.received(b, hello(B, 2), 0).getLast())
                .ticket();
        assertEquals(
                List.of(new DeskEffect.Tell(b, OF_MAIL)),
                desk.answered(atStart, new StoreAnswer.Read(List.of(OF_MAIL)), 0));
        long read = only(DeskEffect.ReadCurrent.class, desk.received(b, new Message.Read(5, WEB), 0))
                .ticket();
        DeskEffect.Send answer =
                only(DeskEffect.Send.class, desk.answered(read, new StoreAnswer.Read(List.of(OF_MAIL)), 0));
        assertInstanceOf(Message.NotServed.class, answer.message());
    }

    @Test
    void aTermFarAboveTheCounterIsRefusedAndBlocksNobody() {
        join(a, 1);
        join(b, 2);
        DeskEffect.Close close = only(DeskEffect.Close.class, desk.received(a, new Message.Term(Long.MAX_VALUE), 0));
        assertTrue(close.reason().contains("far above"), close.reason());
        assertEquals(0, desk.heardTerm());
        desk.received(b, new Message.Ask(9, 2, WEB, A, Set.of(A), "not blocked"), 0);
        assertEquals(0, desk.counts().behind());
    }

    @Test
    void theSecondGatewayWithOneCertificateIsRefusedWhileTheFirstIsHeardAndTheFirstIsTold() {
        join(a, 1);
        desk.received(a, new Message.Term(3), 0);
        heard(a, 1000 * MS);
        Connection clone = new Connection(5, A, "there:5");
        desk.opened(clone);
        List<DeskEffect> effects = desk.received(clone, hello(A, 77), 1001 * MS);
        DeskEffect.Send notice = assertInstanceOf(DeskEffect.Send.class, effects.getFirst());
        assertEquals(a, notice.to());
        assertInstanceOf(Message.Notice.class, notice.message());
        assertEquals(
                clone,
                assertInstanceOf(DeskEffect.Close.class, effects.getLast()).connection());
        assertEquals(1, desk.counts().clones());
        Connection restarted = new Connection(6, A, "there:6");
        desk.opened(restarted);
        List<DeskEffect> later = desk.received(restarted, hello(A, 78), 1000 * MS + Incarnations.LIVE_NANOS);
        assertEquals(
                a, assertInstanceOf(DeskEffect.Close.class, later.getFirst()).connection(), "it is silent");
        assertInstanceOf(Message.Welcome.class, ((DeskEffect.Send) later.get(1)).message());
    }

    @Test
    void aGatewayThatConnectsAnewTakesItsOwnPlace() {
        join(a, 1);
        heard(a, 1000 * MS);
        Connection again = new Connection(5, A, "there:5");
        desk.opened(again);
        List<DeskEffect> effects = desk.received(again, hello(A, 1), 1001 * MS);
        assertEquals(
                a, assertInstanceOf(DeskEffect.Close.class, effects.getFirst()).connection());
        assertInstanceOf(Message.Welcome.class, ((DeskEffect.Send) effects.get(1)).message());
        assertEquals(0, desk.counts().clones());
    }

    @Test
    void afterAStartTheGatewayThatMadeTheLastRequestHasPrecedenceOverACopy() {
        LogEntry granted = new LogEntry(BOTH.record(), A, B, A, "why", new RequestId(1, 7));
        RequestDesk started = new RequestDesk(
                new AccessRule(List.of(new GroupSettings(WEB, A, B, A))),
                new GrantPolicy(FRESH, LONGEST),
                List.of(granted),
                Provenance.BEGUN,
                Map.of(),
                0);
        Connection clone = new Connection(5, A, "there:5");
        started.opened(clone);
        only(DeskEffect.Close.class, started.received(clone, hello(A, 77), 10 * MS));
        started.opened(a);
        assertEquals(2, started.received(a, hello(A, 1), 11 * MS).size());
    }

    @Test
    void aStrangerIsClosedAtOnce() {
        Connection stranger = new Connection(3, new SiteId("x"), "there:3");
        only(DeskEffect.Close.class, desk.opened(stranger));
        assertEquals(List.of(), desk.received(stranger, hello(new SiteId("x"), 1), 0));
    }

    @Test
    void openQuestionsOfAClientAreBounded() {
        join(a, 1);
        Function<Long, List<DeskEffect>> ask = id -> desk.received(a, new Message.Read(id, WEB), 0);
        for (long id = 1; id <= desk.maxOpenQuestions(); id++) {
            only(DeskEffect.ReadCurrent.class, ask.apply(id));
        }
        only(DeskEffect.Close.class, ask.apply(desk.maxOpenQuestions() + 1L));
    }

    @Test
    void aQuestionThatTheCertificateDoesNotCoverIsNotServed() {
        join(a, 1);
        DeskEffect.Send answer = only(DeskEffect.Send.class, desk.received(a, new Message.Read(5, MAIL), 0));
        assertInstanceOf(Message.NotServed.class, answer.message());
        assertEquals(1, desk.counts().notServed());
    }
}
