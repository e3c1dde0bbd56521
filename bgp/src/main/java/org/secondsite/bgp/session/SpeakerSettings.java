package org.secondsite.bgp.session;

import java.net.Inet4Address;
import java.net.InetSocketAddress;
import java.util.List;
import java.util.Optional;
import org.secondsite.bgp.wire.Prefix;

/**
 * One speaker.
 *
 * @param localAs our AS, 1 to 2^32 - 1
 * @param routerId our BGP identifier
 * @param neighbors those that we talk to; everybody else is refused
 * @param listen where to accept connections; an empty list: nowhere; absent: port 179 on every address of the IP versions
 *     that the neighbours have
 * @param endOfRibHeld whether no End-of-RIB is sent before the speaker is told that the first routes are all known
 */
public record SpeakerSettings(
        long localAs,
        Inet4Address routerId,
        List<NeighborSettings> neighbors,
        Optional<List<InetSocketAddress>> listen,
        boolean endOfRibHeld) {
    /**
     * Copies the lists.
     *
     * @throws IllegalArgumentException if two neighbours have the same address
     */
    public SpeakerSettings {
        neighbors = List.copyOf(neighbors);
        listen = listen.map(List::copyOf);
        long distinct =
                neighbors.stream().map(NeighborSettings::address).distinct().count();
        if (distinct != neighbors.size()) {
            throw new IllegalArgumentException("two neighbours have the same address");
        }
    }

    /** Listens on port 179, as a router does; needs the right to. */
    public SpeakerSettings(long localAs, Inet4Address routerId, List<NeighborSettings> neighbors) {
        this(localAs, routerId, neighbors, Optional.empty(), false);
    }

    /** Speaks to these neighbours, and listens nowhere until {@link #withListen} says so. */
    public static SpeakerSettings of(long localAs, String routerId, NeighborSettings... neighbors) {
        if (!(Prefix.parseAddress(routerId) instanceof Inet4Address id)) {
            throw new IllegalArgumentException("a router id looks like an IPv4 address, not like " + routerId);
        }
        return new SpeakerSettings(localAs, id, List.of(neighbors), Optional.of(List.of()), false);
    }

    /** The same, listening elsewhere; on an empty list not at all. */
    public SpeakerSettings withListen(List<InetSocketAddress> addresses) {
        return new SpeakerSettings(localAs, routerId, neighbors, Optional.of(addresses), endOfRibHeld);
    }

    /** The same, with End-of-RIB markers held until {@link org.secondsite.bgp.io.BgpSpeaker#releaseEndOfRib}. */
    public SpeakerSettings withEndOfRibHeld() {
        return new SpeakerSettings(localAs, routerId, neighbors, listen, true);
    }
}
