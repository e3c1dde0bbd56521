package org.secondsite.bgp.bfd;

import java.nio.charset.StandardCharsets;
import java.util.Arrays;

/**
 * What both ends of a session know and nobody else (RFC 5880 §6.7.4, keyed SHA1).
 *
 * @param kind whether each packet has to have a sequence number of its own
 * @param id number of the key, 0 to 255
 * @param secret 1 to 20 octets of UTF-8
 */
public record BfdKey(Kind kind, int id, String secret) {
    /** RFC 5880 §4.4: octets of the secret, and of the hash. */
    static final int OCTETS = 20;

    private static final int MAX_ID = 255;

    /** How a packet is protected from being sent again by somebody else. */
    public enum Kind {
        /** A packet may bear the number of the one before it. */
        SHA1(4),
        /** Each packet bears a number larger than the one before it. */
        METICULOUS_SHA1(5);

        private final int code;

        Kind(int code) {
            this.code = code;
        }

        /** Auth Type on the wire. */
        public int code() {
            return code;
        }
    }

    /**
     * Checks ranges.
     *
     * @throws IllegalArgumentException if the secret is empty or too long, or the number out of range
     */
    public BfdKey {
        int octets = secret.getBytes(StandardCharsets.UTF_8).length;
        if (octets < 1 || octets > OCTETS) {
            throw new IllegalArgumentException("a BFD key has 1 to " + OCTETS + " octets, not " + octets);
        }
        if (id < 0 || id > MAX_ID) {
            throw new IllegalArgumentException("key " + id + " is not within 0.." + MAX_ID);
        }
    }

    /** Each packet with a number of its own. */
    public static BfdKey meticulous(int id, String secret) {
        return new BfdKey(Kind.METICULOUS_SHA1, id, secret);
    }

    /** Filled up with zeros. */
    byte[] octets() {
        return Arrays.copyOf(secret.getBytes(StandardCharsets.UTF_8), OCTETS);
    }

    /** The secret stays one. */
    @Override
    public String toString() {
        return kind + " key " + id;
    }
}
