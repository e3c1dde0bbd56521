package org.secondsite.replicator.agent.io;

import io.netty.channel.EventLoopGroup;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.time.Duration;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import org.secondsite.config.EpochId;
import org.secondsite.replicator.Epoch;
import org.secondsite.replicator.EpochHeader;
import org.secondsite.replicator.PageSet;
import org.secondsite.replicator.agent.AgentTiming;
import org.secondsite.replicator.agent.CheckpointSchedule;
import org.secondsite.replicator.agent.HaltRecovery;
import org.secondsite.replicator.agent.SlowPauseException;
import org.secondsite.replicator.agent.VmDriver;
import org.secondsite.replicator.agent.VmHost;
import org.secondsite.replicator.agent.VmNews;
import org.secondsite.replicator.checkpoint.CheckpointMessage;
import org.secondsite.replicator.checkpoint.FailureKind;
import org.secondsite.replicator.checkpoint.Limits;
import org.secondsite.replicator.checkpoint.io.CheckpointConnection;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Everything that happens to one VM, on one thread: events come through a queue, and between them a checkpoint is taken when
 * it is due.
 *
 * <p>Either the VM is here ({@code driver}), and its checkpoints can be taken, or it is not, and a {@link Replica} may be
 * kept and activated. HELLO states which; when that changes unasked (the VM appears), the connection is closed and the next
 * HELLO tells.
 *
 * <p>The VM never depends on the gateway: without a connection it runs on and no checkpoint is taken until the gateway of a
 * later connection says START.
 *
 * <p>PAUSE_VM takes two checkpoints: one that leaves the VM paused, and one of the VM that stands still. The packets that it
 * had sent last may have been on their way to the gateway when the first was sealed; the second one covers them.
 */
final class VmWorker implements AutoCloseable {
    private static final Logger LOG = LoggerFactory.getLogger(VmWorker.class);
    private static final int JOIN_MS = 15_000;
    private static final int END_WAIT_MS = 2000;
    private static final long LOOK_NANOS = TimeUnit.SECONDS.toNanos(5);

    private final VmHost host;
    private final AgentTiming timing;
    private final LinkedBlockingQueue<WorkerEvent> events = new LinkedBlockingQueue<>();
    private final GatewayLink link;
    private final CheckpointSchedule schedule = new CheckpointSchedule();
    private final Replica replica;
    private final Thread thread;

    /** How far PAUSE_VM is obeyed. */
    private enum Pause {
        /** There is none. */
        NONE,
        /** The next checkpoint leaves the VM paused. */
        ORDERED,
        /** The VM stands still; the next checkpoint is the last. */
        STANDS,
        /** The gateway was told the last epoch. */
        TOLD
    }

    private Pause pause = Pause.NONE;
    private VmDriver driver;
    private ShadowImage shadow;
    private CheckpointConnection connection;
    private long nextAttachNanos;
    private String attachTrouble = "";
    private final HaltRecovery recovery = new HaltRecovery();
    /** Why the VM must not be checkpointed, empty if it may be. */
    private Optional<String> refusal = Optional.empty();
    /** What is to begin when nothing is against it any more; null if nothing. */
    private CheckpointMessage.Start refused;

    private long nextLookNanos;
    /** Whether the VM is going to be paused, at some time. */
    private boolean pausePending;

    private int slowPauses;
    private boolean stalls;
    private boolean stalled;
    private boolean quit;

    VmWorker(VmHost host, InetSocketAddress gateway, AgentTiming timing, EventLoopGroup loop) {
        this.host = host;
        this.timing = timing;
        this.link = new GatewayLink(loop, gateway, timing, host.vm(), host.ramBytes(), events::add);
        this.replica = new Replica(host);
        this.thread = Thread.ofPlatform().name("agent-" + host.vm()).unstarted(this::run);
    }

    void start() {
        thread.start();
    }

    private void run() {
        try {
            attach();
            link.connect();
            while (!quit) {
                step();
            }
        } catch (InterruptedException interrupted) {
            LOG.warn("{}: interrupted", host.vm());
        } catch (RuntimeException bug) {
            LOG.error("{}: the agent gives up on this VM, which runs on", host.vm(), bug);
        } finally {
            letGo();
        }
    }

