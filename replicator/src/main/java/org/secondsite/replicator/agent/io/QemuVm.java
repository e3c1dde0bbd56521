package org.secondsite.replicator.agent.io;

import com.fasterxml.jackson.databind.JsonNode;
import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.UserPrincipal;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.TimeUnit;
import java.util.function.BooleanSupplier;
import java.util.function.Consumer;
import org.secondsite.replicator.MachineParts;
import org.secondsite.replicator.agent.DirtyPageTracker;
import org.secondsite.replicator.agent.SlowPauseException;
import org.secondsite.replicator.agent.SpentReplicaException;
import org.secondsite.replicator.agent.VmDriver;
import org.secondsite.replicator.agent.VmNews;
import org.secondsite.replicator.agent.VmSettings;
import org.secondsite.replicator.disk.MirrorTargets;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * A QEMU that runs, driven by QMP. Any stock QEMU from 7.2 on whose guest RAM is a shared file.
 *
 * <p>The device state is a migration stream with the capability {@code x-ignore-shared}: QEMU leaves the RAM file out of it
 * and writes the rest (devices, and ROM and video memory that are not in the file) to a Unix socket. QEMU reports
 * {@code completed} a little before it leaves the state {@code finish-migrate}, so {@code cont} is repeated until it is
 * taken.
 *
 * <p><b>The mark.</b> Before a VM that runs is paused, a file with QEMU's pid is written, and removed when it runs again. An
 * agent that finds the mark and a paused VM knows that an agent died in between, and resumes it; a VM that an operator paused
 * has no mark.
 *
 * <p><b>A VM that stays paused</b> is in the state {@code postmigrate} after its first checkpoint, and QEMU collects no
 * device state from there. There is no other than that of the checkpoint before either, as long as the VM was not resumed
 * since, which QEMU tells by an event before it answers anything later: so that one is taken again.
 */
final class QemuVm implements VmDriver {
    private static final Logger LOG = LoggerFactory.getLogger(QemuVm.class);
    private static final int COMMAND_TIMEOUT_MS = 2000;
    private static final int RETRY_MICROS = 300;
    private static final int MAX_RETRY_MS = 2000;
    private static final String PAUSED_AFTER_MIGRATION = "postmigrate";
    private static final String WAITS_FOR_STATE = "inmigrate";
    private static final String NOT_FINALIZED = "not finalized";
    private static final String HALTED = "io-error";
    private static final String HALTS = "stop";

    private final VmSettings settings;
    private final PauseMarks marks;
    private final QmpClient qmp;
    private final QemuAdmission admission;
    private final String description;
    /** Who has made the monitor. */
    private final UserPrincipal user;

    private final RamFile ram;
    private final QemuDisks disks;
    private final QemuMirrors mirrors;

    private DeviceStateSink sink;
    private int sinks;
    private int lastStateBytes;
    /** The device state of the last checkpoint, null if there was none. */
    private byte[] lastState;
    /** Whether the VM may have changed its device state since {@code lastState}. */
    private volatile boolean changedSince = true;
    /** Whether {@code lastState} is also that of the checkpoint under way. */
    private boolean stateStands;
    /** Whether QEMU was in the state {@code postmigrate} when the checkpoint was prepared. */
    private boolean afterMigration;
    /** Whether the VM ran before this checkpoint. */
    private boolean pausedHere;
    /** Whether QEMU told that the VM stopped, and that it was resumed. */
    private volatile boolean stopped;

    private volatile boolean resumed;
    /** Whether QEMU told, since the last pause, that the VM was reset. */
    private volatile boolean reset;

    /** Whether QEMU told that a medium may be another one. */
    private volatile boolean trayMoved;

    private final QemuNews news = new QemuNews();
    private final QemuMigration migration;

    /** A connection that is being made: events may come before the VM object stands. */
    private static final class EventRelay implements Consumer<JsonNode> {
        private volatile QemuVm vm;

        @Override
        public void accept(JsonNode event) {
            QemuVm known = vm;
            if (known != null) {
                known.event(event);
            }
        }
    }

