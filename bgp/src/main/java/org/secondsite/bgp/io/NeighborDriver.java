package org.secondsite.bgp.io;

import io.netty.channel.Channel;
import io.netty.channel.ChannelFuture;
import io.netty.channel.ChannelInitializer;
import io.netty.channel.EventLoop;
import io.netty.channel.socket.SocketChannel;
import io.netty.util.concurrent.ScheduledFuture;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.util.Collection;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ThreadLocalRandom;
import java.util.concurrent.TimeUnit;
import org.secondsite.bgp.decision.Candidate;
import org.secondsite.bgp.decision.Crossing;
import org.secondsite.bgp.fsm.Negotiated;
import org.secondsite.bgp.fsm.Side;
import org.secondsite.bgp.rib.AdjRibIn;
import org.secondsite.bgp.rib.AdjRibOut;
import org.secondsite.bgp.rib.ReceivedRoute;
import org.secondsite.bgp.rib.ReceivedUpdate;
import org.secondsite.bgp.rib.RouteAttributes;
import org.secondsite.bgp.rib.RouteTable;
import org.secondsite.bgp.rib.WantedRoutes;
import org.secondsite.bgp.session.MessageCounts;
import org.secondsite.bgp.session.NeighborSettings;
import org.secondsite.bgp.session.PeerSession;
import org.secondsite.bgp.session.PrefixLimit;
import org.secondsite.bgp.session.SessionSink;
import org.secondsite.bgp.session.SessionStatus;
import org.secondsite.bgp.session.SessionTransition;
import org.secondsite.bgp.session.SpeakerListener;
import org.secondsite.bgp.session.SpeakerSettings;
import org.secondsite.bgp.wire.AddressFamily;
import org.secondsite.bgp.wire.BgpMessage;
import org.secondsite.bgp.wire.Decoded;
import org.secondsite.bgp.wire.Nlri;
import org.secondsite.bgp.wire.NotificationMessage;
import org.secondsite.bgp.wire.PathAttributes;
import org.secondsite.bgp.wire.SessionTraits;
import org.secondsite.bgp.wire.UpdateMessage;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Puts sockets and a clock to one {@link PeerSession}. All methods run on the event loop.
 *
 * <p>After every event the timers are armed anew and UPDATE messages are written for as long as the connection takes
 * them.
 */
final class NeighborDriver implements SessionSink {
    private static final Logger LOG = LoggerFactory.getLogger(NeighborDriver.class);
    /** The kernel's attempt is cut by the ConnectRetryTimer; this only bounds an attempt that lost its timer. */
    private static final int CONNECT_TIMEOUT_MS = 60_000;

    private final LineLimit faults = new LineLimit(LOG);
    private final InetAddress peer;
    private final SpeakerListener listener;
    private final EventLoop loop;
    private final SpeakerThreads threads;
    private final Crossroads crossroads;
    private final PeerSession session;
    private final Map<Side, PeerChannel> channels = new EnumMap<>(Side.class);
    private NeighborSettings settings;
    private Runnable parted = () -> {};
    private Optional<ScheduledFuture<?>> timer = Optional.empty();
    private boolean ended;
    /** Whether the session that goes down leaves its routes. */
    private boolean kept;

    private OptionalLong upSinceNanos = OptionalLong.empty();
    private Optional<Candidate.Source> source = Optional.empty();
    private long sent;
    private long received;
    private long updatesSent;
    private long updatesReceived;

    NeighborDriver(
            SpeakerSettings speaker,
            NeighborSettings settings,
            SpeakerListener listener,
            EventLoop loop,
            SpeakerThreads threads,
            Crossroads crossroads) {
        this.settings = settings;
        this.peer = settings.address();
        this.listener = listener;
        this.loop = loop;
        this.threads = threads;
        this.crossroads = crossroads;
        this.session = new PeerSession(speaker, settings, ThreadLocalRandom.current(), this);
    }

    void start() {
        session.start(System.nanoTime());
        proceed();
    }