    private void step() throws InterruptedException {
        long now = System.nanoTime();
        boolean still = pause == Pause.TOLD || pausePending || recovery.isHalted() || refused != null;
        boolean none = connection == null || driver == null || still;
        OptionalLong due = none ? OptionalLong.empty() : schedule.dueIn(now);
        if (due.isPresent() && due.getAsLong() == 0 && events.isEmpty()) {
            goOn();
            checkpoint(now);
            return;
        }
        long wait = Math.min(Math.min(due.orElse(Long.MAX_VALUE), untilStall(now)), untilTrouble(now));
        if (driver == null) {
            wait = Math.min(wait, Math.max(0, nextAttachNanos - now));
        }
        WorkerEvent event = events.poll(wait, TimeUnit.NANOSECONDS);
        if (event != null) {
            handle(event);
        }
        if (driver == null && System.nanoTime() - nextAttachNanos >= 0) {
            attach();
        }
    }

    private void handle(WorkerEvent event) throws InterruptedException {
        switch (event) {
            case WorkerEvent.Opened opened -> opened(opened.connection());
            case WorkerEvent.Closed closed -> closed(closed.connection(), closed.reason());
            case WorkerEvent.Received received -> {
                // STOP_VM counts whatever became of the connection that it came on.
                if (received.connection() == connection || received.message() instanceof CheckpointMessage.StopVm) {
                    received(received.message());
                }
            }
            case WorkerEvent.EpochArrived arrived -> {
                try (Epoch epoch = arrived.epoch()) {
                    if (arrived.connection() == connection) {
                        apply(epoch);
                    }
                }
            }
            case WorkerEvent.Shipped shipped -> {
                shipped.epoch().close();
                if (shipped.connection() == connection) {
                    schedule.shipped();
                }
            }
            case WorkerEvent.News news -> {
                if (news.driver().equals(driver)) {
                    news(news.news());
                }
            }
            case WorkerEvent.Quit end -> quit = true;
        }
    }

    private void news(VmNews news) throws InterruptedException {
        long now = System.nanoTime();
        switch (news) {
            case VmNews.Gone gone -> died(gone.reason());
            case VmNews.Halted halted -> {
                if (recovery.halted(halted.reason(), now)) {
                    failed(FailureKind.CHECKPOINT, EpochId.NONE, halted.reason());
                }
            }
            case VmNews.Resumed resumed -> {
                if (recovery.isHalted()) {
                    LOG.info("{}: the VM runs again, which was halted", host.vm());
                    recovery.resumed(now);
                }
            }
            case VmNews.PausedLate late -> {
                pausePending = false;
                if (!stalled && !stands()) {
                    letRun();
                }
            }
        }
    }

    private boolean stands() {
        return pause == Pause.STANDS || pause == Pause.TOLD;
    }

    private void received(CheckpointMessage message) throws InterruptedException {
        switch (message) {
            case CheckpointMessage.Welcome welcome -> {
                schedule.window(welcome.window(), welcome.windowBytes());
                stalls = welcome.stalls();
            }
            case CheckpointMessage.Start start -> startCheckpoints(start);
            case CheckpointMessage.Interval interval ->
                schedule.interval(TimeUnit.MILLISECONDS.toNanos(interval.intervalMs()));
            case CheckpointMessage.CheckpointNow now -> schedule.now(System.nanoTime());
            case CheckpointMessage.Retitle retitle -> {
                schedule.retitle(retitle.next());
                if (refused != null) {
                    refused = new CheckpointMessage.Start(retitle.next(), refused.full(), refused.intervalMs());
                }
            }
            case CheckpointMessage.Credit credit -> schedule.credit(credit.committed());
            case CheckpointMessage.Stop stop -> {
                LOG.info("{}: no more checkpoints", host.vm());
                refused = null;
                schedule.stop();
            }
            case CheckpointMessage.PauseVm pauseVm -> {
                if (pause == Pause.NONE) {
                    pause = Pause.ORDERED;
                    schedule.now(System.nanoTime());
                }
            }
            case CheckpointMessage.ResumeVm resumeVm -> runOn();
            case CheckpointMessage.StopVm stop -> stopVm(stop.reason());
            case CheckpointMessage.Activate activate -> activate(activate.expected());
            case CheckpointMessage.Release release -> release();
            default ->
                LOG.warn("{}: unexpected {}", host.vm(), message.getClass().getSimpleName());
        }
    }

    // ---- the connection

    private void opened(CheckpointConnection opened) {
        connection = opened;
        EpochId image = driver != null ? (shadow == null ? EpochId.NONE : shadow.epoch()) : replica.applied();
        String description = driver != null ? driver.description() + trouble() : attachTrouble;
        connection.send(new CheckpointMessage.Hello(
                Limits.VERSION, host.vm(), host.ramBytes(), driver != null, image, description));
        LOG.info("{}: connected to gateway {}, image at {}", host.vm(), opened, image);
    }