    private QemuVm(VmSettings settings, QmpClient qmp, QemuAdmission admission, RamFile ram)
            throws IOException, InterruptedException {
        this.settings = settings;
        this.marks = new PauseMarks(settings);
        this.qmp = qmp;
        this.admission = admission;
        this.description = admission.words();
        this.user = Files.getOwner(settings.qmpSocket());
        this.ram = ram;
        this.migration = new QemuMigration(qmp, news, COMMAND_TIMEOUT_MS);
        this.disks = new QemuDisks(qmp, settings, COMMAND_TIMEOUT_MS);
        this.mirrors = new QemuMirrors(qmp, settings.id(), settings.volumes().sockets(), COMMAND_TIMEOUT_MS);
    }

    /**
     * Connects to the QEMU of a VM.
     *
     * @throws IOException if nobody listens at its QMP socket, or the VM there is not fit
     */
    static QemuVm connect(VmSettings settings, int timeoutMs) throws IOException, InterruptedException {
        EventRelay relay = new EventRelay();
        QmpClient qmp = QmpClient.connect(settings.qmpSocket(), relay, timeoutMs);
        RamFile ram = null;
        try {
            QemuAdmission admission = new QemuAdmission(settings, qmp, timeoutMs);
            ram = RamFile.existing(admission.requireRam(), settings.ramBytes());
            QemuVm vm = new QemuVm(settings, qmp, admission, ram);
            relay.vm = vm;
            vm.disks.look();
            vm.migration.setUp();
            return vm;
        } catch (IOException | InterruptedException | RuntimeException failed) {
            qmp.close();
            if (ram != null) {
                ram.close();
            }
            throw failed;
        }
    }

    private void event(JsonNode event) {
        switch (event.path("event").asText()) {
            case "MIGRATION" -> migration.event(event.path("data"));
            case "STOP" -> {
                stopped = true;
                resumed = false;
            }
            case "RESUME" -> {
                resumed = true;
                changedSince = true;
                news.resumed();
            }
            case "BLOCK_IO_ERROR" -> ioError(event.path("data"));
            case "RESET" -> {
                reset = true;
                changedSince = true;
            }
            case "SHUTDOWN", "GUEST_PANICKED", "MEMORY_FAILURE" -> LOG.warn("{}: {}", settings.id(), event);
            case "DEVICE_TRAY_MOVED" -> trayMoved = true;
            default -> mirrors.event(event.path("event").asText(), event.path("data"));
        }
    }

    private void ioError(JsonNode data) {
        String failure = disks.failure(data);
        if (data.path("action").asText().equals(HALTS)) {
            news.halted("QEMU has halted the VM: " + failure);
        } else {
            LOG.warn(
                    "{}: {}; QEMU goes on with '{}'",
                    settings.id(),
                    failure,
                    data.path("action").asText());
        }
    }

    /** Whoever plugs in, or mounts, does so while the VM is protected. */
    private void refuseIfUnfit() throws IOException, InterruptedException {
        Optional<String> unfit = admission.glance();
        if (unfit.isEmpty() && trayMoved) {
            trayMoved = false;
            unfit = disks.changedMedia();
        }
        if (unfit.isPresent()) {
            news.tell(new VmNews.Unfit(unfit.get()));
            throw new IOException(unfit.get());
        }
    }

    @Override
    public String description() {
        return description;
    }

    @Override
    public Optional<String> refusal() throws IOException, InterruptedException {
        Optional<String> unfit = admission.refusal();
        return unfit.isPresent() ? unfit : disks.refusal();
    }

    @Override
    public Optional<MachineParts> machine() {
        return Optional.of(admission.parts().with(disks.media()));
    }

    @Override
    public Optional<String> mirror(MirrorTargets images, BooleanSupplier mayRun)
            throws IOException, InterruptedException {
        return mirrors.mirror(disks, images, runState(), still(mayRun));
    }

    @Override
    public void endMirrors(BooleanSupplier mayRun) throws IOException, InterruptedException {
        mirrors.end(runState(), still(mayRun));
    }

    private Standstill still(BooleanSupplier mayRun) {
        return new Standstill(qmp, marks, COMMAND_TIMEOUT_MS, mayRun);
    }

    @Override
    public void guard() {
        migration.guard();
    }

    @Override
    public void unguard() throws IOException, InterruptedException {
        migration.unguard();
    }

