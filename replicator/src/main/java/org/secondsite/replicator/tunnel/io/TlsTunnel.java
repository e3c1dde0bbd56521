package org.secondsite.replicator.tunnel.io;

import io.netty.channel.EventLoop;
import io.netty.channel.EventLoopGroup;
import io.netty.channel.MultiThreadIoEventLoopGroup;
import io.netty.channel.epoll.EpollIoHandler;
import io.netty.util.concurrent.DefaultThreadFactory;
import io.netty.util.concurrent.Future;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.security.SecureRandom;
import java.util.EnumMap;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.TimeUnit;
import org.secondsite.config.EpochId;
import org.secondsite.config.VmId;
import org.secondsite.replicator.Epoch;
import org.secondsite.replicator.codec.VersionCounters;
import org.secondsite.replicator.tunnel.BeaconKey;
import org.secondsite.replicator.tunnel.BlackHoleDoubt;
import org.secondsite.replicator.tunnel.FrameType;
import org.secondsite.replicator.tunnel.Hello;
import org.secondsite.replicator.tunnel.PeerMessage;
import org.secondsite.replicator.tunnel.Reset;
import org.secondsite.replicator.tunnel.ResetCode;
import org.secondsite.replicator.tunnel.Resume;
import org.secondsite.replicator.tunnel.RttEstimate;
import org.secondsite.replicator.tunnel.SendWindow;
import org.secondsite.replicator.tunnel.Tunnel;
import org.secondsite.replicator.tunnel.TunnelFrame;
import org.secondsite.replicator.tunnel.TunnelListener;
import org.secondsite.replicator.tunnel.TunnelSettings;
import org.secondsite.replicator.tunnel.TunnelStatus;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The tunnel over TCP with TLS 1.3, and datagrams beside it.
 *
 * <p><b>Threads.</b> One event thread owns everything here: connections, window, ledger, timers; commands of other threads are
 * posted to it. The datagrams have a thread of their own ({@link BeaconSocket}). Two codec threads do the heavy work, one for
 * each direction, so that heartbeats and answers never wait for compression. Nothing blocks: what cannot be written waits in the
 * window.
 *
 * <p><b>Breaks.</b> A connection is only a way. What is to be sent is in the {@link SendWindow}, what was received is noted in
 * the ledger, and both outlive it. On a new connection the ends tell each other how far they got, and the codec starts
 * without memory.
 */
public final class TlsTunnel implements Tunnel, Link.Owner {
    private static final Logger LOG = LoggerFactory.getLogger(TlsTunnel.class);
    private static final int CLOSE_SECONDS = 2;

    private final TunnelSettings settings;
    private final ListenerGuard listener;
    private final EventLoopGroup group;
    private final EventLoop loop;
    private final EventLoopGroup beaconGroup;
    private final EventLoop beaconLoop;
    private final EpochSender sender;
    private final EpochReceiver receiver;
    private final Connections connections;
    private final BeaconSocket beacons;
    private final Hello hello;
    private final SecureRandom random = new SecureRandom();
    private final RttEstimate rtt = new RttEstimate();
    private final BlackHoleDoubt blackHole;
    private volatile long beaconNanos = System.nanoTime();
    private InetSocketAddress address;
    private Bundle bundle;
    private boolean connected;
    private boolean closed;
    private String detail = "not connected yet";
    private long connectedNanos;
    private long connectionCount;
    private final Map<ResetCode, Long> rejections = new EnumMap<>(ResetCode.class);
    private final Map<ResetCode, Long> breaks = new EnumMap<>(ResetCode.class);
    private String lastRejection = "";
    private long rejectedCount;
    private long answersIgnored;
    private volatile TunnelStatus status = new TunnelStatus(
            false,
            detail,
            0,
            0,
            0,
            Map.of(),
            "",
            Map.of(),
            Map.of(),
            VersionCounters.ZERO,
            new TunnelStatus.Counters(0, 0, 0, 0, 0, 0, 0, 0, 0));

