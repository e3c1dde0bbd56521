package org.secondsite.bgp.io;

import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.net.InetAddress;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.Executors;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicLong;
import java.util.function.Function;
import org.secondsite.bgp.exabgp.AddressText;
import org.secondsite.bgp.exabgp.ApiCommand;
import org.secondsite.bgp.exabgp.CommandParser;
import org.secondsite.bgp.exabgp.DesiredRoutes;
import org.secondsite.bgp.exabgp.EventJson;
import org.secondsite.bgp.fsm.State;
import org.secondsite.bgp.rib.ReceivedRoute;
import org.secondsite.bgp.rib.ReceivedUpdate;
import org.secondsite.bgp.rib.RouteAttributes;
import org.secondsite.bgp.session.NeighborSettings;
import org.secondsite.bgp.session.SessionTransition;
import org.secondsite.bgp.session.SpeakerListener;
import org.secondsite.bgp.session.SpeakerSettings;
import org.secondsite.bgp.wire.BgpError;
import org.secondsite.bgp.wire.BgpMessage;
import org.secondsite.bgp.wire.Nlri;
import org.secondsite.bgp.wire.NotificationMessage;
import org.secondsite.bgp.wire.Octets;
import org.secondsite.bgp.wire.PlainText;
import org.secondsite.bgp.wire.Prefix;
import org.secondsite.bgp.wire.RouteRefreshMessage;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * {@code secondsite bgp speak}: a speaker that does what helpers tell it in ExaBGP's language, and tells them what happens.
 *
 * <p>One thread owns the helpers' routes. Commands of a burst are gathered for some milliseconds, so that a hundred
 * thousand lines are one change and not as many. The routes of a helper that ends are withdrawn.
 */
final class SpeakLoop implements SpeakerListener, AutoCloseable {
    private static final Logger LOG = LoggerFactory.getLogger(SpeakLoop.class);
    private static final int GATHER_MS = 5;
    private static final int FIRST_RESPAWN_MS = 1000;
    private static final int LAST_RESPAWN_MS = 60_000;
    private static final int CLOSE_SECONDS = 6;
    private static final int MAX_EVENTS_UNDER_WAY = 65_536;
    /** After this silence of all helpers their first routes count as known. */
    private static final int QUIET_MS = 200;
    /** After this they do whatever helpers still have to say. */
    private static final int FIRST_ROUND_MS = 5000;

    private static final String VERSION_LINE = "exabgp 4.2 compatible, secondsite";

    private final SpeakerSettings settings;
    private final boolean keepRoutes;
    private final EventJson json;
    private final ScheduledExecutorService executor = Executors.newSingleThreadScheduledExecutor(
            Thread.ofPlatform().daemon().name("bgp-speak").factory());
    private final List<Runnable> starts = new ArrayList<>();
    /** Opened by {@link #begin}, before any command is taken. */
    private BgpSpeaker speaker;

    private final List<Helper> helpers = new ArrayList<>();
    private final Map<InetAddress, NeighborSettings> neighbors = new HashMap<>();
    private final Map<InetAddress, Set<Nlri>> dirty = new LinkedHashMap<>();
    private final AtomicInteger eventsUnderWay = new AtomicInteger();
    private final AtomicLong eventsLost = new AtomicLong();
    private final CountDownLatch ended = new CountDownLatch(1);
    private boolean gathering;
    private long lastCommandNanos;
    private long begunNanos;
    private boolean closing;

    /** Nothing runs before {@link #begin}. */
    SpeakLoop(SpeakerSettings settings, boolean keepRoutes) throws IOException {
        this.settings = settings.withEndOfRibHeld();
        this.keepRoutes = keepRoutes;
        this.json = new EventJson(
                settings.localAs(),
                InetAddress.getLocalHost().getHostName(),
                ProcessHandle.current().pid(),
                ProcessHandle.current().parent().map(ProcessHandle::pid).orElse(0L));
        settings.neighbors().forEach(neighbor -> neighbors.put(neighbor.address(), neighbor));
    }

    /** A helper, its routes and how its commands are answered. Owned by the executor, except the port. */
    private final class Helper {
        private final String name;
        private final DesiredRoutes routes = new DesiredRoutes(settings);
        private HelperPort port;
        private boolean acknowledges = true;
        private int respawnMs = FIRST_RESPAWN_MS;