    /** Makes its RAM all zeros: what an earlier QEMU has left in a file is none of this VM's. */
    void emptyRam() throws IOException {
        ram.empty();
    }

    /** The same RAM, for as long as whoever has it keeps it. */
    RamFile shareRam() throws IOException {
        return ram.again();
    }

    @Override
    public MemorySegment ram() {
        return ram.memory();
    }

    @Override
    public DirtyPageTracker trackDirtyPages() throws IOException, InterruptedException {
        return switch (settings.dirtyPages()) {
            case AUTO -> WriteProtectTracker.open(new QemuProcess(settings).pid(), ram.memory());
            case COMPARE -> throw new IOException("configured so");
        };
    }

    private boolean isRunning() throws IOException, InterruptedException {
        return execute("query-status", Map.of()).path("running").asBoolean();
    }

    /** QEMU's word for the state that it is in. Source: RunState of qapi/run-state.json. */
    private String runState() throws IOException, InterruptedException {
        return execute("query-status", Map.of()).path("status").asText();
    }

    @Override
    public void prepare() throws IOException, InterruptedException {
        closeSink();
        sinks++;
        sink = DeviceStateSink.open(
                settings.socketDirectory()
                        .resolve(settings.id() + "-" + ProcessHandle.current().pid() + "-" + sinks + ".state"),
                user,
                lastStateBytes + (lastStateBytes >> 3));
        JsonNode status = execute("query-status", Map.of());
        afterMigration = status.path("status").asText().equals(PAUSED_AFTER_MIGRATION);
        pausedHere = status.path("running").asBoolean();
        news.refuseIfHalted();
        refuseIfUnfit();
        mirrors.requireWhole();
        migration.settle();
        if (pausedHere) {
            marks.paused();
        }
    }

    @Override
    public boolean pause() throws IOException, InterruptedException {
        stopped = false;
        resumed = false;
        reset = false;
        try {
            qmp.execute("stop", Map.of(), COMMAND_TIMEOUT_MS, () -> news.tell(new VmNews.PausedLate()));
        } catch (QmpClient.NoAnswer slow) {
            String flushed = disks.writable();
            throw new SlowPauseException(
                    slow.getMessage() + (flushed.isEmpty() ? "" : "; it flushes " + flushed + " meanwhile"));
        }
        // QEMU tells of a stop, before it answers, only if the VM ran: an operator may have come since it was prepared.
        if (stopped != pausedHere) {
            pausedHere = stopped;
            if (pausedHere) {
                marks.paused();
            } else {
                marks.notPaused();
            }
        }
        return pausedHere;
    }

    @Override
    public void beginDeviceState() throws IOException, InterruptedException {
        if (sink == null) {
            throw new IOException("no checkpoint was prepared");
        }
        news.refuseIfHalted();
        mirrors.requireWhole();
        stateStands = afterMigration && !pausedHere && !reset;
        if (stateStands) {
            if (lastState == null || changedSince) {
                throw new IOException(
                        "the VM is paused after a migration that was no checkpoint of this agent; resume it");
            }
            return;
        }
        lastState = null;
        changedSince = false;
        migration.begin(sink.uri());
    }

    @Override
    public byte[] awaitDeviceState(long timeoutNanos) throws IOException, InterruptedException {
        if (stateStands) {
            return lastState;
        }
        long start = System.nanoTime();
        migration.await(timeoutNanos);
        byte[] state = sink.await(Math.max(0, timeoutNanos - (System.nanoTime() - start)));
        lastStateBytes = state.length;
        lastState = state;
        return state;
    }

    @Override
    public void abandonDeviceState() throws InterruptedException {
        try {
            migration.abandon();
        } catch (IOException trouble) {
            LOG.warn("{}: cannot cancel the device state: {}", settings.id(), trouble.getMessage());
        }
        closeSink();
    }

    @Override
    public Optional<String> spoiled() throws IOException, InterruptedException {
        // QEMU has answered since the RAM was read, and tells before it answers. Of a VM that an operator paused it is
        // asked
        // once more: no device state may have been collected.
        if (resumed || (!pausedHere && isRunning())) {
            return Optional.of("the VM was resumed by somebody else in the middle of the checkpoint");
        }
        return reset ? Optional.of("the VM was reset in the middle of the checkpoint") : Optional.empty();
    }

