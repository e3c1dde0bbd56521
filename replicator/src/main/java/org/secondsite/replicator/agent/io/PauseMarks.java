package org.secondsite.replicator.agent.io;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import org.secondsite.replicator.agent.VmSettings;

/**
 * What an agent writes down for its successor, in files that hold QEMU's pid: that it has paused the VM, and that it is
 * activating it. A mark of an earlier QEMU counts for nothing.
 */
final class PauseMarks {
    private final Path pidFile;
    private final Path paused;
    private final Path activating;

    PauseMarks(VmSettings settings) {
        pidFile = settings.pidFile();
        paused = settings.runDirectory().resolve(settings.id() + ".paused");
        activating = settings.runDirectory().resolve(settings.id() + ".activating");
    }

    /** This agent has paused the VM, or is about to. */
    void paused() throws IOException {
        Files.writeString(paused, ownPid(), StandardCharsets.US_ASCII);
    }

    /** The VM runs, or whoever has paused it, it was not this agent. */
    void notPaused() throws IOException {
        Files.deleteIfExists(paused);
    }

    /** Whether an agent has paused a VM here. */
    boolean isPaused() {
        return Files.exists(paused);
    }

    /** Whether an agent has paused this very QEMU. */
    boolean isPausedOfThisQemu() throws IOException {
        return names(paused);
    }

    /** A device state is being loaded. */
    void activating() throws IOException {
        Files.writeString(activating, ownPid(), StandardCharsets.US_ASCII);
    }

    /** The activated VM runs. */
    void activated() throws IOException {
        Files.deleteIfExists(activating);
    }

    /** Whether a device state was being loaded into this very QEMU when the agent died. */
    boolean isActivating() throws IOException {
        return names(activating);
    }

    private boolean names(Path mark) throws IOException {
        return Files.exists(mark)
                && Files.readString(mark, StandardCharsets.US_ASCII).equals(ownPid());
    }

    /** The pid as QEMU itself wrote it; empty if it did not. */
    private String ownPid() throws IOException {
        return Files.exists(pidFile)
                ? Files.readString(pidFile, StandardCharsets.US_ASCII).strip()
                : "";
    }
}
