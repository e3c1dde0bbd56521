package org.secondsite.bgp.decision;

import org.secondsite.bgp.wire.Prefix;

/**
 * The prefixes within one prefix that are of certain lengths.
 *
 * @param within where they lie
 * @param shortest length at least, not below that of {@code within}
 * @param longest length at most
 */
public record PrefixRange(Prefix within, int shortest, int longest) {
    /**
     * Checks the lengths.
     *
     * @throws IllegalArgumentException if they are out of order or out of range
     */
    public PrefixRange {
        int bits = Byte.SIZE * within.address().getAddress().length;
        if (shortest < within.length() || longest < shortest || longest > bits) {
            throw new IllegalArgumentException(
                    "lengths " + shortest + ".." + longest + " are not within " + within.length() + ".." + bits);
        }
    }

    /** This prefix alone. */
    public static PrefixRange exactly(Prefix prefix) {
        return new PrefixRange(prefix, prefix.length(), prefix.length());
    }

    /** This prefix and every more specific one. */
    public static PrefixRange orLonger(Prefix prefix) {
        return new PrefixRange(
                prefix, prefix.length(), Byte.SIZE * prefix.address().getAddress().length);
    }

    /** Whether the prefix is one of them. */
    public boolean contains(Prefix prefix) {
        return prefix.length() >= shortest && prefix.length() <= longest && within.contains(prefix);
    }
}
