package org.secondsite.witness.desk;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
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
import org.secondsite.witness.SeatId;
import org.secondsite.witness.wire.Message;
import org.secondsite.witness.wire.MessageCodec;

/** A witness that has started from a disk which may be an old one: whom it believes, and when (NoTermTwice). */
class FirstCallsTest {
    private static final SiteId A = new SiteId("a");
    private static final SiteId B = new SiteId("b");
    private static final SiteId C = new SiteId("c");
    private static final GroupId WEB = new GroupId("web");
    private static final GroupId MAIL = new GroupId("mail");
    private static final long NOTHING = 0;
    private static final long COUNTER = 3;
    private static final long MS = 1_000_000;
    private static final LogEntry OF_WEB = entry(WEB, 2, A, B, Set.of(A, B));
    private static final LogEntry OF_MAIL = entry(MAIL, 3, B, C, Set.of(B));

    private RequestDesk desk = desk(Provenance.ONE_DISK);
    private long connections;
    private long questions;
    private long nowNanos;

    private static RequestDesk desk(Provenance start) {
        RequestDesk made = new RequestDesk(
                new AccessRule(List.of(new GroupSettings(WEB, A, B, A), new GroupSettings(MAIL, B, C, B))),
                new GrantPolicy(300 * MS, 1500 * MS),
                List.of(OF_WEB, OF_MAIL),
                start,
                Map.of(),
                0);
        made.leads(true);
        return made;
    }

    private static LogEntry entry(GroupId group, long term, SiteId owner, SiteId other, Set<SiteId> inSync) {
        return new LogEntry(new OwnershipRecord(group, term, term - 1, owner, inSync), owner, other, owner, "why");
    }

    /** The store has what the disk has. */
    private List<DeskEffect> settled(List<DeskEffect> effects) {
        return effects.stream()
                .flatMap(effect -> effect instanceof DeskEffect.ReadCurrent(long ticket)
                        ? settled(desk.answered(ticket, new StoreAnswer.Read(List.of(OF_WEB, OF_MAIL)), nowNanos))
                                .stream()
                        : Stream.of(effect))
                .toList();
    }

    /** The gateway of a site, started anew: what it remembers of its own, and what its agents do. */
    private Connection calls(SiteId site, long itself, long agents, List<DeskEffect> effects) {
        Connection connection = new Connection(++connections, site, "there:" + connections);
        effects.addAll(settled(desk.opened(connection)));
        for (Message.ToWitness message : List.of(
                new Message.Hello(MessageCodec.OLDEST_VERSION, site, connections),
                new Message.Term(itself),
                new Message.TermOf(site.equals(C) ? MAIL : WEB, Math.max(itself, agents)),
                new Message.Seat(new SeatId(connections, connections)))) {
            effects.addAll(settled(desk.received(connection, message, nowNanos)));
        }
        return connection;
    }

    private Connection calls(SiteId site, long itself, long agents) {
        return calls(site, itself, agents, new ArrayList<>());
    }

    private static List<LogEntry> told(Connection to, List<DeskEffect> effects) {
        return effects.stream()
                .flatMap(effect ->
                        effect instanceof DeskEffect.Tell(Connection other, LogEntry entry) && other.equals(to)
                                ? Stream.of(entry)
                                : Stream.empty())
                .toList();
    }

    /** What is in force is looked for again. */
    private List<LogEntry> toldLater(Connection to) {
        nowNanos += 100 * MS;
        return told(to, settled(desk.tick(nowNanos)));
    }

    /** Why a site's wish to stand alone is not served; empty if the store decides it. */
    private Optional<String> refused(Connection asker, GroupId group) {
        Message.Ask ask = new Message.Ask(
                ++questions, COUNTER, group, asker.certified(), Set.of(asker.certified()), "the other site is gone");
        return refused(settled(desk.received(asker, ask, nowNanos)));
    }

    private static Optional<String> refused(List<DeskEffect> effects) {
        if (effects.stream().anyMatch(DeskEffect.Submit.class::isInstance)) {
            return Optional.empty();
        }
        DeskEffect.Send answer = assertInstanceOf(DeskEffect.Send.class, effects.getLast());
        return Optional.of(
                assertInstanceOf(Message.NotServed.class, answer.message()).reason());
    }

