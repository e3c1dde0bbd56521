package org.secondsite.gateway;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.IOException;
import java.nio.file.Path;
import java.time.Instant;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.Callable;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;
import java.util.function.Function;
import java.util.function.LongConsumer;
import org.secondsite.bgp.io.BgpSpeaker;
import org.secondsite.bgp.io.CommandPort;
import org.secondsite.bgp.session.SpeakerSettings;
import org.secondsite.buffer.DataPlane;
import org.secondsite.config.BgpConfig;
import org.secondsite.config.GatewayConfig;
import org.secondsite.config.GroupId;
import org.secondsite.config.MetricsConfig;
import org.secondsite.config.SiteId;
import org.secondsite.config.VmId;
import org.secondsite.gateway.group.FormerMembers;
import org.secondsite.gateway.group.Recollection;
import org.secondsite.gateway.group.SiteCore;
import org.secondsite.gateway.group.SiteEdge;
import org.secondsite.gateway.group.SiteEvent;
import org.secondsite.gateway.group.SiteOrder;
import org.secondsite.gateway.group.SitePeer;
import org.secondsite.gateway.group.Surroundings;
import org.secondsite.gateway.io.MachineRoutes;
import org.secondsite.gateway.io.MemberFile;
import org.secondsite.gateway.io.SeatMemory;
import org.secondsite.gateway.management.ManagementServer;
import org.secondsite.gateway.peer.PeerWatch;
import org.secondsite.gateway.router.RouterSettings;
import org.secondsite.gateway.router.ToldApart;
import org.secondsite.gateway.router.Uplinks;
import org.secondsite.gateway.timeline.Timeline;
import org.secondsite.management.io.HttpsServer;
import org.secondsite.management.netconf.io.NetconfServer;
import org.secondsite.metrics.CertificateMetrics;
import org.secondsite.metrics.MetricsPort;
import org.secondsite.metrics.Scrape;
import org.secondsite.net.io.TermMemory;
import org.secondsite.net.life.Ending;
import org.secondsite.net.life.io.Life;
import org.secondsite.net.life.io.ProcessEnd;
import org.secondsite.net.tls.io.CertificateWatch;
import org.secondsite.openflow.io.SwitchController;
import org.secondsite.replicator.checkpoint.Callers;
import org.secondsite.replicator.checkpoint.io.CheckpointServer;
import org.secondsite.witness.io.client.WitnessClient;
import org.secondsite.witness.io.client.WitnessClientSettings;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * One gateway: everything that the configuration names, opened, tied together by the {@link Conductor}, and closed.
 *
 * <p>The order of opening is the order of need: what holds packets is there before anything can decide to release them, and
 * the witness, whose word starts everything, comes last. Closing never flushes: held packets are discarded, and the kernel
 * state that keeps the way closed stays.
 *
 * <h2>Life</h2>
 *
 * Heartbeats, on the tunnel, beside it and to the witness, go out only while the conductor and the data plane's threads turn
 * round. Whatever a deciding thread throws, and a thread that hangs, is the end of the gateway ({@link Life}).
 *
 * <h2>Threads</h2>
 *
 * The data plane, the tunnel, the agents, the witness client, the BGP speaker and the switches have threads of their own.
 * All of them post to the conductor's, on which every decision is made and all state of this package lives.
 */
public final class Gateway implements AutoCloseable {
    private static final Logger LOG = LoggerFactory.getLogger(Gateway.class);
    private static final int LOOK_SECONDS = 2;

    /** Changed on the conductor's thread, and read by everybody. */
    private volatile GatewayConfig config;

