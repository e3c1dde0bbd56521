package org.secondsite.openflow.io;

import io.netty.bootstrap.ServerBootstrap;
import io.netty.channel.Channel;
import io.netty.channel.ChannelFuture;
import io.netty.channel.ChannelInitializer;
import io.netty.channel.ChannelOption;
import io.netty.channel.EventLoop;
import io.netty.channel.epoll.EpollIoHandler;
import io.netty.channel.epoll.EpollServerSocketChannel;
import io.netty.handler.ssl.SslHandler;
import io.netty.util.concurrent.ScheduledFuture;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.util.Collections;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import org.secondsite.config.SwitchId;
import org.secondsite.net.io.AcceptPause;
import org.secondsite.net.io.StrangersLog;
import org.secondsite.net.life.io.Life;
import org.secondsite.net.life.io.LivingLoop;
import org.secondsite.openflow.ControllerSettings;
import org.secondsite.openflow.Standing;
import org.secondsite.openflow.SwitchListener;
import org.secondsite.openflow.SwitchSettings;
import org.secondsite.openflow.VmAttachment;
import org.secondsite.openflow.pipeline.Pipeline;
import org.secondsite.openflow.preflight.Finding;
import org.secondsite.openflow.session.ControlledSwitch;
import org.secondsite.openflow.session.Effect;
import org.secondsite.openflow.session.Peer;
import org.secondsite.openflow.session.Rehearsal;
import org.secondsite.openflow.session.SwitchSession;
import org.secondsite.openflow.wire.Incoming;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Listens for switches, dials those that listen themselves, and keeps each of them at what was applied last.
 *
 * <p>All sessions, and all calls of the listener, run on one thread named {@code openflow}, which lives and dies with a
 * {@link Life}. Closing ends the sessions and writes nothing: the flows stay, and lead to a gateway that is no longer there.
 */
public final class SwitchController implements AutoCloseable {
    private static final Logger LOG = LoggerFactory.getLogger(SwitchController.class);

    private static final int TICKS_PER_ECHO = 4;
    private static final int MAX_TICK_MS = 50;
    private static final long CLOSE_WITHIN_MS = 2000;
    private static final int MAX_CLAIMS_TOLD = 1000;
    private static final int REHEARSED_VMS = 40;
    private static final int REHEARSED_TAKEOVERS = 20;

    /** What a rehearsal warms up is the process's. */
    private static boolean rehearsed;

    /** Replaced as a whole on the loop's thread. */
    private volatile ControllerSettings settings;

    private final SwitchTls tls;
    private final Reporter reporter;

    /** Whoever reaches the port can connect, and say that it is a switch. */
    private final StrangersLog strangers = new StrangersLog(LOG);

    private final Life life;
    private final LivingLoop group;
    private final EventLoop loop;
    private final Map<SwitchId, ControlledSwitch> switches = new HashMap<>();
    private final Map<SwitchId, PreflightWatch> preflights = new HashMap<>();

    /** Those that are dialled. */
    private final Map<SwitchId, Call> calls = new HashMap<>();

    /** Those that connect by themselves. */
    private final Map<Long, SwitchSettings> byDatapath = new HashMap<>();

    /** Of the loop's thread, like everything in {@link #switches}. */
    private final Set<SessionHandler> handlers = new HashSet<>();

    private final Newcomers newcomers = new Newcomers();

    /** Connections that say they are a switch that is connected, until it is known whether it still is. */
    private final Map<SwitchId, SessionHandler> claimants = new HashMap<>();

    /** Of which it was told already. */
    private final Set<String> claimsTold = new HashSet<>();

    private InetSocketAddress address;

    private SwitchController(ControllerSettings settings, SwitchTls tls, SwitchListener listener, Life life) {
        this.settings = settings;
        this.tls = tls;
        reporter = new Reporter(listener, life);
        this.life = life;
        LivingLoop living = new LivingLoop("openflow", life, EpollIoHandler.newFactory());
        living.turn().silencesNobody();
        group = living;
        loop = group.next();
        settings.switches().forEach(one -> add(new ControlledSwitch(one)));
    }

    /**
     * Starts to listen and to dial.
     *
     * @throws IOException if the address cannot be bound, or a file of TLS is not what it should be
     */
    public static SwitchController open(ControllerSettings settings, SwitchListener listener) throws IOException {
        return open(settings, listener, Life.unwatched("openflow"));
    }