        Helper(String name) {
            this.name = name;
            this.port = new HelperPort(name);
        }
    }

    /** Will take commands from a stream, and end with it. */
    void serve(InputStream from, OutputStream to) {
        Helper helper = new Helper("stdin");
        helpers.add(helper);
        HelperPort port = helper.port;
        starts.add(() -> port.start(from, to, (line, done) -> take(helper, port, line, done), ended::countDown));
    }

    /** Will run a command line by the shell as a helper, and again when it ends. */
    void run(String commandLine) {
        Helper helper = new Helper(commandLine);
        helpers.add(helper);
        starts.add(() -> spawn(helper, commandLine));
    }

    /**
     * Starts the helpers and then the speaker, so that no helper misses an event.
     *
     * @throws IOException if the speaker cannot listen
     */
    void begin() throws IOException, InterruptedException {
        try {
            executor.submit(() -> {
                        starts.forEach(Runnable::run);
                        speaker = BgpSpeaker.open(settings, this);
                        begunNanos = System.nanoTime();
                        watchFirstRound();
                        return speaker;
                    })
                    .get();
        } catch (ExecutionException e) {
            throw new IOException(e.getCause().getMessage(), e.getCause());
        }
    }

    private void spawn(Helper helper, String commandLine) {
        if (closing) {
            return;
        }
        try {
            Process process = new ProcessBuilder("/bin/sh", "-c", commandLine)
                    .redirectError(ProcessBuilder.Redirect.INHERIT)
                    .start();
            long startedNanos = System.nanoTime();
            HelperPort port = new HelperPort(helper.name);
            helper.port = port;
            helper.acknowledges = true;
            port.start(
                    process.getInputStream(),
                    process.getOutputStream(),
                    (line, done) -> take(helper, port, line, done),
                    () -> executor.execute(() -> helperEnded(helper, commandLine, process, startedNanos)));
        } catch (IOException e) {
            LOG.error("bgp: cannot run helper '{}': {}", commandLine, e.getMessage());
            later(() -> spawn(helper, commandLine), helper.respawnMs);
        }
    }

    private void helperEnded(Helper helper, String commandLine, Process process, long startedNanos) {
        helper.port.close();
        process.destroy();
        if (!keepRoutes) {
            touch(helper.routes.clear());
        }
        boolean livedLong = System.nanoTime() - startedNanos > TimeUnit.MILLISECONDS.toNanos(LAST_RESPAWN_MS);
        helper.respawnMs = livedLong ? FIRST_RESPAWN_MS : Math.min(helper.respawnMs * 2, LAST_RESPAWN_MS);
        LOG.warn(
                "bgp: helper '{}' ended{}; it is run again in {} ms",
                commandLine,
                keepRoutes ? "" : ", its routes are withdrawn",
                helper.respawnMs);
        later(() -> spawn(helper, commandLine), helper.respawnMs);
    }

    private void later(Runnable task, int ms) {
        try {
            var _ = executor.schedule(task, ms, TimeUnit.MILLISECONDS);
        } catch (RejectedExecutionException e) {
            LOG.debug("bgp: nothing is done later while closing");
        }
    }

    /** On the helper's thread, which reads no further than what is not done yet allows. */
    private void take(Helper helper, HelperPort port, String line, Runnable done) {
        try {
            executor.execute(() -> {
                try {
                    command(helper, port, line);
                } finally {
                    done.run();
                }
            });
        } catch (RejectedExecutionException e) {
            LOG.debug("bgp: helper '{}' while closing", helper.name);
        }
    }

