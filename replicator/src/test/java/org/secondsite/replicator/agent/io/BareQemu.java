package org.secondsite.replicator.agent.io;

import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.databind.JsonNode;
import java.io.IOException;
import java.net.ConnectException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.TimeUnit;
import org.secondsite.config.DirtyPages;
import org.secondsite.config.VmId;
import org.secondsite.replicator.agent.VmSettings;
import org.secondsite.replicator.agent.VmStart;
import org.secondsite.replicator.disk.VolumeSettings;
import org.secondsite.testing.Opened;

/** A real QEMU, under TCG, with firmware and nothing to boot: it is there at once. The operator has a monitor of his own. */
final class BareQemu {
    static final VmId VM = new VmId("vm1");
    static final long RAM_BYTES = 64 << 20;
    private static final int TIMEOUT_MS = 20_000;

    private final VmSettings settings;
    private final Path operator;

    /**
     * Starts one, with {@link #RAM_BYTES} of RAM that is for the arguments to give.
     *
     * @param open ends it
     * @param arguments of QEMU, with a space in between; RAM, OTHER, DISK and DIR stand for paths
     */
    BareQemu(Opened open, Path directory, String arguments) throws Exception {
        Path ram = ramFile(open);
        Path other = ramFile(open);
        Path disk = directory.resolve("disk");
        Files.write(disk, new byte[1 << 20]);
        Path qmp = directory.resolve("qmp");
        operator = directory.resolve("operator.qmp");
        Path pidFile = directory.resolve("pid");
        List<String> command =
                new ArrayList<>(List.of("qemu-system-x86_64", "-accel", "tcg", "-nodefaults", "-no-user-config"));
        command.addAll(List.of("-display", "none", "-pidfile", pidFile.toString()));
        for (Path monitor : List.of(operator, qmp)) {
            command.addAll(List.of("-qmp", "unix:" + monitor + ",server=on,wait=off"));
        }
        for (String argument : arguments.split(" ", -1)) {
            command.add(argument.replace("RAM", ram.toString())
                    .replace("OTHER", other.toString())
                    .replace("DISK", disk.toString())
                    .replace("DIR", directory.toString()));
        }
        settings = new VmSettings(
                VM,
                Optional.of(ram),
                RAM_BYTES,
                qmp,
                pidFile,
                new VmStart.Command(command),
                DirtyPages.AUTO,
                Map.of(),
                VolumeSettings.NONE,
                Files.createDirectories(directory.resolve("run")));
        Path log = directory.resolve("log");
        Process qemu = new ProcessBuilder(command)
                .redirectErrorStream(true)
                .redirectOutput(log.toFile())
                .start();
        open.add(() -> {
            qemu.destroyForcibly();
            qemu.waitFor();
        });
        while (!Files.exists(qmp)) {
            assertTrue(qemu.isAlive(), () -> "QEMU ended: " + read(log));
            Thread.sleep(10);
        }
    }

    private static Path ramFile(Opened open) throws IOException {
        Path file = LabGuest.freshRamFile();
        open.add(() -> Files.deleteIfExists(file));
        return file;
    }

    private static String read(Path file) {
        try {
            return Files.readString(file);
        } catch (IOException gone) {
            return gone.getMessage();
        }
    }

    VmSettings settings() {
        return settings;
    }

    /** A socket's file is there a moment before somebody listens at it. */
    static QemuVm connect(VmSettings settings) throws Exception {
        long deadline = System.nanoTime() + TimeUnit.MILLISECONDS.toNanos(TIMEOUT_MS);
        while (true) {
            try {
                return QemuVm.connect(settings, TIMEOUT_MS);
            } catch (ConnectException notYet) {
                if (System.nanoTime() > deadline) {
                    throw notYet;
                }
                Thread.sleep(10);
            }
        }
    }

    Path operatorSocket() {
        return operator;
    }

    /** The operator's monitor, which serves one at a time. */
    QmpClient operator() throws IOException, InterruptedException {
        return QmpClient.connect(operator, event -> {}, TIMEOUT_MS);
    }

    /** Executes a command there. */
    JsonNode operator(String command, Map<String, ?> arguments) throws IOException, InterruptedException {
        try (QmpClient client = operator()) {
            return client.execute(command, arguments, TIMEOUT_MS);
        }
    }

    /** The same without arguments. */
    JsonNode operator(String command) throws IOException, InterruptedException {
        return operator(command, Map.of());
    }
}
