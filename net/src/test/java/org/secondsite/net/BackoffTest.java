package org.secondsite.net;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.List;
import java.util.Random;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;

class BackoffTest {
    @Test
    void waitsDoubleUpToTheirBound() {
        Backoff backoff = new Backoff(50, 500);
        assertEquals(
                List.of(50, 100, 200, 400, 500, 500),
                Stream.generate(backoff::next).limit(6).toList());
    }

    @Test
    void afterSuccessTheNextWaitIsTheShortest() {
        Backoff backoff = new Backoff(50, 500);
        backoff.next();
        backoff.next();
        backoff.reset();
        assertEquals(50, backoff.next());
    }

    @Test
    void aDrawnWaitLiesBetweenHalfAndTheWholeOfIt() {
        Random random = new Random(1);
        boolean differed = false;
        for (int i = 0; i < 1000; i++) {
            Backoff backoff = new Backoff(100, 100);
            int drawn = backoff.next(random);
            assertTrue(drawn >= 50 && drawn <= 100, "drawn: " + drawn);
            differed |= drawn != backoff.next(random);
        }
        assertTrue(differed);
    }

    @Test
    void theLongestWaitDoesNotOverflow() {
        Backoff backoff = new Backoff(Integer.MAX_VALUE - 1, Integer.MAX_VALUE);
        backoff.next();
        assertEquals(Integer.MAX_VALUE, backoff.next());
    }

    @Test
    void waitsOutOfOrderAreRefused() {
        assertThrows(IllegalArgumentException.class, () -> new Backoff(0, 10));
        assertThrows(IllegalArgumentException.class, () -> new Backoff(10, 9));
    }
}
