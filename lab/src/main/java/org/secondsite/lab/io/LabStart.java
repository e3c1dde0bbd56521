package org.secondsite.lab.io;

import java.io.IOException;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import org.secondsite.lab.plan.FakeClock;
import org.secondsite.lab.plan.Fleet;
import org.secondsite.lab.plan.Guest;
import org.secondsite.lab.plan.GuestFiles;
import org.secondsite.lab.plan.LabGroup;
import org.secondsite.lab.plan.LabNumbers;
import org.secondsite.lab.plan.LabOptions;
import org.secondsite.lab.plan.LabPaths;
import org.secondsite.lab.plan.LabPlan;
import org.secondsite.lab.plan.LabVm;
import org.secondsite.lab.plan.Role;
import org.secondsite.lab.plan.Site;
import org.secondsite.lab.plan.Topology;
import org.secondsite.pki.PkiCommand;

/** Brings a lab up, step by step, telling each step and how long it took. */
public final class LabStart {
    private static final int READY_SECONDS = 180;

    /** Programs that are run, and the Debian package of each. */
    private static final Map<String, String> PROGRAMS = Map.of(
            "ip", "iproute2",
            "ethtool", "ethtool",
            "bird", "bird2",
            "ovs-vswitchd", "openvswitch-switch",
            "qemu-system-x86_64", "qemu-system-x86",
            "gcc", "gcc",
            "cpio", "cpio",
            "busybox", "busybox-static",
            "nft", "nftables",
            "mke2fs", "e2fsprogs");

    private final LabOptions options;
    private final Progress progress;

    /** Told of each step when it is done. */
    @FunctionalInterface
    public interface Progress {
        /** A step ended after so many milliseconds. */
        void done(String step, long millis);
    }

    private LabStart(LabOptions options, Progress progress) {
        this.options = options;
        this.progress = progress;
    }

    /**
     * Brings a lab up and waits until its guest serves and is protected. When it fails, all is taken away but the logs, whose
     * place stands in the failure; when it is interrupted, the logs too.
     *
     * @throws IOException saying which step failed and why
     */
    public static Lab up(LabOptions options, Progress progress) throws IOException {
        requireMachine(options);
        for (LabProcess process : leftOver(options.name())) {
            if (process.alive()) {
                throw new IOException("the lab '" + options.name() + "' is up already; take it down first");
            }
        }
        Lab.down(options.name());
        try {
            return new LabStart(options, progress).run();
        } catch (IOException | RuntimeException e) {
            if (Thread.interrupted()) { // clears the flag, or the clean-up's own commands would give up at once
                Lab.down(options.name());
                Thread.currentThread().interrupt();
                throw e;
            }
            throw new IOException(e.getMessage() + "\nlogs: " + keepLogs(options), e);
        }
    }

    private static List<LabProcess> leftOver(String name) {
        try {
            return LabState.read(name).processes();
        } catch (IOException e) {
            return List.of(); // none, or one that cannot be read: down takes it away by its names
        }
    }

    private static Path keepLogs(LabOptions options) throws IOException {
        Path logs = new Lab(options.name()).paths().file("logs");
        Path kept = Files.createTempDirectory("secondsite-lab-logs");
        if (Files.isDirectory(logs)) {
            Commands.run("cp", "-r", logs.toString(), kept.toString());
        }
        Lab.down(options.name());
        return kept;
    }

    private static void requireMachine(LabOptions options) throws IOException {
        if (!"root".equals(System.getProperty("user.name"))) {
            throw new IOException("the lab makes network namespaces and needs root");
        }
        List<String> missing = new ArrayList<>();
        for (Map.Entry<String, String> program : PROGRAMS.entrySet()) {
            if (List.of("/usr/sbin", "/usr/bin", "/sbin", "/bin", "/usr/local/sbin", "/usr/local/bin").stream()
                    .noneMatch(directory -> Files.isExecutable(Path.of(directory, program.getKey())))) {
                missing.add(program.getValue());
            }
        }
        if (!Files.isExecutable(Path.of("/usr/lib/frr/bgpd"))) {
            missing.add("frr");
        }
        if (options.fakeClocks() && !fakeClocksAreThere()) {
            missing.add(FakeClock.PACKAGE);
        }
        if (!missing.isEmpty()) {
            throw new IOException("these Debian packages are missing: " + String.join(" ", missing));
        }
    }

    private static boolean fakeClocksAreThere() throws IOException {
        try (DirectoryStream<Path> architectures = Files.newDirectoryStream(Path.of("/usr/lib"))) {
            for (Path architecture : architectures) {
                if (Files.exists(architecture.resolve("faketime").resolve(FakeClock.LIBRARY))) {
                    return true;
                }
            }
        }
        return false;
    }

