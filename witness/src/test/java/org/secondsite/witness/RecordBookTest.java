package org.secondsite.witness;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.HashSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.secondsite.config.GroupId;
import org.secondsite.config.OwnershipRecord;
import org.secondsite.config.SiteId;

class RecordBookTest {
    private static final GroupId WEB = new GroupId("web");
    private static final GroupId MAIL = new GroupId("mail");
    private static final SiteId A = new SiteId("a");
    private static final SiteId B = new SiteId("b");
    private static final SiteId C = new SiteId("c");

    private final RecordBook book = new RecordBook();

    private Answer make(Request request) {
        return switch (book.decide(request)) {
            case Decision.Refusal(Answer.Refused refused) -> refused;
            case Decision.Doubt doubt -> throw new AssertionError(doubt.reason());
            case Decision.Grant grant -> {
                Durable proof = Durable.proven(grant.entry());
                book.apply(proof);
                yield grant.answer(proof);
            }
        };
    }

    private OwnershipRecord granted(Request request) {
        return assertInstanceOf(Answer.Granted.class, make(request)).record();
    }

    private void refused(String words, Request request) {
        OwnershipRecord before = book.record(request.group()).orElseThrow();
        Answer.Refused refused = assertInstanceOf(Answer.Refused.class, make(request));
        assertTrue(refused.reason().contains(words), refused.reason());
        assertEquals(before, refused.current());
        assertEquals(before, book.record(request.group()).orElseThrow());
    }

    private OwnershipRecord enroll(GroupId group) {
        return granted(new Request.Enroll(new GroupSettings(group, A, B, A)));
    }

    private static Request.Change change(long term, SiteId asker, SiteId owner, SiteId... inSync) {
        return new Request.Change(WEB, term, asker, owner, Set.of(inSync), "test");
    }

    private void protectedUnderTerm2() {
        enroll(WEB);
        assertEquals(new OwnershipRecord(WEB, 2, 1, A, Set.of(A, B)), granted(change(1, A, A, A, B)));
    }

    @Test
    void everyCaseStandsOnceInTheTable() {
        Set<List<Object>> cases = new HashSet<>();
        for (ChangeRule rule : ChangeRule.TABLE) {
            assertTrue(cases.add(List.of(rule.now(), rule.asker(), rule.wanted(), rule.after())), rule.toString());
        }
        assertEquals(16, cases.size());
        assertEquals(6, ChangeRule.TABLE.stream().filter(ChangeRule::granted).count());
    }

    private static Request.Recover recover(GroupId group, long above, SiteId owner, String reason) {
        return new Request.Recover(new GroupSettings(group, A, B, A), above, 0, C, owner, reason);
    }

    private RecordBook copyOf(RecordBook from) {
        RecordBook copy = new RecordBook();
        from.entriesByTerm().forEach(entry -> copy.restore(Durable.proven(entry)));
        copy.restoredFrom(copy.lastTerm());
        return copy;
    }

    @Test
    void noTermTwiceABookRestoredFromACopyGrantsNothingUntilItIsRecovered() {
        protectedUnderTerm2();
        RecordBook copy = copyOf(book);
        assertEquals(new OwnershipRecord(WEB, 3, 2, B, Set.of(B)), granted(change(2, B, B, B)));

        for (Request asked : List.of(change(2, A, A, A), change(2, B, B, B))) {
            // Not a refusal: the second of these is the very one that was granted and is forgotten.
            Decision.Doubt doubt = assertInstanceOf(Decision.Doubt.class, copy.decide(asked));
            assertTrue(doubt.reason().contains("must recover it"), doubt.reason());
        }
        Decision.Refusal refusal = assertInstanceOf(
                Decision.Refusal.class, copy.decide(new Request.Force(WEB, 2, C, A, "the other is lost")));
        assertTrue(
                refusal.answer().reason().contains("must recover it"),
                refusal.answer().reason());
        assertThrows(
                IllegalArgumentException.class,
                () -> copy.decide(new Request.Enroll(new GroupSettings(MAIL, A, B, A))),
                "the copy may be older than the group");
        Decision.Grant grant =
                assertInstanceOf(Decision.Grant.class, copy.decide(recover(WEB, 0, B, "b runs it, by its console")));
        OwnershipRecord anew = grant.entry().record();
        assertEquals(new OwnershipRecord(WEB, (1L << 32) + 1, 2, B, Set.of(B)), anew);
        copy.apply(Durable.proven(grant.entry()));
        assertInstanceOf(Decision.Grant.class, copy.decide(change(anew.term(), B, B, A, B)));
    }

