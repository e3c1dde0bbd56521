package org.secondsite.bgp.session;

import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.util.ArrayList;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.TreeSet;
import org.secondsite.bgp.decision.PeerOrder;
import org.secondsite.bgp.session.NeighborAspect.Effect;

/**
 * What it takes to go from a speaker's settings to other ones while it runs. Neighbours that are in none of the lists are not
 * touched: their sessions stand.
 *
 * @param added neighbours to begin with
 * @param removed neighbours whose sessions end with a Cease, Peer De-configured (RFC 4486)
 * @param altered neighbours of which something is different
 * @param opened where connections are accepted from now on
 * @param closed where none are accepted any more; sessions that came in there stand
 */
public record SpeakerChanges(
        List<NeighborSettings> added,
        List<InetAddress> removed,
        List<Alteration> altered,
        Set<InetSocketAddress> opened,
        Set<InetSocketAddress> closed) {
    /** Copies the collections. */
    public SpeakerChanges {
        added = List.copyOf(added);
        removed = List.copyOf(removed);
        altered = List.copyOf(altered);
        opened = Set.copyOf(opened);
        closed = Set.copyOf(closed);
    }

    /**
     * A neighbour of which something is different.
     *
     * @param to its settings from now on
     * @param aspects what is different, at least one thing
     */
    public record Alteration(NeighborSettings from, NeighborSettings to, Set<NeighborAspect> aspects) {
        /** Copies the set. */
        public Alteration {
            aspects = Set.copyOf(aspects);
        }

        /** Whether one of the differences takes this. */
        public boolean has(Effect effect) {
            return aspects.stream().anyMatch(aspect -> aspect.effect() == effect);
        }

        /** Whether the session ends, and a new one begins. */
        public boolean resets() {
            return has(Effect.RESET);
        }
    }

    /**
     * The difference.
     *
     * @param connected neighbours of ranges ({@link NeighborRange}) that are there now
     */
    public static SpeakerChanges between(SpeakerSettings before, SpeakerSettings after, Set<InetAddress> connected) {
        Set<InetAddress> known = new TreeSet<>(PeerOrder.BY_ADDRESS_AND_INTERFACE);
        known.addAll(connected);
        before.neighbors().forEach(neighbor -> known.add(neighbor.address()));
        List<InetAddress> removed = new ArrayList<>();
        List<Alteration> altered = new ArrayList<>();
        for (InetAddress address : known) {
            NeighborSettings was = before.neighbor(address).orElseThrow();
            Optional<NeighborSettings> is = after.neighbor(address);
            if (is.isEmpty()) {
                removed.add(address);
                continue;
            }
            Set<NeighborAspect> aspects = NeighborAspect.differences(before, was, after, is.get());
            if (!aspects.isEmpty()) {
                altered.add(new Alteration(was, is.get(), aspects));
            }
        }
        List<NeighborSettings> added = after.neighbors().stream()
                .filter(neighbor -> known.stream().noneMatch(neighbor::isAt))
                .toList();
        return new SpeakerChanges(
                added,
                removed,
                altered,
                without(after.listenAddresses(), before.listenAddresses()),
                without(before.listenAddresses(), after.listenAddresses()));
    }

    /** The sessions that this ends, for good or to begin anew. */
    public Set<InetAddress> ended() {
        Set<InetAddress> ended = new TreeSet<>(PeerOrder.BY_ADDRESS_AND_INTERFACE);
        ended.addAll(removed);
        altered.stream()
                .filter(Alteration::resets)
                .forEach(alteration -> ended.add(alteration.from().address()));
        return ended;
    }

    /** Whether nothing is different. */
    public boolean isEmpty() {
        return added.isEmpty() && removed.isEmpty() && altered.isEmpty() && opened.isEmpty() && closed.isEmpty();
    }

    private static Set<InetSocketAddress> without(List<InetSocketAddress> these, List<InetSocketAddress> those) {
        Set<InetSocketAddress> left = new LinkedHashSet<>(these);
        those.forEach(left::remove);
        return left;
    }
}
