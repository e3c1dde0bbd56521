package org.secondsite.witness.io.daemon;

import io.netty.bootstrap.ServerBootstrap;
import io.netty.channel.Channel;
import io.netty.channel.ChannelFuture;
import io.netty.channel.ChannelInitializer;
import io.netty.channel.ChannelOption;
import io.netty.channel.ChannelPipeline;
import io.netty.channel.epoll.EpollIoHandler;
import io.netty.channel.epoll.EpollServerSocketChannel;
import io.netty.channel.socket.SocketChannel;
import io.netty.handler.ssl.SslHandler;
import io.netty.handler.timeout.IdleStateHandler;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletionException;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import org.secondsite.config.OwnershipRecord;
import org.secondsite.net.io.AcceptPause;
import org.secondsite.net.io.StrangersLog;
import org.secondsite.net.life.Ending;
import org.secondsite.net.life.io.Life;
import org.secondsite.net.life.io.LivingLoop;
import org.secondsite.net.tls.io.TlsIdentity;
import org.secondsite.witness.AccessRule;
import org.secondsite.witness.GrantPolicy;
import org.secondsite.witness.GroupSettings;
import org.secondsite.witness.LogEntry;
import org.secondsite.witness.NodeStatus;
import org.secondsite.witness.RecordStore;
import org.secondsite.witness.StoreStanding;
import org.secondsite.witness.desk.DeskCounts;
import org.secondsite.witness.desk.Doorkeeper;
import org.secondsite.witness.desk.RequestDesk;
import org.secondsite.witness.io.framing.Framing;
import org.secondsite.witness.io.quorum.QuorumRecordStore;
import org.secondsite.witness.io.store.FileRecordStore;
import org.secondsite.witness.io.store.SeatFile;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The witness daemon: tells clients the records of their groups, hears their heartbeats and decides their requests.
 *
 * <p>Two threads: {@code witness-io} has all connections, what waits and who was heard; the store has its own, so that a
 * slow disk does not make anybody look dead. Whatever one of them throws, and one that hangs, is the witness's end: it must not
 * live and answer nobody. Clients, their open questions and what is buffered for them are bounded.
 */
public final class WitnessServer implements AutoCloseable {
    private static final Logger LOG = LoggerFactory.getLogger(WitnessServer.class);
    private static final int MAX_CONNECTIONS = 256;
    private static final int MAX_UNPROVEN = 128;
    private static final int MAX_UNPROVEN_OF_ADDRESS = 32;
    private static final int HANDSHAKE_TIMEOUT_SECONDS = 5;
    private static final int IDLE_SECONDS = 30;
    private static final int ENROLL_TIMEOUT_MS = 30_000;

    /** A group's first record is one flush: what a slow disk takes for it. */
    private static final int ENROLL_GROUP_MS = 30;

    private static final int CLOSE_TIMEOUT_SECONDS = 5;

    private final RecordStore store;
    private final Life life;
    private final LivingLoop group;
    private final DeskDriver desk;
    private final List<Channel> nodes = new ArrayList<>();
    private final Doorkeeper<Channel> doorkeeper = new Doorkeeper<>(MAX_UNPROVEN_OF_ADDRESS, MAX_UNPROVEN);
    private final StrangersLog strangers = new StrangersLog(LOG);
    private Channel listening;
    private int connected;
    private long rejected;

    private WitnessServer(RecordStore store, SeatFile seats, AccessRule access, GrantPolicy policy, Life life) {
        this.store = store;
        this.life = life;
        group = new LivingLoop("witness-io", life, EpollIoHandler.newFactory());
        RequestDesk decides =
                new RequestDesk(access, policy, store.entries(), store.provenance(), seats.seats(), System.nanoTime());
        desk = new DeskDriver(group.next(), store, seats, decides, group.turn());
    }

    /**
     * Begins empty records, for a witness that has never granted anything, or for a node that the others are to fill.
     *
     * @throws IOException if something is remembered already, or the directory is unusable
     */
    public static void initialize(WitnessServerSettings settings) throws IOException {
        if (settings.quorum().isEmpty()) {
            FileRecordStore.initialize(settings.dataDirectory());
        } else {
            QuorumRecordStore.initialize(settings.quorum().get());
        }
    }

    /**
     * Begins empty records, and opens the witness unwatched.
     *
     * @throws IOException as {@link #initialize} or {@link #open(WitnessServerSettings)}
     */
    public static WitnessServer begin(WitnessServerSettings settings) throws IOException {
        initialize(settings);
        return open(settings);
    }

    /**
     * Reads what is remembered, enrolls the configured groups that are new, and listens.
     *
     * @param ending what follows when one of its threads fails or hangs, or nothing can be remembered any more
     * @throws IOException if nothing is remembered, a file is unusable, the log damaged, a group remembered with other
     *     sites, or the address taken
     */
    public static WitnessServer open(WitnessServerSettings settings, Ending ending) throws IOException {
        Life life = Life.start("witness", ending, Life.USUAL_LIMIT_NANOS);
        try {
            return open(settings, store(settings, life), life);
        } catch (IOException | RuntimeException e) {
            life.close();
            throw e;
        }
    }

