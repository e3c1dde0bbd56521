package org.secondsite.bgp.session;

import java.net.InetAddress;
import org.secondsite.bgp.wire.Prefix;

/**
 * Neighbours that are not known one by one: whoever connects from an address of the prefix is one for as long as it is
 * connected, and held down behind that if its template says so; it keeps its place meanwhile. We never connect to them.
 *
 * @param prefix where they are
 * @param template what all of them have; its address only says which IP version they are of
 * @param maximum how many may be connected at a time; more are refused
 */
public record NeighborRange(Prefix prefix, NeighborSettings template, int maximum) {
    /**
     * Checks the ranges.
     *
     * @throws IllegalArgumentException if {@code maximum} is not positive, or the template is of another IP version
     */
    public NeighborRange {
        if (maximum < 1) {
            throw new IllegalArgumentException("maximum is not positive");
        }
        if (template.address().getClass() != prefix.address().getClass()) {
            throw new IllegalArgumentException("the template is of another IP version than " + prefix);
        }
    }

    /** Neighbours of the prefix that name this AS. */
    public static NeighborRange of(Prefix prefix, long remoteAs, int maximum) {
        return new NeighborRange(prefix, NeighborSettings.of(prefix.address(), remoteAs), maximum);
    }

    /** The same with other settings of its neighbours. */
    public NeighborRange withTemplate(NeighborSettings changed) {
        return new NeighborRange(prefix, changed, maximum);
    }

    /** The neighbour with this address. */
    public NeighborSettings neighbor(InetAddress address) {
        return template.withAddress(address).withPassive(true);
    }
}
