package org.secondsite.witness;

import static org.junit.jupiter.api.Assertions.assertEquals;

import java.util.OptionalLong;
import java.util.Set;
import org.junit.jupiter.api.Test;
import org.secondsite.config.GroupId;
import org.secondsite.config.OwnershipRecord;
import org.secondsite.config.SiteId;

class GrantPolicyTest {
    private static final GroupId WEB = new GroupId("web");
    private static final SiteId A = new SiteId("a");
    private static final SiteId B = new SiteId("b");
    private static final OwnershipRecord PROTECTED = new OwnershipRecord(WEB, 5, 4, A, Set.of(A, B));

    private final GrantPolicy policy = new GrantPolicy(200, 1000);

    private static Request.Change ask(long term, SiteId asker, SiteId owner) {
        return new Request.Change(WEB, term, asker, owner, Set.of(owner), "test");
    }

    private long waitAt(long now, Request.Change change, long arrived, OptionalLong heard) {
        return policy.waitNanos(change, PROTECTED, arrived, heard, now);
    }

    @Test
    void standbyWaitsUntilTheOwnerHasBeenSilentLongEnough() {
        assertEquals(150, waitAt(50, ask(5, B, B), 50, OptionalLong.of(0)));
        assertEquals(0, waitAt(200, ask(5, B, B), 50, OptionalLong.of(0)));
    }

    @Test
    void standbyWaitsAtMostTheMaximum() {
        assertEquals(100, waitAt(950, ask(5, B, B), 50, OptionalLong.of(940)));
        assertEquals(0, waitAt(1050, ask(5, B, B), 50, OptionalLong.of(1040)));
    }

    @Test
    void standbyOfASilentOrUnknownOwnerIsAnsweredAtOnce() {
        assertEquals(0, waitAt(5000, ask(5, B, B), 5000, OptionalLong.of(100)));
        assertEquals(0, waitAt(5000, ask(5, B, B), 5000, OptionalLong.empty()));
    }

    @Test
    void ownerNeverWaits() {
        assertEquals(0, waitAt(50, ask(5, A, A), 50, OptionalLong.of(49)));
        assertEquals(0, waitAt(50, ask(5, A, B), 50, OptionalLong.of(49)));
    }

    @Test
    void requestThatCannotSucceedIsAnsweredAtOnce() {
        assertEquals(0, waitAt(50, ask(4, B, B), 50, OptionalLong.of(49)));
        OwnershipRecord solo = new OwnershipRecord(WEB, 5, 4, A, Set.of(A));
        assertEquals(0, policy.waitNanos(ask(5, B, B), solo, 50, OptionalLong.of(49), 50));
    }

    @Test
    void clockMayBeNegativeAndWrap() {
        long now = Long.MAX_VALUE - 10;
        assertEquals(200, waitAt(now, ask(5, B, B), now, OptionalLong.of(now)));
        assertEquals(190, waitAt(now + 10, ask(5, B, B), now, OptionalLong.of(now)));
        assertEquals(150, waitAt(now + 50, ask(5, B, B), now, OptionalLong.of(now)));
    }
}