    private final Optional<GatewayFile> file;
    private final Consumer<GatewayConfig.Management> log;
    private final Timeline timeline = new Timeline();
    private final Life life;
    private final Conductor conductor;
    private final SiteCore core;
    private final Map<String, Session> routers = new LinkedHashMap<>();
    private final Map<String, Session> switches = new LinkedHashMap<>();
    private Optional<RouterView> routerView = Optional.empty();
    private Optional<MachineRoutes> machineRoutes = Optional.empty();
    private Optional<GatewayChange.Routers> routerParts = Optional.empty();
    private Optional<GatewayChange.Switches> switchParts = Optional.empty();
    private volatile Optional<ConfigCommands> configCommands = Optional.empty();
    private final Deque<AutoCloseable> opened = new ArrayDeque<>();

    private final VmsElsewhere elsewhere;
    private SiteEdge edge;
    private CertificateWatch certificates;
    private LongConsumer termTold = term -> {};
    private final FirstTerms firstTerms;
    private DataPlane dataPlane;
    private final Tunnels tunnels;
    private final MetricsPort metrics = new MetricsPort(this::measure);
    private CheckpointServer agents;

    private Gateway(
            GatewayConfig config,
            Recollection found,
            Optional<GatewayFile> file,
            Consumer<GatewayConfig.Management> log,
            Ending ending) {
        this.config = config;
        this.file = file;
        this.log = log;
        life = Life.start("gateway-" + config.site(), ending, Life.USUAL_LIMIT_NANOS);
        conductor = new Conductor(
                "conductor-" + config.site(), TimeUnit.MILLISECONDS.toNanos(GatewaySettings.heartbeatMs(config)), life);
        tunnels = new Tunnels(this::post, life);
        firstTerms = new FirstTerms(config.groups().stream()
                .flatMap(group -> group.vms().stream())
                .filter(GatewayConfig.Vm::isProtected)
                .map(GatewayConfig.Vm::id)
                .toList());
        elsewhere = new VmsElsewhere(config.groups(), addresses -> dataPlane.elsewhere(addresses));
        long now = System.nanoTime();
        core = new SiteCore(
                config,
                found,
                (site, settings, at) -> new PeerWatch(settings, done -> tunnels.whenRead(site, done), at),
                now);
        config.bgp().ifPresent(bgp -> RouterEvents.names(bgp)
                .forEach(name -> routers.put(name, new Session("down: not connected yet"))));
        config.openflow().ifPresent(openflow -> openflow.switches()
                .forEach(s -> switches.put(s.id().name(), new Session("disconnected: not connected yet"))));
    }

    /**
     * Opens a gateway with the data plane that its configuration names, whose configuration can change while it runs.
     *
     * @param config what the file says
     * @param log has the log tell of what is to be told; called again when that changes
     * @throws IOException if a port, file or interface cannot be had, or the file lacks a VM that the other site may go on from; nothing
     *     stays open then
     */
    public static Gateway open(GatewayFile file, GatewayConfig config, Consumer<GatewayConfig.Management> log)
            throws IOException {
        return open(file, config, log, DataPlaneFactory.CONFIGURED, new ProcessEnd("gateway"));
    }

    /**
     * The same with another data plane and another fate.
     *
     * @throws IOException if a port, file or interface cannot be had; nothing stays open then
     */
    public static Gateway open(
            GatewayFile file,
            GatewayConfig config,
            Consumer<GatewayConfig.Management> log,
            DataPlaneFactory factory,
            Ending ending)
            throws IOException {
        Recollection found = found(config);
        FormerMembers former = FormerMembers.of(config, found);
        if (!former.problems().isEmpty()) {
            throw new IOException(String.join("\n", former.problems()));
        }
        Gateway gateway = open(new Gateway(former.config(), found, Optional.of(file), log, ending), factory);
        gateway.configCommands.ifPresent(commands -> commands.letLeave(former.kept()));
        return gateway;
    }

    private static Recollection found(GatewayConfig config) {
        return memberFile(config).map(MemberFile::read).orElseGet(Recollection.None::new);
    }

