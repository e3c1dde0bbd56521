package org.secondsite.bgp.rib;

/** Why a route of a sound message was not taken. */
public enum RouteRefusal {
    /** Our AS stands in its path (RFC 4271 §9.1.2). */
    LOOP("our AS is in the path"),
    /** Its next hop is an address of ours (RFC 4271 §6.3). */
    OWN_NEXT_HOP("the next hop is our own address"),
    /** Its next hop is unspecified, loopback, multicast or broadcast (RFC 4271 §6.3). */
    IMPOSSIBLE_NEXT_HOP("the next hop is no host's address"),
    /** We are its originator (RFC 4456 §8). */
    REFLECTED("it is a route of ours that was reflected"),
    /** The neighbour has as many routes as it may. */
    OVER_LIMIT("the neighbour has more prefixes than it may");

    private final String text;

    RouteRefusal(String text) {
        this.text = text;
    }

    /** The reason in words. */
    public String text() {
        return text;
    }
}