    @Test
    void whoRemembersNothingIsToldAndGrantedNothingUntilTheOtherSiteHasCalled() {
        List<DeskEffect> effects = new ArrayList<>();
        Connection a = calls(A, NOTHING, NOTHING, effects);
        assertEquals(List.of(), told(a, effects));
        assertEquals(List.of(), toldLater(a));
        String why = refused(a, WEB).orElseThrow();
        assertTrue(why.contains("the gateway of 'b'") && why.contains("witness recover"), why);
        long notices = effects.stream()
                .filter(effect -> effect instanceof DeskEffect.Send(Connection to, Message.Notice notice))
                .count();
        assertEquals(1, notices, "its operator is told, once");
        calls(B, NOTHING, NOTHING);
        assertEquals(List.of(OF_WEB), toldLater(a));
        assertEquals(Optional.empty(), refused(a, WEB));
        assertEquals(List.of(), toldLater(a), "told once");
    }

    /** Of all that knew of term 4 one agent is left, and its gateway calls last. */
    @Test
    void noTermTwiceAnAgentOfTheOtherSiteThatAloneRemembersIsHeardInTime() {
        Connection a = calls(A, NOTHING, NOTHING);
        assertTrue(refused(a, WEB).isPresent());
        calls(B, NOTHING, COUNTER + 1);
        String why = refused(a, WEB).orElseThrow();
        assertTrue(why.contains("lost grants") && why.contains("knows of 4"), why);
        assertEquals(List.of(), toldLater(a));
    }

    @Test
    void theAgentsOfItsOwnSiteVouchForNothing() {
        Connection a = calls(A, NOTHING, 2);
        assertTrue(
                refused(a, WEB).isPresent(),
                "its agents were told what its own VMs need, not what the other site was granted");
    }

    /** Witness and a site die, and the witness comes back: the other site goes on. */
    @Test
    void whoRemembersIsServedAtOnceAlsoWhenTheOtherSiteIsGone() {
        List<DeskEffect> effects = new ArrayList<>();
        Connection b = calls(B, COUNTER, NOTHING, effects);
        assertEquals(List.of(OF_WEB, OF_MAIL), told(b, effects));
        assertEquals(Optional.empty(), refused(b, WEB));
    }

    @Test
    void aGatewayWithANewDiskIsServedWhenTheOtherSiteRemembers() {
        calls(B, COUNTER, NOTHING);
        List<DeskEffect> effects = new ArrayList<>();
        Connection a = calls(A, NOTHING, NOTHING, effects);
        assertEquals(List.of(OF_WEB), told(a, effects));
        assertEquals(Optional.empty(), refused(a, WEB));
    }

    @Test
    void aFirstInstallationWaitsForNobody() {
        desk = desk(Provenance.BEGUN);
        List<DeskEffect> effects = new ArrayList<>();
        Connection a = calls(A, NOTHING, NOTHING, effects);
        assertEquals(List.of(OF_WEB), told(a, effects));
        assertEquals(Optional.empty(), refused(a, WEB));
    }

    @Test
    void aGroupDoesNotWaitForTheSitesOfAnother() {
        Connection b = calls(B, NOTHING, NOTHING);
        calls(A, NOTHING, NOTHING);
        assertEquals(List.of(OF_WEB), toldLater(b));
        assertEquals(Optional.empty(), refused(b, WEB));
        assertTrue(refused(b, MAIL).orElseThrow().contains("the gateway of 'c'"));
        LogEntry next = entry(WEB, 4, B, A, Set.of(B));
        assertEquals(List.of(next), told(b, desk.recorded(next, nowNanos)), "what follows is told");
        calls(C, NOTHING, NOTHING);
        assertEquals(List.of(OF_MAIL), toldLater(b));
    }