    /**
     * Opens a gateway with another data plane, such as one in memory, and perhaps another fate than that of this process.
     *
     * @param ending what follows when a deciding thread fails or hangs: it has to see to it that this gateway lets nothing out
     *     any more; its heartbeats have stopped by then
     * @throws IOException if a port, file or interface cannot be had; nothing stays open then
     */
    public static Gateway open(GatewayConfig config, DataPlaneFactory factory, Ending ending) throws IOException {
        return open(new Gateway(config, found(config), Optional.empty(), _ -> {}, ending), factory);
    }

    private static Gateway open(Gateway gateway, DataPlaneFactory factory) throws IOException {
        try {
            gateway.openAll(factory);
            return gateway;
        } catch (IOException | RuntimeException e) {
            gateway.close();
            throw e;
        }
    }

    private void openAll(DataPlaneFactory factory) throws IOException {
        dataPlane =
                factory.open(config, GatewaySettings.protectedVms(config), new PlaneEvents(this::post, life::failed));
        opened.push(dataPlane);
        dataPlane.turns().forEach(turn -> life.watched(life.vital(turn)));
        certificates = CertificateWatch.open(config.tls(), this::certificateAlarm);
        opened.push(certificates);
        WitnessPort witness = new WitnessPort();
        opened.push(tunnels);
        for (SitePeer peer : core.peers()) {
            tunnels.open(config, peer);
        }
        edge = new SiteEdge(
                new Surroundings(
                        dataPlane,
                        tunnels::link,
                        witness,
                        roles(routes()),
                        switches(),
                        this::follow,
                        memory(),
                        timeline),
                this::post);
        AgentCertificates ofAgents = new AgentCertificates(
                (vm, what) -> {
                    LOG.error("{}: {}", vm, what);
                    timeline.note(vm.name(), "certificate", what);
                },
                Instant::now);
        conductor.everyTick(() -> {
            take(new SiteEvent.Tick(tunnels.roundTripNanos()));
            ofAgents.tick(core.groups(), conductor.nowNanos());
        });
        conductor.start();
        agents = CheckpointServer.open(GatewaySettings.agents(config), new AgentEvents(this::post), life);
        opened.push(agents);
        metrics.move(config.metrics().map(MetricsConfig::listen));
        opened.push(metrics);
        log.accept(config.management());
        file.ifPresent(
                from -> configCommands = Optional.of(new ConfigCommands(from, config, changes(witness), timeline)));
        configCommands.ifPresent(opened::push);
        OperatorRequests requests = new OperatorRequests(() -> config, timeline, routerView, this::post);
        opened.push(ManagementServer.open(
                config.management().socket(),
                requests.and(Map.of("status", this::status, "vms", this::vms, "config", this::config))));
        WitnessClient client = witnessClient(witness);
        opened.push(client);
        witness.connect(client);
        dataPlane.noticeStandstill(GatewaySettings.harmlessStandstillNanos(config));
        openDoors(requests);
        timeline.note(config.site().name(), "start", "role unknown: nothing is released or announced");
    }

    /** For network automation: last, because no packet depends on it; and without it everything else goes on. */
    private void openDoors(OperatorRequests requests) {
        if (configCommands.isEmpty()) {
            return;
        }
        ManagementDoor door = new ManagementDoor(configCommands.get(), operators(requests));
        config.management().https().ifPresent(https -> serve("HTTPS", () -> HttpsServer.open(https, door)));
        config.management().netconf().ifPresent(netconf -> serve("NETCONF", () -> NetconfServer.open(netconf, door)));
    }

    private void serve(String how, Callable<AutoCloseable> server) {
        try {
            opened.push(server.call());
        } catch (Exception e) {
            LOG.error("nobody is served by {}: {}", how, e.getMessage());
            timeline.note(config.site().name(), "management", "nobody is served by " + how + ": " + e.getMessage());
        }
    }

    private ManagementDoor.Operators operators(OperatorRequests requests) {
        return new ManagementDoor.Operators() {
            @Override
            public void switchOver(String group, String reason) throws Exception {
                requests.handOver(group, reason);
            }

            @Override
            public JsonNode status() throws Exception {
                return everythingKnown();
            }
        };
    }

