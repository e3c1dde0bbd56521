package org.secondsite.simulator;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import java.util.Set;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.function.Executable;
import org.secondsite.config.GroupId;
import org.secondsite.config.OwnershipRecord;
import org.secondsite.simulator.SafetyChecks.Way;

/** The checks find what they are there for, and let pass what is right. */
class SafetyChecksTest {
    private static final GroupId GROUP = new GroupId("web");
    private static final OwnershipRecord ALONE = new OwnershipRecord(GROUP, 2, 1, World.A, Set.of(World.A));
    private static final OwnershipRecord BOTH = new OwnershipRecord(GROUP, 3, 2, World.A, Set.of(World.A, World.B));
    private static final OwnershipRecord OTHER = new OwnershipRecord(GROUP, 4, 3, World.B, Set.of(World.B));

    private final SafetyChecks checks = new SafetyChecks();
    private final int life = checks.born(World.A);

    private static void breaks(Rule rule, Executable what) {
        assertEquals(rule, assertThrows(Violation.class, what).rule());
    }

    private void grantedAndTold(OwnershipRecord... records) {
        for (OwnershipRecord record : records) {
            checks.granted(record, false);
            checks.told(World.A, record);
        }
    }

    @Test
    void releasedIsCommitted() {
        grantedAndTold(ALONE, BOTH);
        checks.kept(life, 5);
        checks.released(World.A, life, 5, Way.HELD);
        breaks(Rule.RELEASED_IS_COMMITTED, () -> checks.released(World.A, life, 6, Way.HELD));
    }

    @Test
    void oneOwnerPerTerm() {
        grantedAndTold(ALONE, BOTH);
        checks.acts(World.A, 3);
        breaks(Rule.ONE_OWNER_PER_TERM, () -> checks.acts(World.B, 3));
        breaks(Rule.ONE_OWNER_PER_TERM, () -> checks.acts(World.A, 4));
        breaks(Rule.NO_TERM_TWICE, () -> checks.granted(BOTH, false));
    }

    @Test
    void promotedHoldsAllReleased() {
        grantedAndTold(ALONE);
        checks.released(World.A, life, 7, Way.UNHELD);
        breaks(Rule.PROMOTED_HOLDS_ALL_RELEASED, () -> checks.activated(World.B, life, 6));
    }

    @Test
    void nothingOfTheOldLifeBeyondTheActivatedState() {
        grantedAndTold(ALONE, BOTH);
        checks.kept(life, 9);
        checks.granted(OTHER, false);
        checks.activated(World.B, life, 6);
        checks.released(World.A, life, 6, Way.HELD);
        breaks(Rule.PROMOTED_HOLDS_ALL_RELEASED, () -> checks.released(World.A, life, 7, Way.HELD));
    }

    @Test
    void diskBeforeOutput() {
        grantedAndTold(ALONE);
        checks.answeredAhead(World.A, 3);
        checks.released(World.A, life, 2, Way.UNHELD);
        checks.answeredAhead(World.A, 4);
        breaks(Rule.DISK_BEFORE_OUTPUT, () -> checks.released(World.A, life, 3, Way.UNHELD));
        checks.synced(World.A);
        checks.released(World.A, life, 3, Way.UNHELD);
    }

    @Test
    void noSoloWhilePeerInSync() {
        grantedAndTold(ALONE);
        checks.released(World.A, life, 1, Way.UNHELD);
        checks.granted(BOTH, false);
        checks.kept(life, 9);
        breaks(Rule.NO_SOLO_WHILE_PEER_IN_SYNC, () -> checks.released(World.A, life, 2, Way.UNHELD));
    }

    @Test
    void nothingAfterFence() {
        grantedAndTold(ALONE, BOTH, OTHER);
        breaks(Rule.NOTHING_AFTER_FENCE, () -> checks.released(World.A, life, 1, Way.HELD));
    }

    @Test
    void failClosed() {
        checks.granted(ALONE, false);
        breaks(Rule.FAIL_CLOSED, () -> checks.released(World.A, life, 1, Way.UNHELD));
        checks.told(World.A, ALONE);
        breaks(Rule.FAIL_CLOSED, () -> checks.released(World.A, life, 1, Way.DYING));
        checks.released(World.A, life, 1, Way.UNHELD);
        checks.started(World.A);
        breaks(Rule.FAIL_CLOSED, () -> checks.released(World.A, life, 2, Way.UNHELD));
    }

    @Test
    void silentAfterStandstill() {
        grantedAndTold(ALONE, BOTH);
        checks.kept(life, 9);
        checks.stoodStill(World.A);
        checks.released(World.A, life, 1, Way.HELD);
        checks.granted(OTHER, false);
        checks.released(World.A, life, 2, Way.HELD);
        checks.stoodStill(World.A);
        breaks(Rule.SILENT_AFTER_STANDSTILL, () -> checks.released(World.A, life, 3, Way.HELD));
    }

    @Test
    void releasedOnce() {
        grantedAndTold(ALONE);
        checks.released(World.A, life, 1, Way.UNHELD);
        breaks(Rule.RELEASED_ONCE, () -> checks.released(World.A, life, 1, Way.UNHELD));
    }

    @Test
    void anActivationThatAnOperatorOverruledSupersedesNothing() {
        grantedAndTold(ALONE, BOTH);
        checks.kept(life, 9);
        checks.granted(OTHER, false);
        OwnershipRecord back = new OwnershipRecord(GROUP, 5, 4, World.A, Set.of(World.A));
        checks.granted(back, true);
        checks.told(World.A, back);
        int overruled = checks.activated(World.B, life, 6);
        checks.released(World.A, life, 7, Way.UNHELD);
        checks.told(World.B, back);
        breaks(Rule.NOTHING_AFTER_FENCE, () -> checks.released(World.B, overruled, 7, Way.UNHELD));
    }

    @Test
    void anOperatorsForceLosesWhatTheOtherSiteDoesUntilItIsTold() {
        grantedAndTold(ALONE);
        checks.released(World.A, life, 7, Way.UNHELD);
        checks.granted(OTHER, true);
        checks.activated(World.B, life, 3);
        checks.released(World.A, life, 8, Way.UNHELD);
        checks.told(World.A, OTHER);
        breaks(Rule.NOTHING_AFTER_FENCE, () -> checks.released(World.A, life, 9, Way.UNHELD));
    }
}
