package org.secondsite.lab.io;

import java.io.IOException;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.attribute.FileTime;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.secondsite.lab.plan.Guest;
import org.secondsite.lab.plan.GuestCommand;
import org.secondsite.lab.plan.GuestFiles;
import org.secondsite.lab.plan.LabPaths;
import org.secondsite.lab.plan.LabVm;
import org.secondsite.lab.plan.Network;
import org.secondsite.lab.plan.ProcessPlan;
import org.secondsite.lab.plan.Role;
import org.secondsite.lab.plan.Site;
import org.secondsite.lab.plan.VmPaths;

/**
 * What QEMU writes of a guest that has just booted, kept in a cache directory beside what it booted from: a VM has the same address
 * in every lab, so it can go on from there instead of booting once more. Made again for another QEMU, kernel, initial file system or command.
 */
final class BootedGuest {
    private static final Duration UNUSED = Duration.ofDays(7);
    private static final int WRITE_SECONDS = 60;
    private static final String PREFIX = "booted-";
    /** QEMU's own limit of a migration's pace, in bytes a second, would take seconds. */
    private static final long UNLIMITED = 10_000_000_000L;

    private final Path cache;

    BootedGuest(Path cache) {
        this.cache = cache;
    }

    /**
     * What was written of a VM that had booted from these files; boots one if need be.
     *
     * @param network of the lab that it is for
     * @param paths of the lab that it is for, which is not up yet
     * @throws IOException if it does not boot
     */
    Path of(LabVm vm, Guest guest, Network network, GuestFiles files, LabPaths paths) throws IOException {
        Path booted = cache.resolve(PREFIX + key(vm, guest, network, files));
        if (!Files.exists(booted)) {
            boot(vm, guest, network, files, paths, booted);
            forgetUnused();
        }
        Files.setLastModifiedTime(booted, FileTime.from(Instant.now()));
        return booted;
    }

    private static String key(LabVm vm, Guest guest, Network network, GuestFiles files) throws IOException {
        String command = String.join(" ", GuestCommand.of(guest, network, vm, new LabPaths("any"), Site.A, files));
        String key =
                command + Commands.run("qemu-system-x86_64", "--version") + Files.getLastModifiedTime(files.kernel());
        return String.format("%08x", key.hashCode());
    }

    /** In a namespace of its own: what a guest looks for when it boots, it must not find. */
    private void boot(LabVm vm, Guest guest, Network network, GuestFiles files, LabPaths all, Path booted)
            throws IOException {
        VmPaths paths = all.vm(vm);
        String namespace = all.name() + "-boot-" + vm.name();
        Lab.makeDirectories(all.file("logs"));
        Commands.run("ip", "netns", "add", namespace);
        Commands.run("ip", "-n", namespace, "tuntap", "add", "dev", vm.name(), "mode", "tap");
        Commands.run("ip", "-n", namespace, "link", "set", "dev", vm.name(), "up");
        ProcessPlan plan = new ProcessPlan(
                Role.QEMU,
                Optional.of(Site.A),
                "boot-" + vm.name(),
                namespace,
                0,
                GuestCommand.of(guest, network, vm, all, Site.A, files));
        LabProcess process = LabProcess.start(plan, List.of(), all.log(plan.name()));
        Path part = Files.createTempFile(cache, PREFIX, "");
        try {
            Waiting.until("the guest to boot", guest.bootSeconds(), () -> {
                if (!process.alive()) {
                    throw new LabFailure("QEMU has ended: " + Files.readString(all.log(plan.name())));
                }
                return Files.readString(paths.serial(Site.A)).contains("GUEST-SERVING");
            });
            try (QemuMonitor monitor = new QemuMonitor(paths.testQmp(Site.A))) {
                write(monitor, part);
            }
            Files.move(part, booted, StandardCopyOption.ATOMIC_MOVE);
        } finally {
            LabProcess.killAndWait(process.pid());
            Files.deleteIfExists(part);
            Commands.run("ip", "netns", "del", namespace);
            for (Path left : List.of(
                    paths.ram(Site.A),
                    paths.serial(Site.A),
                    paths.qmp(Site.A),
                    paths.testQmp(Site.A),
                    paths.qemuPid(Site.A))) {
                Files.deleteIfExists(left);
            }
        }
    }

    /** While it runs, so that it runs on wherever this is read. */
    private static void write(QemuMonitor monitor, Path part) throws IOException {
        monitor.execute("migrate-set-parameters", Map.of("max-bandwidth", UNLIMITED));
        monitor.execute("migrate", Map.of("uri", "exec:exec cat > '" + part + "'"));
        Waiting.until("the booted guest to be written", WRITE_SECONDS, () -> {
            String status = monitor.execute("query-migrate").path("status").asText();
            if (status.equals("failed")) {
                throw new LabFailure("QEMU cannot write the booted guest to " + part);
            }
            return status.equals("completed");
        });
    }

    private void forgetUnused() throws IOException {
        Instant since = Instant.now().minus(UNUSED);
        try (DirectoryStream<Path> all = Files.newDirectoryStream(cache, PREFIX + "*")) {
            for (Path file : all) {
                if (Files.getLastModifiedTime(file).toInstant().isBefore(since)) {
                    Files.deleteIfExists(file);
                }
            }
        }
    }
}
