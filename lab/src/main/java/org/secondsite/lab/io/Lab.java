package org.secondsite.lab.io;

import java.io.IOException;
import java.nio.file.DirectoryNotEmptyException;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.attribute.PosixFilePermission;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import org.secondsite.config.io.DirectoryTree;
import org.secondsite.lab.plan.ClockOffset;
import org.secondsite.lab.plan.FakeClock;
import org.secondsite.lab.plan.Fleet;
import org.secondsite.lab.plan.LabOptions;
import org.secondsite.lab.plan.LabPaths;
import org.secondsite.lab.plan.LabPlan;
import org.secondsite.lab.plan.LabVm;
import org.secondsite.lab.plan.Role;
import org.secondsite.lab.plan.Site;
import org.secondsite.lab.plan.Target;
import org.secondsite.lab.plan.Topology;
import org.secondsite.lab.plan.VmPaths;
import org.secondsite.lab.wan.io.WanControl;

/** A lab that is up: what can be done to it. {@link LabStart} brings one up. Needs root. */
public final class Lab {
    private static final Set<PosixFilePermission> PASSED = PosixFilePermissions.fromString("rwx--x--x");
    private static final Set<PosixFilePermission> CLOSED = PosixFilePermissions.fromString("rwx------");
    private static final int MAX_ATTEMPTS = 10;

    private final String name;
    private final LabPaths paths;

    Lab(String name) {
        this.name = LabOptions.checkedName(name);
        paths = new LabPaths(name);
    }

    /**
     * Finds a lab that was brought up by this or another process.
     *
     * @throws IOException if there is none of that name
     */
    public static Lab existing(String name) throws IOException {
        Lab lab = new Lab(name);
        lab.state();
        return lab;
    }

    /** Its name. */
    public String name() {
        return name;
    }

    /** Its files. */
    public LabPaths paths() {
        return paths;
    }

    /** The namespace of the outside client. */
    public String clientNamespace() {
        return Topology.client(name);
    }

    /** How many VMs it has. */
    public int vms() throws IOException {
        return state().options().fleet().vms().size();
    }

    LabState state() throws IOException {
        return LabState.read(name);
    }

    /** Every process that runs now, QEMU wherever it is, also when an agent started it. */
    public List<LabProcess> processes() throws IOException {
        List<LabProcess> running = new ArrayList<>(state().processes().stream()
                .filter(process -> process.role() != Role.QEMU && process.alive())
                .toList());
        Fleet fleet = state().options().fleet();
        for (Site site : fleet.sites()) {
            for (LabVm vm : fleet.vmsOf(site)) {
                qemu(vm, site).ifPresent(running::add);
            }
        }
        return running;
    }

    /** The QEMU of a site, if it runs, of the VM that every lab has. */
    public Optional<LabProcess> qemu(Site site) throws IOException {
        return qemu(LabVm.FIRST, site);
    }

    private Optional<LabProcess> qemu(LabVm vm, Site site) throws IOException {
        return LabProcess.fromPidFile(
                Role.QEMU,
                site.id(),
                vm.process(site),
                Topology.hypervisor(name, site),
                paths.vm(vm).qemuPid(site));
    }

    /**
     * SIGKILL for what a target names.
     *
     * @param target see {@link Target}
     * @return what was killed
     * @throws IllegalArgumentException if it is no target
     * @throws IOException if nothing of that kind runs
     */
    public List<LabProcess> kill(String target) throws IOException {
        List<LabProcess> victims = running(target);
        victims.forEach(LabProcess::kill); // all before any wait: a site dies at once
        for (LabProcess victim : victims) {
            LabProcess.killAndWait(victim.pid());
        }
        return victims;
    }

    /**
     * SIGSTOP for what a target names: it does nothing any more, and its sockets stay.
     *
     * @throws IOException if nothing of that kind runs
     */
    public List<LabProcess> pause(String target) throws IOException {
        return signal(target, "STOP");
    }

    /**
     * SIGCONT for what a target names.
     *
     * @throws IOException if nothing of that kind runs
     */
    public List<LabProcess> resume(String target) throws IOException {
        return signal(target, "CONT");
    }

    /**
     * Has a daemon read its file again (SIGHUP).
     *
     * @return who was told
     */
    public List<LabProcess> hangUp(String target) throws IOException {
        return signal(target, "HUP");
    }

    private List<LabProcess> signal(String target, String signal) throws IOException {
        List<LabProcess> meant = running(target);
        for (LabProcess process : meant) {
            Commands.run("kill", "-" + signal, Long.toString(process.pid()));
        }
        return meant;
    }

    private List<LabProcess> running(String target) throws IOException {
        Target meant = Target.parse(target);
        List<LabProcess> running = processes().stream()
                .filter(process -> meant.means(process.role(), process.site(), process.name()))
                .toList();
        if (running.isEmpty()) {
            throw new IOException("nothing runs that '" + target + "' names");
        }
        return running;
    }

    /**
     * Brings back what a target names and does not run, but no QEMU: the VM lives at the other site or nowhere.
     *
     * @param target see {@link Target}
     * @throws IOException if one cannot be started
     */
    public void start(String target) throws IOException {
        Target meant = Target.parse(target);
        Fleet fleet = state().options().fleet();
        for (Site site : fleet.sites()) {
            for (LabVm vm : fleet.vmsOf(site)) {
                if (meant.means(Role.QEMU, site.id(), vm.process(site))
                        && qemu(vm, site).isEmpty()) {
                    removeWhatQemuLeft(paths.vm(vm), site);
                }
            }
        }
        List<String> running = processes().stream().map(LabProcess::name).toList();
        LabPlan plan = LabPlan.of(
                state().options(),
                new GuestImage(GuestImage.defaultCache())
                        .files(state().options().guest()),
                ThisJava.runtime());
        if (meant.process().isPresent()
                && plan.processes().stream()
                        .noneMatch(process -> meant.process().get().equals(process.name()))) {
            throw new IOException("the lab has no process '" + target + "'");
        }
        LabProcesses processes = new LabProcesses(plan);
        try {
            processes.start(plan.processes().stream()
                    .filter(process -> process.role() != Role.QEMU && !running.contains(process.name()))
                    .filter(process -> meant.means(
                            process.role(), process.site().map(Site::id).orElse(""), process.name()))
                    .toList());
        } finally {
            state().with(processes.started()).write();
        }
    }

