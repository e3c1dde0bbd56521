package org.secondsite.bgp.io;

import io.netty.bootstrap.ServerBootstrap;
import io.netty.channel.Channel;
import io.netty.channel.ChannelInitializer;
import io.netty.channel.EventLoop;
import io.netty.channel.EventLoopGroup;
import io.netty.channel.MultiThreadIoEventLoopGroup;
import io.netty.channel.epoll.EpollIoHandler;
import io.netty.channel.socket.SocketChannel;
import io.netty.util.concurrent.DefaultThreadFactory;
import java.io.IOException;
import java.net.Inet4Address;
import java.net.Inet6Address;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.util.ArrayList;
import java.util.Collection;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.TimeUnit;
import org.secondsite.bgp.bfd.BfdAction;
import org.secondsite.bgp.bfd.BfdState;
import org.secondsite.bgp.rib.ReceivedRoute;
import org.secondsite.bgp.rib.RouteAttributes;
import org.secondsite.bgp.session.NeighborSettings;
import org.secondsite.bgp.session.SessionStatus;
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
    public static final int BGP_PORT = 179;

    private static final Logger LOG = LoggerFactory.getLogger(BgpSpeaker.class);
    private static final int BACKLOG = 64;
    private static final long CLOSE_TIMEOUT_MS = 2000;

    private final SpeakerSettings settings;
    private final EventLoopGroup group;
    private final EventLoop loop;
    private final Map<InetAddress, NeighborDriver> drivers = new HashMap<>();
    private final List<Channel> servers = new ArrayList<>();
    private final SpeakerListener listener;
    private Optional<BfdEndpoint> bfd = Optional.empty();

    private BgpSpeaker(SpeakerSettings settings, SpeakerListener listener) {
        this.settings = settings;
        this.listener = listener;
        this.group = new MultiThreadIoEventLoopGroup(
                1, new DefaultThreadFactory("bgp-" + settings.localAs(), true), EpollIoHandler.newFactory());
        this.loop = group.next();
        for (NeighborSettings neighbor : settings.neighbors()) {
            drivers.put(neighbor.address(), new NeighborDriver(settings, neighbor, listener, loop));
        }
    }

    /**
     * Listens and begins to connect to all neighbours.
     *
     * @throws IOException if an address cannot be listened on
     */
    public static BgpSpeaker open(SpeakerSettings settings, SpeakerListener listener) throws IOException {
        BgpSpeaker speaker = new BgpSpeaker(settings, listener);
        try {
            for (InetSocketAddress address : speaker.listenAddresses()) {
                speaker.listen(address);
            }
            speaker.watchPaths();
        } catch (IOException e) {
            speaker.close();
            throw e;
        }
        speaker.loop.execute(() -> speaker.drivers.values().forEach(NeighborDriver::start));
        return speaker;
    }

    /**
     * The whole of what every neighbour shall know from now on. Only the difference to what each has been told is sent;
     * after a session was lost, everything is sent again.
     */
    public void advertise(Map<Prefix, RouteAttributes> desired) {
        Map<Nlri, RouteAttributes> frozen = keyed(desired);
        loop.execute(() -> drivers.values().forEach(driver -> driver.advertise(frozen)));
    }

    /** What one neighbour shall know, where neighbours are to be told different things. */
    public void advertise(InetAddress peer, Map<Prefix, RouteAttributes> desired) {
        NeighborDriver driver = driver(peer);
        Map<Nlri, RouteAttributes> frozen = keyed(desired);
        loop.execute(() -> driver.advertise(frozen));
    }

    private static Map<Nlri, RouteAttributes> keyed(Map<Prefix, RouteAttributes> routes) {
        Map<Nlri, RouteAttributes> keyed = HashMap.newHashMap(routes.size());
        routes.forEach((prefix, attributes) -> keyed.put(Nlri.of(prefix), attributes));
        return keyed;
    }

    /** One prefix that every neighbour shall know from now on; costs no more than that, however many there are. */
    public void announce(Prefix prefix, RouteAttributes attributes) {
        Map<Nlri, RouteAttributes> one = Map.of(Nlri.of(prefix), attributes);
        loop.execute(() -> drivers.values().forEach(driver -> driver.announce(one)));
    }

    /** One prefix that no neighbour shall know any more. */
    public void withdraw(Prefix prefix) {
        List<Nlri> one = List.of(Nlri.of(prefix));
        loop.execute(() -> drivers.values().forEach(driver -> driver.withdraw(one)));
    }

    /**
     * Routes of any family that one neighbour shall know from now on, in place of what it was told of them before.
     *
     * @return completes when the change is made; what is sent for it may still wait for the neighbour to read
     */
    public CompletableFuture<Void> announce(InetAddress peer, Map<Nlri, RouteAttributes> routes) {
        NeighborDriver driver = driver(peer);
        Map<Nlri, RouteAttributes> frozen = new LinkedHashMap<>(routes);
        return CompletableFuture.runAsync(() -> driver.announce(frozen), loop);
    }

    /** Routes that one neighbour shall not know any more; completes when the change is made. */
    public CompletableFuture<Void> withdraw(InetAddress peer, Collection<Nlri> routes) {
        NeighborDriver driver = driver(peer);
        List<Nlri> frozen = List.copyOf(routes);
        return CompletableFuture.runAsync(() -> driver.withdraw(frozen), loop);
    }

    /** The first routes are all known: lets End-of-RIB markers follow them, where the settings hold them back. */
    public void releaseEndOfRib() {
        loop.execute(() -> drivers.values().forEach(NeighborDriver::releaseEndOfRib));
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
        loop.execute(() -> drivers.values().forEach(driver -> driver.retire(yes)));
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
        return CompletableFuture.supplyAsync(
                () -> drivers.values().stream().map(NeighborDriver::status).toList(), loop);
    }

    /** What the peer has been told. */
    public CompletableFuture<Map<Nlri, PathAttributes>> sentRoutes(InetAddress peer) {
        NeighborDriver driver = driver(peer);
        return CompletableFuture.supplyAsync(driver::sentRoutes, loop);
    }

    /** What the peer has announced. */
    public CompletableFuture<List<ReceivedRoute>> receivedRoutes(InetAddress peer) {
        NeighborDriver driver = driver(peer);
        return CompletableFuture.supplyAsync(driver::receivedRoutes, loop);
    }

    /** The addresses that are listened on, with the real port where 0 was asked for. */
    public List<InetSocketAddress> listening() {
        return servers.stream()
                .map(server -> (InetSocketAddress) server.localAddress())
                .toList();
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
        bfd.ifPresent(BfdEndpoint::close);
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
        for (Channel server : servers) {
            var _ = server.close();
        }
        return CompletableFuture.allOf(drivers.values().stream()
                .map(driver -> driver.shutdown(notification, reason))
                .toArray(CompletableFuture<?>[]::new));
    }

    private void watchPaths() throws IOException {
        List<BfdEndpoint.Peer> peers = settings.neighbors().stream()
                .filter(neighbor -> neighbor.options().bfd().isPresent())
                .map(neighbor -> new BfdEndpoint.Peer(
                        neighbor.address(),
                        Optional.ofNullable(neighbor.localAddress()),
                        neighbor.options().bfd().get()))
                .toList();
        if (!peers.isEmpty()) {
            bfd = Optional.of(BfdEndpoint.open(
                    peers, (peer, change, nanoTime) -> loop.execute(() -> pathChanged(peer, change, nanoTime))));
        }
    }

    private void pathChanged(InetAddress peer, BfdAction.Changed change, long nanoTime) {
        if (change.to() == BfdState.UP || change.from() == BfdState.UP) {
            listener.bfd(peer, change.to() == BfdState.UP, change.reason(), nanoTime);
        }
        if (change.isFailure()) {
            driver(peer).reset(NotificationMessage.of(BgpError.BFD_DOWN), "BFD: " + change.reason());
        }
    }

    private List<InetSocketAddress> listenAddresses() {
        return settings.listen().orElseGet(() -> {
            List<InetSocketAddress> wildcards = new ArrayList<>();
            if (drivers.keySet().stream().anyMatch(Inet4Address.class::isInstance)) {
                wildcards.add(new InetSocketAddress(Prefix.parseAddress("0.0.0.0"), BGP_PORT));
            }
            if (drivers.keySet().stream().anyMatch(Inet6Address.class::isInstance)) {
                wildcards.add(new InetSocketAddress(Prefix.parseAddress("::"), BGP_PORT));
            }
            return wildcards;
        });
    }

    private void listen(InetSocketAddress address) throws IOException {
        List<NeighborSettings> sameVersion = settings.neighbors().stream()
                .filter(neighbor ->
                        neighbor.address().getClass() == address.getAddress().getClass())
                .toList();
        ServerBootstrap bootstrap = SocketOptions.server(address.getAddress(), sameVersion, BACKLOG)
                .group(group)
                .childHandler(new ChannelInitializer<SocketChannel>() {
                    @Override
                    protected void initChannel(SocketChannel channel) {
                        accept(channel);
                    }
                });
        try {
            servers.add(bootstrap.bind(address).syncUninterruptibly().channel());
        } catch (Exception e) { // Netty throws the checked cause unwrapped
            throw new IOException("bgp: cannot listen on " + address + ": " + e.getMessage(), e);
        }
    }

    private void accept(SocketChannel channel) {
        InetAddress peer = channel.remoteAddress().getAddress();
        NeighborDriver driver = drivers.get(peer);
        if (driver == null) {
            LOG.info("bgp: refused a connection from {}, which is no neighbour", peer.getHostAddress());
            PeerChannel.refuse(channel);
        } else {
            driver.accept(channel);
        }
    }

    private NeighborDriver driver(InetAddress peer) {
        NeighborDriver driver = drivers.get(peer);
        if (driver == null) {
            throw new IllegalArgumentException(peer.getHostAddress() + " is no neighbour");
        }
        return driver;
    }
}
