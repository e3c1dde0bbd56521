package org.secondsite.config;

import java.util.Optional;

/**
 * How the path to a BGP neighbour is watched (RFC 5880).
 *
 * @param intervalMs the time between two packets
 * @param multiplier how many may be missed
 * @param multihop whether the neighbour is more than one hop away (RFC 5883)
 * @param key by which packets are proven; empty: they are not
 */
public record BfdConfig(int intervalMs, int multiplier, boolean multihop, Optional<Key> key) {
    /**
     * What both ends know (RFC 5880 §6.7.4).
     *
     * @param number which of the neighbour's keys it is, 0 to 255
     * @param secret 1 to 20 octets of UTF-8
     */
    public record Key(Kind kind, int number, Secret secret) {}

    /** Whether each packet has to bear a number of its own, so that nobody can send it again. */
    public enum Kind {
        /** A packet may bear the number of the one before it. */
        SHA1,
        /** Each packet bears a larger one. */
        METICULOUS
    }
}
