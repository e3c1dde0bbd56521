package org.secondsite.bgp.fsm;

import java.net.Inet4Address;

/**
 * What the machine has to know of the two speakers.
 *
 * @param localAs our AS, 1 to 2^32 - 1
 * @param routerId our BGP identifier
 * @param remoteAs the AS that the peer must name
 * @param holdTimeSeconds what we offer: 0 or 3 to 65535
 * @param passive whether we only wait for the peer to connect
 * @param offer what we offer in our OPEN
 * @param timers initial values
 */
public record FsmSettings(
        long localAs,
        Inet4Address routerId,
        long remoteAs,
        int holdTimeSeconds,
        boolean passive,
        Offer offer,
        FsmTimers timers) {
    private static final long MAX_TWO_OCTET_AS = 0xffff;
    private static final long MAX_AS = 0xffff_ffffL;

    /**
     * Checks the ranges.
     *
     * @throws IllegalArgumentException if a number is out of range
     */
    public FsmSettings {
        if (localAs < 1 || localAs > MAX_AS || remoteAs < 1 || remoteAs > MAX_AS) {
            throw new IllegalArgumentException("AS numbers are within 1.." + MAX_AS);
        }
        if (holdTimeSeconds < 0 || holdTimeSeconds > 0xffff || holdTimeSeconds == 1 || holdTimeSeconds == 2) {
            // RFC 4271 §4.2
            throw new IllegalArgumentException("a hold time is 0 or within 3..65535 s, not " + holdTimeSeconds);
        }
        if (routerId.isAnyLocalAddress()) {
            throw new IllegalArgumentException("the router id must not be 0.0.0.0");
        }
        if (!offer.fourOctetAs() && localAs > MAX_TWO_OCTET_AS) {
            throw new IllegalArgumentException("AS " + localAs + " needs four-octet AS numbers");
        }
    }
}