    private void command(Helper helper, HelperPort port, String line) {
        lastCommandNanos = System.nanoTime();
        ApiCommand command = CommandParser.parse(line);
        boolean understood = true;
        switch (command) {
            case ApiCommand.Nothing() -> {
                return;
            }
            case ApiCommand.Fault(String reason) -> {
                LOG.warn("bgp: helper '{}': {} in: {}", helper.name, reason, PlainText.of(line));
                understood = false;
            }
            case ApiCommand.Announce _, ApiCommand.Withdraw _, ApiCommand.Watchdog _, ApiCommand.Clear _ ->
                touch(helper.routes.apply(command));
            case ApiCommand.Flush(var to) -> to.select(settings).forEach(speaker::resend);
            case ApiCommand.EndOfRib(var to, var family) ->
                to.select(settings).forEach(peer -> speaker.endOfRib(peer, family));
            case ApiCommand.RouteRefresh(var to, var family) ->
                to.select(settings).forEach(peer -> speaker.requestRefresh(peer, family));
            case ApiCommand.Teardown(var to, int subcode) -> {
                NotificationMessage cease = new NotificationMessage(BgpError.CEASE.code(), subcode, Octets.NONE);
                to.select(settings).forEach(peer -> speaker.reset(peer, cease, "torn down by a helper"));
            }
            case ApiCommand.ShowNeighbor() -> showNeighbors(port);
            case ApiCommand.ShowAdjRib(boolean out) -> showAdjRib(port, out);
            case ApiCommand.Version() -> port.send(VERSION_LINE);
            case ApiCommand.Reload() -> {
                LOG.warn("bgp: helper '{}': there is no configuration file to read again", helper.name);
                understood = false;
            }
            case ApiCommand.Shutdown() -> ended.countDown();
            case ApiCommand.Acknowledge(var mode) -> acknowledge(helper, mode);
        }
        if (helper.acknowledges) {
            port.send(understood ? "done" : "error");
        }
        if (command instanceof ApiCommand.Acknowledge(var mode) && mode == ApiCommand.Acknowledge.Mode.DISABLE) {
            helper.acknowledges = false;
        }
    }

    private static void acknowledge(Helper helper, ApiCommand.Acknowledge.Mode mode) {
        switch (mode) {
            case ENABLE -> helper.acknowledges = true;
            case SILENCE -> helper.acknowledges = false;
            case DISABLE -> {} // after this command was answered
        }
    }

    private void showNeighbors(HelperPort port) {
        speaker.status()
                .join()
                .forEach(status -> port.send("neighbor " + AddressText.of(status.peer()) + " "
                        + status.state().text().toLowerCase(Locale.ROOT) + " announced "
                        + status.sentPrefixes() + " received " + status.receivedRoutes()));
    }

    private void showAdjRib(HelperPort port, boolean out) {
        for (InetAddress peer : neighbors.keySet()) {
            List<Nlri> routes = out
                    ? List.copyOf(speaker.sentRoutes(peer).join().keySet())
                    : speaker.receivedRoutes(peer).join().stream()
                            .map(ReceivedRoute::nlri)
                            .toList();
            routes.forEach(route -> port.send("neighbor " + AddressText.of(peer) + " " + AddressText.of(route)));
        }
    }

    private void touch(Map<InetAddress, Set<Nlri>> changes) {
        changes.forEach((peer, routes) ->
                dirty.computeIfAbsent(peer, _ -> new LinkedHashSet<>()).addAll(routes));
        if (!gathering && !dirty.isEmpty()) {
            gathering = true;
            later(this::advertise, GATHER_MS);
        }
    }

    /** The next burst is gathered until the event loop has made this change: it cannot be buried under changes. */
    private void advertise() {
        List<CompletableFuture<Void>> made = new ArrayList<>();
        dirty.forEach((peer, routes) -> {
            Map<Nlri, RouteAttributes> announced = new LinkedHashMap<>();
            List<Nlri> withdrawn = new ArrayList<>();
            for (Nlri nlri : routes) {
                Optional<RouteAttributes> wanted = wanted(peer, nlri);
                wanted.ifPresentOrElse(attributes -> announced.put(nlri, attributes), () -> withdrawn.add(nlri));
            }
            made.add(speaker.announce(peer, announced));
            made.add(speaker.withdraw(peer, withdrawn));
        });
        dirty.clear();
        var _ = CompletableFuture.allOf(made.toArray(CompletableFuture<?>[]::new))
                .whenComplete((_, _) -> later(this::advertised, 0));
    }

    private void advertised() {
        gathering = false;
        touch(Map.of());
    }