    private TlsTunnel(TunnelSettings settings, TunnelListener listener, Runnable onBeaconThread) {
        String name = "tunnel-" + settings.peer();
        byte[] secret = new byte[BeaconKey.BYTES];
        random.nextBytes(secret);
        this.settings = settings;
        this.listener = new ListenerGuard(listener);
        this.hello = Hello.of(settings, random.nextLong(), new BeaconKey(secret));
        this.group =
                new MultiThreadIoEventLoopGroup(1, new DefaultThreadFactory(name, true), EpollIoHandler.newFactory());
        this.loop = group.next();
        this.beaconGroup = new MultiThreadIoEventLoopGroup(
                1,
                new DefaultThreadFactory(name + "-beacons", true) {
                    @Override
                    public Thread newThread(Runnable work) {
                        return super.newThread(() -> {
                            onBeaconThread.run();
                            work.run();
                        });
                    }
                },
                EpollIoHandler.newFactory());
        this.beaconLoop = beaconGroup.next();
        this.sender = new EpochSender(name, loop, settings.limits().maxInFlightBytes());
        this.receiver = new EpochReceiver(name, loop, settings.limits(), this.listener::epochReceived);
        this.blackHole = new BlackHoleDoubt(settings.timing().silenceMs());
        this.connections =
                new Connections(settings, group, this::link, this::rejected, () -> blackHole.isBlackHole(beaconNanos));
        this.beacons = new BeaconSocket(settings, hello, this::beaconHeard);
    }

    /**
     * Opens a tunnel: it listens, and connects if that is this site's part, from now on until it is closed.
     *
     * @throws IOException if the address cannot be had, or the certificate files cannot be used
     */
    public static TlsTunnel open(TunnelSettings settings, TunnelListener listener) throws IOException {
        return open(settings, listener, () -> {});
    }

    /**
     * The same with something that the thread of the datagrams does first, such as to raise its priority: a heartbeat that
     * goes out late, or is read late, looks like a dead site.
     */
    public static TlsTunnel open(TunnelSettings settings, TunnelListener listener, Runnable onBeaconThread)
            throws IOException {
        TunnelTls.context(settings.tls(), true);
        TlsTunnel tunnel = new TlsTunnel(settings, listener, onBeaconThread);
        try {
            tunnel.start();
            return tunnel;
        } catch (IOException e) {
            tunnel.close();
            throw e;
        }
    }

    private void start() throws IOException {
        address = connections.listen();
        beacons.open(beaconLoop, new InetSocketAddress(settings.listen().getAddress(), address.getPort()));
        int everyMs = settings.timing().heartbeatMs();
        var _ = loop.scheduleAtFixedRate(this::publishStatus, 0, everyMs, TimeUnit.MILLISECONDS);
        if (settings.connects()) {
            loop.execute(connections::connectLater);
        }
    }

    /** Where the tunnel listens, with the port that it got. */
    public InetSocketAddress address() {
        return address;
    }

    @Override
    public void send(Epoch epoch) {
        post(
                () -> {
                    VmId vm = epoch.header().vm();
                    EpochId id = epoch.header().epoch();
                    sender.offer(epoch).ifPresent(reason -> listener.refused(vm, id, reason));
                },
                epoch::close);
    }

    @Override
    public void send(PeerMessage message) {
        post(
                () -> {
                    if (connected) {
                        bundle.control(TunnelFrame.message(message));
                        bundle.first().flush();
                    }
                },
                () -> {});
    }

    @Override
    public void committed(VmId vm, EpochId epoch) {
        post(
                () -> {
                    Optional<Integer> stream = receiver.ledger().committed(vm, epoch);
                    if (stream.isPresent() && connected) {
                        bundle.control(TunnelFrame.about(FrameType.COMMITTED, stream.get(), epoch));
                        bundle.first().flush();
                    }
                },
                () -> {});
    }

    @Override
    public void refuse(VmId vm, EpochId epoch, String reason) {
        post(
                () -> {
                    Optional<Integer> stream = receiver.ledger().refused(vm, epoch);
                    if (stream.isPresent() && connected) {
                        bundle.control(TunnelFrame.refused(stream.get(), epoch, reason));
                        bundle.first().flush();
                    }
                },
                () -> {});
    }

    @Override
    public void withdraw(VmId vm) {
        post(() -> receiver.ledger().withdraw(vm), () -> {});
    }

    @Override
    public void abandon(String reason) {
        post(
                () -> {
                    if (bundle != null) {
                        bundle.close(new Reset(ResetCode.SILENCE, reason));
                    }
                },
                () -> {});
    }

    @Override
    public void discard(VmId vm) {
        post(() -> sender.discard(vm), () -> {});
    }

    @Override
    public void whenRead(Runnable done) {
        afterReading(beaconLoop, () -> afterReading(loop, done));
    }

