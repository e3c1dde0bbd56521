package org.secondsite.bgp.io;

import io.netty.channel.EventLoop;
import io.netty.channel.EventLoopGroup;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.util.Collection;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.function.Consumer;
import java.util.function.Supplier;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.secondsite.bgp.bfd.BfdAction;
import org.secondsite.bgp.bfd.BfdState;
import org.secondsite.bgp.decision.Candidate;
import org.secondsite.bgp.decision.DecisionStep;
import org.secondsite.bgp.decision.Followed;
import org.secondsite.bgp.decision.PeerOrder;
import org.secondsite.bgp.rib.ReceivedRoute;
import org.secondsite.bgp.rib.RouteAttributes;
import org.secondsite.bgp.rib.RouteTable;
import org.secondsite.bgp.session.NeighborSettings;
import org.secondsite.bgp.session.Rehearsal;
import org.secondsite.bgp.session.SessionStatus;
import org.secondsite.bgp.session.SpeakerChanges;
import org.secondsite.bgp.session.SpeakerListener;
import org.secondsite.bgp.session.SpeakerSettings;
import org.secondsite.bgp.wire.AddressFamily;
import org.secondsite.bgp.wire.BgpError;
import org.secondsite.bgp.wire.Nlri;
import org.secondsite.bgp.wire.NotificationMessage;
import org.secondsite.bgp.wire.PathAttributes;
import org.secondsite.bgp.wire.Prefix;
import org.secondsite.bgp.wire.RouteRefreshMessage;
import org.secondsite.bgp.wire.UpdateMessage;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * A BGP speaker: keeps a session to each neighbour and tells all of them the same desired set of routes.
 *
 * <p>One event loop thread owns every session, socket and timer; all public methods may be called from any thread and
 * return at once, except {@link #close}. Nothing is announced before the first {@link #advertise}.
 */
public final class BgpSpeaker implements AutoCloseable {
    /** The port that BGP is registered for. */
    public static final int BGP_PORT = SpeakerSettings.BGP_PORT;

    private static final Logger LOG = LoggerFactory.getLogger(BgpSpeaker.class);
    private static final long CLOSE_TIMEOUT_MS = 2000;
    private static final AtomicBoolean REHEARSED = new AtomicBoolean();

    private final EventLoopGroup group;
    private final EventLoop loop;
    private final SpeakerThreads threads;
    private final SpeakerListener listener;
    private final Neighborhood neighbors;
    private final Listeners listeners;
    private final Transport transport;
    private Optional<BfdEndpoint> bfd = Optional.empty();

    private BgpSpeaker(SpeakerSettings settings, SpeakerListener listener, SpeakerThreads threads) {
        this.listener = listener;
        this.threads = threads;
        this.group = threads.loop("bgp-" + settings.localAs());
        this.loop = group.next();
        this.transport = Transport.of(group);
        this.neighbors = new Neighborhood(settings, listener, loop, threads);
        this.listeners =
                new Listeners(group, channel -> neighbors.accept(channel, PeerChannel::refuse), threads::caught);
        neighbors.whenPassing(this::watchPassing);
    }

    /**
     * Listens and begins to connect to all neighbours.
     *
     * @throws IOException if an address cannot be listened on, or a neighbour is to have what only epoll's sockets can
     */
    public static BgpSpeaker open(SpeakerSettings settings, SpeakerListener listener) throws IOException {
        return open(settings, listener, SpeakerThreads.own());
    }

    /** The same on threads of the caller's. */
    public static BgpSpeaker open(SpeakerSettings settings, SpeakerListener listener, SpeakerThreads threads)
            throws IOException {
        BgpSpeaker speaker = new BgpSpeaker(settings, listener, threads);
        try {
            speaker.transport.require(settings);
            for (InetSocketAddress address : settings.listenAddresses()) {
                speaker.listeners.open(address, settings).get();
            }
            speaker.watchPaths(settings, List.of());
        } catch (ExecutionException e) {
            speaker.close();
            throw new IOException(e.getCause().getMessage(), e.getCause());
        } catch (InterruptedException e) {
            speaker.close();
            Thread.currentThread().interrupt();
            throw new IOException("interrupted", e);
        } catch (IOException e) {
            speaker.close();
            throw e;
        }
        speaker.loop.execute(() -> {
            speaker.neighbors.start();
            speaker.watchPassing(); // who has come since the first listener was open
        });
        return speaker;
    }

    /**
     * Plays two sessions in memory, once in a process, so that the first table is not the first that this virtual machine packs. For
     * who has a large table to tell and a second of processor time to spare before that; nothing depends on it.
     */
    public static void rehearse() {
        if (!REHEARSED.getAndSet(true)) {
            LOG.debug("bgp: {} routes were rehearsed", Rehearsal.play());
        }
    }

    /** What is set now. */
    public SpeakerSettings settings() {
        return neighbors.settings();
    }

    /**
     * Has the speaker be as these settings say, while the sessions stand of all neighbours of which nothing is different, or
     * nothing that needs a new session ({@link SpeakerChanges}, which also tells beforehand what would happen). A new
     * neighbour is told what was last told to all.
     *
     * @return what was changed; fails with an {@link IOException} if a socket cannot be had, and all else is changed
     *     nevertheless
     */
    public CompletableFuture<SpeakerChanges> change(SpeakerSettings wanted) {
        try {
            transport.require(wanted);
        } catch (IOException e) {
            return CompletableFuture.failedFuture(e);
        }
        return onLoop(() -> {
                    SpeakerSettings before = neighbors.settings();
                    // A neighbour's key has to be known before it connects, and is of no use before.
                    listeners.alter(before, wanted);
                    SpeakerChanges changes = neighbors.change(wanted);
                    changes.closed().forEach(listeners::close);
                    return changes;
                })
                // On the loop's thread, which may be in another network namespace than the caller's.
                .thenComposeAsync(
                        changes -> CompletableFuture.allOf(changes.opened().stream()
                                        .map(address -> listeners.open(address, wanted))
                                        .toArray(CompletableFuture<?>[]::new))
                                .thenApply(_ -> changes),
                        loop)
                .thenApplyAsync(
                        changes -> {
                            try {
                                watchPaths(wanted, neighbors.passing());
                                return changes;
                            } catch (IOException e) {
                                throw new CompletionException(e);
                            }
                        },
                        loop);
    }

    /** Runs it on the event loop; a defect is one of the loop, too. */
    private <T> CompletableFuture<T> onLoop(Supplier<T> task) {
        CompletableFuture<T> done = new CompletableFuture<>();
        loop.execute(() -> {
            try {
                done.complete(task.get());
            } catch (Throwable defect) {
                done.completeExceptionally(defect);
                throw defect;
            }
        });
        return done;
    }

    private CompletableFuture<Void> onLoop(Runnable task) {
        return onLoop(() -> {
            task.run();
            return null;
        });
    }

    /**
     * The whole of what every neighbour shall know from now on. Only the difference to what each has been told is sent;
     * after a session was lost, everything is sent again.
     */
    public void advertise(Map<Prefix, RouteAttributes> desired) {
        advertise(table(desired));
    }

    /** The same with a table that was made before, such as while nobody waited for it. */
    public void advertise(RouteTable desired) {
        loop.execute(() -> neighbors.advertise(desired, Map.of()));
    }

    /**
     * The same where some neighbours are to be told otherwise, also those that are none yet.
     *
     * @param others the whole of what each of them shall know
     */
    public void advertise(Map<Prefix, RouteAttributes> usual, Map<InetAddress, Map<Prefix, RouteAttributes>> others) {
        RouteTable table = table(usual);
        Map<InetAddress, RouteTable> tables = new TreeMap<>(PeerOrder.BY_ADDRESS_AND_INTERFACE);
        others.forEach((peer, routes) -> tables.put(peer, table(routes)));
        loop.execute(() -> neighbors.advertise(table, tables));
    }

    /** What one neighbour shall know, where neighbours are to be told different things. */
    public void advertise(InetAddress peer, Map<Prefix, RouteAttributes> desired) {
        NeighborDriver driver = driver(peer);
        RouteTable table = table(desired);
        loop.execute(() -> driver.advertise(table));
    }

    /** The same with a table that was made before. */
    void advertise(InetAddress peer, RouteTable desired) {
        NeighborDriver driver = driver(peer);
        loop.execute(() -> driver.advertise(desired));
    }

    private static RouteTable table(Map<Prefix, RouteAttributes> routes) {
        Map<Nlri, RouteAttributes> keyed = HashMap.newHashMap(routes.size());
        routes.forEach((prefix, attributes) -> keyed.put(Nlri.of(prefix), attributes));
        return RouteTable.of(keyed);
    }

    /** One prefix that every neighbour shall know from now on; costs no more than that, however many there are. */
    public void announce(Prefix prefix, RouteAttributes attributes) {
        Nlri route = Nlri.of(prefix);
        loop.execute(() -> neighbors.announce(route, attributes));
    }

    /** One prefix that no neighbour shall know any more. */
    public void withdraw(Prefix prefix) {
        Nlri route = Nlri.of(prefix);
        loop.execute(() -> neighbors.withdraw(route));
    }

    /**
     * Routes of any family that one neighbour shall know from now on, in place of what it was told of them before.
     *
     * @return completes when the change is made; what is sent for it may still wait for the neighbour to read
     */
    public CompletableFuture<Void> announce(InetAddress peer, Map<Nlri, RouteAttributes> routes) {
        NeighborDriver driver = driver(peer);
        Map<Nlri, RouteAttributes> frozen = new LinkedHashMap<>(routes);
        return onLoop(() -> driver.announce(frozen));
    }

    /** Routes that one neighbour shall not know any more; completes when the change is made. */
    public CompletableFuture<Void> withdraw(InetAddress peer, Collection<Nlri> routes) {
        NeighborDriver driver = driver(peer);
        List<Nlri> frozen = List.copyOf(routes);
        return onLoop(() -> driver.withdraw(frozen));
    }

    /** Both at once; the map and the list are not changed any more. */
    CompletableFuture<Void> change(InetAddress peer, Map<Nlri, RouteAttributes> announced, List<Nlri> withdrawn) {
        NeighborDriver driver = driver(peer);
        return onLoop(() -> {
            driver.announce(announced);
            driver.withdraw(withdrawn);
        });
    }

    /** The first routes are all known: lets End-of-RIB markers follow them, where the settings hold them back. */
    public void releaseEndOfRib() {
        loop.execute(neighbors::releaseEndOfRib);
    }

    /** Ends the session with the notification, and leaves it down, also for the peer's attempts, until it is enabled. */
    public void disable(InetAddress peer, NotificationMessage notification, String reason) {
        NeighborDriver driver = driver(peer);
        loop.execute(() -> driver.disable(notification, reason));
    }

    /** Lets a session come up again that was disabled, or ended by a prefix limit. */
    public void enable(InetAddress peer) {
        NeighborDriver driver = driver(peer);
        loop.execute(driver::start);
    }

    /**
     * Asks all neighbours to prefer other ways from now on, before a planned end (RFC 8326): every route carries
     * GRACEFUL_SHUTDOWN, now and later, until this is taken back.
     */
    public void retire(boolean yes) {
        loop.execute(() -> neighbors.retire(yes));
    }

    /** Ends the session with the notification; it comes back by itself after the idle hold time. */
    public void reset(InetAddress peer, NotificationMessage notification, String reason) {
        NeighborDriver driver = driver(peer);
        loop.execute(() -> driver.reset(notification, reason));
    }

    /** Sends an End-of-RIB marker of the family after the routes that are due (RFC 4724 §2). */
    public void endOfRib(InetAddress peer, AddressFamily family) {
        NeighborDriver driver = driver(peer);
        loop.execute(() -> driver.mark(UpdateMessage.endOfRib(family)));
    }

    /** Asks the peer to send its routes of the family again (RFC 2918). */
    public void requestRefresh(InetAddress peer, AddressFamily family) {
        NeighborDriver driver = driver(peer);
        loop.execute(() -> driver.mark(new RouteRefreshMessage(family, RouteRefreshMessage.REQUEST)));
    }

    /** Tells the peer everything again. */
    public void resend(InetAddress peer) {
        NeighborDriver driver = driver(peer);
        loop.execute(driver::resend);
    }

    /** A picture of each session. */
    public CompletableFuture<List<SessionStatus>> status() {
        return onLoop(() -> neighbors.all().stream().map(NeighborDriver::status).toList());
    }

    /** What the peer has been told. */
    public CompletableFuture<Map<Nlri, PathAttributes>> sentRoutes(InetAddress peer) {
        NeighborDriver driver = driver(peer);
        return onLoop(driver::sentRoutes);
    }

    /** What the peer has announced. */
    public CompletableFuture<List<ReceivedRoute>> receivedRoutes(InetAddress peer) {
        NeighborDriver driver = driver(peer);
        return onLoop(driver::receivedRoutes);
    }

    /** The best route to each destination of what neighbours announce and import policies let in (the Loc-RIB). */
    public CompletableFuture<List<Candidate>> bestRoutes() {
        return onLoop(() -> neighbors.crossroads().best());
    }

    /** All routes of the Loc-RIB to the prefix, the best one first. */
    public CompletableFuture<List<Candidate>> candidates(Prefix prefix) {
        return onLoop(() -> DecisionStep.ranked(neighbors.crossroads().candidates(Nlri.of(prefix))));
    }

    /**
     * Follows the ways to these destinations in the Loc-RIB, and to no others from now on: for one that routes of this machine are to
     * follow. Nothing more is told once none is followed.
     *
     * @param told hears on the speaker's thread of each destination to which there is a way, and of each to which the ways are others
     */
    public CompletableFuture<Void> follow(Collection<Prefix> destinations, Consumer<Followed.Ways> told) {
        List<Prefix> copy = List.copyOf(destinations);
        return onLoop(() -> neighbors.crossroads().follow(copy, told));
    }

    /** The addresses that are listened on, with the real port where 0 was asked for. */
    public List<InetSocketAddress> listening() {
        return listeners.addresses();
    }

    /** Ends all sessions with a Cease, Administrative Shutdown, that carries the text (RFC 9003), and stops. */
    public void close(String communication) {
        NotificationMessage notification =
                NotificationMessage.withCommunication(BgpError.ADMINISTRATIVE_SHUTDOWN, communication);
        try {
            CompletableFuture.completedFuture(notification)
                    .thenComposeAsync(last -> shutdown(last, communication), loop)
                    .orTimeout(CLOSE_TIMEOUT_MS, TimeUnit.MILLISECONDS)
                    .join();
        } catch (CompletionException e) {
            LOG.warn("bgp: sessions did not end in time: {}", e.getCause().toString());
        }
        // After the sessions: some routers take even AdminDown for a failure, and would not hear the reason.
        synchronized (this) {
            bfd.ifPresent(BfdEndpoint::close);
        }
        group.shutdownGracefully(0, CLOSE_TIMEOUT_MS, TimeUnit.MILLISECONDS)
                .awaitUninterruptibly(CLOSE_TIMEOUT_MS, TimeUnit.MILLISECONDS);
    }

    /** Ends all sessions with a Cease and stops; within four seconds whatever the peers do. A second call does nothing. */
    @Override
    public void close() {
        if (!group.isShuttingDown()) {
            close("speaker stops");
        }
    }

    private CompletableFuture<Void> shutdown(NotificationMessage notification, String reason) {
        listeners.closeAll();
        return CompletableFuture.allOf(neighbors.all().stream()
                .map(driver -> driver.shutdown(notification, reason))
                .toArray(CompletableFuture<?>[]::new));
    }

    private synchronized void watchPaths(SpeakerSettings settings, List<NeighborSettings> passing) throws IOException {
        List<BfdEndpoint.Peer> peers = Stream.concat(settings.neighbors().stream(), passing.stream())
                .flatMap(neighbor -> path(neighbor).stream())
                .toList();
        Set<InetSocketAddress> doors = settings.ranges().stream()
                .flatMap(range -> path(range.template()).stream())
                .map(BfdEndpoint.Peer::door)
                .collect(Collectors.toSet());
        if (bfd.isPresent()) {
            bfd.get().watch(peers, doors);
        } else if (!peers.isEmpty() || !doors.isEmpty()) {
            bfd = Optional.of(BfdEndpoint.open(
                    peers,
                    doors,
                    (peer, change, nanoTime) -> loop.execute(() -> pathChanged(peer, change, nanoTime)),
                    threads));
        }
    }

    private static Optional<BfdEndpoint.Peer> path(NeighborSettings neighbor) {
        return neighbor.options()
                .bfd()
                .map(how -> new BfdEndpoint.Peer(
                        neighbor.address(),
                        Optional.ofNullable(neighbor.localAddress()),
                        neighbor.options().device(),
                        how));
    }

    /** On the loop: who has come by a range is watched while he is there. */
    private void watchPassing() {
        try {
            watchPaths(neighbors.settings(), neighbors.passing());
        } catch (IOException e) {
            LOG.error("bgp: the path of a neighbour is not watched: {}", e.getMessage());
        }
    }

    private void pathChanged(InetAddress peer, BfdAction.Changed change, long nanoTime) {
        if (change.to() == BfdState.UP || change.from() == BfdState.UP) {
            listener.bfd(peer, change.to() == BfdState.UP, change.reason(), nanoTime);
        }
        if (change.isFailure()) {
            neighbors
                    .find(peer)
                    .ifPresent(driver ->
                            driver.reset(NotificationMessage.of(BgpError.BFD_DOWN), "BFD: " + change.reason()));
        }
    }

    private NeighborDriver driver(InetAddress peer) {
        return neighbors
                .find(peer)
                .orElseThrow(() -> new IllegalArgumentException(peer.getHostAddress() + " is no neighbour"));
    }
}