    private Lab run() throws IOException {
        Lab lab = new Lab(options.name());
        GuestFiles[] guest = new GuestFiles[1];
        step("guest image", () -> guest[0] = guestFiles());
        LabPlan plan = LabPlan.of(options, guest[0], ThisJava.runtime());
        step("namespaces and wires", () -> LabTopology.up(plan.topology()));
        step("configuration and certificates", () -> writeFiles(plan));
        if (guest[0].disk().isPresent()) {
            step("disks", () -> layDisks(plan.paths(), guest[0].disk().get()));
        }
        LabProcesses processes = new LabProcesses(plan);
        if (!guest[0].booted().isEmpty()) {
            step("guest goes on from where it had booted", () -> goOn(plan, processes));
        }
        step("processes started", () -> {
            try {
                List<String> running =
                        processes.started().stream().map(LabProcess::name).toList();
                processes.start(plan.processes().stream()
                        .filter(process -> !running.contains(process.name()))
                        .toList());
            } finally {
                new LabState(options, processes.started()).write();
            }
        });
        step(
                "emulator joins the WAN",
                () -> await(processes, "the WAN emulator", () -> {
                    lab.wan("set all delayMs=" + options.delayMillis());
                    return true;
                }));
        if (guest[0].booted().isEmpty()) {
            step(
                    "guest booted",
                    () -> await(processes, "the guest to boot", options.guest().bootSeconds(), () -> Files.readString(
                                    plan.paths().serial(Site.A))
                            .contains("GUEST-SERVING")));
        }
        step(
                "guest reached from outside",
                () -> await(processes, "an answer to the outside client", () -> echoes(lab)));
        step("guest protected", () -> await(processes, "the guest to be protected", () -> isProtected(lab)));
        if (!options.load().command().isEmpty()) {
            step("load", () -> await(processes, "the guest to take its load", () -> takesLoad(lab)));
        }
        return lab;
    }

    private boolean takesLoad(Lab lab) throws IOException {
        for (LabVm vm : options.fleet().vms()) {
            if (!GuestProbe.takes(lab, vm.address(), options.load().command())) {
                return false;
            }
        }
        return true;
    }

    /** A guest with a disk boots: its memory and its disk belong together. */
    private GuestFiles guestFiles() throws IOException {
        Path cache = GuestImage.defaultCache();
        GuestFiles files = new GuestImage(cache).files(options.guest());
        if (files.disk().isPresent()) {
            return files;
        }
        LabPaths paths = new LabPaths(options.name());
        Map<String, Path> booted = new ConcurrentHashMap<>();
        Concurrently.each(
                "boot",
                options.fleet().vms(),
                vm -> booted.put(
                        vm.name(), new BootedGuest(cache).of(vm, options.guest(), options.network(), files, paths)));
        return new GuestFiles(files.kernel(), files.initrd(), files.disk(), booted);
    }

    /** Before the agent comes, which would find a guest that is neither here nor away. */
    private void goOn(LabPlan plan, LabProcesses processes) throws IOException {
        processes.start(plan.processes().stream()
                .filter(process -> process.role() == Role.QEMU)
                .toList());
        for (LabGroup group : options.fleet().groups()) {
            for (LabVm vm : group.vms()) {
                Path monitorSocket = plan.paths().vm(vm).testQmp(group.home());
                await(processes, "the guest to go on", () -> {
                    try (QemuMonitor monitor = new QemuMonitor(monitorSocket)) {
                        return monitor.runs();
                    }
                });
            }
        }
    }

    /** Both sites begin with the same, or the guest has a disk of its own, and each site an empty image for a copy of it. */
    private void layDisks(LabPaths paths, Path image) throws IOException {
        Lab.makeDirectories(paths.disks());
        for (Site site : Site.PAIR) {
            String to = paths.disk(site).toString();
            if (options.guest() == Guest.TAP) {
                Commands.run("truncate", "-s", options.guest().diskMiB() + "M", to);
            } else {
                Commands.run("cp", "--sparse=always", image.toString(), to);
            }
        }
        if (options.guest() == Guest.TAP) {
            String own = paths.ownDisk(Site.A).toString();
            Commands.run("qemu-img", "convert", "-f", "raw", "-O", "qcow2", image.toString(), own);
        }
    }

    static void writeFiles(LabPlan plan) throws IOException {
        Lab.makeDirectories(plan.paths().file("logs"));
        for (Map.Entry<Path, String> file : plan.files().entrySet()) {
            Files.createDirectories(file.getKey().getParent());
            Files.writeString(file.getKey(), file.getValue());
        }
        writeCertificates(plan.paths().directory(), plan.options().fleet());
    }

    private static void writeCertificates(Path directory, Fleet fleet) throws IOException {
        List<String> names = new ArrayList<>(List.of("witness", "operator"));
        fleet.sites().forEach(site -> names.addAll(List.of(site.id(), "host-" + site.id())));
        try {
            PkiCommand.write(directory, names);
        } catch (Exception e) {
            throw new IOException("cannot make the lab's certificates", e);
        }
    }

    private static void await(LabProcesses processes, String what, Waiting.Condition condition) throws IOException {
        await(processes, what, READY_SECONDS, condition);
    }

    private static void await(LabProcesses processes, String what, int limitSeconds, Waiting.Condition condition)
            throws IOException {
        Waiting.until(what, limitSeconds, () -> {
            processes.requireAlive(processes.started());
            return condition.holds();
        });
    }

    private boolean echoes(Lab lab) throws IOException {
        for (String address : options.guestAddresses()) {
            if (!GuestProbe.ask(Topology.client(lab.name()), address, LabNumbers.ECHO_PORT, "ready?")
                    .equals("1")) {
                return false;
            }
        }
        return true;
    }

    private boolean isProtected(Lab lab) throws IOException {
        for (LabGroup group : options.fleet().groups()) {
            if (!new SiteView(lab, group.home(), group.name()).state().equals("PROTECTED")) {
                return false;
            }
        }
        return true;
    }

    private void step(String name, Action action) throws IOException {
        long startNanos = System.nanoTime();
        action.run();
        progress.done(name, (System.nanoTime() - startNanos) / 1_000_000);
    }

    /** A step's work. */
    private interface Action {
        void run() throws IOException;
    }
}
