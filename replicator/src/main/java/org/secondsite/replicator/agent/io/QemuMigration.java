package org.secondsite.replicator.agent.io;

import com.fasterxml.jackson.databind.JsonNode;
import java.io.IOException;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import org.secondsite.replicator.agent.VmNews;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * A QEMU's migrations: those of the agent, which carry the device state, and those of others, which save or move the VM.
 *
 * <p><b>RAM is left out of the agent's alone.</b> The capability {@code x-ignore-shared} is on from the moment before the agent's
 * {@code migrate} until that has ended, in a pause of the VM. QEMU changes no capability while a migration is under way, so one that
 * somebody else has begun before has all of the RAM. One that begins between the agent's two commands has not: QEMU then refuses the
 * agent's, which is how that is noticed. When the agent's has ended, and the VM is still paused, QEMU refuses all others.
 *
 * <p><b>The guard.</b> While checkpoints are taken, what others begin is cancelled: a VM that is saved ends, and one that migrates runs
 * where no agent looks after it.
 *
 * <p>Commands on the worker's thread, events on the monitor's reader.
 */
final class QemuMigration {
    private static final Logger LOG = LoggerFactory.getLogger(QemuMigration.class);
    private static final int MAX_WAIT_MS = 2000;
    private static final int RETRY_MICROS = 300;
    private static final long BANDWIDTH_BYTES_PER_SECOND = 1L << 40;
    private static final String IN_PROGRESS = "in progress";
    private static final String DONE = "completed";
    private static final Set<String> ENDS = Set.of(DONE, "failed", "cancelled", "none");
    private static final Set<String> BEGINS = Set.of("setup", "active");

    static final String REFUSED =
            "somebody else saves or migrates this VM, which nobody may while it is protected, and is cancelled:"
                    + " take its protection away first";
    private static final String UNDER_WAY = "somebody else saves or migrates this VM";
    static final String WITHOUT_RAM =
            REFUSED + "; if it is said to have worked, do not use what was written: it may lack the VM's RAM";
    private static final String TOO_LATE =
            "somebody else has saved or migrated this VM before that could be cancelled: resume it here, if"
                    + " it is not to run from that copy";

    /** Whose the migration is that QEMU tells of. */
    private enum Whose {
        /** Until QEMU has answered the agent's command, it may be either's. */
        NOT_KNOWN,
        AGENTS,
        OTHERS
    }

    private final QmpClient qmp;
    private final QemuNews news;
    private final int timeoutMs;

    private volatile CompletableFuture<String> ended = new CompletableFuture<>();
    private volatile Whose whose = Whose.OTHERS;
    /** Whether one began while it is not known whose. */
    private volatile boolean begun;
    /** Whether one of others is under way. */
    private volatile boolean foreign;

    private volatile boolean guarded;

    /** Whether the capability may be on. */
    private volatile boolean ignoring = true;

    QemuMigration(QmpClient qmp, QemuNews news, int timeoutMs) {
        this.qmp = qmp;
        this.news = news;
        this.timeoutMs = timeoutMs;
    }

    /** Also takes the capability away that an agent which died has left on. */
    void setUp() throws IOException, InterruptedException {
        set("events", true);
        qmp.execute("migrate-set-parameters", Map.of("max-bandwidth", BANDWIDTH_BYTES_PER_SECOND), timeoutMs);
        ignoreShared(false);
    }

    private void set(String capability, boolean state) throws IOException, InterruptedException {
        qmp.execute(
                "migrate-set-capabilities",
                Map.of("capabilities", List.of(Map.of("capability", capability, "state", state))),
                timeoutMs);
    }

    private void ignoreShared(boolean on) throws IOException, InterruptedException {
        boolean before = ignoring;
        ignoring = true;
        try {
            set("x-ignore-shared", on);
        } catch (QmpClient.QmpError unchanged) {
            ignoring = before;
            throw unchanged;
        }
        ignoring = on;
    }

    /** From now on nobody else may save or migrate the VM. What is under way goes on. */
    void guard() {
        guarded = true;
    }

    void unguard() throws IOException, InterruptedException {
        guarded = false;
        settle();
    }

    /** Makes up for an {@link #end} that failed. */
    void settle() throws IOException, InterruptedException {
        if (ignoring && !foreign) {
            end();
        }
    }

