package org.secondsite.lab.wan;

import java.util.Arrays;
import java.util.stream.Collectors;

/** One adjustable property of one direction between two ports, with its key in commands, default and range. */
public enum Impairment {
    /** Time that every frame spends on the way. */
    DELAY_MS("delayMs", 0, 60_000),
    /** Uniformly distributed addition to the delay, 0 to this. Keeps the order of frames. */
    JITTER_MS("jitterMs", 0, 60_000),
    /** Share of frames that vanish, 0 to 1. */
    LOSS("loss", 0, 1),
    /** Share of frames that arrive twice. */
    DUPLICATE("duplicate", 0, 1),
    /** Share of frames that arrive with one bit flipped behind the Ethernet header. */
    CORRUPT("corrupt", 0, 1),
    /** Share of frames that are held back by {@link #REORDER_MS}, so that later ones overtake them. */
    REORDER("reorder", 0, 1),
    /** How long a reordered frame is held back beyond its delay. */
    REORDER_MS("reorderMs", 5, 60_000),
    /** Serialisation rate in 10⁶ bits per second; 0 is unlimited. */
    RATE_MBIT("rateMbit", 0, 100_000),
    /** Bytes that may wait for the rate before frames are dropped at the tail. */
    QUEUE_KIB("queueKiB", 1024, 65_536),
    /** The longest IP packet that gets through, in bytes; 0 is any. Its sender is told of a longer one: {@link PacketTooBig}. */
    MTU("mtu", 0, 65_535),
    /** Share of those answers that are withheld, 0 to 1: with 1 the path is a black hole for what is too long (RFC 2923 §2.1). */
    BLACKHOLE("blackhole", 0, 1);

    private final String key;
    private final double initial;
    private final double maximum;

    Impairment(String key, double initial, double maximum) {
        this.key = key;
        this.initial = initial;
        this.maximum = maximum;
    }

    /** The name in commands and in {@code show}. */
    public String key() {
        return key;
    }

    double initial() {
        return initial;
    }

    /**
     * Checks the range.
     *
     * @throws IllegalArgumentException naming key, value and range
     */
    double checked(double value) {
        if (!(value >= 0 && value <= maximum)) {
            throw new IllegalArgumentException(key + "=" + value + " is not between 0 and " + maximum);
        }
        return value;
    }

    /**
     * Finds by key.
     *
     * @throws IllegalArgumentException listing the known keys
     */
    public static Impairment of(String key) {
        for (Impairment impairment : values()) {
            if (impairment.key.equals(key)) {
                return impairment;
            }
        }
        throw new IllegalArgumentException("unknown key '" + key + "', known are "
                + Arrays.stream(values()).map(Impairment::key).collect(Collectors.joining(", ")));
    }
}