    /**
     * The same, unwatched.
     *
     * @throws IOException if nothing is remembered, a file is unusable, the log damaged, a group remembered with other
     *     sites, or the address taken
     */
    public static WitnessServer open(WitnessServerSettings settings) throws IOException {
        Life life = Life.unwatched("witness");
        return open(settings, store(settings, life), life);
    }

    private static RecordStore store(WitnessServerSettings settings, Life life) throws IOException {
        if (settings.quorum().isEmpty()) {
            return FileRecordStore.open(settings.dataDirectory(), life);
        }
        TlsIdentity tls = TlsIdentity.client(settings.tls());
        return QuorumRecordStore.open(settings.quorum().get(), tls);
    }

    /** The same with a given store, which it closes; also when opening fails. */
    static WitnessServer open(WitnessServerSettings settings, RecordStore store) throws IOException {
        return open(settings, store, Life.unwatched("witness"));
    }

    private static WitnessServer open(WitnessServerSettings settings, RecordStore store, Life life) throws IOException {
        WitnessServer server = new WitnessServer(
                store, seats(settings, store), new AccessRule(settings.groups()), policy(settings), life);
        try {
            enroll(store, settings.groups());
            server.listen(settings);
            // What a failed disk has kept is unknown: only a new start can tell.
            store.failed().exceptionally(failure -> {
                life.failed("the store", failure);
                return null;
            });
            return server;
        } catch (IOException | RuntimeException e) {
            server.close();
            throw e;
        }
    }

    private static GrantPolicy policy(WitnessServerSettings settings) {
        return new GrantPolicy(
                TimeUnit.MILLISECONDS.toNanos(settings.ownerFreshMs()),
                TimeUnit.MILLISECONDS.toNanos(settings.maximumGrantDelayMs()));
    }

    /**
     * Has other times and groups from now on; those that are new are enrolled. The record of one that is not served any more is kept, so
     * that its terms never come again. Every node of a witness is to be told.
     *
     * @param running what was so before
     * @param wanted differs in the times and in the groups at most
     * @throws IOException if a group is remembered with other sites, or cannot be enrolled; everything is as before then
     */
    public void alter(WitnessServerSettings running, WitnessServerSettings wanted) throws IOException {
        for (GroupSettings each : wanted.groups()) {
            boolean others = store.entries().stream()
                    .anyMatch(entry -> entry.record().group().equals(each.group())
                            && !entry.sites().equals(each.sites()));
            if (others) {
                throw new IOException("group " + each.group() + " is remembered with other sites");
            }
        }
        serve(wanted);
        try {
            enroll(store, wanted.groups());
        } catch (IOException e) {
            serve(running);
            throw e;
        }
    }

    private void serve(WitnessServerSettings settings) {
        AccessRule access = new AccessRule(settings.groups());
        group.submit(() -> desk.alter(access, policy(settings))).syncUninterruptibly();
    }

    private static SeatFile seats(WitnessServerSettings settings, RecordStore store) throws IOException {
        try {
            return SeatFile.open(settings.dataDirectory());
        } catch (IOException e) {
            store.close();
            throw e;
        }
    }

    private static void enroll(RecordStore store, List<GroupSettings> groups) throws IOException {
        try {
            store.enroll(groups)
                    .orTimeout(ENROLL_TIMEOUT_MS + (long) ENROLL_GROUP_MS * groups.size(), TimeUnit.MILLISECONDS)
                    .get();
        } catch (ExecutionException e) {
            Throwable cause = e.getCause() instanceof CompletionException wrapped ? wrapped.getCause() : e.getCause();
            throw new IOException(cause.getMessage(), e);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new IOException("interrupted", e);
        }
    }

    private void listen(WitnessServerSettings settings) throws IOException {
        TlsIdentity tls = TlsIdentity.server(settings.tls());
        store.watch(entry -> group.execute(() -> desk.recorded(entry)));
        // What was recorded before anybody watched.
        group.submit(() -> store.entries().forEach(desk::recorded)).syncUninterruptibly();
        ServerBootstrap bootstrap = new ServerBootstrap()
                .group(group)
                .channel(EpollServerSocketChannel.class)
                .handler(new AcceptPause("the witness"))
                .option(ChannelOption.SO_REUSEADDR, true)
                .childOption(ChannelOption.TCP_NODELAY, true)
                .childOption(ChannelOption.SO_KEEPALIVE, true)
                .childHandler(new ChannelInitializer<SocketChannel>() {
                    @Override
                    protected void initChannel(SocketChannel channel) {
                        accept(channel, tls);
                    }
                });
        ChannelFuture bound = bootstrap.bind(settings.listen()).awaitUninterruptibly();
        if (!bound.isSuccess()) {
            throw new IOException("cannot listen on " + settings.listen() + ": " + bound.cause(), bound.cause());
        }
        listening = bound.channel();
        LOG.info("witness listens on {}, last records {}", listening.localAddress(), store.records());
    }

