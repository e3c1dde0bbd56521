package org.secondsite.bgp.io;

import io.netty.channel.EventLoop;
import io.netty.channel.socket.SocketChannel;
import java.io.IOException;
import java.net.Inet6Address;
import java.net.InetAddress;
import java.net.NetworkInterface;
import java.util.Collection;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.concurrent.ConcurrentSkipListMap;
import java.util.function.Consumer;
import org.secondsite.bgp.decision.PeerOrder;
import org.secondsite.bgp.rib.RouteAttributes;
import org.secondsite.bgp.rib.RouteTable;
import org.secondsite.bgp.rib.WantedRoutes;
import org.secondsite.bgp.session.NeighborAspect;
import org.secondsite.bgp.session.NeighborRange;
import org.secondsite.bgp.session.NeighborSettings;
import org.secondsite.bgp.session.SpeakerChanges;
import org.secondsite.bgp.session.SpeakerListener;
import org.secondsite.bgp.session.SpeakerSettings;
import org.secondsite.bgp.wire.BgpError;
import org.secondsite.bgp.wire.Nlri;
import org.secondsite.bgp.wire.NotificationMessage;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The neighbours of a speaker, those that come and go too, and what all of them shall be told. Everything but the look-up is
 * for the event loop.
 */
final class Neighborhood {
    private static final Logger LOG = LoggerFactory.getLogger(Neighborhood.class);

    private final SpeakerListener listener;
    private final EventLoop loop;
    private final LineLimit strangers = new LineLimit(LOG);
    private final LineLimit tooMany = new LineLimit(LOG);
    private final SpeakerThreads threads;
    private final Map<InetAddress, NeighborDriver> drivers =
            new ConcurrentSkipListMap<>(PeerOrder.BY_ADDRESS_AND_INTERFACE);
    /** Those of ranges. */
    private final Set<InetAddress> passing = new TreeSet<>(PeerOrder.BY_ADDRESS_AND_INTERFACE);

    private final WantedRoutes common = new WantedRoutes();
    /** Of neighbours that are told otherwise. */
    private Map<InetAddress, RouteTable> others = Map.of();

    private final Crossroads crossroads;
    private volatile SpeakerSettings settings;
    private Runnable passed = () -> {};
    private boolean retiring;
    private boolean firstRoutesKnown;

    /** Nobody is spoken to before {@link #start}. */
    Neighborhood(SpeakerSettings settings, SpeakerListener listener, EventLoop loop, SpeakerThreads threads) {
        this.settings = settings;
        this.listener = listener;
        this.loop = loop;
        this.threads = threads;
        this.crossroads = new Crossroads(loop, this::find);
        settings.neighbors().forEach(neighbor -> drivers.put(neighbor.address(), driver(neighbor)));
    }

    private NeighborDriver driver(NeighborSettings neighbor) {
        crossroads.add(settings, neighbor);
        return new NeighborDriver(settings, neighbor, listener, loop, threads, crossroads);
    }

    /** Will be called whenever a neighbour of a range has come or gone. */
    void whenPassing(Runnable action) {
        passed = action;
    }

    /** The settings of those of ranges who are there. */
    List<NeighborSettings> passing() {
        return passing.stream().map(peer -> drivers.get(peer).settings()).toList();
    }

    /** What is set now. Any thread. */
    SpeakerSettings settings() {
        return settings;
    }

    /** The neighbour, if it is one. Any thread. */
    Optional<NeighborDriver> find(InetAddress peer) {
        return Optional.ofNullable(drivers.get(key(peer)));
    }

    /** As what it is known: a link-local address without its interface, if that is how it was given. */
    private InetAddress key(InetAddress peer) {
        return drivers.containsKey(peer)
                ? peer
                : drivers.entrySet().stream()
                        .filter(known -> known.getValue().settings().isAt(peer))
                        .map(Map.Entry::getKey)
                        .findFirst()
                        .orElse(peer);
    }

    /** All neighbours. Any thread. */
    Collection<NeighborDriver> all() {
        return drivers.values();
    }

    void start() {
        drivers.values().forEach(NeighborDriver::start);
    }

    /** All are told this, but for some who are told otherwise, now and when they come to be neighbours. */
    void advertise(RouteTable usual, Map<InetAddress, RouteTable> toSome) {
        common.replace(usual);
        others = new TreeMap<>(PeerOrder.BY_ADDRESS_AND_INTERFACE);
        others.putAll(toSome);
        drivers.forEach((peer, driver) -> driver.advertise(others.getOrDefault(peer, usual)));
    }

    void announce(Nlri route, RouteAttributes attributes) {
        common.announce(route, attributes);
        Map<Nlri, RouteAttributes> one = Map.of(route, attributes);
        drivers.values().forEach(driver -> driver.announce(one));
    }

    void withdraw(Nlri route) {
        common.withdraw(route);
        drivers.values().forEach(driver -> driver.withdraw(List.of(route)));
    }

    void releaseEndOfRib() {
        firstRoutesKnown = true;
        drivers.values().forEach(NeighborDriver::releaseEndOfRib);
    }

    void retire(boolean yes) {
        retiring = yes;
        drivers.values().forEach(driver -> driver.retire(yes));
    }