    @Test
    void aRecoveryIsAboveEveryTermHeardAndDoubtsEveryOtherGroup() {
        enroll(WEB);
        enroll(MAIL);
        OwnershipRecord web = granted(recover(WEB, (3L << 32) + 7, B, "the disk was lost"));
        assertEquals((4L << 32) + 1, web.term());
        Decision.Doubt doubt = assertInstanceOf(
                Decision.Doubt.class, book.decide(new Request.Change(MAIL, 2, A, A, Set.of(A, B), "an old record")));
        assertTrue(doubt.reason().contains("must recover it"), doubt.reason());
        assertEquals(web.term() + 1, granted(recover(MAIL, 0, A, "a runs it")).term());
        refused("nothing is in doubt", recover(MAIL, 0, A, "again"));
    }

    /** Found by the simulator: both copies are from before the first recovery, and nobody is heard. */
    @Test
    void noTermTwiceTwoRecoveriesOfTheSameCopyDoNotBeginTheSameGeneration() {
        enroll(WEB);
        GroupSettings settings = new GroupSettings(WEB, A, B, A);
        Set<Long> terms = new HashSet<>();
        for (int drawn : List.of(48_100, 48_101)) {
            Decision.Grant grant = assertInstanceOf(
                    Decision.Grant.class,
                    copyOf(book).decide(new Request.Recover(settings, 0, drawn, C, A, "the disk was lost")));
            assertTrue(terms.add(grant.entry().record().term()));
        }
    }

    @Test
    void aGroupThatTheCopyDoesNotKnowIsRecoveredToo() {
        enroll(WEB);
        RecordBook copy = copyOf(book);
        Decision.Grant grant = assertInstanceOf(Decision.Grant.class, copy.decide(recover(MAIL, 9, B, "b runs it")));
        assertEquals(
                new OwnershipRecord(MAIL, (1L << 32) + 1, 0, B, Set.of(B)),
                grant.entry().record());
    }

    @Test
    void firstRecordIsTheInitialOwnerAlone() {
        assertEquals(new OwnershipRecord(WEB, 1, 0, A, Set.of(A)), enroll(WEB));
        refused("has a record already", new Request.Enroll(new GroupSettings(WEB, A, B, B)));
    }

    @Test
    void groupIsNeverEnrolledWithOtherSites() {
        enroll(WEB);
        Request other = new Request.Enroll(new GroupSettings(WEB, A, C, A));
        String reason = assertThrows(IllegalArgumentException.class, () -> book.decide(other))
                .getMessage();
        assertEquals("group web is remembered with the sites [a, b], the configuration says [a, c]", reason);
    }

    @Test
    void unknownGroupIsTheCallersFault() {
        assertThrows(IllegalArgumentException.class, () -> book.decide(change(1, A, A, A)));
    }

    @Test
    void ownerGoesSolo() {
        protectedUnderTerm2();
        assertEquals(new OwnershipRecord(WEB, 3, 2, A, Set.of(A)), granted(change(2, A, A, A)));
    }

    @Test
    void standbyIsPromoted() {
        protectedUnderTerm2();
        assertEquals(new OwnershipRecord(WEB, 3, 2, B, Set.of(B)), granted(change(2, B, B, B)));
    }

    @Test
    void ownerTakesAStandby() {
        enroll(WEB);
        assertEquals(new OwnershipRecord(WEB, 2, 1, A, Set.of(A, B)), granted(change(1, A, A, A, B)));
    }

