package org.secondsite.lab.client;

import java.util.Comparator;
import java.util.List;
import java.util.Locale;

/**
 * What the outside client saw.
 *
 * @param connections how many there were
 * @param received numbers on all of them
 * @param recorded the highest number of a record that any connection was told of; 0 if none was
 * @param faults one line for each connection that broke or was told a wrong number
 * @param silent connections without a fault that received nothing since the end was near, see {@link #of}
 * @param longestGapNanos the longest time that one connection got nothing
 * @param longestGapFromNanos when it began, CLOCK_MONOTONIC
 */
public record ClientVerdict(
        int connections,
        long received,
        long recorded,
        List<String> faults,
        int silent,
        long longestGapNanos,
        long longestGapFromNanos) {
    /** Copies the list. */
    public ClientVerdict {
        faults = List.copyOf(faults);
    }

    /**
     * Judges streams that have ended.
     *
     * @param quietSinceNanos a stream that got nothing after this is silent
     */
    public static ClientVerdict of(List<CounterStream> streams, long quietSinceNanos) {
        CounterStream worst = streams.stream()
                .max(Comparator.comparingLong(CounterStream::longestGapNanos))
                .orElseThrow(() -> new IllegalArgumentException("no connections"));
        return new ClientVerdict(
                streams.size(),
                streams.stream().mapToLong(CounterStream::received).sum(),
                recorded(streams),
                streams.stream()
                        .filter(s -> s.fault().isPresent())
                        .map(ClientVerdict::fault)
                        .toList(),
                (int) streams.stream()
                        .filter(s -> s.fault().isEmpty() && s.lastNanos() < quietSinceNanos)
                        .count(),
                worst.longestGapNanos(),
                worst.longestGapFromNanos());
    }

    /** The highest number of a record that any stream was told of; 0 if none was. */
    public static long recorded(List<CounterStream> streams) {
        return streams.stream()
                .filter(stream -> stream.kind() == CounterStream.Kind.RECORDS)
                .mapToLong(CounterStream::last)
                .max()
                .orElse(0);
    }

    private static String fault(CounterStream stream) {
        return stream.kind().name().toLowerCase(Locale.ROOT) + " " + stream.index() + ": "
                + stream.fault().orElseThrow();
    }

    /** Whether nothing was lost: no connection broke, every counter is contiguous, and all still go on. */
    public boolean nothingLost() {
        return faults.isEmpty() && silent == 0;
    }
}