    private void accept(SocketChannel channel, TlsIdentity tls) {
        String address = channel.remoteAddress().getAddress().getHostAddress();
        doorkeeper.came(channel, address).ifPresent(oldest -> {
            rejected++;
            stranger("crowd", oldest.remoteAddress() + " gives way: too many connections have not proven who they are");
            var _ = oldest.close();
        });
        channel.closeFuture().addListener(closed -> doorkeeper.left(channel));
        SslHandler handler = tls.newHandler(channel.alloc());
        handler.setHandshakeTimeout(HANDSHAKE_TIMEOUT_SECONDS, TimeUnit.SECONDS);
        channel.pipeline()
                .addLast(handler)
                .addLast(new Framing())
                // Behind the framing: part of a message is no sign of life.
                .addLast(new IdleStateHandler(IDLE_SECONDS, 0, 0))
                .addLast(new WitnessSession(desk, this));
    }

    /** The connection has shown a certificate that the authority signed; whether there is room for it. */
    boolean proven(Channel channel) {
        doorkeeper.left(channel);
        if (connected >= MAX_CONNECTIONS) {
            rejected++;
            stranger("full", channel.remoteAddress() + " refused: " + connected + " connections already");
            return false;
        }
        connected++;
        channel.closeFuture().addListener(closed -> connected--);
        return true;
    }

    /** A line about what anybody can cause. */
    void stranger(String kind, String what) {
        strangers.tell(kind, "{}", what);
    }

    /** Where it listens. */
    public InetSocketAddress address() {
        return (InetSocketAddress) listening.localAddress();
    }

    /** The records in force. */
    public List<OwnershipRecord> records() {
        return store.records();
    }

    /** What it has done so far. Waits for the I/O thread; not to be called from it. */
    public WitnessCounters counters() {
        return group.submit(this::count).syncUninterruptibly().getNow();
    }

    private WitnessCounters count() {
        DeskCounts counts = desk.counts();
        return new WitnessCounters(
                counts.clients(),
                rejected + counts.rejected(),
                counts.granted(),
                counts.refused(),
                counts.refusedTerm(),
                counts.notServed(),
                counts.redirected(),
                counts.delayed(),
                desk.heardTerm(),
                desk.doubts(),
                counts.behind(),
                counts.clones());
    }

    /** How this node stands. */
    public StoreStanding standing() {
        return store.standing();
    }

    /** Everything that this node knows about itself. Waits for the I/O thread; not to be called from it. */
    public WitnessFigures figures() {
        return group.submit(this::look).syncUninterruptibly().getNow();
    }

    private WitnessFigures look() {
        return new WitnessFigures(
                store.standing(), store.entries(), desk.heardMs(), desk.toldBack(), count(), store.fsyncs());
    }

    /** What this node says about itself; on the I/O thread. */
    NodeStatus status() {
        return look().status();
    }

    /** Hands a connection over to Raft, if this node has peers. */
    boolean serveNode(ChannelPipeline pipeline) {
        if (!(store instanceof QuorumRecordStore quorum)) {
            return false;
        }
        nodes.add(pipeline.channel());
        pipeline.channel().closeFuture().addListener(closed -> nodes.remove(pipeline.channel()));
        pipeline.remove(IdleStateHandler.class);
        pipeline.remove(Framing.class);
        pipeline.remove(WitnessSession.class);
        quorum.serve(pipeline);
        return true;
    }

    /** Stops listening, closes all connections and the store. What was not answered has an unknown outcome. */
    @Override
    public void close() {
        if (group.isShuttingDown()) {
            return;
        }
        life.close();
        if (listening != null) {
            listening.close().awaitUninterruptibly();
        }
        group.submit(() -> {
                    desk.closeAll("the witness stops");
                    for (Channel node : List.copyOf(nodes)) {
                        var _ = node.close();
                    }
                })
                .awaitUninterruptibly(CLOSE_TIMEOUT_SECONDS, TimeUnit.SECONDS);
        store.close();
        group.shutdownGracefully(0, CLOSE_TIMEOUT_SECONDS, TimeUnit.SECONDS)
                .awaitUninterruptibly(CLOSE_TIMEOUT_SECONDS, TimeUnit.SECONDS);
    }

    void rejected() {
        rejected++;
    }

    /** A connection's handler has thrown what is no fault of the network. */
    void failed(Throwable defect) {
        life.failed(defect);
    }

    /** The records in force, and who made them so. */
    List<LogEntry> entries() {
        return store.entries();
    }
}