    /** Of several helpers that announce the same route the last counts. */
    private Optional<RouteAttributes> wanted(InetAddress peer, Nlri nlri) {
        for (Helper helper : helpers.reversed()) {
            RouteAttributes attributes = helper.routes.routes(peer).get(nlri);
            if (attributes != null) {
                return Optional.of(attributes);
            }
        }
        return Optional.empty();
    }

    /** ExaBGP's users expect the End-of-RIB behind the routes of a helper's first breath, which takes a moment to start. */
    private void watchFirstRound() {
        long nowNanos = System.nanoTime();
        boolean quiet = lastCommandNanos != 0
                && nowNanos - lastCommandNanos > TimeUnit.MILLISECONDS.toNanos(QUIET_MS)
                && dirty.isEmpty()
                && !gathering;
        if (quiet || nowNanos - begunNanos > TimeUnit.MILLISECONDS.toNanos(FIRST_ROUND_MS)) {
            speaker.releaseEndOfRib();
        } else {
            later(this::watchFirstRound, QUIET_MS / 4);
        }
    }

    /** Waits until a helper says {@code shutdown}, the input ends, or the time is over. */
    boolean awaitEnd(long ms) throws InterruptedException {
        return ended.await(ms, TimeUnit.MILLISECONDS);
    }

    private void tell(InetAddress peer, Function<NeighborSettings, String> event) {
        if (eventsUnderWay.incrementAndGet() > MAX_EVENTS_UNDER_WAY) {
            eventsUnderWay.decrementAndGet();
            eventsLost.incrementAndGet();
            return;
        }
        try {
            executor.execute(() -> {
                eventsUnderWay.decrementAndGet();
                long lost = eventsLost.getAndSet(0);
                String line = event.apply(neighbors.get(peer));
                if (lost > 0) {
                    LOG.warn("bgp: helpers are slower than the peers, {} events are lost", lost);
                }
                helpers.forEach(helper -> helper.port.send(line));
            });
        } catch (RejectedExecutionException e) {
            LOG.debug("bgp: {} while closing", peer.getHostAddress());
        }
    }

    private InetAddress local(NeighborSettings neighbor) {
        return neighbor.localAddress() == null ? settings.routerId() : neighbor.localAddress();
    }

    private static long nowUs() {
        return TimeUnit.MILLISECONDS.toMicros(System.currentTimeMillis());
    }

    @Override
    public void established(InetAddress peer) {
        tell(peer, n -> json.state(n, local(n), "up", Optional.empty(), nowUs()));
    }

    @Override
    public void down(InetAddress peer, String reason) {
        tell(peer, n -> json.state(n, local(n), "down", Optional.of(reason), nowUs()));
    }

    @Override
    public void transition(InetAddress peer, SessionTransition transition) {
        if (transition.to() == State.OPEN_SENT) {
            tell(peer, n -> json.state(n, local(n), "connected", Optional.empty(), nowUs()));
        }
    }

    @Override
    public void updateReceived(InetAddress peer, ReceivedUpdate update) {
        tell(peer, n -> json.update(n, local(n), update, nowUs()));
    }

    @Override
    public void messageReceived(InetAddress peer, BgpMessage message) {
        switch (message) {
            case NotificationMessage notification ->
                tell(peer, n -> json.notification(n, local(n), true, notification, nowUs()));
            case RouteRefreshMessage refresh -> tell(peer, n -> json.refresh(n, local(n), refresh, nowUs()));
            default -> {}
        }
    }

    @Override
    public void messageSent(InetAddress peer, BgpMessage message) {
        if (message instanceof NotificationMessage notification) {
            tell(peer, n -> json.notification(n, local(n), false, notification, nowUs()));
        }
    }

    @Override
    public void updateSent(InetAddress peer, Set<Prefix> announced, Set<Prefix> withdrawn, long nanoTime) {
        // Helpers are told what is received; what is sent they have asked for themselves.
    }

    @Override
    public void close() {
        executor.execute(() -> {
            closing = true;
            if (speaker != null) {
                speaker.close();
            }
            String line = json.shutdown(nowUs());
            for (Helper helper : helpers) {
                helper.port.send(line);
                helper.port.close();
            }
        });
        executor.shutdown();
        try {
            if (!executor.awaitTermination(CLOSE_SECONDS, TimeUnit.SECONDS)) {
                executor.shutdownNow();
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }
}
