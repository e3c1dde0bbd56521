package org.secondsite.replicator.agent.io;

import com.fasterxml.jackson.databind.JsonNode;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;
import org.secondsite.config.VmId;
import org.secondsite.replicator.agent.VmDisk;
import org.secondsite.replicator.agent.VmNews;
import org.secondsite.replicator.disk.MirrorTargets;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Copies of the disks that a VM has, which its QEMU writes to the agent: for each a {@code blockdev-mirror} with {@code
 * copy-mode=write-blocking} into a node of the driver {@code nbd}. It is begun while the VM runs, goes over the whole disk once, and
 * from then on a write of the guest is answered when both have it.
 *
 * <p><b>What a checkpoint relies on.</b> When a write does not get to the agent, QEMU answers it all the same, and lets the VM go on
 * with its own disk alone; it tells of the error ({@code BLOCK_JOB_ERROR}) before it answers the write, so before it answers a {@code
 * stop} that has waited for that write. Whoever has the answer knows: {@link #requireWhole}.
 *
 * <p><b>Never in the middle of a write.</b> When such a job ends otherwise than whole and drained, because it failed or was cancelled, QEMU
 * frees what it knows of the writes that are under way, and then waits for those, which still change it: the VM's QEMU dies of that, or
 * loops for ever (immediate_exit in mirror_run, in 7.2 and later). So a job whose source or target fails is told to stand still ({@code
 * on-…-error=stop}) rather than to end, and is ended by this agent, or the next one, while the VM stands still ({@link Standstill}).
 *
 * <p><b>No trace.</b> The job and the node have names that begin with {@value #PREFIX}; whatever has such a name is removed before anything
 * is begun, and at the end. A node that is left without its server fails every later migration. Sources: QEMU's
 * qapi/block-core.json and block/mirror.c.
 *
 * <p>The agent's thread asks; events come on the monitor's.
 */
final class QemuMirrors {
    private static final Logger LOG = LoggerFactory.getLogger(QemuMirrors.class);
    private static final String PREFIX = "secondsite-mirror";
    /** The states in which QEMU has given its disks up to somebody else, and nothing is to be done with them. */
    private static final Set<String> WITHOUT_DISKS = Set.of("postmigrate", "inmigrate", "finish-migrate");

    private static final int POLL_MS = 2;
    private static final int END_MS = 2000;
    private static final long FIRST_WAIT_NANOS = TimeUnit.SECONDS.toNanos(1);
    private static final long LAST_WAIT_NANOS = TimeUnit.MINUTES.toNanos(5);

    private final QmpClient qmp;
    private final VmId vm;
    private final Map<String, Path> sockets;
    private final long timeoutMs;

    /** By the configured names of their disks. Guarded by this. */
    private final Map<String, Mirror> mirrors = new HashMap<>();

    /** The disks without which no checkpoint is whole. Guarded by this. */
    private Set<String> needed = Set.of();

    /** Whether nothing of an earlier agent's is left in this QEMU. */
    private boolean cleared;

    private volatile Consumer<VmNews> listener = news -> {};

    /** How far a mirror is. */
    private enum Phase {
        COPYING,
        WHOLE,
        OVER
    }

    private final class Mirror {
        private final VmDisk disk;
        private final String name;
        private Phase phase = Phase.COPYING;
        private String reason = "";

        /** Whether QEMU may have something of it. */
        private boolean left = true;

        private long waitNanos = FIRST_WAIT_NANOS;
        private long notBeforeNanos;

        Mirror(VmDisk disk, int number) {
            this.disk = disk;
            this.name = PREFIX + number;
        }

        Phase phase() {
            synchronized (QemuMirrors.this) {
                return phase;
            }
        }

        String reason() {
            synchronized (QemuMirrors.this) {
                return reason;
            }
        }
    }

    QemuMirrors(QmpClient qmp, VmId vm, Map<String, Path> sockets, long timeoutMs) {
        this.qmp = qmp;
        this.vm = vm;
        this.sockets = sockets;
        this.timeoutMs = timeoutMs;
    }

    void listen(Consumer<VmNews> told) {
        listener = told;
    }

    // ---- what QEMU tells ----------------------------------------------------------------------------------------

    void event(String event, JsonNode data) {
        switch (event) {
            case "BLOCK_JOB_READY" -> ready(data.path("device").asText());
            case "BLOCK_JOB_ERROR" ->
                over(
                        data.path("device").asText(),
                        data.path("operation").asText() + " error, so it has not got all that the VM has written");
            case "BLOCK_JOB_COMPLETED", "BLOCK_JOB_CANCELLED" ->
                over(
                        data.path("device").asText(),
                        data.path("error").asText("QEMU's job " + data.path("device") + " is over"));
            default -> {}
        }
    }

    private Optional<Mirror> called(String job) {
        return mirrors.values().stream().filter(one -> one.name.equals(job)).findFirst();
    }

    private synchronized void ready(String job) {
        called(job).filter(one -> one.phase == Phase.COPYING).ifPresent(one -> {
            one.phase = Phase.WHOLE;
            one.waitNanos = FIRST_WAIT_NANOS;
            LOG.info("{}: {} is mirrored to the agent", vm, one.disk);
            listener.accept(new VmNews.CopyEnded());
        });
    }

    private synchronized void over(String job, String why) {
        called(job).filter(one -> one.phase != Phase.OVER).ifPresent(one -> {
            boolean counted = one.phase == Phase.WHOLE;
            one.phase = Phase.OVER;
            one.reason = one.disk + " is not mirrored to the agent: " + why;
            one.notBeforeNanos = System.nanoTime() + one.waitNanos;
            one.waitNanos = Math.min(2 * one.waitNanos, LAST_WAIT_NANOS);
            LOG.warn("{}: {}", vm, one.reason);
            listener.accept(counted ? new VmNews.Unfit(one.reason) : new VmNews.CopyEnded());
        });
    }

    /**
     * What the VM has written is at the agent as well.
     *
     * @throws IOException if that is not known of a disk, with its name
     */
    synchronized void requireWhole() throws IOException {
        for (String name : needed) {
            Mirror one = mirrors.get(name);
            if (one == null) {
                throw new IOException("disk " + name + " is not mirrored to the agent");
            }
            if (one.phase != Phase.WHOLE) {
                throw new IOException(one.reason.isEmpty() ? copying(one.disk) : one.reason);
            }
        }
    }

    private static String copying(VmDisk disk) {
        return disk + " is being copied to the agent's image; checkpoints begin when that is done";
    }

    // ---- what the agent wants -----------------------------------------------------------------------------------

    /**
     * Has those disks mirrored that are to be, and no checkpoint taken without them from now on.
     *
     * @param runState QEMU's word for the state that it is in
     * @param still in which jobs are ended
     * @return why one is not yet, in one line; empty if all are
     */
    Optional<String> mirror(QemuDisks disks, MirrorTargets targets, String runState, Standstill still)
            throws IOException, InterruptedException {
        Map<String, VmDisk> tapped = disks.tapped();
        if (WITHOUT_DISKS.contains(runState) && !(cleared && tapped.isEmpty())) {
            return tapped.isEmpty()
                    ? Optional.empty()
                    : Optional.of("the VM is paused, and its disks cannot be mirrored to the agent: resume it");
        }
        if (!cleared) {
            removeAll(still);
            cleared = true;
        }
        Optional<String> misplaced = disks.misplaced(targets);
        return misplaced.isPresent() ? misplaced : mirror(tapped, targets, still);
    }

    private Optional<String> mirror(Map<String, VmDisk> disks, MirrorTargets targets, Standstill still)
            throws IOException, InterruptedException {
        synchronized (this) {
            needed = Set.copyOf(disks.keySet());
        }
        Optional<String> against = Optional.empty();
        for (Map.Entry<String, VmDisk> each : disks.entrySet()) {
            Optional<String> reason = mirror(each.getValue(), each.getKey(), targets, still);
            against = against.or(() -> reason);
        }
        return against;
    }

    private Optional<String> mirror(VmDisk disk, String name, MirrorTargets targets, Standstill still)
            throws IOException, InterruptedException {
        Optional<Mirror> known = known(disk, name);
        if (known.isEmpty()) {
            return begin(disk, name, targets, still);
        }
        Mirror mirror = known.get();
        return switch (mirror.phase()) {
            case WHOLE -> {
                targets.isWhole(name);
                yield Optional.empty();
            }
            case COPYING -> {
                tellProgress(mirror);
                yield Optional.of(copying(disk));
            }
            case OVER -> {
                remove(mirror, still);
                yield Optional.of(mirror.reason());
            }
        };
    }

    /** The mirror of a disk that is still the same one, unless it is over and is to be tried again. */
    private synchronized Optional<Mirror> known(VmDisk disk, String name) {
        return Optional.ofNullable(mirrors.get(name))
                .filter(one -> one.disk.equals(disk))
                .filter(one -> one.phase != Phase.OVER || System.nanoTime() - one.notBeforeNanos < 0);
    }

    private void tellProgress(Mirror mirror) throws IOException, InterruptedException {
        for (JsonNode job : jobs()) {
            long bytes = job.path("len").asLong();
            if (job.path("device").asText().equals(mirror.name) && bytes > 0) {
                LOG.info("{}: {} % of {} is copied", vm, job.path("offset").asLong() * 100 / bytes, mirror.disk);
            }
        }
    }

    private Optional<String> begin(VmDisk disk, String name, MirrorTargets targets, Standstill still)
            throws IOException, InterruptedException {
        if (disk.bytes() != targets.bytes(name)) {
            return Optional.of(disk + " has " + disk.bytes() + " bytes, and the agent's image of it "
                    + targets.bytes(name) + ": make the image as large as the disk, at both sites");
        }
        Mirror before;
        Mirror begun;
        synchronized (this) {
            before = mirrors.remove(name);
            begun = new Mirror(disk, freeNumber());
        }
        if (before != null) {
            remove(before, still);
            begun.waitNanos = before.waitNanos;
        }
        synchronized (this) {
            mirrors.put(name, begun);
        }
        targets.begins(name);
        try {
            qmp.execute("blockdev-add", node(begun.name, name), timeoutMs);
            qmp.execute("blockdev-mirror", job(begun.name, disk), timeoutMs);
        } catch (QmpClient.QmpError refused) {
            // Another job has the disk, for instance: that is the operator's, and is left alone.
            over(begun.name, refused.getMessage() + others());
            remove(begun, still);
            return Optional.of(begun.reason());
        }
        LOG.info("{}: {} is being copied to the agent's image", vm, disk);
        return Optional.of(copying(disk));
    }

    private String others() throws IOException, InterruptedException {
        List<String> others = new ArrayList<>();
        for (JsonNode job : jobs()) {
            if (!job.path("device").asText().startsWith(PREFIX)) {
                others.add(job.path("type").asText() + " '" + job.path("device").asText() + "'");
            }
        }
        return others.isEmpty() ? "" : "; QEMU has other jobs: " + String.join(", ", others);
    }

    private int freeNumber() {
        int number = 0;
        while (called(PREFIX + number).isPresent()) {
            number++;
        }
        return number;
    }

    /** A request that cannot be sent any more fails at once: the VM does not wait for an agent that is dead. */
    private Map<String, Object> node(String node, String disk) {
        return Map.of(
                "driver",
                "nbd",
                "node-name",
                node,
                "export",
                vm + "." + disk,
                "server",
                Map.of("type", "unix", "path", sockets.get(disk).toString()),
                "reconnect-delay",
                0);
    }

    private static Map<String, Object> job(String job, VmDisk disk) {
        return Map.of(
                "job-id", job,
                "device", disk.node(),
                "target", job,
                "sync", "full",
                "copy-mode", "write-blocking",
                "on-source-error", "stop",
                "on-target-error", "stop");
    }

    // ---- the end ------------------------------------------------------------------------------------------------

    /** Ends all of them, unless QEMU is in a state in which that cannot be. */
    void end(String runState, Standstill still) throws IOException, InterruptedException {
        if (!WITHOUT_DISKS.contains(runState)) {
            removeAll(still);
        }
    }

    /** Removes everything that agents have ever put into this QEMU. */
    private void removeAll(Standstill still) throws IOException, InterruptedException {
        synchronized (this) {
            mirrors.clear();
        }
        Set<String> left = ownJobs();
        boolean jobs = !left.isEmpty();
        for (JsonNode node : qmp.execute("query-named-block-nodes", Map.of("flat", true), timeoutMs)) {
            String name = node.path("node-name").asText();
            if (name.startsWith(PREFIX)) {
                left.add(name);
            }
        }
        if (jobs) {
            still.during(() -> removeEach(left));
        } else {
            removeEach(left);
        }
    }

    private void removeEach(Set<String> names) throws IOException, InterruptedException {
        for (String name : names) {
            remove(name);
        }
    }

    private void remove(Mirror mirror, Standstill still) throws IOException, InterruptedException {
        if (!mirror.left) {
            return;
        }
        if (ownJobs().contains(mirror.name)) {
            still.during(() -> remove(mirror.name));
        } else {
            remove(mirror.name);
        }
        mirror.left = false;
    }

    private Set<String> ownJobs() throws IOException, InterruptedException {
        Set<String> own = new LinkedHashSet<>();
        for (JsonNode job : jobs()) {
            String name = job.path("device").asText();
            if (name.startsWith(PREFIX)) {
                own.add(name);
            }
        }
        return own;
    }

    private JsonNode jobs() throws IOException, InterruptedException {
        return qmp.execute("query-block-jobs", Map.of(), timeoutMs);
    }

    /** Ends a job, if there is one, in which case the VM must stand still, and removes its node, if that is there. */
    private void remove(String name) throws IOException, InterruptedException {
        long deadline = System.nanoTime() + TimeUnit.MILLISECONDS.toNanos(END_MS);
        try {
            qmp.execute("block-job-cancel", Map.of("device", name, "force", true), timeoutMs);
        } catch (QmpClient.QmpError over) {
            LOG.debug("{}: {}", vm, over.getMessage());
        }
        while (true) {
            try {
                qmp.execute("blockdev-del", Map.of("node-name", name), timeoutMs);
                return;
            } catch (QmpClient.QmpError refused) {
                // In use, until the job has let go of it.
                if (refused.getMessage().contains("Failed to find node")) {
                    return;
                }
                if (System.nanoTime() > deadline) {
                    throw refused;
                }
            }
            Thread.sleep(POLL_MS);
        }
    }
}
