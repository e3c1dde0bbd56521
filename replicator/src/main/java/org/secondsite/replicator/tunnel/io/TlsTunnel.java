package org.secondsite.replicator.tunnel.io;

import io.netty.channel.EventLoop;
import io.netty.channel.EventLoopGroup;
import io.netty.channel.epoll.EpollIoHandler;
import io.netty.util.concurrent.DefaultThreadFactory;
import io.netty.util.concurrent.Future;
import io.netty.util.concurrent.ScheduledFuture;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.security.SecureRandom;
import java.util.HashSet;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.TimeUnit;
import org.secondsite.config.EpochId;
import org.secondsite.config.VmId;
import org.secondsite.net.life.Proof;
import org.secondsite.net.life.io.Life;
import org.secondsite.net.life.io.LivingLoop;
import org.secondsite.net.tls.io.TlsIdentity;
import org.secondsite.replicator.Epoch;
import org.secondsite.replicator.codec.VersionCounters;
import org.secondsite.replicator.tunnel.BeaconKey;
import org.secondsite.replicator.tunnel.Hello;
import org.secondsite.replicator.tunnel.PeerMessage;
import org.secondsite.replicator.tunnel.Reset;
import org.secondsite.replicator.tunnel.Tunnel;
import org.secondsite.replicator.tunnel.TunnelConnection;
import org.secondsite.replicator.tunnel.TunnelListener;
import org.secondsite.replicator.tunnel.TunnelSession;
import org.secondsite.replicator.tunnel.TunnelSettings;
import org.secondsite.replicator.tunnel.TunnelSink;
import org.secondsite.replicator.tunnel.TunnelStatus;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The tunnel over TCP with TLS 1.3, and datagrams beside it: sockets, threads and a clock for one {@link TunnelSession}, which
 * decides everything.
 *
 * <p><b>Threads.</b> One event thread owns everything here; commands of other threads are posted to it. The datagrams have a
 * thread of their own ({@link BeaconSocket}), and so has each direction of the codec ({@link CodecThreads}). Nothing blocks: what
 * cannot be written waits in the window.
 */
public final class TlsTunnel implements Tunnel, TunnelSink, Connections.LinkMaker, Connections.FailureListener {
    private static final Logger LOG = LoggerFactory.getLogger(TlsTunnel.class);
    private static final int CLOSE_SECONDS = 2;

    /** Changed on the event thread. */
    private volatile TunnelSettings settings;

    private final Life life;
    private final Proof proof;
    private final ListenerGuard listener;
    private final EventLoopGroup group;
    private final EventLoop loop;
    private final EventLoopGroup beaconGroup;
    private final EventLoop beaconLoop;
    private final CodecThreads codec;
    private final TunnelSession session;
    private final Connections connections;
    private final BeaconSocket beacons;
    private final Set<Link> links = new HashSet<>();
    private volatile long beaconNanos = System.nanoTime();
    private InetSocketAddress address;
    private ScheduledFuture<?> alarm;
    private ScheduledFuture<?> publishing;
    private boolean closed;
    private volatile TunnelStatus status = new TunnelStatus(
            false,
            "not connected yet",
            0,
            0,
            0,
            Map.of(),
            "",
            Map.of(),
            Map.of(),
            VersionCounters.ZERO,
            new TunnelStatus.Counters(0, 0, 0, 0, 0, 0, 0, 0, 0));

    private TlsTunnel(
            TunnelSettings settings,
            TlsIdentity dialling,
            TlsIdentity accepting,
            TunnelListener listener,
            Runnable onBeaconThread,
            Life life) {
        String name = "tunnel-" + settings.peer();
        SecureRandom random = new SecureRandom();
        byte[] secret = new byte[BeaconKey.BYTES];
        random.nextBytes(secret);
        Hello hello = Hello.of(settings, random.nextLong(), new BeaconKey(secret));
        this.settings = settings;
        this.life = life;
        this.proof = life.proof();
        this.listener = new ListenerGuard(settings.peer(), listener, life);
        this.group = new LivingLoop(name, life, EpollIoHandler.newFactory());
        this.loop = group.next();
        this.beaconGroup = new LivingLoop(
                name + "-beacons",
                new DefaultThreadFactory(name + "-beacons", true) {
                    @Override
                    public Thread newThread(Runnable work) {
                        return super.newThread(() -> {
                            onBeaconThread.run();
                            work.run();
                        });
                    }
                },
                life,
                EpollIoHandler.newFactory());
        this.beaconLoop = beaconGroup.next();
        this.codec = new CodecThreads(name, loop, settings.limits(), life);
        this.session = new TunnelSession(settings, hello, random, this, codec, this.listener);
        this.codec.answerTo(session);
        this.connections = new Connections(settings, dialling, accepting, group, this, this);
        this.beacons = new BeaconSocket(settings, hello, this::beaconHeard, life);
    }

    /**
     * Opens a tunnel: it listens, and connects if that is this site's part, from now on until it is closed.
     *
     * @throws IOException if the address cannot be had, or the certificate files cannot be used
     */
    public static TlsTunnel open(TunnelSettings settings, TunnelListener listener) throws IOException {
        return open(settings, listener, () -> {}, Life.unwatched("tunnel-" + settings.peer()));
    }

    /**
     * The same with something that the thread of the datagrams does first, such as to raise its priority: a heartbeat that
     * goes out late, or is read late, looks like a dead site.
     *
     * @param life ends with each of the tunnel's threads; heartbeats go out only while it is proved
     */
    public static TlsTunnel open(TunnelSettings settings, TunnelListener listener, Runnable onBeaconThread, Life life)
            throws IOException {
        TlsIdentity dialling = TlsIdentity.client(settings.tls());
        TlsIdentity accepting = TlsIdentity.server(settings.tls());
        TlsTunnel tunnel = new TlsTunnel(settings, dialling, accepting, listener, onBeaconThread, life);
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
        publishEvery(settings.timing().heartbeatMs());
        post(() -> session.start(System.nanoTime()), () -> {});
    }

