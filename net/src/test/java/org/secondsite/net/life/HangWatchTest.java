package org.secondsite.net.life;

import static org.junit.jupiter.api.Assertions.assertEquals;

import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.Test;

class HangWatchTest {
    private static final long LIMIT = 800;
    private static final long STEP = 100;

    private final Turn lively = new Turn("lively");
    private final Turn hung = new Turn("hung");
    private final List<Turn> turns = List.of(lively, hung);
    private boolean starved;
    private final HangWatch watch = new HangWatch(LIMIT, STEP, (turn, passed) -> starved ? passed / 10 : passed);

    /** Looks every 50 until then; one thread turns round meanwhile. */
    private Optional<Turn> lookedFrom(long from, long to) {
        Optional<Turn> found = Optional.empty();
        for (long now = from; now <= to && found.isEmpty(); now += 50) {
            lively.made();
            found = watch.look(turns, now);
        }
        return found;
    }

    @Test
    void findsTheThreadThatHasNotTurnedRoundForTheLimit() {
        assertEquals(Optional.empty(), lookedFrom(0, LIMIT - 50));
        assertEquals(Optional.of(hung), lookedFrom(LIMIT, LIMIT));
    }

    @Test
    void aTurnBeginsTheCountAnew() {
        assertEquals(Optional.empty(), lookedFrom(0, LIMIT - 50));
        hung.made();
        assertEquals(Optional.empty(), lookedFrom(LIMIT, 2 * LIMIT - 50));
        assertEquals(Optional.of(hung), lookedFrom(2 * LIMIT, 2 * LIMIT));
    }

    @Test
    void aProcessThatStoodStillIsNotOneThatHangs() {
        assertEquals(Optional.empty(), lookedFrom(0, 200));
        assertEquals(Optional.empty(), watch.look(turns, 30_200));
        assertEquals(Optional.empty(), lookedFrom(30_250, 30_600));
        hung.made();
        assertEquals(Optional.empty(), lookedFrom(30_650, 31_000));
    }

    @Test
    void aThreadThatGetsNoProcessorHasItsTimeAllTheSame() {
        starved = true;
        assertEquals(Optional.empty(), lookedFrom(0, 10 * LIMIT - 50));
        assertEquals(Optional.of(hung), lookedFrom(10 * LIMIT, 10 * LIMIT));
    }

    @Test
    void aClockThatGoesBackAddsNothing() {
        assertEquals(Optional.empty(), lookedFrom(1000, 1200));
        assertEquals(Optional.empty(), watch.look(turns, 0));
        assertEquals(Optional.empty(), lookedFrom(50, 500));
    }

    @Test
    void aLongPieceOfWorkHasALimitOfItsOwn() {
        hung.mayTake(5000);
        assertEquals(Optional.empty(), lookedFrom(0, 4950));
        assertEquals(Optional.of(hung), lookedFrom(5000, 5000));
    }

    @Test
    void whoHasMorePatienceIsLateAllTheSame() {
        int[] silenced = {0};
        hung.whenLate(() -> silenced[0]++);
        hung.mayAlwaysTake(3 * LIMIT);
        assertEquals(Optional.empty(), lookedFrom(0, LIMIT - 50));
        assertEquals(Optional.empty(), watch.late());
        assertEquals(Optional.empty(), lookedFrom(LIMIT, 2 * LIMIT));
        assertEquals(Optional.of(hung), watch.late());
        assertEquals(1, silenced[0]);
        hung.made();
        assertEquals(Optional.empty(), lookedFrom(2 * LIMIT + 50, 3 * LIMIT));
        assertEquals(Optional.empty(), watch.late());
        assertEquals(Optional.of(hung), lookedFrom(3 * LIMIT + 50, 5 * LIMIT + 50));
        assertEquals(2, silenced[0]);
    }

    @Test
    void whoSilencesNobodyIsNotLateBeforeItHangs() {
        hung.mayAlwaysTake(3 * LIMIT);
        hung.silencesNobody();
        assertEquals(Optional.empty(), lookedFrom(0, 3 * LIMIT - 50));
        assertEquals(Optional.empty(), watch.late());
        assertEquals(Optional.of(hung), lookedFrom(3 * LIMIT, 3 * LIMIT));
    }

    @Test
    void workThatIsKnownToBeLongIsNotLate() {
        hung.mayAlwaysTake(3 * LIMIT);
        hung.mayTake(5000);
        assertEquals(Optional.empty(), lookedFrom(0, 4950));
        assertEquals(Optional.empty(), watch.late());
        assertEquals(Optional.of(hung), lookedFrom(5000, 5000));
    }

    @Test
    void afterALongPieceOfWorkTheUsualLimitHoldsAgain() {
        hung.mayTake(5000);
        assertEquals(Optional.empty(), lookedFrom(0, 3000));
        hung.asUsual();
        assertEquals(Optional.empty(), lookedFrom(3050, 3050 + LIMIT - 50));
        assertEquals(Optional.of(hung), lookedFrom(3050 + LIMIT, 3050 + LIMIT));
    }

    @Test
    void whoMayAlwaysTakeLongerHasThatAfterALongPieceOfWorkToo() {
        hung.mayAlwaysTake(6 * LIMIT);
        hung.mayTake(1);
        hung.asUsual();
        assertEquals(Optional.empty(), lookedFrom(0, 6 * LIMIT - 50));
        assertEquals(Optional.of(hung), lookedFrom(6 * LIMIT, 6 * LIMIT));
    }
}
