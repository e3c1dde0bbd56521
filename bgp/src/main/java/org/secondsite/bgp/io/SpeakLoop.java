package org.secondsite.bgp.io;

import java.io.File;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.io.UncheckedIOException;
import java.net.InetAddress;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.CompletionException;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.Executors;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;
import java.util.function.Supplier;
import org.secondsite.bgp.exabgp.ApiCommand;
import org.secondsite.bgp.exabgp.Configuration;
import org.secondsite.bgp.exabgp.EventJson;
import org.secondsite.bgp.exabgp.HelperProcess;
import org.secondsite.bgp.exabgp.NeighborFilter;
import org.secondsite.bgp.rib.RouteTable;
import org.secondsite.bgp.session.SpeakerChanges;
import org.secondsite.bgp.session.SpeakerSettings;
import org.secondsite.bgp.wire.BgpError;
import org.secondsite.bgp.wire.Nlri;
import org.secondsite.bgp.wire.NotificationMessage;
import org.secondsite.bgp.wire.Octets;
import org.secondsite.bgp.wire.PlainText;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * {@code secondsite bgp speak}: a speaker that does what helpers tell it in ExaBGP's language, and tells them what happens.
 *
 * <p>One thread owns the helpers' routes. Commands of a burst are gathered for some milliseconds, so that a hundred
 * thousand lines are one change and not as many. The routes of a helper that ends are withdrawn.
 *
 * <p>A configuration file may be read again while it runs ({@link #reload}): what is different in it is changed, and nothing
 * else. One that cannot be read changes nothing.
 */
final class SpeakLoop implements AutoCloseable {
    private static final Logger LOG = LoggerFactory.getLogger(SpeakLoop.class);
    private static final int CLOSE_SECONDS = 6;
    private static final int CHANGE_SECONDS = 10;
    /** After this silence of all helpers their first routes count as known. */
    private static final int QUIET_MS = 200;
    /** After this they do whatever helpers still have to say. */
    private static final int FIRST_ROUND_MS = 5000;

    private final boolean keepRoutes;
    private final boolean manualEndOfRib;
    private final Optional<File> directory;
    private final SpeakEvents events;
    private final HelperShell shell = HelperShell.ours();
    private final ScheduledExecutorService executor = Executors.newSingleThreadScheduledExecutor(
            Thread.ofPlatform().daemon().name("bgp-speak").factory());
    private final List<Runnable> starts = new ArrayList<>();
    private Optional<ApiPort> commandPort = Optional.empty();
    /** Opened by {@link #begin}, before any command is taken. */
    private BgpSpeaker speaker;

    private final List<Helper> helpers = new CopyOnWriteArrayList<>();
    private final Gathering gathering;
    /** Commands that came before there was a speaker that could carry them out, and all of their helpers since. */
    private final Map<HelperPort, List<Runnable>> postponed = new LinkedHashMap<>();

    private final CountDownLatch ended = new CountDownLatch(1);
    private Supplier<Configuration.Outcome> file =
            () -> new Configuration.Outcome.Refused("there is no configuration file to read again");
    private SpeakerSettings settings;
    private long lastCommandNanos;
    private long begunNanos;
    private boolean closing;

    /** Nothing runs before {@link #begin}. */
    SpeakLoop(SpeakerSettings settings, boolean keepRoutes, EventJson.Form form) throws IOException {
        this(settings, keepRoutes, false, Optional.empty(), form);
    }

    private SpeakLoop(
            SpeakerSettings settings,
            boolean keepRoutes,
            boolean manualEndOfRib,
            Optional<File> directory,
            EventJson.Form form)
            throws IOException {
        this.settings = settings.withEndOfRibHeld();
        this.keepRoutes = keepRoutes;
        this.manualEndOfRib = manualEndOfRib;
        this.directory = directory;
        EventJson json = new EventJson(
                form,
                settings.localAs(),
                InetAddress.getLocalHost().getHostName(),
                ProcessHandle.current().pid(),
                ProcessHandle.current().parent().map(ProcessHandle::pid).orElse(0L));
        this.events = new SpeakEvents(json, settings, executor, helpers);
        this.gathering = new Gathering(helpers, this.settings, this::later);
    }

    /**
     * With what a file says.
     *
     * @param directory where helpers are run
     * @param again reads it again
     */
    static SpeakLoop of(
            Configuration configuration, File directory, EventJson.Form form, Supplier<Configuration.Outcome> again)
            throws IOException {
        SpeakLoop loop = new SpeakLoop(
                configuration.settings(), false, configuration.manualEndOfRib(), Optional.of(directory), form);
        loop.file = again;
        Helper inFile = new Helper("configuration file", "", loop.settings);
        loop.helpers.add(inFile);
        loop.starts.add(() -> loop.gathering.touch(loop.fixedRoutes(inFile, configuration)));
        for (HelperProcess process : configuration.processes()) {
            Helper helper = Helper.of(process, loop.settings);
            loop.helpers.add(helper);
            loop.starts.add(() -> loop.spawn(helper));
        }
        return loop;
    }

    /** Will take commands from a stream, and end with it. */
    void serve(InputStream from, OutputStream to) {
        Helper helper = new Helper("stdin", "", settings);
        helpers.add(helper);
        HelperPort port = helper.port();
        starts.add(() -> port.start(from, to, (lines, done) -> take(helper, port, lines, done), ended::countDown));
    }

    /** Will run a command line by the shell as a helper, and again when it ends. */
    void run(String commandLine) {
        Helper helper = new Helper(commandLine, commandLine, settings);
        helpers.add(helper);
        starts.add(() -> spawn(helper));
    }

    /** Records what neighbours say, until the file is closed. */
    void record(MrtFile file) {
        events.record(file);
    }

    /** Will take commands from whoever opens the pipes or the socket of that name; their routes stay until they are withdrawn. */
    void listen(Path place, String name) {
        Helper api = Helper.unheard("api", settings);
        helpers.add(api);
        starts.add(() -> {
            try {
                commandPort = Optional.of(ApiPort.open(place, name, (from, to) -> {
                    HelperPort port = HelperPort.explaining(api.name());
                    port.start(from, to, (lines, done) -> take(api, port, lines, done), () -> later(port::close, 0));
                    return port::finish;
                }));
            } catch (IOException e) {
                throw new UncheckedIOException(e);
            }
        });
    }

    /**
     * Starts the helpers and then the speaker, so that no helper misses an event. What they say meanwhile is the first table.
     *
     * @throws IOException if the speaker cannot listen
     */
    void begin() throws IOException, InterruptedException {
        try {
            executor.submit(() -> starts.forEach(Runnable::run)).get();
            BgpSpeaker.rehearse();
            executor.submit(() -> {
                        Map<InetAddress, RouteTable> tables = gathering.firstTables();
                        speaker = BgpSpeaker.open(settings, events);
                        tables.forEach(speaker::advertise);
                        gathering.open(speaker);
                        List<List<Runnable>> waiting = List.copyOf(postponed.values());
                        postponed.clear();
                        waiting.forEach(all -> all.forEach(Runnable::run));
                        begunNanos = System.nanoTime();
                        if (!manualEndOfRib) {
                            watchFirstRound();
                        }
                        return speaker;
                    })
                    .get();
        } catch (ExecutionException e) {
            throw new IOException(e.getCause().getMessage(), e.getCause());
        }
    }

    /** To be asked after {@link #begin}. */
    BgpSpeaker speaker() {
        return speaker;
    }

    private Map<InetAddress, Set<Nlri>> fixedRoutes(Helper inFile, Configuration configuration) {
        Map<InetAddress, Set<Nlri>> changes = new LinkedHashMap<>();
        configuration
                .routes()
                .forEach((neighbor, routes) ->
                        changes.put(neighbor, inFile.routes().replace(neighbor, routes)));
        changes.values().removeIf(Set::isEmpty);
        return changes;
    }

    /** Reads the configuration file again, and changes what is different. */
    void reload() {
        later(
                () -> {
                    if (speaker == null) {
                        later(this::reload, QUIET_MS);
                    } else {
                        readAgain();
                    }
                },
                0);
    }

    private Optional<String> readAgain() {
        return switch (file.get()) {
            case Configuration.Outcome.Refused(String reason) -> {
                LOG.error("bgp: nothing is changed: {}", reason);
                yield Optional.of(reason);
            }
            case Configuration.Outcome.Read(Configuration configuration) -> {
                change(configuration);
                yield Optional.empty();
            }
        };
    }

    private void change(Configuration configuration) {
        settings = configuration.settings().withEndOfRibHeld();
        events.use(settings);
        gathering.use(settings);
        try {
            SpeakerChanges changes = speaker.change(settings)
                    .orTimeout(CHANGE_SECONDS, TimeUnit.SECONDS)
                    .join();
            LOG.info(
                    "bgp: the configuration is read again: {} neighbours added, {} removed, {} changed",
                    changes.added().size(),
                    changes.removed().size(),
                    changes.altered().size());
        } catch (CompletionException e) {
            LOG.error(
                    "bgp: not all of the configuration is in force: {}",
                    e.getCause().getMessage());
        }
        Helper inFile = helpers.getFirst();
        inFile.routes().use(settings);
        gathering.touch(fixedRoutes(inFile, configuration));
        for (Helper helper : List.copyOf(helpers.subList(1, helpers.size()))) {
            Optional<HelperProcess> now = configuration.processes().stream()
                    .filter(process ->
                            helper.described().filter(process::runsLike).isPresent())
                    .findFirst();
            now.ifPresentOrElse(process -> helper.describe(process, settings), () -> end(helper));
        }
        for (HelperProcess process : configuration.processes()) {
            if (helpers.stream()
                    .noneMatch(helper ->
                            helper.described().filter(process::runsLike).isPresent())) {
                Helper helper = Helper.of(process, settings);
                helpers.add(helper);
                spawn(helper);
            }
        }
    }

    private void end(Helper helper) {
        helpers.remove(helper);
        helper.remove();
        gathering.touch(helper.routes().clear());
    }

    private void spawn(Helper helper) {
        if (closing || helper.isRemoved()) {
            return;
        }
        try {
            ProcessBuilder builder =
                    new ProcessBuilder(shell.command(helper.command())).redirectError(ProcessBuilder.Redirect.INHERIT);
            directory.ifPresent(builder::directory);
            Process process = builder.start();
            helper.runs(process);
            long startedNanos = System.nanoTime();
            HelperPort port = helper.renewPort();
            port.start(
                    process.getInputStream(),
                    process.getOutputStream(),
                    (lines, done) -> take(helper, port, lines, done),
                    () -> later(() -> helperEnded(helper, process, startedNanos), 0));
        } catch (IOException e) {
            LOG.error("bgp: cannot run helper '{}': {}", helper.name(), e.getMessage());
            later(() -> spawn(helper), helper.respawnMs());
        }
    }

    private void helperEnded(Helper helper, Process process, long startedNanos) {
        helper.port().close();
        process.destroy();
        if (helper.isRemoved()) {
            return;
        }
        if (!keepRoutes) {
            gathering.touch(helper.routes().clear());
        }
        String routes = keepRoutes ? "" : ", its routes are withdrawn";
        if (!helper.comesBack()) {
            LOG.warn("bgp: helper '{}' ended{}", helper.name(), routes);
            return;
        }
        int ms = helper.nextRespawnMs(TimeUnit.NANOSECONDS.toMillis(System.nanoTime() - startedNanos));
        LOG.warn("bgp: helper '{}' ended{}; it is run again in {} ms", helper.name(), routes, ms);
        later(() -> spawn(helper), ms);
    }

    private void later(Runnable task, int ms) {
        try {
            var _ = executor.schedule(task, ms, TimeUnit.MILLISECONDS);
        } catch (RejectedExecutionException e) {
            LOG.debug("bgp: nothing is done later while closing");
        }
    }

    /** On the helper's thread, which reads no further than what is not done yet allows. */
    private void take(Helper helper, HelperPort port, List<HelperPort.Line> lines, Runnable done) {
        try {
            executor.execute(() -> carryOut(helper, port, lines, done));
        } catch (RejectedExecutionException e) {
            LOG.debug("bgp: helper '{}' while closing", helper.name());
        }
    }

    private void carryOut(Helper helper, HelperPort port, List<HelperPort.Line> lines, Runnable done) {
        for (int i = 0; i < lines.size(); i++) {
            boolean waits =
                    postponed.containsKey(port) || needsSpeaker(lines.get(i).command());
            if (speaker == null && waits) {
                List<HelperPort.Line> rest = lines.subList(i, lines.size());
                postponed.computeIfAbsent(port, _ -> new ArrayList<>()).add(() -> carryOut(helper, port, rest, done));
                return;
            }
            command(helper, port, lines.get(i));
        }
        done.run();
    }

    private static boolean needsSpeaker(ApiCommand command) {
        return switch (command) {
            case ApiCommand.Announce _,
                    ApiCommand.Withdraw _,
                    ApiCommand.Watchdog _,
                    ApiCommand.Clear _,
                    ApiCommand.Acknowledge _,
                    ApiCommand.Nothing _,
                    ApiCommand.Comment _,
                    ApiCommand.Fault _ -> false;
            default -> true;
        };
    }

    private void command(Helper helper, HelperPort port, HelperPort.Line line) {
        lastCommandNanos = System.nanoTime();
        ApiCommand command = line.command();
        if (command instanceof ApiCommand.Nothing) {
            return;
        }
        Optional<String> fault = carryOut(helper, port, command);
        fault.ifPresent(reason -> LOG.warn(
                "bgp: helper '{}': {} in: {}", helper.name(), PlainText.of(reason), PlainText.of(line.text())));
        if (helper.acknowledges()) {
            port.answer(fault);
        }
        if (command instanceof ApiCommand.Acknowledge(var mode)) {
            helper.acknowledged(mode);
        }
    }

    /** Returns the reason for which it is not done. */
    private Optional<String> carryOut(Helper helper, HelperPort port, ApiCommand command) {
        SpeakAnswers answers = new SpeakAnswers(speaker, port::send);
        switch (command) {
            case ApiCommand.Nothing(), ApiCommand.Comment() -> {}
            case ApiCommand.Fault(String reason) -> {
                return Optional.of(reason);
            }
            case ApiCommand.Announce _, ApiCommand.Withdraw _, ApiCommand.Watchdog _, ApiCommand.Clear _ ->
                gathering.apply(helper, command);
            case ApiCommand.Flush(var to) -> to.select(mine(helper)).forEach(speaker::resend);
            case ApiCommand.EndOfRib(var to, var family) ->
                to.select(mine(helper)).forEach(peer -> speaker.endOfRib(peer, family));
            case ApiCommand.RouteRefresh(var to, var family) ->
                to.select(mine(helper)).forEach(peer -> speaker.requestRefresh(peer, family));
            case ApiCommand.Teardown(var to, int subcode) -> tearDown(to.select(mine(helper)), subcode);
            case ApiCommand.Restart() ->
                tearDown(NeighborFilter.ALL.select(mine(helper)), BgpError.ADMINISTRATIVE_RESET.subcode());
            case ApiCommand.ShowNeighbor show -> answers.neighbors(settings, show);
            case ApiCommand.ShowAdjRib show -> answers.routes(settings, show);
            case ApiCommand.ShowRib(var only) -> answers.best(only);
            case ApiCommand.Version() -> answers.version();
            case ApiCommand.Help() -> answers.help();
            case ApiCommand.Reload() -> {
                return readAgain();
            }
            case ApiCommand.Shutdown() -> later(ended::countDown, 0); // once it is answered
            case ApiCommand.Acknowledge(var mode) -> helper.acknowledge(mode);
        }
        return Optional.empty();
    }

    private void tearDown(List<InetAddress> peers, int subcode) {
        NotificationMessage cease = new NotificationMessage(BgpError.CEASE.code(), subcode, Octets.NONE);
        peers.forEach(peer -> speaker.reset(peer, cease, "torn down by a helper"));
    }

    /** The neighbours that it may speak for. */
    private SpeakerSettings mine(Helper helper) {
        return helper.described()
                .map(process -> settings.withNeighbors(settings.neighbors().stream()
                        .filter(neighbor -> process.hears().containsKey(neighbor.address()))
                        .toList()))
                .orElse(settings);
    }

    /** ExaBGP's users expect the End-of-RIB behind the routes of a helper's first breath, which takes a moment to start. */
    private void watchFirstRound() {
        long nowNanos = System.nanoTime();
        boolean quiet = lastCommandNanos != 0
                && nowNanos - lastCommandNanos > TimeUnit.MILLISECONDS.toNanos(QUIET_MS)
                && gathering.isIdle();
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

    @Override
    public void close() {
        executor.execute(() -> {
            closing = true;
            commandPort.ifPresent(ApiPort::close);
            if (speaker != null) {
                speaker.close();
            }
            String line = events.shutdown();
            for (Helper helper : helpers) {
                helper.port().send(line);
                helper.port().close();
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