    /** A host that lies, where a majority has the records: an agent cannot know of a term that was never granted. */
    @Test
    void noTermOfAnAgentStopsAWitnessOfSeveralNodes() {
        desk = desk(Provenance.MAJORITY);
        List<DeskEffect> effects = new ArrayList<>();
        Connection a = calls(A, COUNTER - 1, COUNTER + 7, effects);
        assertEquals(List.of(OF_WEB), told(a, effects));
        List<String> notices = effects.stream()
                .flatMap(effect -> effect instanceof DeskEffect.Send(Connection to, Message.Notice(String text))
                        ? Stream.of(text)
                        : Stream.empty())
                .toList();
        assertEquals(1, notices.size());
        assertTrue(notices.getFirst().contains("never granted"), notices.getFirst());
        Connection b = calls(B, COUNTER, NOTHING);
        for (GroupId group : List.of(WEB, MAIL)) {
            assertEquals(Optional.empty(), refused(b, group));
        }
        assertEquals(Optional.empty(), refused(a, WEB));
    }

    /** A gateway that lies, or the disks of a majority were lost: only a site that says so can be meant. */
    @Test
    void whatAGatewaySaysOfItsOwnStopsItsGroupsAlone() {
        desk = desk(Provenance.MAJORITY);
        Connection a = calls(A, COUNTER + 7, NOTHING);
        List<DeskEffect> effects = new ArrayList<>();
        Connection b = calls(B, COUNTER, NOTHING, effects);
        assertEquals(List.of(OF_MAIL), told(b, effects), "nothing of the group that b has with a");
        assertEquals(Optional.empty(), refused(b, MAIL));
        assertTrue(refused(a, WEB).orElseThrow().contains("that of 'a'. It decides nothing for that site"));
        assertTrue(refused(b, WEB).isPresent());
    }

    /** Of one disk nobody can tell whether it is an old one, or was begun where there had been another. */
    @ParameterizedTest
    @EnumSource(names = {"BEGUN", "ONE_DISK"})
    void whatAGatewaySaysStopsItsGroupsAndThoseOfWhichOneGatewayAloneHasCalled(Provenance start) {
        desk = desk(start);
        Connection b = calls(B, COUNTER, NOTHING);
        Connection a = calls(A, COUNTER + 7, NOTHING);
        for (Connection each : List.of(a, b)) {
            assertTrue(refused(each, WEB).orElseThrow().contains("lost grants"));
        }
        String waits = refused(b, MAIL).orElseThrow();
        assertTrue(waits.contains("of another group knows of a term") && waits.contains("gateway of 'c'"), waits);
        calls(C, COUNTER, NOTHING);
        assertEquals(Optional.empty(), refused(b, MAIL));
        assertTrue(refused(a, WEB).isPresent());
    }

    @ParameterizedTest
    @EnumSource(names = {"BEGUN", "ONE_DISK"})
    void whatAHostSaysStopsTheGroupOfItsVmAlone(Provenance start) {
        desk = desk(start);
        Connection b = calls(B, COUNTER, NOTHING);
        calls(A, COUNTER, NOTHING);
        calls(C, COUNTER, NOTHING);
        settled(desk.received(b, new Message.TermOf(MAIL, COUNTER + 7), nowNanos));
        assertTrue(refused(b, MAIL).orElseThrow().contains("knows of 10"));
        assertEquals(Optional.empty(), refused(b, WEB));
    }

    @Test
    void whatASiteSaysOfAGroupThatIsNoneOfItsOwnIsNotListenedTo() {
        desk = desk(Provenance.BEGUN);
        Connection a = calls(A, COUNTER, NOTHING);
        Connection b = calls(B, COUNTER, NOTHING);
        settled(desk.received(a, new Message.TermOf(MAIL, COUNTER + 7), nowNanos));
        assertEquals(Optional.empty(), refused(b, MAIL));
        assertEquals(Optional.empty(), refused(b, WEB));
    }

