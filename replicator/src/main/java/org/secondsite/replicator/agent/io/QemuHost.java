package org.secondsite.replicator.agent.io;

import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.net.ConnectException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.EnumSet;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.TimeUnit;
import org.secondsite.config.VmId;
import org.secondsite.net.Backoff;
import org.secondsite.net.io.PrivateFiles;
import org.secondsite.replicator.Capability;
import org.secondsite.replicator.MachineParts;
import org.secondsite.replicator.agent.SpentReplicaException;
import org.secondsite.replicator.agent.VmDriver;
import org.secondsite.replicator.agent.VmHost;
import org.secondsite.replicator.agent.VmSettings;
import org.secondsite.replicator.agent.VmStart;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** The place of a QEMU VM: its RAM file, its QMP socket, and the command that starts it. */
final class QemuHost implements VmHost {
    private static final Logger LOG = LoggerFactory.getLogger(QemuHost.class);
    private static final int ATTACH_TIMEOUT_MS = 2000;
    private static final int START_TIMEOUT_MS = 10_000;
    private static final int LOAD_TIMEOUT_MS = 5000;
    private static final int FIRST_REPLACEMENT_MS = 1000;
    private static final int LAST_REPLACEMENT_MS = 60_000;
    private static final long NONE = -1;

    private final VmSettings settings;
    private final QemuProcess process;
    private RamFile replica;
    /** A QEMU that waits for a device state beside the replica, null if there is none. */
    private WaitingQemu waiting;

    /** Whether there is to be one. */
    private boolean standsBy;

    /** One that dies again and again is not to keep this thread from everything else. */
    private final Backoff replacements = new Backoff(FIRST_REPLACEMENT_MS, LAST_REPLACEMENT_MS);

    private long replaceNanos;

    /** What the last one was made of that waited. */
    private Optional<MachineParts> parts = Optional.empty();

    /** The one in whose RAM the replica lies, if that is in no file of this agent's. */
    private WaitingQemu holder;

    /** It executes nothing, and has been asked for its machine. */
    private record WaitingQemu(ProcessHandle process, QemuVm vm) {}

    private QemuHost(VmSettings settings) {
        this.settings = settings;
        this.process = new QemuProcess(settings);
    }

    /**
     * Opens the place of a VM.
     *
     * @throws IOException if the run directory cannot be made
     */
    static QemuHost open(VmSettings settings) throws IOException {
        PrivateFiles.directory(settings.runDirectory());
        return new QemuHost(settings);
    }

    @Override
    public VmId vm() {
        return settings.id();
    }

    @Override
    public long ramBytes() {
        return settings.ramBytes();
    }

    @Override
    public int patienceSeconds() {
        return switch (settings.start()) {
            case VmStart.Command command -> VmHost.super.patienceSeconds();
            case VmStart.Domain domain -> VmHost.super.patienceSeconds() + LibvirtDomain.MAX_SECONDS;
        };
    }

    @Override
    public Set<Capability> capabilities() {
        return settings.volumes().disks().isEmpty()
                ? EnumSet.of(Capability.WINDOW, Capability.TERMS, Capability.MACHINES, Capability.DEVICE_SAME)
                : EnumSet.allOf(Capability.class);
    }

    @Override
    public Optional<VmDriver> attach() throws IOException, InterruptedException {
        if (waiting != null && QemuProcess.isAlive(waiting.process())) {
            return Optional.empty();
        }
        Optional<VmDriver> found = find();
        if (found.isEmpty() && standsBy && System.nanoTime() - replaceNanos >= 0) {
            replaceWaiting();
        }
        return found;
    }

    private Optional<VmDriver> find() throws IOException, InterruptedException {
        if (!Files.exists(settings.qmpSocket())) {
            return Optional.empty();
        }
        QemuVm vm;
        try {
            vm = QemuVm.connect(settings, ATTACH_TIMEOUT_MS);
            process.notePid();
        } catch (ConnectException nobodyListens) {
            return Optional.empty();
        }
        try {
            if (vm.isHalfActivated()) {
                LOG.warn("{}: killing a QEMU that an agent which died had not fully activated", vm());
                vm.close();
                process.kill();
                return Optional.empty();
            }
            vm.recover();
            vm.noteHalt();
        } catch (IOException | InterruptedException | RuntimeException failed) {
            vm.close();
            throw failed;
        }
        endWaiting();
        closeReplica();
        return Optional.of(vm);
    }

    @Override
    public MemorySegment createReplica() throws IOException, InterruptedException {
        endWaiting();
        closeReplica();
        if (settings.ramFile().isEmpty()) {
            waiting = startWaiting();
            waiting.vm().emptyRam();
            replica = waiting.vm().shareRam();
            holder = waiting;
        } else {
            replica = RamFile.create(settings.ramFile().get(), settings.ramBytes());
        }
        return replica.memory();
    }

    /** Beside an empty replica, unless it is known by now. */
    @Override
    public Optional<MachineParts> machine() throws IOException, InterruptedException {
        boolean canBeSeen = replica == null && !process.isThere();
        if (parts.isEmpty() && canBeSeen) {
            try {
                createReplica();
                standBy();
            } finally {
                forgetReplica();
            }
        }
        return parts;
    }

    @Override
    public void standBy() throws IOException, InterruptedException {
        if (settings.ramFile().isPresent() || !waits()) {
            endWaiting();
            waiting = startWaiting();
        }
        standsBy = true;
        replacements.reset();
        replaceNanos = System.nanoTime();
    }

