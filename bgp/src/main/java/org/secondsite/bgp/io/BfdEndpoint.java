package org.secondsite.bgp.io;

import io.netty.bootstrap.Bootstrap;
import io.netty.buffer.ByteBuf;
import io.netty.channel.Channel;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInboundHandlerAdapter;
import io.netty.channel.ChannelOption;
import io.netty.channel.EventLoop;
import io.netty.channel.EventLoopGroup;
import io.netty.channel.SimpleChannelInboundHandler;
import io.netty.channel.epoll.EpollDatagramChannel;
import io.netty.channel.socket.DatagramPacket;
import io.netty.channel.socket.SocketProtocolFamily;
import io.netty.util.concurrent.ScheduledFuture;
import java.io.IOException;
import java.net.Inet4Address;
import java.net.Inet6Address;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.NetworkInterface;
import java.security.SecureRandom;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.ThreadLocalRandom;
import java.util.concurrent.TimeUnit;
import org.secondsite.bgp.bfd.BfdAction;
import org.secondsite.bgp.bfd.BfdPacket;
import org.secondsite.bgp.bfd.BfdProof;
import org.secondsite.bgp.bfd.BfdSession;
import org.secondsite.bgp.bfd.BfdSettings;
import org.secondsite.bgp.bfd.BfdState;
import org.secondsite.bgp.decision.PeerOrder;
import org.secondsite.bgp.wire.Prefix;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * BFD sessions over UDP, for one hop (RFC 5881) received on port 3784 with a TTL of 255 and nothing else, for several hops
 * (RFC 5883) on port 4784; sent from one port of 49152..65535 for each session. An event loop thread of its own keeps the pace whatever BGP is busy with.
 */
public final class BfdEndpoint implements AutoCloseable {
    /** RFC 5881 §4. */
    public static final int PORT = 3784;

    /** RFC 5883 §5. */
    public static final int MULTIHOP_PORT = 4784;

    private static final Logger LOG = LoggerFactory.getLogger(BfdEndpoint.class);
    private static final int FIRST_SOURCE_PORT = 49152;
    private static final long READ_AGAIN_MS = 1;
    private static final int SOURCE_PORTS = 65536 - FIRST_SOURCE_PORT;
    private static final int BIND_TRIES = 20;
    private static final int TOS_INTERNETWORK_CONTROL = 0xc0;
    private static final SecureRandom RANDOM = new SecureRandom();
    private static final long CLOSE_TIMEOUT_MS = 1000;

    private final BfdListener listener;
    private final EventLoopGroup group;
    private final EventLoop loop;
    private final SpeakerThreads threads;
    private final Map<InetSocketAddress, Channel> receivers = new HashMap<>();
    private final Map<InetAddress, Peer> watched = new TreeMap<>(PeerOrder.BY_ADDRESS_AND_INTERFACE);
    // Of the loop:
    private final Map<InetAddress, Driver> byPeer = new TreeMap<>(PeerOrder.BY_ADDRESS_AND_INTERFACE);
    private final Map<Integer, Driver> byDiscriminator = new HashMap<>();

    private BfdEndpoint(BfdListener listener, SpeakerThreads threads) {
        this.listener = listener;
        this.threads = threads;
        this.group = threads.loop("bfd");
        this.loop = group.next();
    }

    /**
     * One neighbour.
     *
     * @param address where it is
     * @param localAddress our end; empty: any
     * @param device the interface that it is at; empty: as the kernel routes
     * @param settings how fast
     */
    public record Peer(
            InetAddress address, Optional<InetAddress> localAddress, Optional<String> device, BfdSettings settings) {
        /** Where its packets come in. */
        InetSocketAddress door() {
            String any = address instanceof Inet4Address ? "0.0.0.0" : "::";
            return new InetSocketAddress(
                    localAddress.orElseGet(() -> Prefix.parseAddress(any)), settings.multihop() ? MULTIHOP_PORT : PORT);
        }
    }

    /**
     * Listens and begins to send to all neighbours.
     *
     * @param doors where packets come in of those that are not known yet
     * @throws IOException if a socket cannot be had
     */
    public static BfdEndpoint open(
            List<Peer> peers, Set<InetSocketAddress> doors, BfdListener listener, SpeakerThreads threads)
            throws IOException {
        BfdEndpoint endpoint = new BfdEndpoint(listener, threads);
        try {
            endpoint.watch(peers, doors);
        } catch (IOException e) {
            endpoint.close();
            throw e;
        }
        return endpoint;
    }