    /** What QEMU tells of a migration. */
    synchronized void event(JsonNode data) {
        String status = data.path("status").asText();
        if (BEGINS.contains(status)) {
            if (whose == Whose.OTHERS) {
                othersBegin();
            } else {
                begun = true;
            }
        } else if (ENDS.contains(status)) {
            if (foreign && guarded && status.equals(DONE)) {
                news.tell(new VmNews.Unfit(TOO_LATE));
            }
            foreign = false;
            if (whose != Whose.OTHERS) {
                ended.complete(status);
            }
        }
    }

    private void othersBegin() {
        if (!foreign) {
            foreign = true;
            if (guarded) {
                refuse(ignoring ? WITHOUT_RAM : REFUSED);
            }
        }
    }

    /** QEMU has refused the agent's: what has begun meanwhile is somebody else's. */
    private synchronized void othersWereFaster() {
        whose = Whose.OTHERS;
        if (begun) {
            foreign = !ended.isDone();
            refuse(WITHOUT_RAM);
        }
    }

    private void refuse(String what) {
        news.tell(new VmNews.Refused(what));
        // The reader must not wait for an answer.
        Thread.ofVirtual().start(() -> {
            try {
                qmp.execute("migrate_cancel", Map.of(), timeoutMs);
            } catch (IOException failed) {
                LOG.error("somebody else's migration is not cancelled: {}", failed.getMessage());
            } catch (InterruptedException nobodyInterrupts) {
                Thread.currentThread().interrupt();
            }
        });
    }

    /**
     * Begins to write the device state of the paused VM.
     *
     * @throws IOException if QEMU refuses, or somebody else saves or migrates the VM
     */
    void begin(String uri) throws IOException, InterruptedException {
        leaveRamOut();
        ended = new CompletableFuture<>();
        begun = false;
        whose = Whose.NOT_KNOWN;
        try {
            qmp.execute("migrate", Map.of("uri", uri), timeoutMs);
            whose = Whose.AGENTS;
        } catch (QmpClient.QmpError refused) {
            othersWereFaster();
            throw refused;
        }
    }

    /** A device state is about to be loaded. */
    void expect() throws IOException, InterruptedException {
        ignoreShared(true);
        whose = Whose.AGENTS;
    }

    private void leaveRamOut() throws IOException, InterruptedException {
        long deadline = System.nanoTime() + TimeUnit.MILLISECONDS.toNanos(MAX_WAIT_MS);
        while (true) {
            try {
                ignoreShared(true);
                return;
            } catch (QmpClient.QmpError refused) {
                if (!refused.getMessage().contains(IN_PROGRESS)) {
                    throw refused;
                }
                if (foreign || System.nanoTime() > deadline) {
                    throw new IOException(UNDER_WAY, refused);
                }
            }
            TimeUnit.MICROSECONDS.sleep(RETRY_MICROS);
        }
    }

    /** What the agent began is over, or did not begin. */
    void end() throws IOException, InterruptedException {
        whose = Whose.OTHERS;
        ignoreShared(false);
    }

    /**
     * Waits for the end of what the agent began.
     *
     * @throws IOException if it failed, with QEMU's reason, or is not over in time
     */
    void await(long timeoutNanos) throws IOException, InterruptedException {
        try {
            String status = ended.get(timeoutNanos, TimeUnit.NANOSECONDS);
            if (!status.equals(DONE)) {
                String why = query().path("error-desc").asText();
                throw new IOException(
                        "QEMU's migration of the device state " + status + (why.isEmpty() ? "" : ": " + why));
            }
        } catch (TimeoutException late) {
            throw new IOException("QEMU did not finish the device state in time", late);
        } catch (ExecutionException impossible) {
            throw new IOException(impossible);
        }
        end();
    }

    /** Cancels what the agent began, if that is under way. */
    void abandon() throws IOException, InterruptedException {
        if (whose != Whose.OTHERS) {
            cancel();
        }
        settle();
    }

    /** Cancels what is under way, whosever it is. */
    void cancel() throws IOException, InterruptedException {
        long deadline = System.nanoTime() + TimeUnit.MILLISECONDS.toNanos(MAX_WAIT_MS);
        while (!ENDS.contains(query().path("status").asText("none")) && System.nanoTime() < deadline) {
            qmp.execute("migrate_cancel", Map.of(), timeoutMs);
            Thread.sleep(1);
        }
    }

    private JsonNode query() throws IOException, InterruptedException {
        return qmp.execute("query-migrate", Map.of(), timeoutMs);
    }
}
