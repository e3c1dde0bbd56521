package org.secondsite.replicator;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.secondsite.config.EpochId;

/** Of which epochs two sites can both say what their disks are. */
class DiskClaimTest {
    private static EpochId epoch(long term, long number) {
        return new EpochId(term, number);
    }

    private static void requireCommon(EpochId expected, DiskClaim one, DiskClaim other) {
        assertEquals(Optional.ofNullable(expected), one.common(other));
        assertEquals(Optional.ofNullable(expected), other.common(one));
    }

    @Test
    void aStandbyThatIsAheadOfWhatTheOwnerKnowsIsUponAnEpochOfTheOwner() {
        requireCommon(epoch(5, 97), new DiskClaim(epoch(5, 90), 5, 5), DiskClaim.of(epoch(5, 97)));
    }

    @Test
    void aFormerOwnerAndTheOneThatTookOverFromItMeetAtTheEpochOfTheTakeover() {
        requireCommon(epoch(5, 100), new DiskClaim(epoch(5, 90), 5, 5), new DiskClaim(epoch(5, 100), 6, 7));
    }

    @Test
    void aStandbyThatLostWhatItHadAcknowledgedIsBehindAllThatTheOwnerCanSay() {
        requireCommon(null, new DiskClaim(epoch(5, 90), 5, 5), DiskClaim.of(epoch(5, 89)));
    }

    @Test
    void anOlderImageThatAnOperatorForcedHasNoEpochInCommonWithWhatFollowedIt() {
        requireCommon(null, new DiskClaim(epoch(5, 90), 5, 5), new DiskClaim(epoch(5, 80), 6, 6));
        requireCommon(epoch(5, 80), new DiskClaim(epoch(5, 70), 5, 5), new DiskClaim(epoch(5, 80), 6, 6));
    }

    @Test
    void termsBetweenTwoOwnLivesAreNotOnesOwn() {
        DiskClaim after = new DiskClaim(epoch(5, 90), 5, 5).madeAfterBreak(8);
        assertFalse(after.covers(epoch(7, 3)));
        assertFalse(after.covers(epoch(5, 91)), "made here, but that is known no more");
        assertTrue(after.covers(epoch(8, 1)));
        assertTrue(after.covers(epoch(5, 90)));
    }

    @Test
    void whereNothingIsKnownNothingIsCommon() {
        requireCommon(null, DiskClaim.NONE, DiskClaim.NONE);
        requireCommon(null, DiskClaim.NONE, DiskClaim.of(epoch(1, 1)));
        assertEquals(DiskClaim.NONE, DiskClaim.NONE.made(4));
        assertThrows(IllegalArgumentException.class, () -> new DiskClaim(EpochId.NONE, 1, 1));
        assertThrows(IllegalArgumentException.class, () -> new DiskClaim(epoch(1, 1), 2, 1));
    }
}
