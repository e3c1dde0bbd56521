package org.secondsite.witness;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.Set;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.secondsite.config.GroupId;
import org.secondsite.config.OwnershipRecord;
import org.secondsite.config.SiteId;

/** Random requests, right and wrong, of all sites and for all groups, against the rules in other words. */
class RecordBookPropertyTest {
    private static final List<SiteId> SITES = List.of(new SiteId("a"), new SiteId("b"), new SiteId("c"));
    private static final List<GroupId> GROUPS = List.of(new GroupId("g1"), new GroupId("g2"), new GroupId("g3"));

    @ParameterizedTest
    @ValueSource(longs = {1, 2, 3, 4, 5, 6, 7, 8})
    void rulesHold(long seed) {
        Random random = new Random(seed);
        RecordBook book = new RecordBook();
        Map<Long, SiteId> ownerOfTerm = new HashMap<>();
        List<Request> delayed = new ArrayList<>();
        for (GroupId group : GROUPS) {
            step(
                    book,
                    new Request.Enroll(new GroupSettings(group, SITES.get(0), SITES.get(1), SITES.get(0))),
                    ownerOfTerm,
                    seed);
        }
        int grants = 0;
        for (int i = 0; i < 20_000; i++) {
            Request request = !delayed.isEmpty() && random.nextInt(3) == 0
                    ? delayed.get(random.nextInt(delayed.size()))
                    : request(book, random);
            if (random.nextInt(10) == 0) {
                delayed.add(request);
            }
            grants += step(book, request, ownerOfTerm, seed) ? 1 : 0;
        }
        assertTrue(grants > 1000, "seed " + seed + " granted only " + grants);
    }

    private static Request request(RecordBook book, Random random) {
        GroupId group = GROUPS.get(random.nextInt(GROUPS.size()));
        long term = book.record(group).orElseThrow().term() - (random.nextInt(4) == 0 ? 1 : 0);
        SiteId asker = SITES.get(random.nextInt(SITES.size()));
        SiteId owner = SITES.get(random.nextInt(SITES.size()));
        if (random.nextInt(50) == 0) {
            return new Request.Force(group, term, asker, owner, random.nextBoolean() ? "fire" : "");
        }
        Set<SiteId> inSync = random.nextBoolean() ? Set.of(owner) : Set.of(SITES.get(0), SITES.get(1));
        return new Request.Change(group, term, asker, owner, inSync, "because");
    }

    private static boolean step(RecordBook book, Request request, Map<Long, SiteId> ownerOfTerm, long seed) {
        long lastTerm = book.lastTerm();
        OwnershipRecord before = book.record(request.group()).orElse(null);
        if (!(book.decide(request) instanceof Decision.Grant grant)) {
            assertEquals(lastTerm, book.lastTerm());
            return false;
        }
        book.apply(Durable.proven(grant.entry()));
        OwnershipRecord after = book.record(request.group()).orElseThrow();
        String what = "seed " + seed + ": " + request + " made " + before + " into " + after;
        assertTrue(after.term() > lastTerm, what);
        assertEquals(null, ownerOfTerm.put(after.term(), after.owner()), what);
        switch (request) {
            case Request.Enroll enroll -> assertEquals(null, before, what);
            case Request.Force force ->
                assertTrue(after.solo() && !force.reason().isBlank(), what);
            case Request.Recover recover ->
                assertTrue(
                        after.solo() && OwnershipRecord.generation(after.term()) > OwnershipRecord.generation(lastTerm),
                        what);
            case Request.Change change -> assertTrue(allowed(before, change, after), what);
        }
        return true;
    }

    /** The rule in other words than the table's. */
    private static boolean allowed(OwnershipRecord before, Request.Change change, OwnershipRecord after) {
        boolean compared = change.expectedTerm() == before.term() && after.previousTerm() == before.term();
        boolean newOwnerHoldsAll = before.inSync().contains(after.owner());
        boolean speaksForItself =
                change.asker().equals(after.owner()) || change.asker().equals(before.owner());
        boolean onlyTheOwnerTakesAStandby = after.solo() || change.asker().equals(before.owner());
        boolean ownerStaysOrNewOneIsAlone = after.owner().equals(before.owner()) || after.solo();
        return compared
                && newOwnerHoldsAll
                && speaksForItself
                && onlyTheOwnerTakesAStandby
                && ownerStaysOrNewOneIsAlone;
    }
}