    NeighborSettings settings() {
        return settings;
    }

    /** Takes settings that need no other session. */
    void alter(NeighborSettings changed) {
        for (PeerChannel connection : channels.values()) {
            SocketOptions.alter(connection.channel(), settings, changed);
        }
        settings = changed;
        session.alter(changed, System.nanoTime());
        proceed();
    }

    /** Will be called whenever no connection is left and none is to be opened; for a neighbour that only comes and goes. */
    void whenParted(Runnable action) {
        parted = action;
    }

    /** Whether no connection is left, and a new one would be welcome. */
    boolean hasParted() {
        return channels.isEmpty() && session.isStarted() && !session.isHeldDown();
    }

    boolean isStarted() {
        return session.isStarted();
    }

    void advertise(RouteTable desired) {
        session.desire(desired);
        proceed();
    }

    void advertise(WantedRoutes desired) {
        session.desire(desired);
        proceed();
    }

    WantedRoutes wanted() {
        return session.wanted();
    }

    void announce(Map<Nlri, RouteAttributes> routes) {
        session.announce(routes);
        proceed();
    }

    void withdraw(Collection<Nlri> routes) {
        session.withdraw(routes);
        proceed();
    }

    /** Routes of other neighbours. */
    void passOn(Crossing.Told told) {
        session.passOn(told.announced(), told.withdrawn());
        proceed();
    }

    /** As which its routes are known while its session stands. */
    Optional<Candidate.Source> source() {
        return source;
    }

    void releaseEndOfRib() {
        session.releaseEndOfRib();
        proceed();
    }

    /** Ends the session and leaves it down. */
    void disable(NotificationMessage notification, String reason) {
        session.stop(notification, reason, System.nanoTime());
        proceed();
    }

    void retire(boolean yes) {
        session.retire(yes);
        proceed();
    }

    void reset(NotificationMessage notification, String reason) {
        session.reset(notification, reason, System.nanoTime());
        proceed();
    }

    /** Completes when both connections are closed. */
    CompletableFuture<Void> shutdown(NotificationMessage notification, String reason) {
        ended = true;
        List<Channel> open =
                channels.values().stream().map(PeerChannel::channel).toList();
        session.stop(notification, reason, System.nanoTime());
        timer.ifPresent(running -> running.cancel(false));
        CompletableFuture<?>[] closed = open.stream()
                .map(channel -> {
                    CompletableFuture<Void> done = new CompletableFuture<>();
                    channel.closeFuture().addListener(_ -> done.complete(null));
                    return done;
                })
                .toArray(CompletableFuture<?>[]::new);
        return CompletableFuture.allOf(closed);
    }

    void mark(BgpMessage message) {
        session.mark(message);
        proceed();
    }

    void resend() {
        session.resend();
        proceed();
    }

    SessionStatus status() {
        OptionalLong since = upSinceNanos;
        return session.status()
                .with(
                        since.isPresent() ? System.nanoTime() - since.getAsLong() : 0,
                        new MessageCounts(sent, received, updatesSent, updatesReceived));
    }

    Map<Nlri, PathAttributes> sentRoutes() {
        return session.sentRoutes();
    }

    List<ReceivedRoute> receivedRoutes() {
        return session.receivedRoutes();
    }

    /** Takes or refuses a connection that the peer opened. */
    void accept(SocketChannel channel) {
        if (!session.mayAccept() && session.mayRestart()) {
            Side stale = session.establishedSide().orElseThrow();
            close(stale);
            session.closed(stale, "the peer connects anew", System.nanoTime());
            proceed();
        }
        if (session.mayAccept()) {
            session.makeWay(System.nanoTime());
            close(Side.INCOMING); // one that is accepted, but not active yet, makes way too
            SocketOptions.accepted(channel, settings);
            PeerChannel connection = new PeerChannel(Side.INCOMING, this, channel);
            channels.put(Side.INCOMING, connection);
            channel.pipeline().addLast(connection);
        } else {
            LOG.debug("bgp {}: refused a connection, it is not expected now", peer.getHostAddress());
            PeerChannel.refuse(channel);
        }
    }