    /**
     * Starts to listen and to dial.
     *
     * @param life ends with the controller's thread
     * @throws IOException if the address cannot be bound, or a file of TLS is not what it should be
     */
    public static SwitchController open(ControllerSettings settings, SwitchListener listener, Life life)
            throws IOException {
        rehearseOnce();
        SwitchController controller = new SwitchController(settings, SwitchTls.of(settings.tls()), listener, life);
        try {
            controller.start();
        } catch (IOException e) {
            controller.close();
            throw e;
        }
        return controller;
    }

    /**
     * Where it listens.
     *
     * @throws IllegalStateException if all switches are dialled
     */
    public InetSocketAddress address() {
        if (address == null) {
            throw new IllegalStateException("it does not listen");
        }
        return address;
    }

    /**
     * The switch shall do this from now on; told to the listener when it does. Returns at once. The same again is checked
     * and confirmed again.
     *
     * @param switchId one of the settings' switches
     * @param term the term under which it is told so
     * @param vms the VMs of this switch; VMs that are not named have no flows
     * @throws IllegalArgumentException if there is no such switch, the term was never granted, or the VMs cannot stand on
     *     one switch
     */
    public void apply(SwitchId switchId, long term, List<VmAttachment> vms) {
        SwitchSettings one = settings.switches().stream()
                .filter(known -> known.id().equals(switchId))
                .findFirst()
                .orElseThrow(() -> new IllegalArgumentException("there is no switch " + switchId));
        if (term < 1) {
            throw new IllegalArgumentException("term " + term + " was never granted");
        }
        Pipeline.check(one.gatewayPort(), vms);
        List<VmAttachment> frozen = List.copyOf(vms);
        loop.execute(() -> {
            ControlledSwitch controlled = switches.get(switchId);
            if (controlled != null) {
                List<Effect> effects = controlled.apply(term, frozen, System.nanoTime());
                perform(switchId, handlerOf(controlled), effects);
                preflights.get(switchId).holds(frozen);
            }
        });
    }

    /**
     * These are the switches from now on. One that is as before is not touched. The session of one that is altered begins anew, with
     * what was applied to it; of one that is gone it ends. Either keeps its flows meanwhile.
     *
     * @param wanted all of them
     * @return completes when it is done; sessions may take a while to come again
     * @throws IllegalArgumentException if two share a name or a datapath id
     */
    public CompletableFuture<Void> change(List<SwitchSettings> wanted) {
        ControllerSettings next = settings.with(wanted);
        return CompletableFuture.runAsync(() -> replace(next), loop);
    }

    private void replace(ControllerSettings next) {
        settings = next;
        Map<SwitchId, SwitchSettings> wanted = new HashMap<>();
        next.switches().forEach(one -> wanted.put(one.id(), one));
        for (ControlledSwitch before : List.copyOf(switches.values())) {
            SwitchSettings one = wanted.remove(before.settings().id());
            if (one == null) {
                remove(before, "it is configured no more");
            } else if (!one.equals(before.settings())) {
                remove(before, "its settings have changed");
                add(before.with(one));
            }
        }
        wanted.values().forEach(one -> add(new ControlledSwitch(one)));
    }

    private void add(ControlledSwitch added) {
        SwitchSettings one = added.settings();
        switches.put(one.id(), added);
        if (one.access().dialled().isPresent()) {
            InetSocketAddress at = one.access().dialled().get();
            Call call = new Call(
                    one,
                    at,
                    loop,
                    (channel, of) -> install(channel, Optional.of(of)),
                    reason -> reporter.disconnected(one.id(), reason));
            calls.put(one.id(), call);
            loop.execute(call::dial);
        } else {
            byDatapath.put(one.datapathId(), one);
        }
        PreflightWatch preflight = new PreflightWatch(one, loop, tls, new Fate(one.id()), life);
        preflights.put(one.id(), preflight);
        if (!added.vms().isEmpty()) {
            preflight.holds(added.vms());
        }
    }

    private void remove(ControlledSwitch gone, String why) {
        SwitchId id = gone.settings().id();
        claimants.remove(id);
        Optional<Call> call = Optional.ofNullable(calls.remove(id));
        call.ifPresent(Call::close);
        handlers.stream()
                .filter(handler -> handler.session().switchId().equals(Optional.of(id))
                        || (call.isPresent() && handler.call().equals(call)))
                .toList()
                .forEach(handler -> {
                    handler.end(why);
                    closed(handler, why);
                });
        switches.remove(id);
        byDatapath.remove(gone.settings().datapathId(), gone.settings());
        preflights.remove(id).close();
    }