    /**
     * Watches these neighbours from now on and no others. Sessions to those of which nothing is different go on; the others are
     * told that this is no failure (AdminDown). Not to be called on the thread of this endpoint.
     *
     * @param doors where packets come in of those that are not known yet
     * @throws IOException if a socket cannot be had
     */
    public synchronized void watch(List<Peer> peers, Set<InetSocketAddress> doors) throws IOException {
        for (Peer peer : List.copyOf(watched.values())) {
            if (!peers.contains(peer)) {
                watched.remove(peer.address());
                loop.execute(() -> remove(peer.address()));
            }
        }
        Set<InetSocketAddress> locals = new HashSet<>(doors);
        peers.forEach(peer -> locals.add(peer.door()));
        receivers.entrySet().removeIf(receiver -> {
            boolean gone = !locals.contains(receiver.getKey());
            if (gone) {
                var _ = receiver.getValue().close();
            }
            return gone;
        });
        for (Peer peer : peers) {
            if (!watched.containsKey(peer.address())) {
                Channel sender = bindSender(peer);
                watched.put(peer.address(), peer);
                loop.execute(() -> add(peer, sender));
            }
        }
        for (InetSocketAddress local : locals) {
            if (!receivers.containsKey(local)) {
                receivers.put(local, bind(local, Optional.empty(), new Receiver()));
            }
        }
    }

    /** The state of the session to the peer, in the future because its thread answers. */
    public CompletableFuture<BfdState> state(InetAddress peer) {
        return CompletableFuture.supplyAsync(() -> byPeer.get(peer).session.state(), loop);
    }

    /** Tells all peers that this is no failure (AdminDown), and stops. */
    @Override
    public void close() {
        try {
            CompletableFuture.runAsync(() -> byPeer.values().forEach(Driver::shutDown), loop)
                    .orTimeout(CLOSE_TIMEOUT_MS, TimeUnit.MILLISECONDS)
                    .join();
        } catch (CompletionException e) {
            LOG.warn("bfd: sessions did not end in time: {}", e.getCause().toString());
        }
        group.shutdownGracefully(0, CLOSE_TIMEOUT_MS, TimeUnit.MILLISECONDS)
                .awaitUninterruptibly(CLOSE_TIMEOUT_MS, TimeUnit.MILLISECONDS);
    }

    private void add(Peer peer, Channel sender) {
        int discriminator;
        do {
            discriminator = RANDOM.nextInt();
        } while (discriminator == 0 || byDiscriminator.containsKey(discriminator));
        BfdSession session =
                new BfdSession(discriminator, peer.settings(), ThreadLocalRandom.current(), System.nanoTime());
        Driver driver = new Driver(peer, discriminator, session, sender);
        byPeer.put(peer.address(), driver);
        byDiscriminator.put(discriminator, driver);
        driver.proceed();
    }

    /** A link-local address with the number of its interface, which is the one that this thread's network namespace knows. */
    private static InetAddress onLink(Peer peer) {
        if (!(peer.address() instanceof Inet6Address link)
                || !link.isLinkLocalAddress()
                || peer.device().isEmpty()) {
            return peer.address();
        }
        try {
            NetworkInterface device = NetworkInterface.getByName(peer.device().get());
            return device == null ? link : Inet6Address.getByAddress(null, link.getAddress(), device.getIndex());
        } catch (IOException e) {
            LOG.debug("bfd {}: its interface has no number: {}", link.getHostAddress(), e.getMessage());
            return link;
        }
    }

    private void remove(InetAddress peer) {
        Driver driver = byPeer.remove(peer);
        byDiscriminator.remove(driver.discriminator);
        driver.shutDown();
        var _ = driver.sender.close();
    }

    private Channel bindSender(Peer peer) throws IOException {
        IOException last = new IOException("bfd: no free source port");
        for (int i = 0; i < BIND_TRIES; i++) {
            try {
                int port = FIRST_SOURCE_PORT + ThreadLocalRandom.current().nextInt(SOURCE_PORTS);
                return bind(
                        new InetSocketAddress(peer.door().getAddress(), port),
                        peer.device(),
                        new ChannelInboundHandlerAdapter());
            } catch (IOException e) {
                last = e;
            }
        }
        throw last;
    }

    private Channel bind(InetSocketAddress local, Optional<String> device, ChannelInboundHandlerAdapter handler)
            throws IOException {
        boolean ipv4 = local.getAddress() instanceof Inet4Address;
        SocketProtocolFamily family = ipv4 ? SocketProtocolFamily.INET : SocketProtocolFamily.INET6;
        Bootstrap bootstrap = new Bootstrap()
                .group(group)
                .channelFactory(() -> new EpollDatagramChannel(family))
                .option(ChannelOption.IP_TOS, TOS_INTERNETWORK_CONTROL)
                .handler(handler);
        SocketOptions.sendWithFullTtl(bootstrap, ipv4);
        device.ifPresent(name -> SocketOptions.sendBy(bootstrap, name));
        if (local.getPort() == PORT) {
            SocketOptions.receiveOnlyFullTtl(bootstrap, ipv4);
        }
        try {
            return bootstrap.bind(local).syncUninterruptibly().channel();
        } catch (Exception e) { // Netty throws the checked cause unwrapped
            throw new IOException(
                    "bfd: cannot bind " + local.getAddress().getHostAddress() + ":" + local.getPort() + ": "
                            + e.getMessage(),
                    e);
        }
    }