    @Test
    void ownerHandsOver() {
        protectedUnderTerm2();
        assertEquals(new OwnershipRecord(WEB, 3, 2, B, Set.of(B)), granted(change(2, A, B, B)));
    }

    @Test
    void protectedOwnerGetsANewerTermAndKeepsItsStandby() {
        protectedUnderTerm2();
        assertEquals(new OwnershipRecord(WEB, 3, 2, A, Set.of(A, B)), granted(change(2, A, A, A, B)));
        refused("the term is 3, not 2", change(2, B, B, B));
    }

    @Test
    void loneOwnerSettlesAnUnansweredRequest() {
        enroll(WEB);
        assertEquals(new OwnershipRecord(WEB, 2, 1, A, Set.of(A)), granted(change(1, A, A, A)));
        refused("the term is 2, not 1", change(1, A, A, A, B));
    }

    @ParameterizedTest
    @CsvSource({
        "a, b, a b, a new owner stands alone",
        "b, b, a b, a promoted site stands alone",
        "b, a, a,   only the owner can give up",
        "b, a, a b, only the owner can ask for itself",
        "a, c, c,   site c is none of the group's sites",
        "c, a, a,   site c is none of the group's sites",
        "a, a, b,   in sync can be the owner a alone or both sites",
        "a, a, a c, in sync can be the owner a alone or both sites",
        "b, b, a,   in sync can be the owner b alone or both sites"
    })
    void protectedRecordRefuses(String asker, String owner, String inSync, String words) {
        protectedUnderTerm2();
        refused(words, new Request.Change(WEB, 2, new SiteId(asker), new SiteId(owner), sites(inSync), "test"));
    }

    @ParameterizedTest
    @CsvSource({
        "a, b, b,   the other site is not in sync",
        "a, b, a b, the other site is not in sync",
        "b, b, b,   the asking site is not in sync",
        "b, b, a b, the asking site is not in sync",
        "b, a, a,   only the owner can ask for itself",
        "b, a, a b, only the owner can take a standby"
    })
    void soloRecordRefuses(String asker, String owner, String inSync, String words) {
        enroll(WEB);
        refused(words, new Request.Change(WEB, 1, new SiteId(asker), new SiteId(owner), sites(inSync), "test"));
    }

    private static Set<SiteId> sites(String names) {
        Set<SiteId> sites = new HashSet<>();
        for (String name : names.split(" ", -1)) {
            sites.add(new SiteId(name));
        }
        return sites;
    }

    @Test
    void staleTermIsRefused() {
        protectedUnderTerm2();
        granted(change(2, B, B, B));
        refused("the term is 3, not 2", change(2, A, A, A));
    }

    @Test
    void termThatWasNeverGrantedSaysThatMemoryMayBeLostAndSettlesNothing() {
        protectedUnderTerm2();
        Decision.Doubt doubt = assertInstanceOf(Decision.Doubt.class, book.decide(change(7, A, A, A)));
        assertEquals(
                "term 7 was never granted by this witness, the last is 2: has it lost its memory?", doubt.reason());
        refused("term 7 was never granted by this witness, the last is 2", new Request.Force(WEB, 7, C, A, "lost"));
    }

    @Test
    void allGroupsDrawTermsFromOneCounter() {
        assertEquals(1, enroll(WEB).term());
        assertEquals(2, enroll(MAIL).term());
        assertEquals(3, granted(change(1, A, A, A, B)).term());
        assertEquals(
                4,
                granted(new Request.Change(MAIL, 2, A, A, Set.of(A, B), "test")).term());
        assertEquals(4, book.lastTerm());
    }

    @Test
    void operatorForcesEitherSiteWithAReason() {
        enroll(WEB);
        OwnershipRecord forced = granted(new Request.Force(WEB, 1, AccessRule.OPERATOR, B, "site a burnt down"));
        assertEquals(new OwnershipRecord(WEB, 2, 1, B, Set.of(B)), forced);
        assertEquals(
                "FORCED: site a burnt down", book.entriesByTerm().getFirst().reason());
    }