    /** Beside what it remembers of terms. */
    private static Optional<Path> memberFile(GatewayConfig config) {
        return config.witness().termFile().map(file -> file.resolveSibling(file.getFileName() + ".members"));
    }

    private Surroundings.Memory memory() {
        Optional<MemberFile> file = memberFile(config).map(path -> MemberFile.open(path, this::post));
        file.ifPresent(opened::push);
        return file.<Surroundings.Memory>map(Function.identity()).orElse((number, all) -> {});
    }

    private void certificateAlarm(String what) {
        LOG.error("{}", what);
        timeline.note(config.site().name(), "certificate", what);
    }

    private WitnessClient witnessClient(WitnessPort witness) throws IOException {
        WitnessClientSettings settings = GatewaySettings.witness(config);
        if (config.witness().termFile().isPresent()) {
            Path file = config.witness().termFile().get();
            TermMemory memory = TermMemory.open(file);
            opened.push(memory);
            if (memory.term() == 0) {
                awaitFirstTerms();
            }
            termTold = memory::remember;
            SeatMemory seat = SeatMemory.open(file.resolveSibling(file.getFileName() + ".seat"));
            opened.push(seat);
            settings = settings.remembering(memory.term()).at(seat.seat());
        }
        settings = settings.hearing(witness.known());
        return WitnessClient.open(settings, new WitnessEvents(this::post, termTold, timeline), life);
    }