    /** Finds the session of a datagram (RFC 5880 §6.3): by our discriminator, or by the peer's address. */
    private final class Receiver extends SimpleChannelInboundHandler<DatagramPacket> {
        @Override
        protected void channelRead0(ChannelHandlerContext context, DatagramPacket datagram) {
            InetAddress from = datagram.sender().getAddress();
            switch (BfdPacket.decode(datagram.content().duplicate())) {
                case BfdPacket.Decoded.Discard(String reason) ->
                    LOG.debug("bfd: packet of {} discarded: {}", from.getHostAddress(), reason);
                case BfdPacket.Decoded.Packet(BfdPacket packet) ->
                    driver(packet, from)
                            .filter(driver -> driver.proof.isEmpty())
                            .ifPresent(driver -> driver.received(packet));
                case BfdPacket.Decoded.Sealed(BfdPacket packet) ->
                    driver(packet, from).ifPresent(driver -> driver.sealed(packet, datagram.content()));
            }
        }

        private Optional<Driver> driver(BfdPacket packet, InetAddress from) {
            return packet.yourDiscriminator() == 0
                    ? at(from)
                    : Optional.ofNullable(byDiscriminator.get(packet.yourDiscriminator()))
                            .filter(driver -> driver.isAt(from));
        }

        /** Of those who are at the same link-local address, the one at this interface. */
        private Optional<Driver> at(InetAddress from) {
            return Optional.ofNullable(byPeer.get(from)).or(() -> byPeer.values().stream()
                    .filter(driver -> driver.isAt(from))
                    .findFirst());
        }

        @Override
        public void exceptionCaught(ChannelHandlerContext context, Throwable cause) {
            LOG.debug("bfd: {}", cause.getMessage());
            threads.caught(cause);
        }
    }

    /** One session on its socket and timer; runs on the loop. */
    private final class Driver {
        private final InetSocketAddress door;
        private final int discriminator;
        private final InetAddress peer;
        private final BfdSession session;
        private final Channel sender;
        private final Optional<BfdProof> proof;
        private Optional<ScheduledFuture<?>> timer = Optional.empty();
        private boolean readAgain;

        Driver(Peer peer, int discriminator, BfdSession session, Channel sender) {
            this.door = new InetSocketAddress(onLink(peer), peer.door().getPort());
            this.proof = peer.settings().key().map(key -> new BfdProof(key, RANDOM.nextInt()));
            this.discriminator = discriminator;
            this.peer = peer.address();
            this.session = session;
            this.sender = sender;
        }

        /** The same link-local address may be somebody else's at another interface. */
        boolean isOnLinkOf(InetAddress from) {
            return !(door.getAddress() instanceof Inet6Address known)
                    || known.getScopeId() == 0
                    || known.getScopeId() == ((Inet6Address) from).getScopeId();
        }

        boolean isAt(InetAddress from) {
            return peer.equals(from) && isOnLinkOf(from);
        }

        void received(BfdPacket packet) {
            carryOut(session.received(packet, System.nanoTime()));
            proceed();
        }

        /** RFC 5880 §6.8.6: a proof where none is in use is discarded, too. */
        void sealed(BfdPacket packet, ByteBuf datagram) {
            Optional<String> refusal = proof.isEmpty()
                    ? Optional.of("a proof, where no key is set")
                    : proof.get()
                            .refusal(datagram, packet.detectMultiplier(), session.detectionTimeUs(), System.nanoTime());
            refusal.ifPresentOrElse(
                    reason -> LOG.debug("bfd: packet of {} discarded: {}", peer.getHostAddress(), reason),
                    () -> received(packet));
        }

        /**
         * Does what is due. Silence is believed only after the sockets were read once more: while this process stood still, or was
         * late, packets may have come that nobody has looked at.
         */
        void proceed() {
            timer.ifPresent(running -> running.cancel(false));
            boolean overdue = session.isOverdue(System.nanoTime());
            if (overdue && !readAgain) {
                readAgain = true;
                timer = Optional.of(loop.schedule(this::proceed, READ_AGAIN_MS, TimeUnit.MILLISECONDS));
                return;
            }
            readAgain = false;
            carryOut(session.tick(System.nanoTime()));
            long until = session.untilNextNanos(System.nanoTime());
            timer = Optional.of(loop.schedule(this::proceed, until, TimeUnit.NANOSECONDS));
        }

        void shutDown() {
            timer.ifPresent(running -> running.cancel(false));
            carryOut(session.shutDown());
        }

        private void carryOut(List<BfdAction> actions) {
            for (BfdAction action : actions) {
                switch (action) {
                    case BfdAction.Send(BfdPacket packet) -> {
                        ByteBuf buffer = sender.alloc().buffer(BfdPacket.OCTETS + BfdProof.OCTETS);
                        proof.ifPresentOrElse(seal -> seal.encode(packet, buffer), () -> packet.encode(buffer));
                        var _ = sender.writeAndFlush(new DatagramPacket(buffer, door));
                    }
                    case BfdAction.Changed changed -> {
                        LOG.info(
                                "bfd {}: {} -> {}: {}",
                                peer.getHostAddress(),
                                changed.from(),
                                changed.to(),
                                changed.reason());
                        listener.changed(peer, changed, System.nanoTime());
                    }
                }
            }
        }
    }
}