    void active(Side side, PeerChannel connection) {
        if (channels.get(side) != connection) {
            return;
        }
        InetAddress local = ((InetSocketAddress) connection.channel().localAddress()).getAddress();
        if (side == Side.OUTGOING) {
            session.connected(local, System.nanoTime());
        } else {
            session.accepted(local, System.nanoTime());
        }
        proceed();
    }

    SessionTraits traits(Side side) {
        return session.traits(side);
    }

    void received(Side side, PeerChannel connection, Decoded decoded) {
        if (channels.get(side) == connection) {
            if (decoded instanceof Decoded.Message message) {
                received++;
                if (message.message() instanceof UpdateMessage) {
                    updatesReceived++;
                } else {
                    tell(() -> listener.messageReceived(peer, message.message()));
                }
            }
            session.received(side, decoded, System.nanoTime());
            proceed();
        }
    }

    void closed(Side side, PeerChannel connection, String reason) {
        if (channels.get(side) == connection) {
            channels.remove(side);
            session.closed(side, reason, System.nanoTime());
            proceed();
        }
    }

    /** What a connection's handler was told. */
    void caught(Throwable cause) {
        threads.caught(cause);
    }

    void writable() {
        loop.execute(this::proceed); // this is called from within a flush
    }

    /** What is due after every event: messages out, timers armed. */
    private void proceed() {
        if (ended) {
            return;
        }
        session.establishedSide().map(channels::get).ifPresent(this::pump);
        // A flush may find the connection broken and so change the map.
        List.copyOf(channels.values())
                .forEach(connection -> connection.channel().flush());
        timer.ifPresent(running -> running.cancel(false));
        OptionalLong until = session.untilNextNanos(System.nanoTime());
        timer = until.isPresent()
                ? Optional.of(loop.schedule(this::tick, until.getAsLong(), TimeUnit.NANOSECONDS))
                : Optional.empty();
        if (hasParted()) {
            parted.run();
        }
    }

    private void tick() {
        session.tick(System.nanoTime());
        proceed();
    }

    private void pump(PeerChannel connection) {
        while (connection.channel().isWritable()) {
            Optional<AdjRibOut.Outgoing> next = session.nextUpdate(System.nanoTime());
            if (next.isEmpty()) {
                return;
            }
            AdjRibOut.Outgoing outgoing = next.get();
            sent++;
            updatesSent += outgoing.message() instanceof UpdateMessage ? 1 : 0;
            Side side = session.establishedSide().orElseThrow();
            connection.write(outgoing.message(), session.traits(side)).addListener(written -> {
                if (written.isSuccess()) {
                    long nanoTime = System.nanoTime();
                    session.progressed(side, nanoTime);
                    if (!outgoing.announced().isEmpty() || !outgoing.withdrawn().isEmpty()) {
                        tell(() -> listener.updateSent(peer, outgoing.announced(), outgoing.withdrawn(), nanoTime));
                    }
                }
            });
        }
    }

    @Override
    public void connect() {
        ChannelFuture connecting = SocketOptions.client(Transport.of(loop), settings, CONNECT_TIMEOUT_MS)
                .group(loop)
                .handler(new ChannelInitializer<SocketChannel>() {
                    @Override
                    protected void initChannel(SocketChannel channel) {
                        PeerChannel connection = new PeerChannel(Side.OUTGOING, NeighborDriver.this, channel);
                        channels.put(Side.OUTGOING, connection);
                        channel.pipeline().addLast(connection);
                    }
                })
                .connect(
                        new InetSocketAddress(peer, settings.port()),
                        settings.localAddress() == null ? null : new InetSocketAddress(settings.localAddress(), 0));
        connecting.addListener(done -> {
            if (!done.isSuccess()) {
                // Later: the attempt may fail at once, while the session still waits for this method to return.
                loop.execute(() -> connectFailed(
                        connecting.channel(), String.valueOf(done.cause().getMessage())));
            }
        });
    }

