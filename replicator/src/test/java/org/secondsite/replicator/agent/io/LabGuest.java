package org.secondsite.replicator.agent.io;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.databind.JsonNode;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.TimeUnit;
import org.secondsite.config.DirtyPages;
import org.secondsite.config.DiskAttachment;
import org.secondsite.config.VmId;
import org.secondsite.replicator.agent.VmSettings;
import org.secondsite.replicator.agent.VmStart;
import org.secondsite.replicator.disk.VolumeSettings;

/**
 * A place for a real QEMU guest, under TCG: it counts on its serial console, and overwrites memory all the time if it is
 * busy. The operator has a monitor of his own.
 */
final class LabGuest {
    private static final int BOOT_SECONDS = 180;
    private static final String TICK = "tick ";
    private static final String BUSY = "dd if=/dev/urandom of=/tmp/x bs=64k count=24 conv=notrunc 2>/dev/null";

    private final VmSettings settings;
    private final List<String> command;
    private final Path serial;
    private final Path operator;
    private final Path ramFile;

    /**
     * Lays out a place.
     *
     * @param directory for sockets, logs and the serial console's output
     * @param ramMiB the guest's RAM
     * @param busy whether the guest dirties some MiB per second
     */
    LabGuest(VmId vm, Path directory, int ramMiB, boolean busy) throws IOException {
        this(vm, directory, ramMiB, busy ? BUSY : ":", List.of(), Map.of());
    }

    /**
     * Lays out a place for a guest with more devices.
     *
     * @param work what the guest's shell does between two ticks
     * @param devices further arguments of QEMU
     * @param disks what is declared of the guest's disks
     */
    LabGuest(VmId vm, Path directory, int ramMiB, String work, List<String> devices, Map<String, DiskAttachment> disks)
            throws IOException {
        this(vm, directory, ramMiB, work, devices, disks, VolumeSettings.NONE);
    }

    /** The same for a guest whose agent has images of its disks. */
    LabGuest(
            VmId vm,
            Path directory,
            int ramMiB,
            String work,
            List<String> devices,
            Map<String, DiskAttachment> disks,
            VolumeSettings volumes)
            throws IOException {
        this(
                vm,
                directory,
                ramMiB,
                LabScript.of(work),
                LabMachine.of("pc-i440fx-7.2", 1).with(devices),
                disks,
                volumes);
    }

    /** The same on a machine. */
    LabGuest(VmId vm, Path directory, int ramMiB, LabScript script, LabMachine machine) throws IOException {
        this(vm, directory, ramMiB, script, machine, Map.of(), VolumeSettings.NONE);
    }

    private LabGuest(
            VmId vm,
            Path directory,
            int ramMiB,
            LabScript script,
            LabMachine machine,
            Map<String, DiskAttachment> disks,
            VolumeSettings volumes)
            throws IOException {
        Files.createDirectories(directory);
        Path disk = directory.resolve("initrd");
        InitRamDisk.write(disk, needed("/bin/busybox", "busybox-static"), script.text(), script.files());
        serial = directory.resolve("serial");
        operator = directory.resolve("operator.qmp");
        ramFile = freshRamFile();
        Path qmp = directory.resolve("agent.qmp");
        command = new ArrayList<>(machine.qemu());
        command.addAll(List.of(
                "-machine",
                machine.type() + ",memory-backend=m,dump-guest-core=off",
                "-object",
                "memory-backend-file,id=m,mem-path=" + ramFile + ",size=" + ramMiB + "M,share=on",
                "-m",
                ramMiB + "M",
                "-accel",
                "tcg",
                "-smp",
                Integer.toString(machine.processors()),
                "-nodefaults",
                "-no-user-config",
                "-display",
                "none",
                "-serial",
                "file:" + serial,
                "-qmp",
                "unix:" + qmp + ",server=on,wait=off",
                "-qmp",
                "unix:" + operator + ",server=on,wait=off",
                "-pidfile",
                directory.resolve("pid").toString(),
                "-kernel",
                script.kernel().toString(),
                "-initrd",
                disk.toString(),
                "-append",
                "console=ttyS0 quiet panic=1 no_timer_check"));
        command.addAll(machine.devices());
        settings = new VmSettings(
                vm,
                Optional.of(ramFile),
                (long) ramMiB << 20,
                qmp,
                directory.resolve("pid"),
                new VmStart.Command(command),
                DirtyPages.AUTO,
                disks,
                volumes,
                directory.resolve("run"));
    }

    /** A place for a RAM file, where nothing is. */
    static Path freshRamFile() throws IOException {
        Path file = Files.createTempFile(
                Path.of("/dev/shm"),
                System.getenv().getOrDefault("SECONDSITE_TEST_PREFIX", "sst") + "-replicator-",
                ".ram");
        Files.delete(file);
        return file;
    }

    static String script(String work) {
        return LabScript.of(work).text();
    }

