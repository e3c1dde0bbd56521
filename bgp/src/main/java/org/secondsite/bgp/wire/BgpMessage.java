package org.secondsite.bgp.wire;

/** One BGP message (RFC 4271 §4). */
public sealed interface BgpMessage
        permits OpenMessage, UpdateMessage, NotificationMessage, KeepaliveMessage, RouteRefreshMessage {
    /** Octets of the header that every message begins with. */
    int HEADER_OCTETS = 19;
    /** Largest message without RFC 8654. */
    int MAX_OCTETS = 4096;
    /** Largest message with RFC 8654, except OPEN and KEEPALIVE. */
    int EXTENDED_MAXIMUM_OCTETS = 65535;

    /** The type octet: 1 OPEN, 2 UPDATE, 3 NOTIFICATION, 4 KEEPALIVE, 5 ROUTE-REFRESH. */
    int typeCode();
}
