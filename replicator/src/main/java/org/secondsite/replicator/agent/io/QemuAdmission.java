package org.secondsite.replicator.agent.io;

import com.fasterxml.jackson.databind.JsonNode;
import java.io.IOException;
import java.nio.file.Path;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.TimeUnit;
import org.secondsite.replicator.MachineParts;
import org.secondsite.replicator.agent.VmMachine;
import org.secondsite.replicator.agent.VmSettings;

/**
 * Whether a QEMU is fit for checkpoints: what it is made of, now and compared with when the agent found it. One thread asks.
 *
 * <p>What comes or goes while the VM runs is not in the command that would start it at the other site: its state could not be
 * loaded there.
 */
final class QemuAdmission {
    private static final long GLANCE_NANOS = TimeUnit.SECONDS.toNanos(2);

    private final VmSettings settings;
    private final QmpClient qmp;
    private final QemuMachine machine;
    private final long timeoutMs;
    /** As the agent found it. */
    private VmMachine first;

    /** As it was looked at last. */
    private VmMachine last;

    private VmMachine.Memory ram;

    private long lookedNanos;

    QemuAdmission(VmSettings settings, QmpClient qmp, long timeoutMs) {
        this.settings = settings;
        this.qmp = qmp;
        this.machine = new QemuMachine(qmp, timeoutMs);
        this.timeoutMs = timeoutMs;
    }

    /**
     * Finds the VM's RAM.
     *
     * @return the file that is it
     * @throws IOException if it is not in the file that the configuration names, with what to do
     */
    Path requireRam() throws IOException, InterruptedException {
        first = machine.look();
        last = first;
        lookedNanos = System.nanoTime();
        RamPlace.Found found = new RamPlace(settings, qmp, timeoutMs).in(first);
        ram = found.memory();
        return found.file();
    }

    /** Such as {@code QEMU 7.2.22; network 52:54:00:12:34:56}. */
    String words() throws IOException, InterruptedException {
        JsonNode version = qmp.execute("query-version", Map.of(), timeoutMs).path("qemu");
        return "QEMU " + version.path("major").asInt() + "."
                + version.path("minor").asInt() + "."
                + version.path("micro").asInt()
                + machine.words();
    }

    /** Why the VM must not be checkpointed as it is now, in one line that says what to do; empty if nothing is against it. */
    Optional<String> refusal() throws IOException, InterruptedException {
        VmMachine now = machine.look();
        last = now;
        lookedNanos = System.nanoTime();
        return now.refusal(ram).or(() -> {
            String difference = now.differenceFrom(first);
            return difference.isEmpty()
                    ? Optional.empty()
                    : Optional.of(difference
                            + " since the agent found this VM, and the other site would start it without that change, and"
                            + " could not load its state: undo it, or say it in the start command of both agents and start"
                            + " them anew");
        });
    }

    /** The same, from time to time; empty in between. */
    Optional<String> glance() throws IOException, InterruptedException {
        return System.nanoTime() - lookedNanos < GLANCE_NANOS ? Optional.empty() : refusal();
    }

    /** What the VM is made of, as of the last look. */
    MachineParts parts() {
        return last.print();
    }
}