    /** What keeps the VM from being protected, for an operator. */
    private String trouble() {
        return recovery.isHalted()
                ? "; " + recovery.reason()
                : refusal.map("; "::concat).orElse("");
    }

    private void closed(CheckpointConnection gone, String reason) throws InterruptedException {
        if (gone != connection) {
            return;
        }
        LOG.warn("{}: connection to the gateway is gone: {}", host.vm(), reason);
        connection = null;
        refused = null;
        schedule.disconnected();
        runOn();
    }

    private void failed(FailureKind kind, EpochId epoch, String reason) {
        LOG.warn("{}: {} failed, epoch {}: {}", host.vm(), kind.word(), epoch, reason);
        if (connection != null) {
            connection.send(new CheckpointMessage.Failed(kind, epoch, reason));
        }
    }

    // ---- the VM is here

    private void attach() throws InterruptedException {
        nextAttachNanos = System.nanoTime() + TimeUnit.MILLISECONDS.toNanos(timing.attachPollMs());
        try {
            Optional<VmDriver> found = host.attach();
            attachTrouble = "";
            if (found.isPresent()) {
                adopt(found.get());
                LOG.info("{}: the VM is here: {}", host.vm(), driver.description());
                look();
                refusal.ifPresent(why -> LOG.warn("{}: no checkpoints: {}", host.vm(), why));
                replica.handedOver();
                if (connection != null) {
                    connection.close("the VM is here now");
                }
            }
        } catch (IOException trouble) {
            if (!attachTrouble.equals(trouble.getMessage())) {
                attachTrouble = trouble.getMessage();
                LOG.warn("{}: the VM cannot be driven: {}", host.vm(), attachTrouble);
            }
        }
    }

    private void adopt(VmDriver found) {
        driver = found;
        found.listen(news -> events.add(new WorkerEvent.News(found, news)));
    }

    /** Finds out whether something is against checkpoints. */
    private void look() throws InterruptedException {
        nextLookNanos = System.nanoTime() + LOOK_NANOS;
        try {
            refusal = driver.refusal();
        } catch (IOException silent) {
            refusal = Optional.of("it is not known what disks the VM has: " + silent.getMessage());
        }
    }

    /** How long until a VM that cannot be checkpointed is to be looked at again; does it if that is due. */
    private long untilTrouble(long now) throws InterruptedException {
        if (driver == null) {
            return Long.MAX_VALUE;
        }
        if (refused != null && now - nextLookNanos >= 0) {
            startCheckpoints(refused);
            return 0;
        }
        OptionalLong retry = link.stopDemanded() || stands() ? OptionalLong.empty() : recovery.dueIn(now);
        if (retry.isPresent() && retry.getAsLong() == 0) {
            int attempt = recovery.attempted(now);
            LOG.debug("{}: resuming the halted VM, attempt {}", host.vm(), attempt);
            try {
                driver.retryAfterHalt();
            } catch (IOException untried) {
                LOG.warn("{}: the halted VM is not resumed: {}", host.vm(), untried.getMessage());
            }
            retry = recovery.dueIn(now);
        }
        return Math.min(retry.orElse(Long.MAX_VALUE), refused == null ? Long.MAX_VALUE : nextLookNanos - now);
    }

    private void startCheckpoints(CheckpointMessage.Start start) throws InterruptedException {
        if (driver == null) {
            failed(FailureKind.VM, EpochId.NONE, "the VM is not here");
            return;
        }
        boolean again = start.equals(refused);
        look();
        if (refusal.isPresent()) {
            refused = start;
            schedule.stop();
            if (!again) {
                failed(FailureKind.CHECKPOINT, EpochId.NONE, refusal.get());
            }
            return;
        }
        refused = null;
        if (shadow == null) {
            shadow = new ShadowImage(host.vm().name(), host.ramBytes());
            track();
        }
        if (start.full()) {
            shadow.forget();
        }
        LOG.info(
                "{}: checkpoints from {} every {} ms, first one {}",
                host.vm(),
                start.first(),
                start.intervalMs(),
                shadow.epoch().equals(EpochId.NONE) ? "full" : "on " + shadow.epoch());
        schedule.start(start.first(), TimeUnit.MILLISECONDS.toNanos(start.intervalMs()), System.nanoTime());
    }

