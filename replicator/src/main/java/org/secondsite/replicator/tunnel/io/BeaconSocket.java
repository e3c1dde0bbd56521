package org.secondsite.replicator.tunnel.io;

import io.netty.bootstrap.Bootstrap;
import io.netty.buffer.ByteBuf;
import io.netty.channel.Channel;
import io.netty.channel.ChannelFuture;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.EventLoop;
import io.netty.channel.SimpleChannelInboundHandler;
import io.netty.channel.epoll.EpollDatagramChannel;
import io.netty.channel.socket.DatagramPacket;
import io.netty.util.concurrent.ScheduledFuture;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.LongAdder;
import org.secondsite.net.life.Defects;
import org.secondsite.net.life.Proof;
import org.secondsite.net.life.io.Life;
import org.secondsite.replicator.tunnel.Beacon;
import org.secondsite.replicator.tunnel.Hello;
import org.secondsite.replicator.tunnel.TunnelSettings;

/**
 * The heartbeats beside the tunnel. Each end signs with the key that it told the other through TLS; the keys stay in force
 * while the tunnel is broken, so that a site whose TCP stands still is still known to live.
 *
 * <p>They have a thread of their own: whatever the tunnel has to encrypt, a heartbeat goes out in time and is read in time.
 * All state is that thread's.
 */
final class BeaconSocket extends SimpleChannelInboundHandler<DatagramPacket> implements AutoCloseable {
    /** Is told of proved beacons, on the thread of the datagrams. */
    interface Listener {
        void beaconHeard(long nanoTime, long roundTripNanos);
    }

    private final InetSocketAddress to;
    private int everyMs;
    private ScheduledFuture<?> beats;
    private final Hello self;
    private final Listener listener;
    private final Life life;
    private final Proof proof;
    private EventLoop loop;
    private Channel channel;
    private long sequence;
    private Hello peer;
    private long lastSequence;
    private long lastSentNanos;
    private long lastHeardNanos;
    private final LongAdder heard = new LongAdder();
    private final LongAdder dropped = new LongAdder();

    BeaconSocket(TunnelSettings settings, Hello self, Listener listener, Life life) {
        to = settings.connect();
        everyMs = settings.timing().heartbeatMs();
        this.life = life;
        proof = life.proof();
        this.self = self;
        this.listener = listener;
    }

    /**
     * Binds the port and starts to send.
     *
     * @throws IOException if the address cannot be had
     */
    void open(EventLoop thread, InetSocketAddress address) throws IOException {
        loop = thread;
        ChannelFuture bound = new Bootstrap()
                .group(loop)
                .channel(EpollDatagramChannel.class)
                .handler(this)
                .bind(address)
                .awaitUninterruptibly();
        if (!bound.isSuccess()) {
            throw new IOException("the tunnel's beacons cannot use " + address, bound.cause());
        }
        channel = bound.channel();
        loop.execute(this::beat);
    }

    private void beat() {
        if (beats != null) {
            beats.cancel(false);
        }
        beats = loop.scheduleAtFixedRate(this::send, everyMs, everyMs, TimeUnit.MILLISECONDS);
    }

    /** Another time between two beacons. Any thread. */
    void every(int ms) {
        loop.execute(() -> {
            everyMs = ms;
            beat();
        });
    }

    /** The peer said hello: from now on its beacons are those under this key. Any thread. */
    void peer(Hello hello) {
        loop.execute(() -> peerOnLoop(hello));
    }

    private void peerOnLoop(Hello hello) {
        if (peer == null || peer.incarnation() != hello.incarnation()) {
            lastSequence = 0;
            lastSentNanos = 0;
        }
        peer = hello;
    }

    long heard() {
        return heard.sum();
    }

    long dropped() {
        return dropped.sum();
    }

    private void send() {
        if (peer == null || !channel.isActive() || !proof.renewed()) {
            return;
        }
        long now = System.nanoTime();
        ByteBuf datagram = new Beacon(
                        self.incarnation(),
                        ++sequence,
                        now,
                        lastSentNanos,
                        lastSentNanos == 0 ? 0 : now - lastHeardNanos)
                .encode(channel.alloc(), self.beaconKey());
        // A failure to send is what silence looks like at the other end: nothing to do here.
        var _ = channel.writeAndFlush(new DatagramPacket(datagram, to), channel.voidPromise());
    }

    @Override
    protected void channelRead0(ChannelHandlerContext context, DatagramPacket packet) {
        Beacon beacon = peer == null
                ? null
                : Beacon.decode(packet.content(), peer.beaconKey()).orElse(null);
        if (beacon == null || beacon.incarnation() != peer.incarnation() || beacon.sequence() <= lastSequence) {
            dropped.increment();
            return;
        }
        heard.increment();
        lastSequence = beacon.sequence();
        lastSentNanos = beacon.sentNanos();
        lastHeardNanos = System.nanoTime();
        long roundTrip = beacon.echoedNanos() == 0 ? 0 : lastHeardNanos - beacon.echoedNanos() - beacon.heldNanos();
        listener.beaconHeard(lastHeardNanos, roundTrip);
    }

    @Override
    public void exceptionCaught(ChannelHandlerContext context, Throwable cause) {
        if (Defects.isDefect(cause)) {
            life.failed(cause);
        }
        // An ICMP error of an earlier datagram (the peer is not there): silence says the same.
        dropped.increment();
    }

    @Override
    public void close() {
        if (channel != null) {
            var _ = channel.close();
        }
    }
}