    private void publishEvery(int ms) {
        if (publishing != null) {
            publishing.cancel(false);
        }
        publishing = loop.scheduleAtFixedRate(this::publishStatus, 0, ms, TimeUnit.MILLISECONDS);
    }

    /**
     * Makes it run by other settings, which differ in timing, limits, congestion control and the number of connections at most. Another
     * timing counts at once; with anything else the ends connect anew, and go on from the last committed epochs.
     *
     * @return done when it is so; any thread
     * @throws IOException if the congestion control cannot be had; nothing has changed then
     */
    public Future<?> tune(TunnelSettings others) throws IOException {
        Connections.probeCongestion(others);
        return loop.submit(() -> {
            boolean beatsElse =
                    settings.timing().heartbeatMs() != others.timing().heartbeatMs();
            settings = others;
            connections.tune(others);
            if (beatsElse) {
                beacons.every(others.timing().heartbeatMs());
                publishEvery(others.timing().heartbeatMs());
            }
            session.tune(others, System.nanoTime());
        });
    }

    /** What it runs by. Any thread. */
    public TunnelSettings settings() {
        return settings;
    }

    /** Where the tunnel listens, with the port that it got. */
    public InetSocketAddress address() {
        return address;
    }

    // ---- commands

    @Override
    public void send(Epoch epoch) {
        post(() -> session.send(epoch, System.nanoTime()), epoch::close);
    }

    @Override
    public void send(PeerMessage message) {
        post(() -> session.send(message), () -> {});
    }

    @Override
    public void acknowledge(VmId vm, EpochId epoch) {
        post(() -> session.acknowledge(vm, epoch), () -> {});
    }

    @Override
    public void refuse(VmId vm, EpochId epoch, String reason) {
        post(() -> session.refuse(vm, epoch, reason), () -> {});
    }

    @Override
    public void withdraw(VmId vm) {
        post(() -> session.withdraw(vm), () -> {});
    }

    @Override
    public void abandon(String reason) {
        post(() -> session.abandon(reason, System.nanoTime()), () -> {});
    }

    @Override
    public void discard(VmId vm) {
        post(() -> session.discard(vm), () -> {});
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
        session.close(System.nanoTime());
        codec.close();
        // What is written last is read by the peer, if it lives, before the sockets go.
        if (links.isEmpty()) {
            endThreads();
        }
    }

    private void endThreads() {
        var _ = beaconGroup.shutdownGracefully(0, CLOSE_SECONDS, TimeUnit.SECONDS);
        var _ = group.shutdownGracefully(0, CLOSE_SECONDS, TimeUnit.SECONDS);
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

    // ---- what the session wants

    @Override
    public void wakeAt(long nanos) {
        if (alarm != null) {
            alarm.cancel(false);
        }
        alarm = loop.schedule(this::wake, Math.max(0, nanos - System.nanoTime()), TimeUnit.NANOSECONDS);
    }

    private void wake() {
        session.tick(System.nanoTime(), beaconNanos);
    }

    @Override
    public void dial(int number, Segments segments) {
        // Later: a connection may be there, or fail, before the attempt to make it returns.
        loop.execute(() -> connections.connect(number, segments));
    }

    @Override
    public boolean isSilent() {
        return life.isLate();
    }

    @Override
    public boolean mayClaimToLive() {
        return proof.renewed();
    }

    @Override
    public void greeted(Hello peer) {
        beacons.peer(peer);
    }

    @Override
    public void widened(int count) {
        LOG.info("the tunnel to {} has {} connections", settings.peer(), count);
    }

    @Override
    public void transition(TunnelSession.Phase from, TunnelSession.Phase to, String reason) {
        publishStatus();
        LOG.debug("tunnel to {}: {} to {}: {}", settings.peer(), from, to, reason);
    }

    @Override
    public void transition(
            TunnelConnection connection, TunnelConnection.Phase from, TunnelConnection.Phase to, String reason) {
        LOG.debug("tunnel to {}, connection {}: {} to {}: {}", settings.peer(), connection.number(), from, to, reason);
    }

    // ---- connections

    @Override
    public Link dialled(int number) {
        return link((link, now) -> session.dialled(link, number, now), () -> {});
    }

    @Override
    public Link accepted(Runnable proved) {
        return link(session::accepted, proved);
    }

    private Link link(Link.Starter starter, Runnable proved) {
        return new Link(settings.timing().heartbeatMs(), life, proved, (link, now) -> {
            links.add(link);
            link.closed().addListener(done -> over(link));
            return starter.start(link, now);
        });
    }

    private void over(Link link) {
        links.remove(link);
        if (closed && links.isEmpty()) {
            endThreads();
        }
    }

    @Override
    public void undialled(int number, Reset reset) {
        session.undialled(number, reset, System.nanoTime());
    }

    @Override
    public void turnedAway(Reset reset) {
        session.turnedAway(reset, System.nanoTime());
    }

    private void beaconHeard(long nanoTime, long roundTripNanos) {
        beaconNanos = nanoTime;
        listener.peerHeard(nanoTime);
        post(() -> session.roundTripBeside(roundTripNanos), () -> {});
    }

    private void publishStatus() {
        status = session.status(codec.versions(), beacons.heard(), beacons.dropped());
    }
}
