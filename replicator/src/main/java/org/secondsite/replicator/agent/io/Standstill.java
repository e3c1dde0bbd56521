package org.secondsite.replicator.agent.io;

import java.io.IOException;
import java.util.Map;
import java.util.function.BooleanSupplier;

/**
 * Has a VM stand still, with no request of its own under way, while something is done to its disks; it runs on afterwards, if it ran.
 * The mark of a pause stands meanwhile, so the successor of an agent that dies in between lets it run.
 */
final class Standstill {
    private final QmpClient qmp;
    private final PauseMarks marks;
    private final long timeoutMs;
    private final BooleanSupplier mayRun;

    /** What is done. */
    interface Work {
        void run() throws IOException, InterruptedException;
    }

    /**
     * Nothing happens yet.
     *
     * @param mayRun asked before the VM is made to run on: not once it is to be killed
     */
    Standstill(QmpClient qmp, PauseMarks marks, long timeoutMs, BooleanSupplier mayRun) {
        this.qmp = qmp;
        this.marks = marks;
        this.timeoutMs = timeoutMs;
        this.mayRun = mayRun;
    }

    /**
     * Does it. Not within a checkpoint.
     *
     * @throws IOException if that failed, or the VM does not run on; the mark stands then
     */
    void during(Work work) throws IOException, InterruptedException {
        if (!qmp.execute("query-status", Map.of(), timeoutMs).path("running").asBoolean()) {
            work.run();
            return;
        }
        marks.paused();
        try {
            qmp.execute("stop", Map.of(), timeoutMs);
            work.run();
        } finally {
            if (mayRun.getAsBoolean()) {
                // Also after a 'stop' that was not answered in time: QEMU obeys in the order in which it is told.
                qmp.execute("cont", Map.of(), timeoutMs);
                marks.notPaused();
            }
        }
    }
}