    private void connectFailed(Channel channel, String reason) {
        PeerChannel connection = channels.get(Side.OUTGOING);
        if (connection == null || connection.channel().equals(channel)) {
            channels.remove(Side.OUTGOING);
            session.closed(Side.OUTGOING, reason, System.nanoTime());
            proceed();
        }
    }

    @Override
    public void send(Side side, BgpMessage message) {
        PeerChannel connection = channels.get(side);
        if (connection != null) {
            sent++;
            tell(() -> listener.messageSent(peer, message));
            connection.write(message, session.traits(side)).addListener(written -> {
                if (written.isSuccess()) {
                    session.progressed(side, System.nanoTime());
                }
            });
        }
    }

    @Override
    public void close(Side side) {
        PeerChannel connection = channels.remove(side);
        if (connection != null) {
            connection.end();
        }
    }

    @Override
    public void established(Side side, Negotiated terms) {
        upSinceNanos = OptionalLong.of(System.nanoTime());
        source = Optional.of(new Candidate.Source(
                peer, terms.traits().external(), terms.peerOpen().routerId()));
        LOG.info(
                "bgp {}: established, AS {}, hold time {} s",
                peer.getHostAddress(),
                terms.peerOpen().as(),
                terms.holdTimeSeconds());
        tell(() -> listener.established(peer));
    }

    @Override
    public void kept(Side side, long seconds) {
        kept = true;
        LOG.info("bgp {}: its routes are kept for {} s, it may restart", peer.getHostAddress(), seconds);
        tell(() -> listener.kept(peer, seconds));
    }

    @Override
    public void down(Side side, String reason) {
        upSinceNanos = OptionalLong.empty();
        if (!kept) {
            source = Optional.empty();
            crossroads.lost(peer);
        }
        kept = false;
        LOG.info("bgp {}: down: {}", peer.getHostAddress(), reason);
        tell(() -> listener.down(peer, reason));
    }

    @Override
    public void routes(AdjRibIn.Changes changes) {
        source.ifPresent(known -> crossroads.received(known, changes));
        tell(() -> listener.routesReceived(peer, changes.announced(), changes.withdrawn()));
    }

    @Override
    public void update(ReceivedUpdate update) {
        if (!update.faults().isEmpty()) {
            faults.warn("bgp {}: faults in an UPDATE: {}", peer.getHostAddress(), update.faults());
        }
        if (!update.refused().isEmpty()) {
            LOG.debug("bgp {}: not taken: {}", peer.getHostAddress(), update.refused());
        }
        tell(() -> listener.updateReceived(peer, update));
    }

    @Override
    public void prefixLimit(AddressFamily family, int count, PrefixLimit limit) {
        LOG.warn("bgp {}: {} prefixes of {}, the limit is {}", peer.getHostAddress(), count, family, limit.maximum());
        tell(() -> listener.prefixLimit(peer, family, count, limit));
    }

    @Override
    public void unexportable(Set<Nlri> routes) {
        if (!routes.isEmpty()) {
            LOG.warn(
                    "bgp {}: cannot announce {} routes, such as {}: the neighbour does not take their family, there is no next"
                            + " hop of their IP version, or they have too many attributes",
                    peer.getHostAddress(),
                    routes.size(),
                    routes.iterator().next());
        }
        tell(() -> listener.unexportable(peer, routes));
    }

    @Override
    public void transition(SessionTransition transition) {
        LOG.debug("bgp {}: {}", peer.getHostAddress(), transition);
        tell(() -> listener.transition(peer, transition));
    }

    /** A listener's fault must not break a session. */
    private void tell(Runnable call) {
        try {
            call.run();
        } catch (RuntimeException e) {
            LOG.error("bgp {}: the listener failed", peer.getHostAddress(), e);
        }
    }
}
