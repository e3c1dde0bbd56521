package org.secondsite.replicator.agent.io;

import com.fasterxml.jackson.databind.JsonNode;
import java.io.IOException;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import org.secondsite.replicator.agent.VmMachine;
import org.secondsite.replicator.agent.VmSettings;

/** Finds the file that is the RAM of a QEMU: as configured, or where QEMU has it. */
final class RamPlace {
    private static final String OBJECTS = "/objects/";
    private static final String MEMFD = "/memfd:";
    private static final String NAMELESS = "qemu_back_mem.";

    private final VmSettings settings;
    private final QmpClient qmp;
    private final long timeoutMs;

    /**
     * RAM that was found.
     *
     * @param memory the backend
     * @param file where its content is
     */
    record Found(VmMachine.Memory memory, Path file) {}

    RamPlace(VmSettings settings, QmpClient qmp, long timeoutMs) {
        this.settings = settings;
        this.qmp = qmp;
        this.timeoutMs = timeoutMs;
    }

    /**
     * Finds it.
     *
     * @throws IOException if it is not where it is to be, with what to do
     */
    Found in(VmMachine machine) throws IOException, InterruptedException {
        String found = "";
        for (VmMachine.Memory memory : machine.memories()) {
            if (memory.shared() && memory.bytes() == settings.ramBytes()) {
                String path = pathOf(memory);
                if (settings.ramFile().isEmpty()) {
                    return new Found(memory, wherever(memory, path));
                }
                if (!path.isEmpty() && isRamFile(Path.of(path))) {
                    return new Found(memory, settings.ramFile().get());
                }
                found = memory + " is in " + (path.isEmpty() ? "no file" : path);
            }
        }
        throw new IOException(
                found.isEmpty()
                        ? "this QEMU has no shared memory backend of " + settings.ramBytes()
                                + " bytes (-object memory-backend-file,…,share=on and -machine …,memory-backend=…)"
                        : "the RAM of this QEMU is not in " + settings.ramFile().orElseThrow() + ", as configured: "
                                + found);
    }

    private String pathOf(VmMachine.Memory memory) throws IOException, InterruptedException {
        try {
            JsonNode path =
                    qmp.execute("qom-get", Map.of("path", OBJECTS + memory.id(), "property", "mem-path"), timeoutMs);
            return path.asText();
        } catch (QmpClient.QmpError none) {
            return "";
        }
    }

    private boolean isRamFile(Path path) throws IOException {
        Path configured = settings.ramFile().orElseThrow();
        // Of a directory QEMU takes a file without a name.
        return Files.isRegularFile(path) && Files.exists(configured) && Files.isSameFile(path, configured);
    }

    /** A file that has a name, or one that only QEMU has open. */
    private Path wherever(VmMachine.Memory memory, String path) throws IOException {
        if (!path.isEmpty() && Files.isRegularFile(Path.of(path))) {
            return Path.of(path);
        }
        Path descriptors = Path.of("/proc", Long.toString(new QemuProcess(settings).pid()), "fd");
        try (DirectoryStream<Path> all = Files.newDirectoryStream(descriptors)) {
            for (Path descriptor : all) {
                if (isNameless(descriptor) && Files.size(descriptor) == memory.bytes()) {
                    return descriptor;
                }
            }
        }
        throw new IOException(memory + " is in no file that this agent can find");
    }

    private static boolean isNameless(Path descriptor) {
        try {
            String target = Files.readSymbolicLink(descriptor).toString();
            return target.startsWith(MEMFD) || target.contains(NAMELESS);
        } catch (IOException closed) {
            return false;
        }
    }
}
