package org.secondsite.lab.client;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.secondsite.lab.client.CounterStream.Kind;

class CounterStreamTest {
    private final CounterStream stream = new CounterStream(Kind.ECHO, 3, 1_000);
    private final List<Long> numbers = new ArrayList<>();

    @Test
    void takesContiguousNumbersHoweverTheyAreCut() {
        for (String piece : List.of("1", "\n2\n3", "\n", "4\n5\n6\n7\n8\n9\n1", "0\n1")) {
            accept(piece, 2_000);
        }
        assertEquals(List.of(1L, 2L, 3L, 4L, 5L, 6L, 7L, 8L, 9L, 10L), numbers);
        assertEquals(Optional.empty(), stream.fault());
        assertEquals(10, stream.received());
    }

    @Test
    void aSkippedNumberIsAFault() {
        accept("1\n3\n", 2_000);
        assertEquals(Optional.of("received 3 where 2 was due"), stream.fault());
        assertEquals(1, stream.received());
    }

    @Test
    void aRepeatedNumberIsAFaultAndTheFirstFaultStays() {
        accept("1\n1\n", 2_000);
        stream.broken("Connection reset");
        accept("2\n", 2_000);
        assertEquals(Optional.of("received 1 where 2 was due"), stream.fault());
        assertEquals(List.of(1L), numbers);
    }

    @Test
    void bytesThatAreNoNumberAreAFault() {
        accept("1\nhello\n", 2_000);
        assertEquals(Optional.of("received a byte 104 where a number was due"), stream.fault());
        CounterStream other = new CounterStream(Kind.TICK, 0, 0);
        other.accept(bytes("\n"), 1, (s, number, at) -> numbers.add(number));
        assertTrue(other.fault().isPresent(), "an empty line is no number");
        CounterStream huge = new CounterStream(Kind.TICK, 0, 0);
        huge.accept(bytes("9".repeat(40)), 1, (s, number, at) -> numbers.add(number));
        assertTrue(huge.fault().isPresent(), "no overflow goes unnoticed");
    }

    @Test
    void theLongestGapIsFoundAlsoAtBothEnds() {
        accept("1\n", 1_500);
        assertEquals(500, stream.longestGapNanos());
        accept("2\n", 2_500);
        accept("3\n", 2_600);
        assertEquals(1_000, stream.longestGapNanos());
        assertEquals(1_500, stream.longestGapFromNanos());
        stream.end(9_000);
        assertEquals(6_400, stream.longestGapNanos());
        assertEquals(2_600, stream.longestGapFromNanos());
    }

    @Test
    void theVerdictCountsBrokenAndSilentConnections() {
        CounterStream broken = new CounterStream(Kind.TICK, 7, 0);
        broken.broken("Connection reset");
        CounterStream silent = new CounterStream(Kind.TICK, 8, 0);
        accept("1\n", 5_000);
        ClientVerdict verdict = ClientVerdict.of(List.of(stream, broken, silent), 4_000);
        assertEquals(List.of("tick 7: Connection reset"), verdict.faults());
        assertEquals(1, verdict.silent());
        assertEquals(1, verdict.received());
        assertFalse(verdict.nothingLost());
        assertTrue(ClientVerdict.of(List.of(stream), 4_000).nothingLost());
    }

    private void accept(String text, long nowNanos) {
        stream.accept(bytes(text), nowNanos, (s, number, at) -> numbers.add(number));
    }

    private static ByteBuffer bytes(String text) {
        return ByteBuffer.wrap(text.getBytes(StandardCharsets.US_ASCII));
    }
}