    /** What follows for a switch from its preflight. */
    private final class Fate implements PreflightWatch.Orders {
        private final SwitchId id;

        private Fate(SwitchId id) {
            this.id = id;
        }

        @Override
        public void refuse() {
            ControlledSwitch controlled = switches.get(id);
            perform(id, handlerOf(controlled), controlled.refuse(System.nanoTime()));
        }

        @Override
        public void admit() {
            ControlledSwitch controlled = switches.get(id);
            perform(id, handlerOf(controlled), controlled.admit(System.nanoTime()));
        }

        @Override
        public void told(Standing standing, String what) {
            reporter.preflight(id, standing, what);
        }
    }

    @Override
    public void close() {
        group.shutdownGracefully(0, CLOSE_WITHIN_MS, TimeUnit.MILLISECONDS).awaitUninterruptibly(2 * CLOSE_WITHIN_MS);
    }

    private void start() throws IOException {
        if (settings.listen().isPresent()) {
            bind(settings.listen().get());
        }
        long period = Math.max(1, Math.min(MAX_TICK_MS, settings.echoAfterMs() / TICKS_PER_ECHO));
        ScheduledFuture<?> _ = loop.scheduleWithFixedDelay(this::tick, period, period, TimeUnit.MILLISECONDS);
    }

    private void bind(InetSocketAddress listen) throws IOException {
        ChannelFuture bound = new ServerBootstrap()
                .group(group)
                .channel(EpollServerSocketChannel.class)
                .handler(new AcceptPause("the switches' port"))
                .option(ChannelOption.SO_REUSEADDR, true)
                .childOption(ChannelOption.TCP_NODELAY, true)
                .childHandler(new ChannelInitializer<>() {
                    @Override
                    protected void initChannel(Channel channel) {
                        install(channel, Optional.empty());
                    }
                })
                .bind(listen)
                .awaitUninterruptibly();
        if (!bound.isSuccess()) {
            throw new IOException("cannot listen on " + listen, bound.cause());
        }
        address = (InetSocketAddress) bound.channel().localAddress();
        LOG.info("listening for switches on {}", address);
    }

    /**
     * Puts the handlers into a connection.
     *
     * @param call what dials it; empty: the switch has
     */
    private void install(Channel channel, Optional<Call> call) {
        Peer.Opener opener = call.isEmpty() ? Peer.Opener.SWITCH : Peer.Opener.CONTROLLER;
        Optional<SslHandler> first = tls.newHandler(opener, channel.alloc());
        first.ifPresent(channel.pipeline()::addLast);
        channel.pipeline().addLast(new MessageDecoder(), new SessionHandler(this, life, group.turn(), call, first));
    }

    /**
     * Runs the code that a takeover needs before there is one. The first, small rehearsal loads all classes while no other
     * thread does (those of the message library depend on each other in circles); the long one goes on in the background.
     */
    private static synchronized void rehearseOnce() {
        if (!rehearsed) {
            rehearsed = true;
            new Rehearsal(1, message -> {}).play(2);
            Rehearsal rehearsal = new Rehearsal(REHEARSED_VMS, message -> {});
            Thread.ofPlatform().daemon().name("openflow-rehearsal").start(() -> rehearsal.play(REHEARSED_TAKEOVERS));
        }
    }

    private void tick() {
        long now = System.nanoTime();
        preflights.values().forEach(preflight -> preflight.tick(now));
        for (SessionHandler handler : List.copyOf(handlers)) {
            perform(handler, handler.session().tick(now));
            group.turn().made();
        }
    }

    /** A switch, or whoever it is, has connected. */
    void arrived(SessionHandler handler) {
        newcomers.arrived(handler);
    }

    SwitchSession opened(SessionHandler handler, Peer peer) {
        handlers.add(handler);
        return new SwitchSession(
                handler.call().map(Call::known).orElseGet(() -> Collections.unmodifiableMap(byDatapath)),
                peer,
                TimeUnit.MILLISECONDS.toNanos(settings.echoAfterMs()),
                TimeUnit.MILLISECONDS.toNanos(settings.deadAfterMs()));
    }

    void skipped(SessionHandler handler, Incoming.Unparsable message) {
        strangers.tell(
                "unparsable", "{}: skipped a message of type {}: {}", handler.name(), message.type(), message.reason());
    }

