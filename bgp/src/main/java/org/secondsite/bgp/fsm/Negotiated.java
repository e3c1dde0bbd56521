package org.secondsite.bgp.fsm;

import java.net.Inet4Address;
import org.secondsite.bgp.wire.OpenMessage;
import org.secondsite.bgp.wire.SessionTraits;

/**
 * What the two OPEN messages settled.
 *
 * @param traits the form of messages from now on
 * @param holdTimeSeconds the smaller of both offers; 0: no keepalives
 * @param routeRefresh whether the peer takes ROUTE-REFRESH (RFC 2918)
 * @param enhancedRouteRefresh whether it takes the marks of RFC 7313
 * @param peerOpen the peer's OPEN
 */
public record Negotiated(
        SessionTraits traits,
        int holdTimeSeconds,
        boolean routeRefresh,
        boolean enhancedRouteRefresh,
        OpenMessage peerOpen) {
    /** The peer's BGP identifier. */
    public Inet4Address peerRouterId() {
        return peerOpen.routerId();
    }
}
