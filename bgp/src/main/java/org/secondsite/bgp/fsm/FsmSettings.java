package org.secondsite.bgp.fsm;

import java.net.Inet4Address;
import java.util.List;
import org.secondsite.bgp.wire.AddressFamily;

/**
 * What the machine has to know of the two speakers.
 *
 * @param localAs our AS, 1 to 2^32 - 1
 * @param routerId our BGP identifier
 * @param remoteAs the AS that the peer must name
 * @param holdTimeSeconds what we offer: 0 or 3 to 65535
 * @param passive whether we only wait for the peer to connect
 * @param families what we offer to exchange
 * @param addPathReceive whether we offer to receive several paths to a prefix (RFC 7911)
 * @param timers initial values
 */
public record FsmSettings(
        long localAs,
        Inet4Address routerId,
        long remoteAs,
        int holdTimeSeconds,
        boolean passive,
        List<AddressFamily> families,
        boolean addPathReceive,
        FsmTimers timers) {
    private static final long MAXIMUM_AS = 0xffff_ffffL;

    /**
     * Checks the ranges.
     *
     * @throws IllegalArgumentException if a number is out of range or a family is not supported
     */
    public FsmSettings {
        families = List.copyOf(families);
        if (localAs < 1 || localAs > MAXIMUM_AS || remoteAs < 1 || remoteAs > MAXIMUM_AS) {
            throw new IllegalArgumentException("AS numbers are within 1.." + MAXIMUM_AS);
        }
        if (holdTimeSeconds < 0 || holdTimeSeconds > 0xffff || holdTimeSeconds == 1 || holdTimeSeconds == 2) {
            // RFC 4271 §4.2
            throw new IllegalArgumentException("a hold time is 0 or within 3..65535 s, not " + holdTimeSeconds);
        }
        if (routerId.isAnyLocalAddress()) {
            throw new IllegalArgumentException("the router id must not be 0.0.0.0");
        }
        if (families.isEmpty() || !families.stream().allMatch(AddressFamily::isSupported)) {
            throw new IllegalArgumentException("families must be ipv4 unicast, ipv6 unicast or both");
        }
    }
}