    @Override
    public void resume() throws IOException, InterruptedException {
        if (pausedHere || resumed) {
            run();
        }
    }

    @Override
    public void resumeKept() throws IOException, InterruptedException {
        // The mark stands exactly while a pause of this agent lasts.
        if (marks.isPaused()) {
            run();
        }
    }

    @Override
    public void retryAfterHalt() throws IOException, InterruptedException {
        if (news.isHalted()) {
            run();
        }
    }

    private void run() throws IOException, InterruptedException {
        retrying("cont", Map.of(), NOT_FINALIZED);
        pausedHere = false;
        marks.notPaused();
    }

    /** Finds out whether QEMU has halted the VM before this agent came. */
    void noteHalt() throws IOException, InterruptedException {
        if (runState().equals(HALTED)) {
            news.halted("QEMU has halted the VM: a disk has failed");
        }
    }

    /** Resumes a VM that a dead agent left paused within a checkpoint. */
    void recover() throws IOException, InterruptedException {
        if (marks.isPausedOfThisQemu() && !isRunning()) {
            LOG.warn("{}: resuming the VM, which was left paused in the middle of a checkpoint", settings.id());
            migration.cancel();
            run();
        }
        marks.notPaused();
    }

    /** Whether an agent that died had started this QEMU to activate it, and had not come to let it run. */
    boolean isHalfActivated() throws IOException, InterruptedException {
        return runState().equals(WAITS_FOR_STATE) || marks.isActivating();
    }

    /**
     * Loads a device state into a QEMU that was started with {@code -S -incoming defer}, and makes the VM run.
     *
     * @throws SpentReplicaException if it may have run
     */
    void load(byte[] deviceState, long timeoutMs) throws IOException, InterruptedException {
        Path incoming = settings.socketDirectory().resolve(settings.id() + "-incoming.state");
        Files.deleteIfExists(incoming);
        marks.activating();
        migration.expect();
        execute("migrate-incoming", Map.of("uri", "unix:" + incoming));
        DeviceStateFeed.feed(incoming, deviceState);
        long deadline = System.nanoTime() + TimeUnit.MILLISECONDS.toNanos(timeoutMs);
        String state = runState();
        while (state.equals(WAITS_FOR_STATE)) {
            if (System.nanoTime() > deadline) {
                throw new IOException("QEMU did not load the device state within " + timeoutMs + " ms");
            }
            Thread.sleep(1);
            state = runState();
        }
        migration.end();
        runFromHere();
        marks.activated();
        Files.deleteIfExists(incoming);
    }

    private void runFromHere() throws IOException, InterruptedException {
        try {
            run();
        } catch (QmpClient.QmpError refused) {
            throw refused; // so it has not run
        } catch (IOException unknown) {
            throw new SpentReplicaException("the VM was told to run, and is gone: " + unknown.getMessage(), unknown);
        }
    }

    @Override
    public void listen(Consumer<VmNews> told) {
        news.listen(told);
        mirrors.listen(told);
        qmp.onClosed(reason -> told.accept(new VmNews.Gone(reason)));
    }

    private JsonNode execute(String command, Map<String, ?> arguments) throws IOException, InterruptedException {
        return qmp.execute(command, arguments, COMMAND_TIMEOUT_MS);
    }

    /** Executes a command again and again while QEMU refuses it with a certain word. */
    private void retrying(String command, Map<String, ?> arguments, String refusal)
            throws IOException, InterruptedException {
        long deadline = System.nanoTime() + TimeUnit.MILLISECONDS.toNanos(MAX_RETRY_MS);
        while (true) {
            try {
                execute(command, arguments);
                return;
            } catch (QmpClient.QmpError refused) {
                if (!refused.getMessage().contains(refusal) || System.nanoTime() > deadline) {
                    throw refused;
                }
                TimeUnit.MICROSECONDS.sleep(RETRY_MICROS);
            }
        }
    }

    private void closeSink() {
        if (sink != null) {
            sink.close();
            sink = null;
        }
    }

    @Override
    public void close() {
        closeSink();
        qmp.close();
        ram.close();
    }
}
