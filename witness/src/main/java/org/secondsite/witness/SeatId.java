package org.secondsite.witness;

import java.util.HexFormat;
import java.util.Optional;
import java.util.random.RandomGenerator;

/**
 * The place at which a site's gateway runs: 128 bits that the first process there has drawn at random, and that only those after it
 * know. Who comes with the same seat is the same gateway, restarted. Who comes with the same certificate and another seat is
 * another gateway: a copy of its disk, an old disk put back elsewhere, a new machine.
 *
 * @param high the first 64 bits
 * @param low the last 64 bits
 */
public record SeatId(long high, long low) {
    /** Of a process that knows none: one that remembers nothing, or of a version that does not tell it. */
    public static final SeatId NONE = new SeatId(0, 0);

    private static final int DIGITS = 16;

    /** A new one. */
    public static SeatId drawn(RandomGenerator random) {
        SeatId seat = new SeatId(random.nextLong(), random.nextLong());
        return seat.isNone() ? drawn(random) : seat;
    }

    /** Reads what {@link #toString} writes; empty if it is anything else. */
    public static Optional<SeatId> parse(String digits) {
        if (digits.length() != 2 * DIGITS || !digits.chars().allMatch(HexFormat::isHexDigit)) {
            return Optional.empty();
        }
        return Optional.of(new SeatId(
                Long.parseUnsignedLong(digits, 0, DIGITS, 16), Long.parseUnsignedLong(digits, DIGITS, 2 * DIGITS, 16)));
    }

    /** Whether it is none. */
    public boolean isNone() {
        return equals(NONE);
    }

    /** 32 hexadecimal digits. */
    @Override
    public String toString() {
        return String.format("%016x%016x", high, low);
    }
}
