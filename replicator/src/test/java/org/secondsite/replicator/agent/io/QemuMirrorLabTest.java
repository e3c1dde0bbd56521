package org.secondsite.replicator.agent.io;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.databind.JsonNode;
import java.io.IOException;
import java.io.RandomAccessFile;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.EnumSet;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.extension.RegisterExtension;
import org.junit.jupiter.api.io.TempDir;
import org.secondsite.config.DiskAttachment;
import org.secondsite.config.Durability;
import org.secondsite.config.EpochId;
import org.secondsite.config.VmId;
import org.secondsite.replicator.Capability;
import org.secondsite.replicator.agent.AgentSettings;
import org.secondsite.replicator.agent.GatewayAccess;
import org.secondsite.replicator.disk.VolumeSettings;
import org.secondsite.testing.Opened;

/** A real QEMU with a disk of its own, which the agent has mirrored. Needs qemu-system-x86, qemu-utils, a kernel and busybox-static. */
@Tag("lab")
@Timeout(value = 400, threadMode = Timeout.ThreadMode.SEPARATE_THREAD)
class QemuMirrorLabTest {
    private static final VmId VM = new VmId("vm1");
    private static final int RAM_MIB = 96;
    private static final long DISK_BYTES = 24L << 20;
    private static final int WRITES = 3;
    private static final Map<String, DiskAttachment> TAPPED = Map.of("disk0", DiskAttachment.TAP);

    @TempDir
    Path directory;

    @RegisterExtension
    final Opened open = new Opened();

    private static void run(String... command) throws IOException, InterruptedException {
        assertEquals(0, new ProcessBuilder(command).inheritIO().start().waitFor(), String.join(" ", command));
    }

    private Path at(String site, String file) throws IOException {
        return Files.createDirectories(directory.resolve(site)).resolve(file);
    }

    /** What an agent keeps, and the image, as large as told. */
    private VolumeSettings volumes(String site, Path image, long bytes) throws IOException {
        Files.createDirectories(image.getParent());
        try (RandomAccessFile file = new RandomAccessFile(image.toFile(), "rw")) {
            file.setLength(bytes);
        }
        return new VolumeSettings(
                List.of(new VolumeSettings.Served("disk0", image, at(site, "disk0.nbd"), DiskAttachment.TAP)),
                at(site, "state"),
                Durability.DISK,
                VolumeSettings.USUAL_MEMORY_BYTES,
                0);
    }

    private List<String> ownDisk(String format) throws IOException, InterruptedException {
        Path file = at("a", "own");
        run("qemu-img", "create", "-q", "-f", format, file.toString(), Long.toString(DISK_BYTES));
        return List.of(
                "-blockdev",
                "driver=" + format + ",node-name=d0,file.driver=file,file.filename=" + file,
                "-device",
                "virtio-blk-pci,id=disk0,drive=d0");
    }

    private LabGuest guest(String site, List<String> devices, VolumeSettings volumes) throws IOException {
        LabGuest guest = new LabGuest(VM, at(site, "guest"), RAM_MIB, ":", devices, TAPPED, volumes);
        open.add(guest::remove);
        return guest;
    }

    private RecordingGateway gateway() throws IOException {
        return open.add(new RecordingGateway(VM, EnumSet.allOf(Capability.class)));
    }

    private CheckpointAgent agent(RecordingGateway gateway, LabGuest guest) throws Exception {
        CheckpointAgent agent = open.add(CheckpointAgent.open(
                new AgentSettings(GatewayAccess.plain(gateway.address()), List.of(guest.settings())),
                QemuAgentLabTest.NO_ENDING));
        gateway.await("attached");
        return agent;
    }

    /** Writes as the guest's device does, through whatever is above its disk. */
    private static void write(LabGuest guest, int pattern, String offset, String length)
            throws IOException, InterruptedException {
        String said = guest.operator(
                        "human-monitor-command",
                        Map.of(
                                "command-line",
                                "qemu-io -d disk0/virtio-backend \"write -P " + pattern + " " + offset + " " + length
                                        + "\""))
                .asText();
        assertFalse(said.contains("rror"), said);
    }

    /** Ends checkpoints, and returns when the guest runs: within one QEMU has given its disks up, and dies of an operator's write. */
    private static void endCheckpoints(RecordingGateway gateway, LabGuest guest) throws Exception {
        gateway.session().stop();
        while (gateway.hears("epoch", 1_000)) {
            // What was under way.
        }
        while (!guest.operator("query-status").path("running").asBoolean()) {
            Thread.sleep(20);
        }
    }