    private void track() throws InterruptedException {
        try {
            shadow.track(driver.trackDirtyPages());
            LOG.info("{}: dirty pages are tracked by write protection", host.vm());
        } catch (IOException untracked) {
            LOG.info("{}: dirty pages are found by comparing all RAM: {}", host.vm(), untracked.getMessage());
        }
    }

    private void checkpoint(long now) throws InterruptedException {
        boolean full = shadow.epoch().equals(EpochId.NONE);
        if (full) {
            shadow.prefill(driver.ram());
        }
        EpochId id = schedule.begin(now);
        CheckpointCycle cycle = new CheckpointCycle(
                driver,
                shadow,
                link,
                connection,
                TimeUnit.MILLISECONDS.toNanos(timing.maxPauseMs()),
                pause != Pause.NONE);
        try {
            CheckpointCycle.Taken taken = cycle.take(id);
            ship(id, full, taken);
            paused(id);
            shadow.audit(driver.ram());
        } catch (SlowPauseException slow) {
            slow(slow, schedule.slow(id, System.nanoTime()));
        } catch (IOException dropped) {
            schedule.dropped(id, System.nanoTime());
            failed(FailureKind.CHECKPOINT, id, dropped.getMessage());
        } catch (CheckpointCycle.VmLost lost) {
            died(lost.getMessage());
        }
    }

    /** The VM will be paused sooner or later, and is to be made to run then. */
    private void slow(SlowPauseException slow, long waitNanos) {
        pausePending = true;
        slowPauses++;
        failed(
                FailureKind.CHECKPOINT,
                EpochId.NONE,
                slow.getMessage() + "; " + slowPauses + " pauses were slow, the next is not before "
                        + TimeUnit.NANOSECONDS.toSeconds(waitNanos) + " s");
    }

    private void ship(EpochId id, boolean full, CheckpointCycle.Taken taken) {
        EpochId base = full ? EpochId.NONE : shadow.epoch();
        PageSet pages = taken.changed;
        if (full) {
            shadow.advance(pages, id);
            pages.close();
            pages = shadow.full();
        }
        Epoch epoch = new Epoch(new EpochHeader(host.vm(), id, base, host.ramBytes()), pages, taken.deviceState);
        schedule.taken(id, epoch.plainBytes());
        CheckpointConnection to = connection;
        to.ship(epoch, taken.pauseNanos, () -> events.add(new WorkerEvent.Shipped(to, epoch)));
        if (!full) {
            // The connection reads the same pages meanwhile; they are closed when both are done.
            shadow.advance(pages, id);
        }
        LOG.debug("{}: {}, {}", host.vm(), epoch, taken.phases);
    }

    /**
     * Where the gateway wants a VM to wait rather than its output: pauses the VM while a checkpoint is due that the window has no
     * room for, and lets it run on as soon as there is room, or nobody waits for checkpoints any more.
     *
     * @return how long until that is to be looked at again, in nanoseconds
     */
    private long untilStall(long now) throws InterruptedException {
        boolean busy = stands() || pausePending || recovery.isHalted();
        OptionalLong starves = stalls && !busy && connection != null && driver != null && !link.stopDemanded()
                ? schedule.starvesIn(now)
                : OptionalLong.empty();
        if (starves.isEmpty()) {
            goOn();
            return Long.MAX_VALUE;
        }
        if (starves.getAsLong() == 0 && !stalled) {
            try {
                stalled = true;
                driver.pause();
                LOG.info("{}: the VM waits until the standby has caught up", host.vm());
            } catch (SlowPauseException slow) {
                slow(slow, 0);
            } catch (IOException lost) {
                died(lost.getMessage());
            }
        }
        return starves.getAsLong() == 0 ? Long.MAX_VALUE : starves.getAsLong();
    }

    /** Lets a VM that waits for room in the window run on. */
    private void goOn() throws InterruptedException {
        if (!stalled) {
            return;
        }
        stalled = false;
        letRun();
    }

    /** Makes the VM run that this agent has paused, unless it is to be stopped for good. */
    private void letRun() throws InterruptedException {
        if (driver == null || link.stopDemanded() || pausePending) {
            return;
        }
        try {
            driver.runOn();
            LOG.info("{}: the VM runs on", host.vm());
        } catch (IOException lost) {
            died("the VM does not resume: " + lost.getMessage());
        }
    }