    /** A timer is due after the sockets that were ready when it was set have been read. */
    private static void afterReading(EventLoop reader, Runnable then) {
        try {
            var _ = reader.schedule(then, 1, TimeUnit.MILLISECONDS);
        } catch (RejectedExecutionException e) {
            then.run();
        }
    }

    @Override
    public TunnelStatus status() {
        return status;
    }

    @Override
    public void close() {
        post(this::closeAll, () -> {});
        if (loop.inEventLoop()) {
            return;
        }
        group.terminationFuture().awaitUninterruptibly(CLOSE_SECONDS, TimeUnit.SECONDS);
    }

    private void closeAll() {
        closed = true;
        listener.silence();
        connections.close();
        beacons.close();
        Future<?> farewell = loop.newSucceededFuture(null);
        if (bundle != null) {
            farewell = bundle.first().closed();
            bundle.close(new Reset(ResetCode.CLOSED, "site " + settings.self() + " closes the tunnel"));
        }
        sender.close();
        receiver.close();
        farewell.addListener(done -> {
            var _ = beaconGroup.shutdownGracefully(0, CLOSE_SECONDS, TimeUnit.SECONDS);
            var _ = group.shutdownGracefully(0, CLOSE_SECONDS, TimeUnit.SECONDS);
        });
    }

    /** Runs a command on the event thread, or its alternative if the tunnel is closed. */
    private void post(Runnable command, Runnable whenClosed) {
        try {
            loop.execute(() -> {
                if (closed) {
                    whenClosed.run();
                } else {
                    command.run();
                }
            });
        } catch (RejectedExecutionException e) {
            whenClosed.run();
        }
    }

    @Override
    public Resume greeted(Link greeted, Hello peer) {
        if (bundle != null) {
            bundle.close(new Reset(ResetCode.REPLACED, "a newer connection of the peer took the place"));
        }
        bundle = new Bundle(greeted, greeted.isOutbound() ? greeted.session() : peer.session(), peer);
        receiver.start(bundle);
        receiver.ledger().hello(peer.incarnation());
        beacons.peer(peer);
        return receiver.ledger().resume();
    }

    @Override
    public Reset joining(Link further, Hello peer) {
        long session = further.isOutbound() ? further.session() : peer.session();
        boolean known = bundle != null
                && session == bundle.session()
                && peer.incarnation() == bundle.peer().incarnation()
                && bundle.add(further);
        return known ? null : new Reset(ResetCode.BROKEN, "the session of this connection is over");
    }

    @Override
    public void joined(Link further) {
        LOG.info("the tunnel to {} has {} connections", settings.peer(), bundle.connections());
        sender.pump();
    }

    private Link link(boolean outbound, int number) {
        long session = number == 0 ? random.nextLong() : bundle == null ? 0 : bundle.session();
        return new Link(settings, outbound ? hello.on(session, number) : hello, outbound, this);
    }

    @Override
    public void resumed(Link opened, Resume resume) {
        SendWindow.Resumed resumed = sender.start(bundle, settings.limits().codec(), bundle.peer(), resume);
        connected = true;
        connectionCount++;
        detail = "protocol version " + Hello.VERSION;
        connectedNanos = System.nanoTime();
        LOG.info("the tunnel to {} is connected", settings.peer());
        publishStatus();
        listener.connected();
        resumed.commits().forEach(commit -> listener.committed(commit.vm(), commit.epoch()));
        resumed.broken().forEach(broken -> listener.refused(broken.vm(), broken.epoch(), broken.reason()));
        sender.pump();
        for (int number = 1; opened.isOutbound() && number < settings.connections(); number++) {
            connections.connect(number);
        }
    }

    @Override
    public Reset frame(Link from, TunnelFrame frame) {
        if (bundle == null || !bundle.has(from)) {
            return new Reset(ResetCode.BROKEN, "the session of this connection is over");
        }
        return frame.type().isSequenced() ? bundle.receive(from, frame, this::accept) : accept(frame);
    }

    private Reset accept(TunnelFrame frame) {
        return switch (frame.type()) {
            case OPEN -> receiver.open(frame);
            case DISCARD -> {
                receiver.discard(frame);
                yield null;
            }
            case DATA -> receiver.data(frame);
            case COMMITTED -> answered(frame, sender.window().committed(frame.stream(), frame.epoch()), null);
            case REFUSED ->
                answered(
                        frame, sender.window().refused(frame.stream(), frame.epoch()), Link.printable(frame.payload()));
            case MESSAGE -> {
                PeerMessage message = frame.message().orElse(null);
                if (message == null) {
                    yield new Reset(ResetCode.PAYLOAD, "a malformed message");
                }
                listener.message(message);
                yield null;
            }
            default -> new Reset(ResetCode.ORDER, frame.type() + " on an open connection");
        };
    }

