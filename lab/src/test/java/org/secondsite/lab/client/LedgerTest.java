package org.secondsite.lab.client;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.List;
import org.junit.jupiter.api.Test;

class LedgerTest {
    private final Ledger ledger = new Ledger();

    private void asked(int connection, long number, String answer) {
        ledger.told(ledger.ask(connection, number), answer);
    }

    @Test
    void answersOfAStoreThatCountsAreWellInWhateverOrderTheyCome() {
        Ledger.Question first = ledger.ask(0, 1);
        asked(1, 1, "1 2");
        ledger.told(first, "1 1");
        asked(0, 2, "2 3");
        ledger.compare(3);
        assertEquals(List.of(), ledger.complaints());
        assertEquals(3, ledger.answers());
    }

    @Test
    void aStoreThatWentBackTellsAValueTwiceOrOneThatIsOlderThanTheQuestion() {
        Ledger.Question early = ledger.ask(1, 1);
        asked(0, 1, "1 1");
        ledger.told(early, "1 1");
        assertEquals(List.of("connection 1 was told 1, as another was"), ledger.complaints());
        asked(0, 2, "2 7");
        asked(0, 3, "3 5");
        assertTrue(ledger.complaints().contains("connection 0 was told 5 after 7"), ledger.complaints()::toString);
    }

    @Test
    void aFrontEndThatWentBackRepeatsItsOwnNumber() {
        asked(0, 1, "1 1");
        asked(0, 2, "1 2");
        assertEquals(List.of("connection 0 was told 1 where 2 was due"), ledger.complaints());
    }

    @Test
    void aStoreThatHasCountedMoreOrLessThanWasToldIsFound() {
        asked(0, 1, "1 1");
        ledger.compare(2);
        ledger.compare(0);
        assertEquals(2, ledger.complaints().size(), ledger.complaints()::toString);
        asked(0, 2, "2 3");
        ledger.compare(3);
        assertEquals(3, ledger.complaints().size(), "2 was told to nobody");
    }

    @Test
    void whatIsNoAnswerIsAComplaint() {
        for (String answer : List.of("", "1", "1 2 3", "a 1", "1 -1", "1 999999999999")) {
            asked(0, 1, answer);
        }
        ledger.broken(0, "closed");
        assertEquals(7, ledger.complaints().size());
        assertEquals(0, ledger.answers());
    }
}