    private static void assertNothingIsLeft(LabGuest guest) throws IOException, InterruptedException {
        assertEquals(0, guest.operator("query-block-jobs").size());
        for (JsonNode node : guest.operator("query-named-block-nodes", Map.of("flat", true))) {
            assertFalse(node.path("node-name").asText().startsWith("secondsite"), node.toString());
        }
    }

    @Test
    void whatAVmHasOnADiskOfItsOwnGoesWithTheEpochsAndTheOtherSiteServesItsCopy() throws Exception {
        LabGuest a = guest("a", ownDisk("qcow2"), volumes("a", at("a", "copy.raw"), DISK_BYTES));
        VolumeSettings copies = volumes("b", at("b", "copy.raw"), DISK_BYTES);
        LabGuest b = guest(
                "b",
                List.of(
                        "-blockdev",
                        "driver=nbd,node-name=d0,export=vm1.disk0,reconnect-delay=60,server.type=unix,server.path="
                                + copies.sockets().get("disk0"),
                        "-device",
                        "virtio-blk-pci,id=disk0,drive=d0,werror=stop,rerror=stop"),
                copies);
        RecordingGateway gatewayA = gateway();
        RecordingGateway gatewayB = gateway();
        a.boot();
        write(a, 1, "1M", "3M");
        agent(gatewayA, a);
        agent(gatewayB, b);
        gatewayA.relayTo(gatewayB);

        gatewayA.session().start(new EpochId(1, 1), true, 50);
        gatewayA.await("failed checkpoint disk disk0 (" + at("a", "own") + ") is being copied to the agent's image");
        gatewayB.await("applied 1/2");
        endCheckpoints(gatewayA, a);
        write(a, 2, "2M", "100k");
        write(a, 3, "20M", "5k");
        gatewayA.session().start(new EpochId(2, 1), true, 50);
        gatewayB.await("applied 2/10");

        gatewayA.session().stopVm("the site is lost");
        gatewayA.await("stopped");
        run(
                "qemu-img",
                "compare",
                "-f",
                "qcow2",
                "-F",
                "raw",
                at("a", "own").toString(),
                at("b", "copy.raw").toString());
        int before = LabGuest.ticks(a.console()).getLast();
        gatewayB.session().activate(gatewayA.lastEpoch());
        gatewayB.await("activated");
        b.awaitTick(5, 60);
        assertTrue(LabGuest.ticks(b.console()).getFirst() <= before + 1, b.console());
        JsonNode disk = b.operator("query-block").get(0).path("inserted");
        assertTrue(disk.path("file").asText().contains("disk0.nbd"), disk.toString());
        write(b, 4, "8M", "4k");
    }

    @Test
    void whatCannotBeMirroredIsRefusedByNameTheVmGoesOnAndNothingIsLeftInIt() throws Exception {
        Path small = Files.createDirectories(directory.resolve("small"));
        run("mount", "-t", "tmpfs", "-o", "size=8m", "tmpfs", small.toString());
        open.add(() -> run("umount", small.toString()));
        VolumeSettings volumes = volumes("a", small.resolve("copy.raw"), DISK_BYTES - 512);
        LabGuest a = guest("a", ownDisk("raw"), volumes);
        RecordingGateway gateway = gateway();
        gateway.relayCredits();
        a.boot();
        CheckpointAgent agent = agent(gateway, a);
        gateway.session().start(new EpochId(1, 1), true, 50);
        gateway.await(
                "failed checkpoint disk disk0 (" + at("a", "own") + ") has 25165824 bytes, and the agent's image of it"
                        + " 25165312: make the image as large as the disk");
        agent.close();

        volumes("a", small.resolve("copy.raw"), DISK_BYTES);
        write(a, 1, "0", "12M");
        agent = agent(gateway, a);
        gateway.session().start(new EpochId(1, 1), true, 50);
        gateway.await(
                "failed checkpoint disk disk0 (" + at("a", "own") + ") is not mirrored to the agent: write error");
        agent.close();

        run("mount", "-o", "remount,size=64m", small.toString());
        a.operator("blockdev-add", Map.of("driver", "null-co", "node-name", "nowhere", "size", DISK_BYTES));
        a.operator(
                "blockdev-backup",
                Map.of("job-id", "theirs", "device", "d0", "target", "nowhere", "sync", "full", "speed", 1));
        agent = agent(gateway, a);
        gateway.session().start(new EpochId(2, 1), true, 50);
        String busy = gateway.await("failed checkpoint disk disk0 (");
        assertTrue(busy.contains("is not mirrored to the agent: blockdev-mirror: "), busy);
        assertTrue(busy.endsWith("; QEMU has other jobs: backup 'theirs'"), busy);
        assertEquals(
                "theirs", a.operator("query-block-jobs").get(0).path("device").asText());
        a.operator("block-job-cancel", Map.of("device", "theirs", "force", true));
        // It is tried again by itself.
        gateway.await("epoch 2/2");

        run("mount", "-o", "remount,size=14m", small.toString());
        endCheckpoints(gateway, a);
        write(a, 2, "12M", "8M");
        gateway.await(
                "failed checkpoint disk disk0 (" + at("a", "own") + ") is not mirrored to the agent: write error");
        gateway.await("attached");
        a.awaitTick(LabGuest.ticks(a.console()).size() + 3, 30);
        run("mount", "-o", "remount,size=64m", small.toString());
        gateway.session().start(new EpochId(3, 1), true, 50);
        gateway.await("epoch 3/2");
        assertEquals(-1, Files.mismatch(at("a", "own"), small.resolve("copy.raw")));

        agent.close();
        assertNothingIsLeft(a);
        a.awaitTick(LabGuest.ticks(a.console()).size() + 3, 30);
    }