    @Test
    void forceIsRefusedWithoutReasonWithStaleTermOrForAStranger() {
        enroll(WEB);
        refused("needs a written reason", new Request.Force(WEB, 1, AccessRule.OPERATOR, B, " "));
        refused("was never granted", new Request.Force(WEB, 2, AccessRule.OPERATOR, B, "why"));
        refused("site c is none", new Request.Force(WEB, 1, AccessRule.OPERATOR, C, "why"));
    }

    @Test
    void decisionChangesNothingBeforeItIsDurable() {
        enroll(WEB);
        Decision.Grant grant = assertInstanceOf(Decision.Grant.class, book.decide(change(1, A, A, A, B)));
        assertEquals(1, book.record(WEB).orElseThrow().term());
        Durable proof = Durable.proven(grant.entry());
        book.apply(proof);
        assertEquals(grant.answer(proof).record(), book.record(WEB).orElseThrow());
    }

    @Test
    void answerNeedsTheProofOfThatVeryEntry() {
        enroll(WEB);
        Decision.Grant protect = assertInstanceOf(Decision.Grant.class, book.decide(change(1, A, A, A, B)));
        Decision.Grant renew = assertInstanceOf(Decision.Grant.class, book.decide(change(1, A, A, A)));
        assertThrows(IllegalArgumentException.class, () -> protect.answer(Durable.proven(renew.entry())));
    }

    @Test
    void overtakenGrantIsNotFollowed() {
        enroll(WEB);
        Decision.Grant protect = assertInstanceOf(Decision.Grant.class, book.decide(change(1, A, A, A, B)));
        Decision.Grant renew = assertInstanceOf(Decision.Grant.class, book.decide(change(1, A, A, A)));
        book.apply(Durable.proven(renew.entry()));
        assertThrows(IllegalArgumentException.class, () -> book.apply(Durable.proven(protect.entry())));
    }

    @Test
    void longReasonIsCut() {
        enroll(WEB);
        granted(new Request.Change(WEB, 1, A, A, Set.of(A), "x".repeat(5000)));
        assertEquals(
                Request.REASON_LIMIT, book.entriesByTerm().getFirst().reason().length());
    }

    @Test
    void repeatedRequestIsAnsweredByTheRecordThatItMade() {
        RecordBook fresh = new RecordBook();
        GroupId group = new GroupId("repeated");
        SiteId a = new SiteId("a");
        SiteId b = new SiteId("b");
        grantTo(fresh, new Request.Enroll(new GroupSettings(group, a, b, a)), RequestId.NONE);
        RequestId id = new RequestId(5, 1);
        Request.Change protect = new Request.Change(group, 1, a, a, Set.of(a, b), "b holds an image");
        assertEquals(Optional.empty(), fresh.grantedBefore(protect, id));
        OwnershipRecord made = grantTo(fresh, protect, id);
        assertEquals(Optional.of(new Answer.Granted(made)), fresh.grantedBefore(protect, id));
        assertEquals(Optional.empty(), fresh.grantedBefore(protect, new RequestId(5, 2)));
        assertEquals(Optional.empty(), fresh.grantedBefore(protect, new RequestId(6, 1)));
        assertEquals(Optional.empty(), fresh.grantedBefore(protect, RequestId.NONE));
        grantTo(fresh, new Request.Change(group, 2, a, a, Set.of(a), "b is lost"), new RequestId(5, 2));
        assertEquals(Optional.empty(), fresh.grantedBefore(protect, id));
    }

    private static OwnershipRecord grantTo(RecordBook fresh, Request request, RequestId id) {
        Decision.Grant grant = assertInstanceOf(Decision.Grant.class, fresh.decide(request, id));
        Durable proof = Durable.proven(grant.entry());
        fresh.apply(proof);
        return grant.answer(proof).record();
    }
}