    private static void removeWhatQemuLeft(VmPaths vm, Site site) throws IOException {
        for (Path stale : List.of(vm.qmp(site), vm.testQmp(site), vm.qemuPid(site))) {
            Files.deleteIfExists(stale);
        }
    }

    /**
     * Makes the wall clocks of what a target names jump, at once and while it runs; what is started later under the same name
     * has the clock too. Processes that are none of the product's keep the machine's.
     *
     * @return whose clock jumped
     * @throws IOException if nothing of that kind has a clock of its own
     */
    public List<LabProcess> jumpClock(String target, ClockOffset offset) throws IOException {
        List<LabProcess> jumped = new ArrayList<>();
        for (LabProcess process : running(target)) {
            Path clock = FakeClock.file(paths, process.name());
            if (Files.exists(clock)) {
                if (!Files.readString(Path.of("/proc", Long.toString(process.pid()), "maps"))
                        .contains(FakeClock.LIBRARY)) {
                    throw new IOException(process.name() + " reads the machine's clock: no " + FakeClock.LIBRARY);
                }
                Path next = Files.writeString(clock.resolveSibling(process.name() + ".next"), offset.text());
                Files.move(next, clock, StandardCopyOption.ATOMIC_MOVE, StandardCopyOption.REPLACE_EXISTING);
                jumped.add(process);
            }
        }
        if (jumped.isEmpty()) {
            throw new IOException("nothing that '" + target + "' names has a clock of its own"
                    + (state().options().fakeClocks() ? "" : ": the lab is up without --fake-clocks"));
        }
        return jumped;
    }

    /**
     * Talks to the WAN emulator.
     *
     * @param command see {@code WanCommand}
     * @return its answer
     */
    public String wan(String command) throws IOException {
        return WanControl.ask(paths.wanControl(), command);
    }

    /**
     * Copies what every process printed, what was captured on the uplinks, and the timelines of the gateways that answer, to
     * where {@link #down} does not reach.
     *
     * @param kept a directory, made if need be
     */
    public void keepLogs(Path kept) throws IOException {
        Files.createDirectories(kept);
        Commands.run("cp", "-r", paths.file("logs").toString(), kept.toString());
        for (Site site : state().options().fleet().sites()) {
            Path capture = UplinkCapture.file(this, site);
            if (Files.exists(capture)) {
                Files.copy(capture, kept.resolve(capture.getFileName()), StandardCopyOption.REPLACE_EXISTING);
            }
            List<String> lines = new ArrayList<>();
            try {
                for (SiteView.Entry e : new SiteView(this, site).timeline(0)) {
                    lines.add("%.3f %s %s: %s".formatted(e.nanoTime() / 1e9, e.subject(), e.kind(), e.text()));
                }
            } catch (IOException silent) {
                lines.add(silent.getMessage());
            }
            Files.write(kept.resolve("timeline-" + site.id() + ".txt"), lines);
        }
    }

    /**
     * Makes a directory of a lab that only root can read, and those above it, of which another lab that goes may take one away meanwhile.
     * The daemons of routers, which run as other users, can pass those above, but not list them.
     *
     * @throws IOException if it cannot be made
     */
    static void makeDirectories(Path directory) throws IOException {
        for (int attempt = 1; attempt < MAX_ATTEMPTS; attempt++) {
            try {
                make(directory);
                return;
            } catch (NoSuchFileException gone) {
                // once more
            }
        }
        make(directory);
    }

    private static void make(Path directory) throws IOException {
        Files.createDirectories(directory, PosixFilePermissions.asFileAttribute(PASSED));
        Files.setPosixFilePermissions(directory, CLOSED);
    }

    /** Takes all of a lab away, whole or half up. Does nothing if there is nothing. */
    public static void down(String name) throws IOException {
        LabPaths paths = new LabPaths(LabOptions.checkedName(name));
        LabTopology.down(name);
        DirectoryTree.delete(paths.directory());
        DirectoryTree.delete(paths.disks());
        try (DirectoryStream<Path> all = Files.newDirectoryStream(Path.of("/dev/shm"), name + "-*")) {
            for (Path memory : all) {
                Files.deleteIfExists(memory);
            }
        }
        removeWhatKilledClocksLeft();
        for (Path shared : List.of(LabPaths.ALL, LabPaths.ALL_DISKS)) {
            try {
                Files.deleteIfExists(shared);
            } catch (DirectoryNotEmptyException e) {
                // another lab is up
            }
        }
    }

    /** Each process with libfaketime has shared memory and a semaphore, named after its id, that a SIGKILL leaves behind. */
    private static void removeWhatKilledClocksLeft() throws IOException {
        try (DirectoryStream<Path> all = Files.newDirectoryStream(Path.of("/dev/shm"), "*faketime_s*_*")) {
            for (Path left : all) {
                String file = left.getFileName().toString();
                Path process = Path.of("/proc", file.substring(file.lastIndexOf('_') + 1));
                if (!Files.exists(process)) {
                    Files.deleteIfExists(left);
                }
            }
        }
    }
}