    /** The counter has come past the term meanwhile, by grants to others. */
    @ParameterizedTest
    @EnumSource(names = {"BEGUN", "ONE_DISK"})
    void noTermTwiceATermThatWasForgottenIsNoneOfThoseThatOthersWereGrantedSince(Provenance start) {
        desk = desk(start);
        Connection b = calls(B, COUNTER, NOTHING);
        for (long term = COUNTER + 1; term <= COUNTER + 3; term++) {
            desk.recorded(entry(MAIL, term, B, C, Set.of(B)), nowNanos);
        }
        assertEquals(Optional.empty(), refused(b, WEB), "b remembers, and nobody knows better");
        Connection a = calls(A, COUNTER + 2, NOTHING);
        assertTrue(refused(a, WEB).orElseThrow().contains("lost grants"));
        assertTrue(refused(b, WEB).isPresent());
    }

    @Test
    void noTermTwiceWhatAgentsRememberIsNoneOfTheTermsThatOthersWereGrantedSince() {
        Connection a = calls(A, COUNTER, NOTHING);
        calls(B, COUNTER, NOTHING);
        desk.recorded(entry(MAIL, COUNTER + 1, B, C, Set.of(B)), nowNanos);
        settled(desk.received(a, new Message.TermOf(WEB, COUNTER + 1), nowNanos));
        assertTrue(refused(a, WEB).isPresent());
    }

    /** Its gateway was away when an operator recovered the groups, and comes back with what was forgotten. */
    @Test
    void whatWasForgottenBeforeARecoveryStopsNobodyAfterIt() {
        Connection b = calls(B, COUNTER + 1, NOTHING);
        assertTrue(refused(b, WEB).isPresent());
        LogEntry anew = entry(WEB, OwnershipRecord.firstTerm(1), B, A, Set.of(B));
        desk.recorded(anew, nowNanos);
        assertEquals(Optional.empty(), refused(b, WEB));
        Connection a = calls(A, COUNTER + 2, COUNTER + 3);
        assertEquals(Optional.empty(), refused(a, WEB));
        assertEquals(Optional.empty(), refused(b, WEB));
    }

    /** A VM that was in another group before, or a gateway that was told of a grant. */
    @Test
    void whatThisWitnessHasGrantedASiteItsGatewayAndItsAgentsMayKnow() {
        Connection b = calls(B, COUNTER, NOTHING);
        calls(A, COUNTER, NOTHING);
        desk.recorded(entry(MAIL, COUNTER + 1, B, C, Set.of(B)), nowNanos);
        settled(desk.received(b, new Message.TermOf(WEB, COUNTER + 1), nowNanos));
        settled(desk.received(b, new Message.Term(COUNTER + 1), nowNanos));
        assertEquals(Optional.empty(), refused(b, WEB));
        assertEquals(Optional.empty(), refused(b, MAIL));
    }

    @Test
    void anOperatorIsNoGatewayAndMayRecoverInTermsThatWereNeverGranted() {
        Connection a = calls(A, NOTHING, NOTHING);
        Connection operator = new Connection(++connections, AccessRule.OPERATOR, "there:op");
        desk.opened(operator);
        desk.received(operator, new Message.Hello(MessageCodec.OLDEST_HELLO, AccessRule.OPERATOR, 99), nowNanos);
        desk.received(operator, new Message.Term(COUNTER), nowNanos);
        assertTrue(
                refused(desk.received(operator, new Message.Force(1, 2, WEB, A, "b is lost"), nowNanos))
                        .isPresent(),
                "a force draws the next term");
        List<DeskEffect> recovers = desk.received(
                operator, new Message.Recover(2, 0, 5, WEB, A, "b is lost, the disk may be old"), nowNanos);
        DeskEffect.Submit submit = assertInstanceOf(DeskEffect.Submit.class, recovers.getFirst());
        assertEquals(
                COUNTER + 1,
                assertInstanceOf(Request.Recover.class, submit.request()).above());
        LogEntry anew = entry(WEB, OwnershipRecord.firstTerm(5), A, B, Set.of(A));
        desk.recorded(anew, nowNanos);
        desk.answered(submit.ticket(), new StoreAnswer.Decided(new Answer.Granted(anew.record())), nowNanos);
        assertEquals(List.of(anew), toldLater(a));
        assertEquals(Optional.empty(), refused(a, WEB));
    }
}
