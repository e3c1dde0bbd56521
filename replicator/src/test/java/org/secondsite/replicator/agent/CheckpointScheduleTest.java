package org.secondsite.replicator.agent;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.OptionalLong;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.secondsite.config.EpochId;

class CheckpointScheduleTest {
    private static final long MS = 1_000_000;
    private static final OptionalLong NOT = OptionalLong.empty();

    private final CheckpointSchedule schedule = new CheckpointSchedule();

    private static EpochId epoch(long number) {
        return new EpochId(5, number);
    }

    private static OptionalLong ms(long ms) {
        return OptionalLong.of(ms * MS);
    }

    @BeforeEach
    void start() {
        assertEquals(NOT, schedule.dueIn(0));
        schedule.window(3, 1000, true);
        schedule.start(epoch(1), 50 * MS, 0);
    }

    private void take(EpochId expected, long atMs) {
        assertEquals(ms(0), schedule.dueIn(atMs * MS));
        assertEquals(expected, schedule.begin(atMs * MS));
        schedule.shipped();
    }

    @Test
    void startsAnIntervalAfterTheStartBeforeAndMakesUpForNothing() {
        take(epoch(1), 0);
        assertEquals(ms(30), schedule.dueIn(20 * MS));
        take(epoch(2), 210);
        assertEquals(ms(50), schedule.dueIn(210 * MS));
    }

    @Test
    void muchThatWaitsToBeShippedBringsTheNextOneForwardButNotPastAWait() {
        take(epoch(1), 0);
        schedule.sooner(20 * MS);
        assertEquals(ms(0), schedule.dueIn(20 * MS));
        assertEquals(epoch(2), schedule.begin(20 * MS));
        schedule.sooner(25 * MS);
        assertEquals(NOT, schedule.dueIn(25 * MS), "the one before is being shipped");
        schedule.shipped();
        assertEquals(ms(0), schedule.dueIn(30 * MS));
        schedule.dropped(schedule.begin(30 * MS), 40 * MS);
        schedule.sooner(41 * MS);
        assertEquals(ms(99), schedule.dueIn(41 * MS), "what came to nothing is not tried again at once");
    }

    @Test
    void waitsUntilTheEpochBeforeIsShipped() {
        schedule.begin(0);
        assertEquals(NOT, schedule.dueIn(70 * MS));
        schedule.shipped();
        assertEquals(ms(0), schedule.dueIn(70 * MS));
    }

    @Test
    void waitsForCreditBeyondTheWindow() {
        take(epoch(1), 0);
        take(epoch(2), 50);
        take(epoch(3), 100);
        assertEquals(NOT, schedule.dueIn(150 * MS));
        schedule.now(150 * MS);
        assertEquals(NOT, schedule.dueIn(150 * MS));
        schedule.credit(epoch(1));
        take(epoch(4), 150);
        schedule.credit(epoch(4));
        take(epoch(5), 200);
    }

    @Test
    void waitsForCreditWhenTheWindowIsFullInBytesHoweverLargeASingleEpochIs() {
        take(epoch(1), 0);
        schedule.taken(epoch(1), 999);
        take(epoch(2), 50);
        schedule.taken(epoch(2), 50_000);
        assertEquals(NOT, schedule.dueIn(100 * MS), "50,999 of 1000 bytes");
        assertEquals(ms(0), schedule.starvesIn(100 * MS));
        assertEquals(ms(20), schedule.starvesIn(80 * MS));
        schedule.credit(epoch(1));
        assertEquals(NOT, schedule.dueIn(100 * MS), "50,000 of 1000 bytes");
        schedule.credit(epoch(2));
        assertEquals(NOT, schedule.starvesIn(100 * MS));
        take(epoch(3), 120);
        schedule.taken(epoch(3), 1000);
        schedule.start(epoch(9), 50 * MS, 130 * MS);
        take(epoch(9), 130);
    }

    @Test
    void aDroppedIdIsBurnedAndCostsNoCredit() {
        for (int number = 1; number <= 5; number++) {
            EpochId id = schedule.begin(0);
            assertEquals(epoch(number), id);
            schedule.dropped(id, 0);
        }
        assertTrue(schedule.isActive());
    }

    @Test
    void dropsInARowAreFurtherAndFurtherApart() {
        long now = 0;
        long longest = 0;
        for (int drop = 0; drop < 12; drop++) {
            schedule.dropped(schedule.begin(now), now);
            long wait = schedule.dueIn(now).orElseThrow();
            assertTrue(wait >= longest);
            longest = wait;
            now += wait;
        }
        assertEquals(5000 * MS, longest);
        schedule.interval(20 * MS);
        assertEquals(OptionalLong.of(0), schedule.dueIn(now));
        schedule.begin(now);
        schedule.shipped();
        assertEquals(ms(20), schedule.dueIn(now));
    }

    @Test
    void numbersOnFromANewTitle() {
        take(epoch(1), 0);
        schedule.retitle(new EpochId(6, 1));
        take(new EpochId(6, 1), 50);
        schedule.credit(new EpochId(6, 1));
        take(new EpochId(6, 2), 100);
    }

    @Test
    void anotherIntervalCountsFromTheLastStart() {
        take(epoch(1), 0);
        schedule.interval(200 * MS);
        assertEquals(ms(190), schedule.dueIn(10 * MS));
        schedule.now(20 * MS);
        take(epoch(2), 20);
        assertEquals(ms(200), schedule.dueIn(20 * MS));
    }

    @Test
    void stoppedOrDisconnectedNothingIsDueUntilTheNextStart() {
        take(epoch(1), 0);
        schedule.stop();
        assertFalse(schedule.isActive());
        assertEquals(NOT, schedule.dueIn(1000 * MS));
        schedule.start(epoch(7), 50 * MS, 1000 * MS);
        schedule.begin(1000 * MS);
        schedule.disconnected();
        assertEquals(NOT, schedule.dueIn(2000 * MS));
        schedule.start(epoch(9), 50 * MS, 2000 * MS);
        take(epoch(9), 2000);
    }

    @Test
    void aSlowPauseIsFollowedByAWaitThatDoublesUntilAsManyWereQuick() {
        long now = 0;
        for (long expected : new long[] {2000, 4000, 8000, 16_000, 32_000, 64_000, 64_000}) {
            EpochId id = schedule.begin(now);
            assertEquals(expected * MS, schedule.slow(id, now));
            assertEquals(ms(expected), schedule.dueIn(now));
            now += expected * MS;
        }
        for (int quick = 0; quick < 7; quick++) {
            schedule.credit(schedule.begin(now));
            schedule.shipped();
        }
        assertEquals(64_000 * MS, schedule.slow(schedule.begin(now), now), "one quick one more is needed");
        for (int quick = 0; quick < 9; quick++) {
            schedule.credit(schedule.begin(now));
            schedule.shipped();
        }
        assertEquals(2000 * MS, schedule.slow(schedule.begin(now), now));
    }
}
