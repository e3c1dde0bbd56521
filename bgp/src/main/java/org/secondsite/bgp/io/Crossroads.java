package org.secondsite.bgp.io;

import io.netty.channel.EventLoop;
import java.net.InetAddress;
import java.util.Collection;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.Consumer;
import java.util.function.Function;
import org.secondsite.bgp.decision.Candidate;
import org.secondsite.bgp.decision.Crossing;
import org.secondsite.bgp.decision.Followed;
import org.secondsite.bgp.rib.AdjRibIn;
import org.secondsite.bgp.rib.ReceivedRoute;
import org.secondsite.bgp.session.NeighborSettings;
import org.secondsite.bgp.session.SpeakerSettings;
import org.secondsite.bgp.wire.Nlri;
import org.secondsite.bgp.wire.Prefix;

/**
 * Carries routes from neighbours to neighbours as the {@link Crossing} says. All methods are for the event loop; a neighbour is
 * told later on it, because the session that a route comes from is in the middle of its work.
 */
final class Crossroads {
    private final Crossing crossing = new Crossing();
    private final EventLoop loop;
    private final Function<InetAddress, Optional<NeighborDriver>> drivers;
    private final Followed followed = new Followed();
    private Consumer<Followed.Ways> follower = ways -> {};

    Crossroads(EventLoop loop, Function<InetAddress, Optional<NeighborDriver>> drivers) {
        this.loop = loop;
        this.drivers = drivers;
    }

    private static Crossing.End end(SpeakerSettings speaker, NeighborSettings neighbor) {
        long localAs = neighbor.options().localAs().orElse(speaker.localAs());
        return new Crossing.End(
                neighbor.remoteAs() != localAs, localAs, neighbor.options().policies());
    }

    void add(SpeakerSettings speaker, NeighborSettings neighbor) {
        tell(crossing.add(neighbor.address(), end(speaker, neighbor)));
    }

    /**
     * Other policies hold for the neighbour.
     *
     * @param source as which it was known, if its session stands
     * @param routes what it has announced
     */
    void alter(
            SpeakerSettings speaker,
            NeighborSettings neighbor,
            Optional<Candidate.Source> source,
            List<ReceivedRoute> routes) {
        add(speaker, neighbor);
        source.ifPresent(known -> tell(crossing.received(known, routes, List.of())));
    }

    void remove(InetAddress peer) {
        tell(crossing.remove(peer));
    }

    void received(Candidate.Source source, AdjRibIn.Changes changes) {
        tell(crossing.received(source, changes.announced(), changes.withdrawn()));
    }

    void lost(InetAddress peer) {
        tell(crossing.down(peer));
    }

    /** The best routes of the Loc-RIB. */
    List<Candidate> best() {
        return crossing.rib().best();
    }

    /** All routes of the Loc-RIB to one destination. */
    List<Candidate> candidates(Nlri destination) {
        return crossing.rib().candidates(destination);
    }

    /** The ways to these destinations are told now, and whenever they are others. */
    void follow(Collection<Prefix> destinations, Consumer<Followed.Ways> told) {
        follower = told;
        followed.follow(destinations, crossing.rib()).forEach(follower);
    }

    private void tell(Map<InetAddress, Crossing.Told> all) {
        followed.look(crossing.rib()).forEach(follower);
        if (!all.isEmpty()) {
            loop.execute(
                    () -> all.forEach((peer, told) -> drivers.apply(peer).ifPresent(driver -> driver.passOn(told))));
        }
    }
}