    private boolean waits() throws InterruptedException {
        try {
            return waiting != null
                    && QemuProcess.isAlive(waiting.process())
                    && waiting.vm().isHalfActivated();
        } catch (IOException gone) {
            LOG.debug("the QEMU that waited: {}", gone.getMessage());
            return false;
        }
    }

    /** It died by itself, or somebody has killed it: the next takeover is not to be slower for that. */
    private void replaceWaiting() throws IOException, InterruptedException {
        LOG.warn("{}: the QEMU that waited is gone, another one is started (QEMU: {})", vm(), process.lastWords());
        forgetWaiting();
        standsBy = true;
        replaceNanos = System.nanoTime() + TimeUnit.MILLISECONDS.toNanos(replacements.next());
        try {
            waiting = startWaiting();
        } catch (IOException failed) {
            throw new IOException(
                    "the QEMU that waited is gone, and another one does not start: " + failed.getMessage(), failed);
        }
    }

    private WaitingQemu startWaiting() throws IOException, InterruptedException {
        ProcessHandle started = process.start();
        boolean serves = false;
        try {
            WaitingQemu begun = new WaitingQemu(started, connectTo(started));
            parts = begun.vm().machine();
            serves = true;
            return begun;
        } catch (IOException failed) {
            throw new IOException(failed.getMessage() + " (QEMU: " + process.lastWords() + ")", failed);
        } finally {
            if (!serves) {
                process.end(started);
            }
        }
    }

    private void endWaiting() throws IOException, InterruptedException {
        standsBy = false;
        forgetWaiting();
    }

    private void forgetWaiting() throws IOException, InterruptedException {
        if (waiting != null) {
            WaitingQemu ended = waiting;
            waiting = null;
            ended.vm().close();
            process.end(ended.process());
        }
    }

    @Override
    public void forgetReplica() throws IOException, InterruptedException {
        endWaiting();
        if (replica != null) {
            closeReplica();
            if (settings.ramFile().isPresent()) {
                Files.deleteIfExists(settings.ramFile().get());
            }
        }
    }

    @Override
    public VmDriver activate(byte[] deviceState) throws IOException, InterruptedException {
        if (waits()) {
            WaitingQemu qemu = waiting;
            waiting = null;
            try {
                return load(qemu, deviceState);
            } catch (SpentReplicaException spent) {
                throw spent;
            } catch (IOException failed) {
                LOG.warn("{}: {}; another one is started", vm(), failed.getMessage());
            }
        } else if (waiting != null) {
            LOG.warn("{}: the QEMU that waited is gone, another one is started", vm());
        }
        forgetWaiting();
        return load(startWaiting(), deviceState);
    }

    /** If that fails the QEMU is killed. */
    private VmDriver load(WaitingQemu qemu, byte[] deviceState) throws IOException, InterruptedException {
        boolean active = false;
        try {
            long start = System.nanoTime();
            copyReplicaTo(qemu);
            qemu.vm().load(deviceState, LOAD_TIMEOUT_MS);
            active = true;
            standsBy = false;
            LOG.info("{}: device state loaded and running in {} ms", vm(), (System.nanoTime() - start) / 1_000_000);
            closeReplica();
            return qemu.vm();
        } catch (SpentReplicaException spent) {
            throw spent;
        } catch (IOException failed) {
            throw new IOException(failed.getMessage() + " (QEMU: " + process.lastWords() + ")", failed);
        } finally {
            if (!active) {
                qemu.vm().close();
                process.kill();
            }
        }
    }

    /** If it is not there: the replica lies in a file, or in the RAM of this one, or of one that is gone. */
    private void copyReplicaTo(WaitingQemu qemu) throws IOException {
        if (settings.ramFile().isEmpty() && !qemu.equals(holder)) {
            qemu.vm().emptyRam();
            PageCopy.ofWhatIsNotZero(replica.memory(), qemu.vm().ram());
        }
    }

    private QemuVm connectTo(ProcessHandle started) throws IOException, InterruptedException {
        Path socket = settings.qmpSocket();
        long deadline = System.nanoTime() + TimeUnit.MILLISECONDS.toNanos(START_TIMEOUT_MS);
        while (true) {
            try {
                if (Files.exists(socket)) {
                    return QemuVm.connect(settings, START_TIMEOUT_MS);
                }
            } catch (ConnectException notYet) {
                LOG.trace("{}: {}", vm(), notYet.getMessage());
            }
            if (!QemuProcess.isAlive(started)) {
                throw new IOException("QEMU has ended");
            }
            if (System.nanoTime() > deadline) {
                throw new IOException("QEMU does not serve " + socket + " within " + START_TIMEOUT_MS + " ms");
            }
            Thread.sleep(1);
        }
    }

    @Override
    public void endOthers(String reason) throws IOException, InterruptedException {
        process.killAllBut(waiting == null ? NONE : waiting.process().pid());
    }

    @Override
    public void kill(String reason) throws IOException, InterruptedException {
        endWaiting();
        process.kill();
    }

    private void closeReplica() {
        if (replica != null) {
            replica.close();
            replica = null;
            holder = null;
        }
    }

    @Override
    public void close() {
        try {
            endWaiting();
        } catch (IOException left) {
            LOG.warn("{}: a QEMU that waits is left behind, for the next agent to end: {}", vm(), left.getMessage());
        } catch (InterruptedException ended) {
            Thread.currentThread().interrupt();
        }
        closeReplica();
    }
}