    void closed(SessionHandler handler, String reason) {
        newcomers.settled(handler);
        handler.call().ifPresent(call -> call.lost(reason));
        if (handler.session() == null) {
            strangers.tell("unproved", "{}: disconnected: {}", handler.remote(), reason);
        }
        if (!handlers.remove(handler)) {
            return;
        }
        strangers.tell(
                "disconnected",
                "{}: disconnected: {} ({} messages could not be parsed, {} errors)",
                handler.name(),
                reason,
                handler.session().unparsableCount(),
                handler.session().errorCount());
        handler.session().closed();
        handler.session().switchId().ifPresent(id -> {
            claimants.remove(id, handler);
            if (switches.get(id).disconnected(handler.session())) {
                reporter.disconnected(id, reason);
                SessionHandler claimant = claimants.remove(id);
                if (claimant != null) {
                    adopt(id, claimant);
                }
            }
        });
    }

    void perform(SessionHandler handler, List<Effect> effects) {
        Optional<SwitchId> said = handler.session().switchId();
        said.ifPresent(_ -> newcomers.settled(handler));
        perform(said.orElse(null), handler, effects);
    }

    /**
     * Does what a session wants.
     *
     * @param switchId {@code null} while the session does not know it
     * @param handler {@code null} when the switch is not connected; then there is nothing to send
     */
    private void perform(SwitchId switchId, SessionHandler handler, List<Effect> effects) {
        for (Effect effect : effects) {
            switch (effect) {
                case Effect.Send(var message) -> handler.send(message);
                case Effect.Prepare() -> {
                    handler.flush();
                    handler.session().prepare();
                }
                case Effect.Close(String reason) -> handler.end(reason);
                case Effect.Connected(SwitchId id) -> connected(id, handler);
                case Effect.Alive() -> former(switchId, handler);
                case Effect.Impostor(SwitchId id, String what) -> impostor(id, handler, what);
                case Effect.Outranked outranked -> {
                    if (!outranked.obstacle().mayPass()) {
                        switches.get(switchId).outranked(outranked.term());
                    }
                    reporter.report(switchId, effect);
                }
                case Effect.Confirmed _,
                        Effect.Partial _,
                        Effect.Fenced _,
                        Effect.Failed _,
                        Effect.Drifted _,
                        Effect.Noticed _,
                        Effect.Counted _,
                        Effect.PortsMissing _ -> reporter.report(switchId, effect);
                case Effect.Probed(List<Finding> findings) ->
                    preflights.get(switchId).probed(findings);
            }
        }
        if (handler != null) {
            handler.flush();
        }
    }

    /** A connection says which switch it is. One that was there before stays as long as it lives. */
    private void connected(SwitchId id, SessionHandler handler) {
        handler.call().ifPresent(Call::answered);
        SessionHandler former = handlerOf(switches.get(id));
        if (former == null) {
            adopt(id, handler);
        } else if (claimants.putIfAbsent(id, handler) == null) {
            perform(id, former, former.session().probe());
        } else {
            handler.end("duplicate-datapath: a third connection claims to be this switch");
        }
    }

    private void adopt(SwitchId id, SessionHandler handler) {
        reporter.connected(id, handler.session().version().toString());
        preflights.get(id).connected();
        perform(id, handler, switches.get(id).connected(handler.session(), System.nanoTime()));
    }

    /** A connection lives that another has claimed to have replaced. */
    private void former(SwitchId id, SessionHandler handler) {
        SessionHandler claimant = claimants.remove(id);
        if (claimant == null) {
            return;
        }
        String what = "duplicate-datapath: " + claimant.remote() + " claims to be this switch, which is connected from "
                + handler.remote();
        claimant.end(what);
        tellOnce(id, claimant, what);
    }

    /** Somebody whom the authority has certified claims to be a switch that he is not. */
    private void impostor(SwitchId id, SessionHandler handler, String what) {
        tellOnce(id, handler, "impostor: " + handler.remote() + ": " + what);
    }

    /** Of each host once: it comes again every second. */
    private void tellOnce(SwitchId id, SessionHandler handler, String what) {
        if (claimsTold.size() == MAX_CLAIMS_TOLD) {
            claimsTold.clear();
        }
        if (claimsTold.add(id + handler.host())) {
            reporter.report(id, new Effect.Noticed(what));
        }
    }

    private SessionHandler handlerOf(ControlledSwitch controlled) {
        return controlled
                .session()
                .flatMap(session -> handlers.stream()
                        .filter(handler -> handler.session() == session)
                        .findFirst())
                .orElse(null);
    }
}