    /** Has the neighbours be as these settings say; those of which nothing is different are not touched. */
    SpeakerChanges change(SpeakerSettings after) {
        SpeakerChanges changes = SpeakerChanges.between(settings, after, passing);
        settings = after;
        changes.removed().forEach(peer -> remove(peer, BgpError.PEER_DE_CONFIGURED, "is no neighbour any more"));
        for (SpeakerChanges.Alteration alteration : changes.altered()) {
            LOG.info("bgp {}: changed: {}", alteration.to().address().getHostAddress(), alteration.aspects());
            if (alteration.resets()) {
                replace(alteration.to());
            } else {
                alter(alteration);
            }
        }
        changes.added()
                .forEach(neighbor -> add(neighbor, told(neighbor.address())).start());
        after.neighbors().forEach(this::stay);
        return changes;
    }

    /** What a new neighbour is told. */
    private WantedRoutes told(InetAddress peer) {
        RouteTable own = others.get(peer);
        if (own == null) {
            return common;
        }
        WantedRoutes told = new WantedRoutes();
        told.replace(own);
        return told;
    }

    private void alter(SpeakerChanges.Alteration alteration) {
        NeighborDriver driver = drivers.get(key(alteration.from().address()));
        driver.alter(alteration.to());
        if (alteration.aspects().contains(NeighborAspect.POLICIES)) {
            crossroads.alter(settings, alteration.to(), driver.source(), driver.receivedRoutes());
        }
    }

    /** What is best of what neighbours announce. */
    Crossroads crossroads() {
        return crossroads;
    }

    /** It was one of a range, and is one by itself now. */
    private void stay(NeighborSettings neighbor) {
        List<InetAddress> same = passing.stream().filter(neighbor::isAt).toList();
        for (InetAddress peer : same) {
            passing.remove(peer);
            drivers.get(peer).whenParted(() -> {});
        }
    }

    private NeighborDriver add(NeighborSettings neighbor, WantedRoutes told) {
        NeighborDriver driver = driver(neighbor);
        drivers.put(neighbor.address(), driver);
        driver.advertise(told);
        if (firstRoutesKnown) {
            driver.releaseEndOfRib();
        }
        driver.retire(retiring);
        return driver;
    }

    private void replace(NeighborSettings neighbor) {
        NeighborDriver before = drivers.get(key(neighbor.address()));
        boolean started = before.isStarted();
        boolean comesAgain = passing.contains(neighbor.address())
                && settings.neighbors().stream().noneMatch(one -> one.address().equals(neighbor.address()));
        remove(neighbor.address(), BgpError.OTHER_CONFIGURATION_CHANGE, "its configuration has changed");
        if (comesAgain) {
            return;
        }
        NeighborDriver driver = add(neighbor, before.wanted());
        if (started) {
            driver.start();
        }
    }

    private void remove(InetAddress peer, BgpError error, String reason) {
        passing.remove(peer);
        var _ = drivers.remove(key(peer)).shutdown(NotificationMessage.of(error), reason);
        crossroads.remove(peer);
    }

    /** Takes a connection of a neighbour, also of one that is none before it connects; refuses others. */
    void accept(SocketChannel channel, Consumer<SocketChannel> refuse) {
        InetAddress peer = scoped(channel.remoteAddress().getAddress());
        Optional<NeighborDriver> known = find(peer);
        if (known.isPresent()) {
            known.get().accept(channel);
            return;
        }
        Optional<NeighborRange> range = settings.range(peer);
        if (range.isEmpty()) {
            strangers.warn("bgp: refused a connection from {}, which is no neighbour", peer.getHostAddress());
            refuse.accept(channel);
        } else if (passing(range.get()) >= range.get().maximum()) {
            tooMany.warn(
                    "bgp: refused a connection from {}: {} neighbours of {} are connected",
                    peer.getHostAddress(),
                    range.get().maximum(),
                    range.get().prefix());
            refuse.accept(channel);
        } else {
            passing.add(peer);
            NeighborDriver newcomer = add(range.get().neighbor(peer), told(peer));
            newcomer.start();
            newcomer.accept(channel);
            newcomer.whenParted(() -> loop.execute(() -> part(peer, newcomer)));
            passed.run();
        }
    }

    /** A link-local address with the name of its interface. */
    private static InetAddress scoped(InetAddress peer) {
        if (!(peer instanceof Inet6Address link) || !link.isLinkLocalAddress() || link.getScopeId() == 0) {
            return peer;
        }
        try {
            return Inet6Address.getByAddress(null, link.getAddress(), NetworkInterface.getByIndex(link.getScopeId()));
        } catch (IOException e) {
            LOG.debug("bgp {}: its interface has no name: {}", peer.getHostAddress(), e.getMessage());
            return peer;
        }
    }

    private long passing(NeighborRange range) {
        return passing.stream()
                .filter(peer -> settings.range(peer).equals(Optional.of(range)))
                .count();
    }

    private void part(InetAddress peer, NeighborDriver driver) {
        if (passing.contains(peer) && drivers.get(peer) == driver && driver.hasParted()) {
            remove(peer, BgpError.PEER_DE_CONFIGURED, "has parted");
            passed.run();
        }
    }
}