    static Path needed(String path, String aptPackage) throws IOException {
        if (!Files.exists(Path.of(path))) {
            throw new IOException(path + " is missing; apt-get install " + aptPackage);
        }
        return Path.of(path);
    }

    /** A stock kernel: this machine's own, or Debian's for cloud guests, fetched and unpacked without being installed. */
    static Path kernel() throws IOException {
        if (Files.isDirectory(Path.of("/boot"))) {
            try (DirectoryStream<Path> kernels = Files.newDirectoryStream(Path.of("/boot"), "vmlinuz-*")) {
                for (Path kernel : kernels) {
                    return kernel;
                }
            }
        }
        Path fetched = Path.of(System.getProperty("user.home"), ".cache", "secondsite", "test-guest", "vmlinuz");
        if (!Files.exists(fetched)) {
            fetchKernel(fetched);
        }
        return fetched;
    }

    private static void fetchKernel(Path to) throws IOException {
        Files.createDirectories(to.getParent());
        Process fetch = new ProcessBuilder("sh", "-ec", """
                cd "$(mktemp -d -p "${1%/*}")"
                trap 'rm -rf "$PWD"' EXIT
                package=$(apt-cache depends linux-image-cloud-amd64 | sed -n 's/^ *Depends: \\(linux-image-.*\\)/\\1/p' | head -n 1)
                apt-get -q download "${package:?is not known to apt: run apt-get update}"
                dpkg-deb -x ./*.deb .
                mv boot/vmlinuz-* "$1"
                """, "sh", to.toString())
                .redirectErrorStream(true)
                .start();
        String said = new String(fetch.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
        if (!Files.exists(to)) {
            throw new IOException("no kernel for a guest: none is in /boot, and apt said: " + said);
        }
    }

    VmSettings settings() {
        return settings;
    }

    /** Boots the guest as an operator does, and waits until it counts. */
    void boot() throws IOException, InterruptedException {
        Process qemu = new ProcessBuilder(command)
                .redirectErrorStream(true)
                .redirectOutput(serial.resolveSibling("qemu.log").toFile())
                .start();
        try {
            awaitTick(1, BOOT_SECONDS);
        } catch (AssertionError silent) {
            throw new AssertionError(
                    "QEMU " + (qemu.isAlive() ? "is alive" : "ended") + ": "
                            + Files.readString(serial.resolveSibling("qemu.log")),
                    silent);
        }
    }

    /** The serial console's output so far. */
    String console() throws IOException {
        return Files.exists(serial) ? Files.readString(serial, StandardCharsets.ISO_8859_1) : "";
    }

    /** The complete ticks in a console's output. */
    static List<Integer> ticks(String console) {
        List<Integer> ticks = new ArrayList<>();
        int end = Math.max(console.lastIndexOf('\n'), 0);
        console.substring(0, end).lines().forEach(line -> {
            int at = line.indexOf(TICK);
            if (at >= 0) {
                ticks.add(Integer.valueOf(line.substring(at + TICK.length()).strip()));
            }
        });
        return ticks;
    }

    /**
     * Fails unless a guest goes on at one console where it was at another one. The checkpoint may fall into a line: then its end is at the
     * second.
     */
    static void requireGoesOn(String before, String after) {
        List<Integer> all = ticks(before + after);
        int last = ticks(before).getLast();
        assertTrue(all.getLast() > last, () -> "no tick after " + last + ": " + after);
        for (int i = all.indexOf(last); i + 1 < all.size(); i++) {
            assertEquals(all.get(i) + 1, all.get(i + 1), () -> "tick after tick: " + all);
        }
    }

    /** Waits until the console's output has at least so many ticks. */
    void awaitTick(int count, int seconds) throws IOException, InterruptedException {
        long deadline = System.nanoTime() + TimeUnit.SECONDS.toNanos(seconds);
        while (ticks(console()).size() < count) {
            if (System.nanoTime() > deadline) {
                throw new AssertionError("no tick " + count + " within " + seconds + " s: " + console());
            }
            Thread.sleep(20);
        }
    }

    /** Executes a command on the operator's monitor. */
    JsonNode operator(String command) throws IOException, InterruptedException {
        return operator(command, Map.of());
    }

    /** The same, with arguments. */
    JsonNode operator(String command, Map<String, ?> arguments) throws IOException, InterruptedException {
        try (QmpClient client = QmpClient.connect(operator, event -> {}, 5000)) {
            return client.execute(command, arguments, 5000);
        }
    }

    long pid() throws IOException {
        return Long.parseLong(Files.readString(settings.pidFile()).strip());
    }

    byte[] ram() throws IOException {
        return Files.readAllBytes(ramFile);
    }

    /** Kills QEMU, if it runs, and removes the RAM file. */
    void remove() throws IOException, InterruptedException {
        new QemuProcess(settings).kill();
        Files.deleteIfExists(ramFile);
    }
}