    /** A disk that reads 12 MiB and writes 1 MiB a second: a copy takes its time, and so does a write of the guest. */
    private List<String> slowDisk() throws IOException {
        Path file = at("a", "own");
        byte[] content = new byte[(int) DISK_BYTES];
        Arrays.fill(content, (byte) 1);
        Files.write(file, content);
        return List.of(
                "-object",
                "throttle-group,id=slow,x-bps-read=12582912,x-bps-write=1048576",
                "-blockdev",
                "driver=throttle,node-name=d0,throttle-group=slow,file.driver=raw,file.file.driver=file,file.file.filename="
                        + file,
                "-device",
                "virtio-blk-pci,id=disk0,drive=d0");
    }

    /** Writes to the disk that are not waited for. */
    private static void beginWrites(LabGuest guest, int pattern) throws IOException, InterruptedException {
        for (int at = 0; at < WRITES; at++) {
            guest.operator(
                    "human-monitor-command",
                    Map.of(
                            "command-line",
                            "qemu-io -d disk0/virtio-backend \"aio_write -q -P " + pattern + " " + at + "M 1M\""));
        }
    }

    private static void awaitCopying(LabGuest guest) throws IOException, InterruptedException {
        JsonNode job = guest.operator("query-block-jobs").path(0);
        while (job.path("offset").asLong() == 0) {
            Thread.sleep(20);
            job = guest.operator("query-block-jobs").path(0);
        }
        assertFalse(job.path("ready").asBoolean(), job.toString());
    }

    private void assertLivesWith(LabGuest guest, int pattern) throws IOException, InterruptedException {
        guest.awaitTick(LabGuest.ticks(guest.console()).size() + 5, 30);
        String said = guest.operator(
                        "human-monitor-command",
                        Map.of(
                                "command-line",
                                "qemu-io -d disk0/virtio-backend \"read -q -P " + pattern + " 0 " + WRITES + "M\""))
                .asText();
        assertEquals("", said.strip());
    }

    @Test
    void aCopyThatEndsOrLosesItsImageInTheMiddleHarmsNoWriteThatIsUnderWay() throws Exception {
        Path small = Files.createDirectories(directory.resolve("small"));
        run("mount", "-t", "tmpfs", "-o", "size=64m", "tmpfs", small.toString());
        open.add(() -> run("umount", small.toString()));
        LabGuest a = guest("a", slowDisk(), volumes("a", small.resolve("copy.raw"), DISK_BYTES));
        RecordingGateway gateway = gateway();
        gateway.relayCredits();
        a.boot();

        CheckpointAgent agent = agent(gateway, a);
        gateway.session().start(new EpochId(1, 1), true, 50);
        awaitCopying(a);
        beginWrites(a, 2);
        agent.close();
        assertNothingIsLeft(a);
        assertLivesWith(a, 2);

        Files.delete(small.resolve("copy.raw"));
        volumes("a", small.resolve("copy.raw"), DISK_BYTES);
        run("mount", "-o", "remount,size=10m", small.toString());
        agent = agent(gateway, a);
        gateway.session().start(new EpochId(2, 1), true, 50);
        awaitCopying(a);
        beginWrites(a, 3);
        String told = "";
        while (!told.contains(" is not mirrored to the agent: write error")) {
            told = gateway.await("failed checkpoint disk disk0 (");
        }
        assertLivesWith(a, 3);
        // It is ended in the middle of what the guest writes.
        while (!a.operator("query-block-jobs").isEmpty()) {
            beginWrites(a, 4);
            Thread.sleep(100);
        }
        assertLivesWith(a, 4);
        agent.close();
        assertNothingIsLeft(a);
    }
}