    private Reset answered(TunnelFrame frame, SendWindow.Answer answer, String refusal) {
        switch (answer) {
            case IMPOSSIBLE -> {
                return new Reset(
                        ResetCode.ORDER,
                        frame.type() + " for epoch " + frame.epoch() + " of stream " + frame.stream()
                                + ", which was not sent");
            }
            case IGNORED -> answersIgnored++;
            case TAKEN -> {
                VmId vm = sender.window().vm(frame.stream()).orElseThrow();
                if (refusal == null) {
                    listener.committed(vm, frame.epoch());
                } else {
                    listener.refused(vm, frame.epoch(), refusal);
                }
                sender.pump();
            }
        }
        return null;
    }

    @Override
    public void writable(Link at) {
        if (bundle != null && bundle.has(at)) {
            sender.pump();
        }
    }

    @Override
    public void heard(long nanoTime) {
        listener.peerHeard(nanoTime);
    }

    @Override
    public long heardBesideNanos() {
        return beaconNanos;
    }

    @Override
    public void roundTrip(long nanos) {
        rtt.sample(nanos);
        sender.roundTrip(nanos);
    }

    @Override
    public void arrived(Link at, long bytes, long nanos) {
        if (bundle != null && bundle.has(at)) {
            sender.arrived(bytes, nanos);
        }
    }

    private void beaconHeard(long nanoTime, long roundTripNanos) {
        beaconNanos = nanoTime;
        listener.peerHeard(nanoTime);
        post(() -> rtt.sample(roundTripNanos), () -> {});
    }

    @Override
    public void ended(Link over, Reset reset) {
        if (bundle != null && over.equals(bundle.first())) {
            boolean wasConnected = connected;
            Bundle gone = bundle;
            bundle = null;
            connected = false;
            sender.stop();
            receiver.stop();
            detail = reset.toString();
            if (wasConnected) {
                connections.lasted(TimeUnit.NANOSECONDS.toMillis(System.nanoTime() - connectedNanos));
                breaks.merge(reset.code(), 1L, Long::sum);
                LOG.warn("the tunnel to {} is broken: {}", settings.peer(), reset);
                publishStatus();
                listener.disconnected(reset);
            }
            gone.over(reset);
        } else if (bundle != null && bundle.has(over)) {
            bundle.close(new Reset(reset.code(), "connection " + over.number() + ": " + reset.reason()));
        } else if (!over.wasOpen() && reset.code() != ResetCode.BROKEN) {
            rejected(reset);
        }
        if (over.isOutbound() && !closed) {
            if (over.ownNumber() == 0) {
                blackHole.ended(over.isLate() ? ResetCode.SILENCE : reset.code(), over.wasOpen(), System.nanoTime());
            }
            connectAgain(over);
        }
    }

    private void connectAgain(Link over) {
        if (over.ownNumber() == 0) {
            connections.connectLater();
        } else if (bundle != null && bundle.session() == over.session()) {
            var _ = loop.schedule(
                    () -> {
                        if (bundle != null && bundle.session() == over.session()) {
                            connections.connect(over.ownNumber());
                        }
                    },
                    settings.timing().maxBackoffMs(),
                    TimeUnit.MILLISECONDS);
        }
    }

    private void rejected(Reset reset) {
        rejectedCount++;
        rejections.merge(reset.code(), 1L, Long::sum);
        lastRejection = reset.toString();
        if (!connected) {
            detail = reset.toString();
        }
        LOG.warn("a connection with {} did not come about: {}", settings.peer(), reset);
        listener.rejected(reset.code(), reset.reason());
    }

    private void publishStatus() {
        status = new TunnelStatus(
                connected,
                detail,
                rtt.smoothedNanos(),
                bundle == null ? 0 : bundle.bytesPerSecond(),
                bundle == null ? 0 : bundle.connections(),
                rejections,
                lastRejection,
                breaks,
                sender.window().inFlight(),
                sender.versions(),
                new TunnelStatus.Counters(
                        connectionCount,
                        rejectedCount,
                        sender.epochsSent(),
                        sender.plainBytesSent(),
                        sender.codedBytesSent(),
                        receiver.epochsReceived(),
                        answersIgnored,
                        beacons.heard(),
                        beacons.dropped()));
    }
}
