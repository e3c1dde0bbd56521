package org.secondsite.gateway.simulation;

import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.Set;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.function.Executable;
import org.secondsite.config.GroupId;
import org.secondsite.config.OwnershipRecord;

/** The checks find what they are there for. */
class SafetyChecksTest {
    private static final GroupId GROUP = new GroupId("web");
    private static final OwnershipRecord ALONE = new OwnershipRecord(GROUP, 2, 1, World.A, Set.of(World.A));
    private static final OwnershipRecord BOTH = new OwnershipRecord(GROUP, 3, 2, World.A, Set.of(World.A, World.B));
    private static final OwnershipRecord OTHER = new OwnershipRecord(GROUP, 4, 3, World.B, Set.of(World.B));

    private final SafetyChecks checks = new SafetyChecks();
    private final int life = checks.born(World.A);

    private static void breaks(String rule, Executable what) {
        String message = assertThrows(Violation.class, what).getMessage();
        assertTrue(message.startsWith(rule + ":"), message);
    }

    @Test
    void releasedIsCommitted() {
        checks.kept(life, 5);
        checks.released(World.A, life, 5, BOTH, BOTH);
        breaks("ReleasedIsCommitted", () -> checks.released(World.A, life, 6, BOTH, BOTH));
    }

    @Test
    void oneOwnerPerTerm() {
        checks.acts(World.A, 2);
        checks.acts(World.A, 2);
        breaks("OneOwnerPerTerm", () -> checks.acts(World.B, 2));
    }

    @Test
    void promotedHoldsAllReleased() {
        checks.released(World.A, life, 7, ALONE, ALONE);
        breaks("PromotedHoldsAllReleased", () -> checks.activated(World.B, life, 6));
    }

    @Test
    void nothingOfTheOldLifeBeyondTheActivatedState() {
        checks.kept(life, 9);
        checks.activated(World.B, life, 6);
        checks.released(World.A, life, 6, OTHER, BOTH);
        breaks("PromotedHoldsAllReleased", () -> checks.released(World.A, life, 7, OTHER, BOTH));
    }

    @Test
    void noSoloWhilePeerInSync() {
        breaks("NoSoloWhilePeerInSync", () -> checks.released(World.A, life, 1, BOTH, ALONE));
    }

    @Test
    void nothingAfterFence() {
        breaks("NothingAfterFence", () -> checks.released(World.A, life, 1, ALONE, OTHER));
    }

    @Test
    void failClosed() {
        breaks("FailClosed", () -> checks.released(World.A, life, 1, ALONE, null));
    }
}
