package org.secondsite.lab.io;

import com.fasterxml.jackson.databind.JsonNode;
import java.io.IOException;
import java.nio.file.Path;

/** The second monitor of the lab's QEMU, with what tests do to a guest by it. */
final class GuestMonitor implements AutoCloseable {
    /** For longer than a checkpoint and the interval to the next one. */
    private static final int LOOKS = 150;

    private static final int LOOK_MS = 10;

    private final QemuMonitor monitor;

    GuestMonitor(Path socket) throws IOException {
        monitor = new QemuMonitor(socket);
    }

    JsonNode execute(String command) throws IOException {
        return monitor.execute(command);
    }

    /**
     * Pauses the guest as an operator would, and makes sure that it stays so: a stop that comes within a checkpoint is undone
     * at its end, for QEMU tells nobody that it was asked. One look is not enough either, for a guest that runs is found
     * paused in every checkpoint.
     */
    void pause() throws IOException {
        Waiting.until("the guest to stay paused", 30, () -> {
            execute("stop");
            return staysPaused();
        });
    }

    private boolean staysPaused() throws IOException {
        for (int look = 0; look < LOOKS; look++) {
            if (runs()) {
                return false;
            }
            Waiting.pause(LOOK_MS);
        }
        return true;
    }

    /** Whether the guest runs; a stopped one is paused, or between checkpoints "postmigrate". */
    boolean runs() throws IOException {
        return monitor.runs();
    }

    /** At how many of a hundred looks, spread over some time, the guest ran. */
    int runsPercent(int overMs) throws IOException {
        int ran = 0;
        for (int look = 0; look < 100; look++) {
            ran += runs() ? 1 : 0;
            Waiting.pause(overMs / 100);
        }
        return ran;
    }

    @Override
    public void close() throws IOException {
        monitor.close();
    }
}
