package org.secondsite.bgp.bfd;

import java.util.Optional;

/**
 * How fast a session detects.
 *
 * @param desiredMinTxUs how often we want to send, microseconds between packets
 * @param requiredMinRxUs how often we can take a packet
 * @param detectMultiplier how many packets in a row may be missed by the peer
 * @param multihop whether the peer may be more than one hop away (RFC 5883)
 * @param key by which packets are proven (RFC 5880 §6.7); empty: they are not
 */
public record BfdSettings(
        int desiredMinTxUs, int requiredMinRxUs, int detectMultiplier, boolean multihop, Optional<BfdKey> key) {
    /** 50 ms × 3: a dead neighbour is noticed within 150 ms. */
    public static final BfdSettings FAST = new BfdSettings(50_000, 50_000, 3);

    /** For a peer on the same link. */
    public BfdSettings(int desiredMinTxUs, int requiredMinRxUs, int detectMultiplier) {
        this(desiredMinTxUs, requiredMinRxUs, detectMultiplier, false);
    }

    /** Without a key. */
    public BfdSettings(int desiredMinTxUs, int requiredMinRxUs, int detectMultiplier, boolean multihop) {
        this(desiredMinTxUs, requiredMinRxUs, detectMultiplier, multihop, Optional.empty());
    }

    /** The same with packets proven by the key. */
    public BfdSettings withKey(BfdKey shared) {
        return new BfdSettings(desiredMinTxUs, requiredMinRxUs, detectMultiplier, multihop, Optional.of(shared));
    }

    /**
     * Checks ranges.
     *
     * @throws IllegalArgumentException if an interval is below 1 ms or the multiplier not within 1..255
     */
    public BfdSettings {
        if (desiredMinTxUs < 1000 || requiredMinRxUs < 1000) {
            throw new IllegalArgumentException("BFD intervals are 1000 µs or more");
        }
        if (detectMultiplier < 1 || detectMultiplier > 255) {
            throw new IllegalArgumentException("detectMultiplier " + detectMultiplier + " is not within 1..255");
        }
    }
}