    private void awaitFirstTerms() throws IOException {
        try {
            if (!firstTerms.await()) {
                LOG.warn("not every agent has told which terms it remembers, and this gateway remembers none either");
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new IOException("interrupted", e);
        }
    }

    /** Routers are told of a group's role, and then the data plane. */
    private Surroundings.Routes roles(Surroundings.Routes routes) {
        return (group, role) -> {
            routes.publish(group, role);
            elsewhere.publish(group, role);
        };
    }

    private Surroundings.Routes routes() throws IOException {
        if (config.bgp().isEmpty()) {
            return (group, role) -> {};
        }
        BgpConfig bgp = config.bgp().get();
        SpeakerSettings settings = RouterSettings.of(bgp);
        BgpSpeaker speaker =
                BgpSpeaker.open(settings, new RouterEvents(conductor, timeline, routers), new LivingSpeaker(life));
        opened.push(speaker);
        routerView = Optional.of(new RouterView(speaker));
        Announcements announcements = new Announcements(config.groups(), ToldApart.of(bgp), speaker::advertise);
        MachineRoutes installed = new MachineRoutes(
                (destinations, told) -> {
                    var _ = speaker.follow(destinations, told);
                },
                Uplinks.of(config.dataPlane()),
                what -> timeline.note("bgp", "machine-route", what));
        opened.push(installed);
        installed.follow(bgp.installs());
        machineRoutes = Optional.of(installed);
        routerParts = Optional.of(new GatewayChange.Routers(speaker, announcements, installed, routers));
        if (bgp.commands().isPresent()) {
            RouteCommands commands = new RouteCommands(conductor, announcements, timeline);
            opened.push(CommandPort.open(bgp.commands().get(), speaker, commands));
        }
        return announcements;
    }

    private Surroundings.Switches switches() throws IOException {
        if (config.openflow().isEmpty()) {
            return (group, term, owner) -> {};
        }
        SwitchController controller = SwitchController.open(
                SwitchPlan.settings(config.openflow().get()),
                new SwitchEvents(conductor, timeline, switches, this::post),
                life);
        opened.push(controller);
        SwitchPrograms programs = new SwitchPrograms(config.groups(), controller::apply);
        switchParts = Optional.of(new GatewayChange.Switches(controller, programs, switches));
        return programs;
    }

    // ---- the conductor's thread ---------------------------------------------------------------------------------

    private void post(SiteEvent event) {
        conductor.post(() -> take(event));
    }

    private void take(SiteEvent event) {
        edge.carryOut(core.on(event, conductor.nowNanos()));
        firstTerms.took(event);
    }

    // ---- configuration that changes -----------------------------------------------------------------------------

    /** Commits the file that the gateway was started with as it is now; what comes of it is in the timeline. */
    public void reload() {
        configCommands.ifPresent(ConfigCommands::reload);
    }

    private CompletableFuture<Optional<String>> follow(GroupId group, VmId vm, SiteOrder.Tick tick, SiteId owner) {
        return configCommands
                .map(commands -> commands.follow(group, vm, tick, owner))
                .orElseGet(() -> CompletableFuture.completedFuture(Optional.of("the gateway there has no file")));
    }

    private GatewayChange changes(WitnessPort witness) {
        TuningChange tuning =
                new TuningChange(conductor, this::take, tunnels, witness, dataPlane, metrics, log, config);
        MembershipChange members = new MembershipChange(conductor, this::take, dataPlane, agents, config);
        PeersChange peers = new PeersChange(conductor, this::take, core, tunnels);
        return new GatewayChange(conductor, this::take, this::runs, peers, tuning, members, routerParts, switchParts);
    }

    private void runs(GatewayConfig after) {
        config = after;
        elsewhere.alter(after.groups());
    }

    private JsonNode config(JsonNode request) throws Exception {
        return configCommands
                .orElseThrow(() -> new IOException("this gateway was not started with a file"))
                .answer(request);
    }

    // ---- management ---------------------------------------------------------------------------------------------

    private JsonNode status(JsonNode request) throws Exception {
        JsonNode status = look(GatewayStatus::of);
        machineRoutes.ifPresent(routes -> routes.tell(status));
        return status;
    }

    private JsonNode vms(JsonNode request) throws Exception {
        List<Callers.Call> calls = agents.callers().get(LOOK_SECONDS, TimeUnit.SECONDS);
        return look(view -> new VmList(view.config(), view.core(), calls, System.nanoTime()).tell());
    }

    private JsonNode everythingKnown() throws Exception {
        JsonNode nothing = JsonNodeFactory.instance.objectNode();
        return GatewayStatus.with((ObjectNode) status(nothing), vms(nothing));
    }

    private Scrape measure() throws Exception {
        Scrape scrape = look(GatewayMetrics::read);
        CertificateWatch.State found = certificates.state();
        CertificateMetrics.read(scrape, found.ends(), found.fault().isEmpty(), Instant.now());
        if (routerView.isPresent()) {
            routerView.get().measure(scrape);
        }
        machineRoutes.ifPresent(routes -> RouterMetrics.read(routes, scrape));
        return scrape;
    }

    /** Has the conductor read what it knows, for whoever shows it. */
    private <T> T look(Function<GatewayView, T> reader) throws Exception {
        return conductor
                .ask(() -> reader.apply(new GatewayView(
                        config,
                        core,
                        tunnels.status(),
                        new GatewayView.AgentsPort(agents.turnedAway(), agents.wrongMessages()),
                        dataPlane.counters(),
                        routers,
                        switches)))
                .get(LOOK_SECONDS, TimeUnit.SECONDS);
    }

    /** What happened at this gateway. */
    public Timeline timeline() {
        return timeline;
    }

    @Override
    public void close() {
        List<Exception> failures = new ArrayList<>();
        // From here on nothing is decided, and what stops is no fault.
        life.close();
        conductor.close();
        while (!opened.isEmpty()) {
            try {
                opened.pop().close();
            } catch (Exception e) {
                failures.add(e);
            }
        }
        if (!failures.isEmpty()) {
            IllegalStateException failure = new IllegalStateException("the gateway did not close cleanly");
            failures.forEach(failure::addSuppressed);
            throw failure;
        }
    }
}