    /** A checkpoint was shipped: what comes of it if the VM was to stay paused. */
    private void paused(EpochId shipped) {
        switch (pause) {
            case NONE, TOLD -> {}
            case ORDERED -> {
                pause = Pause.STANDS;
                schedule.now(System.nanoTime());
            }
            case STANDS -> {
                pause = Pause.TOLD;
                LOG.info("{}: the VM is paused, epoch {} is all of it", host.vm(), shipped);
                connection.sendInOrder(new CheckpointMessage.VmPaused(shipped));
            }
        }
    }

    /** What PAUSE_VM has stopped goes on, and so do checkpoints. */
    private void runOn() throws InterruptedException {
        boolean stood = stands();
        pause = Pause.NONE;
        if (stood) {
            letRun();
            schedule.now(System.nanoTime());
        }
    }

    private void died(String reason) {
        dropDriver();
        failed(FailureKind.VM, EpochId.NONE, reason);
    }

    private void dropDriver() {
        pause = Pause.NONE;
        schedule.disconnected();
        if (shadow != null) {
            shadow.close();
            shadow = null;
        }
        stalled = false;
        pausePending = false;
        refused = null;
        refusal = Optional.empty();
        recovery.forget();
        if (driver != null) {
            driver.close();
            driver = null;
        }
        nextAttachNanos = System.nanoTime() + TimeUnit.MILLISECONDS.toNanos(timing.attachPollMs());
    }

    private void stopVm(String reason) throws InterruptedException {
        LOG.warn("{}: the VM is killed: {}", host.vm(), reason);
        dropDriver();
        try {
            host.kill(reason);
            link.stopObeyed();
            LOG.info("{}: the VM is dead", host.vm());
            if (connection != null) {
                connection.sendInOrder(new CheckpointMessage.VmStopped());
            }
        } catch (IOException unverified) {
            failed(FailureKind.STOP_VM, EpochId.NONE, unverified.getMessage());
        }
    }

    // ---- the VM is not here

    private void apply(Epoch epoch) {
        EpochId id = epoch.header().epoch();
        try {
            if (driver != null) {
                throw new IOException("the VM itself is here");
            }
            replica.apply(epoch);
        } catch (IOException refused) {
            failed(FailureKind.APPLY, id, refused.getMessage());
            return;
        }
        connection.send(new CheckpointMessage.Applied(id));
    }

    private void activate(EpochId expected) throws InterruptedException {
        long start = System.nanoTime();
        try {
            if (driver != null) {
                throw new IOException("the VM itself is here");
            }
            adopt(host.activate(replica.deviceStateAt(expected)));
            replica.handedOver();
        } catch (IOException failed) {
            failed(FailureKind.ACTIVATION, expected, failed.getMessage());
            return;
        }
        LOG.info(
                "{}: the VM runs from epoch {}, {} ms after ACTIVATE",
                host.vm(),
                expected,
                (System.nanoTime() - start) / 1_000_000);
        connection.send(new CheckpointMessage.Activated(expected));
    }

    private void release() {
        try {
            if (driver == null) {
                replica.release();
            }
        } catch (IOException failed) {
            LOG.warn("{}: the replica cannot be given back: {}", host.vm(), failed.getMessage());
        }
    }

    // ---- the end

    private void letGo() {
        link.close();
        // A pause that is late still would outlast this agent.
        boolean late = pausePending;
        pausePending = false;
        try {
            goOn();
            runOn();
            if (late) {
                letRun();
            }
        } catch (InterruptedException interrupted) {
            Thread.currentThread().interrupt();
        }
        dropDriver();
        try {
            while (connection != null) {
                connection.close("the agent ends");
                WorkerEvent event = events.poll(END_WAIT_MS, TimeUnit.MILLISECONDS);
                if (event == null) {
                    break;
                }
                giveBack(event);
            }
        } catch (InterruptedException interrupted) {
            Thread.currentThread().interrupt();
        }
        events.forEach(this::giveBack);
        host.close();
    }

    /** What is left of an event when nothing is done any more: its memory. */
    private void giveBack(WorkerEvent event) {
        switch (event) {
            case WorkerEvent.EpochArrived arrived -> arrived.epoch().close();
            case WorkerEvent.Shipped shipped -> shipped.epoch().close();
            case WorkerEvent.Closed closed -> connection = null;
            default -> {}
        }
    }

    /** Ends the worker; the VM runs on. */
    @Override
    public void close() {
        events.add(new WorkerEvent.Quit());
        try {
            if (!thread.join(Duration.ofMillis(JOIN_MS))) {
                LOG.error("{}: the agent does not end", host.vm());
            }
        } catch (InterruptedException interrupted) {
            Thread.currentThread().interrupt();
        }
    }
}
