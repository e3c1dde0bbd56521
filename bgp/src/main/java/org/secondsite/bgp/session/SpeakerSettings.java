package org.secondsite.bgp.session;

import java.net.Inet4Address;
import java.net.Inet6Address;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Optional;
import java.util.stream.Stream;
import org.secondsite.bgp.wire.Prefix;

/**
 * One speaker.
 *
 * @param localAs our AS, 1 to 2^32 - 1
 * @param routerId our BGP identifier
 * @param neighbors those that we talk to; everybody else is refused
 * @param ranges where further neighbours may connect from; those of {@code fe80::/10} are told apart by their interfaces
 * @param listen where to accept connections; an empty list: nowhere; absent: port 179 on every address of the IP versions
 *     that the neighbours have
 * @param endOfRibHeld whether no End-of-RIB is sent before the speaker is told that the first routes are all known
 */
public record SpeakerSettings(
        long localAs,
        Inet4Address routerId,
        List<NeighborSettings> neighbors,
        List<NeighborRange> ranges,
        Optional<List<InetSocketAddress>> listen,
        boolean endOfRibHeld) {
    /** The port that BGP is registered for. */
    public static final int BGP_PORT = 179;

    /**
     * Copies the lists.
     *
     * @throws IllegalArgumentException if two neighbours have the same address, or two ranges the same prefix and
     *     interface, or the same prefix at two interfaces with two keys: Linux keeps a key for addresses, wherever they are
     */
    public SpeakerSettings {
        neighbors = List.copyOf(neighbors);
        ranges = List.copyOf(ranges);
        listen = listen.map(List::copyOf);
        long distinct =
                neighbors.stream().map(NeighborSettings::address).distinct().count();
        if (distinct != neighbors.size()) {
            throw new IllegalArgumentException("two neighbours have the same address");
        }
        if (ranges.stream().map(SpeakerSettings::place).distinct().count() != ranges.size()) {
            throw new IllegalArgumentException("two ranges of neighbours have the same prefix at the same interface");
        }
        if (ranges.stream().map(SpeakerSettings::key).distinct().count()
                != ranges.stream().map(NeighborRange::prefix).distinct().count()) {
            throw new IllegalArgumentException("two ranges of neighbours have the same prefix and different keys");
        }
    }

    /** Listens on port 179, as a router does; needs the right to. */
    public SpeakerSettings(long localAs, Inet4Address routerId, List<NeighborSettings> neighbors) {
        this(localAs, routerId, neighbors, List.of(), Optional.empty(), false);
    }

    /** Speaks to these neighbours, and listens nowhere until {@link #withListen} says so. */
    public static SpeakerSettings of(long localAs, String routerId, NeighborSettings... neighbors) {
        if (!(Prefix.parseAddress(routerId) instanceof Inet4Address id)) {
            throw new IllegalArgumentException("a router id looks like an IPv4 address, not like " + routerId);
        }
        return new SpeakerSettings(localAs, id, List.of(neighbors), List.of(), Optional.of(List.of()), false);
    }

    /** The same, listening elsewhere; on an empty list not at all. */
    public SpeakerSettings withListen(List<InetSocketAddress> addresses) {
        return new SpeakerSettings(localAs, routerId, neighbors, ranges, Optional.of(addresses), endOfRibHeld);
    }

    /** The same with other neighbours. */
    public SpeakerSettings withNeighbors(List<NeighborSettings> changed) {
        return new SpeakerSettings(localAs, routerId, changed, ranges, listen, endOfRibHeld);
    }

    /** The same with this neighbour, in place of one with its address. */
    public SpeakerSettings withNeighbor(NeighborSettings neighbor) {
        List<NeighborSettings> changed =
                new ArrayList<>(withoutNeighbor(neighbor.address()).neighbors());
        changed.add(neighbor);
        return withNeighbors(changed);
    }

    /** The same without the neighbour. */
    public SpeakerSettings withoutNeighbor(InetAddress address) {
        return withNeighbors(neighbors.stream()
                .filter(neighbor -> !neighbor.address().equals(address))
                .toList());
    }

    /** The same with other ranges of neighbours. */
    public SpeakerSettings withRanges(List<NeighborRange> changed) {
        return new SpeakerSettings(localAs, routerId, neighbors, changed, listen, endOfRibHeld);
    }

    /** The same, with End-of-RIB markers held until {@link org.secondsite.bgp.io.BgpSpeaker#releaseEndOfRib}. */
    public SpeakerSettings withEndOfRibHeld() {
        return new SpeakerSettings(localAs, routerId, neighbors, ranges, listen, true);
    }

    /** The neighbour with this address: one by itself, or one of a range. */
    public Optional<NeighborSettings> neighbor(InetAddress address) {
        return neighbors.stream()
                .filter(neighbor -> neighbor.isAt(address))
                .findFirst()
                .or(() -> range(address).map(range -> range.neighbor(address)));
    }

    private static List<Object> place(NeighborRange range) {
        return List.of(range.prefix(), range.template().options().device());
    }

    private static List<Object> key(NeighborRange range) {
        return List.of(range.prefix(), range.template().md5Password());
    }

    /** The narrowest range that the address lies in. */
    public Optional<NeighborRange> range(InetAddress address) {
        return ranges.stream()
                .filter(range ->
                        range.prefix().contains(address) && range.template().comesBy(address))
                .max(Comparator.comparingInt(range -> range.prefix().length()));
    }

    /** Where connections are accepted. */
    public List<InetSocketAddress> listenAddresses() {
        return listen.orElseGet(() -> {
            List<InetAddress> peers = Stream.concat(
                            neighbors.stream().map(NeighborSettings::address),
                            ranges.stream().map(range -> range.prefix().address()))
                    .toList();
            List<InetSocketAddress> wildcards = new ArrayList<>();
            if (peers.stream().anyMatch(Inet4Address.class::isInstance)) {
                wildcards.add(new InetSocketAddress(Prefix.parseAddress("0.0.0.0"), BGP_PORT));
            }
            if (peers.stream().anyMatch(Inet6Address.class::isInstance)) {
                wildcards.add(new InetSocketAddress(Prefix.parseAddress("::"), BGP_PORT));
            }
            return wildcards;
        });
    }
}
