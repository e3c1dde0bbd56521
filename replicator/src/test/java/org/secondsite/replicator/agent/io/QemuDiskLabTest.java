package org.secondsite.replicator.agent.io;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.extension.RegisterExtension;
import org.junit.jupiter.api.io.TempDir;
import org.secondsite.config.DiskAttachment;
import org.secondsite.config.EpochId;
import org.secondsite.config.VmId;
import org.secondsite.replicator.agent.AgentSettings;
import org.secondsite.replicator.agent.GatewayAccess;
import org.secondsite.testing.Opened;

/** Agents beside real QEMU guests with disks. Needs qemu-system-x86, qemu-utils, nbdkit, a kernel and busybox-static. */
@Tag("lab")
@Timeout(value = 400, threadMode = Timeout.ThreadMode.SEPARATE_THREAD)
class QemuDiskLabTest {
    private static final VmId VM = new VmId("vm1");
    private static final int RAM_MIB = 96;

    /** Of the refusal of a disk; what is not refused is described, too. */
    private static final String NOT_CARRIED = " is writable and not carried to the other site";

    private static final Map<String, DiskAttachment> SHARED = Map.of("disk0", DiskAttachment.SHARED);

    @TempDir
    Path directory;

    @RegisterExtension
    final Opened open = new Opened();

    private LabGuest booted(String work, List<String> devices, Map<String, DiskAttachment> disks) throws Exception {
        LabGuest guest = new LabGuest(VM, directory.resolve("guest"), RAM_MIB, work, devices, disks);
        open.add(guest::remove);
        guest.boot();
        return guest;
    }

    private RecordingGateway attached(LabGuest guest) throws Exception {
        RecordingGateway gateway = open.add(new RecordingGateway(VM));
        open.add(CheckpointAgent.open(
                new AgentSettings(GatewayAccess.plain(gateway.address()), List.of(guest.settings())),
                QemuAgentLabTest.NO_ENDING));
        assertEquals("attached running=true applied=0/0", gateway.await("attached"));
        gateway.relayCredits();
        return gateway;
    }

    private static void assertGoesOn(LabGuest guest) throws Exception {
        guest.awaitTick(LabGuest.ticks(guest.console()).size() + 3, 30);
    }

    private List<String> rawDisk() throws Exception {
        Path file = directory.resolve("disk.raw");
        assertEquals(
                0,
                new ProcessBuilder("qemu-img", "create", "-q", "-f", "raw", file.toString(), "16M")
                        .start()
                        .waitFor());
        return List.of(
                "-blockdev",
                "driver=file,node-name=f0,filename=" + file,
                "-blockdev",
                "driver=raw,node-name=d0,file=f0",
                "-device",
                "virtio-blk-pci,id=disk0,drive=d0");
    }

    @Test
    void aWritableDiskThatNobodyCarriesIsRefusedByNameAndTheVmRunsOn() throws Exception {
        LabGuest guest = booted(":", rawDisk(), Map.of());
        RecordingGateway gateway = attached(guest);
        String refusal = "disk disk0 (" + directory.resolve("disk.raw")
                + ")" + NOT_CARRIED + ": remove it or make it read-only; if both sites have the"
                + " same disk, declare it 'shared' in the agent's configuration";
        assertTrue(
                gateway.session().description().endsWith("; " + refusal),
                gateway.session().description());
        gateway.session().start(new EpochId(1, 1), true, 50);
        assertEquals("failed checkpoint " + refusal, gateway.await("failed"));
        assertFalse(gateway.hears("seal", 500), "a checkpoint of it");
        assertGoesOn(guest);
    }

    @Test
    void aDiskThatBothSitesHaveDoesNotStandAgainstCheckpoints() throws Exception {
        RecordingGateway gateway = attached(booted(":", rawDisk(), SHARED));
        assertFalse(
                gateway.session().description().contains(NOT_CARRIED),
                gateway.session().description());
        gateway.session().start(new EpochId(1, 1), true, 50);
        gateway.await("epoch 1/3");
    }

    @Test
    void anEmptyDriveAReadOnlyDiskACdAndFlashMemoryDoNotStandAgainstCheckpoints() throws Exception {
        Path image = directory.resolve("image");
        Files.write(image, new byte[1 << 16]);
        Path variables = directory.resolve("variables.fd");
        Files.write(variables, new byte[1 << 16]);
        RecordingGateway gateway = attached(booted(
                ":",
                List.of(
                        "-drive",
                        "if=pflash,format=raw,unit=0,readonly=on,file=/usr/share/seabios/bios-256k.bin",
                        "-drive",
                        "if=pflash,format=raw,unit=1,file=" + variables,
                        "-device",
                        "ide-cd,bus=ide.0,id=empty",
                        "-blockdev",
                        "driver=file,node-name=iso,filename=" + image,
                        "-device",
                        "ide-cd,bus=ide.1,drive=iso",
                        "-blockdev",
                        "driver=null-co,node-name=reader,read-only=on",
                        "-device",
                        "virtio-blk-pci,drive=reader"),
                Map.of()));
        assertFalse(
                gateway.session().description().contains(NOT_CARRIED),
                gateway.session().description());
        gateway.session().start(new EpochId(1, 1), true, 50);
        gateway.await("epoch 1/3");
    }

    @Test
    void aVmThatQemuHaltsOnAnErrorIsNotCheckpointedAndRunsOnWhenTheDiskIsWellAgain() throws Exception {
        ErringDisk disk = open.add(new ErringDisk(directory.resolve("disk")));
        LabGuest guest = booted(":", disk.ide("d0", "disk0"), SHARED);
        RecordingGateway gateway = attached(guest);
        gateway.session().start(new EpochId(1, 1), true, 50);
        gateway.await("epoch 1/3");

        disk.bad(true);
        dirty(guest);
        // ATA's FLUSH CACHE for the first disk, as the guest's kernel sends it if it has the driver.
        monitor(guest, "o /b 0x1f7 0xe7");
        // A checkpoint may come before, and fails too: QEMU flushes for it.
        gateway.await("failed checkpoint QEMU has halted the VM: write error of disk disk0 (");
        while (gateway.hears("epoch", 300)) {
            // What was on its way.
        }
        // Each retry lets the guest run for a moment, and what it flushes then fails again.
        while (!guest.operator("query-status").path("status").asText().equals("io-error")) {
            assertFalse(gateway.hears("epoch", 1), "a checkpoint of a halted VM");
        }
        disk.bad(false);
        long after = gateway.lastEpoch().number();
        gateway.await("epoch 1/" + (after + 5));
        assertGoesOn(guest);
    }

    /** Writes to the disk beside the guest, so that there is something to flush. */
    private static void dirty(LabGuest guest) throws IOException, InterruptedException {
        monitor(guest, "qemu-io d0 \"write 0 4096\"");
    }

    private static void monitor(LabGuest guest, String command) throws IOException, InterruptedException {
        String said = guest.operator("human-monitor-command", Map.of("command-line", command))
                .asText();
        assertEquals("", said.replace("\r", "").strip());
    }

    @Test
    void aPauseThatWaitsForASlowDiskIsToldByTheDisksNameAndTheVmRunsOnAfterwards() throws Exception {
        ErringDisk disk = open.add(new ErringDisk(directory.resolve("disk")));
        LabGuest guest = booted(":", disk.ide("d0", "disk0"), SHARED);
        RecordingGateway gateway = attached(guest);
        gateway.session().start(new EpochId(1, 1), true, 50);
        gateway.await("epoch 1/3");

        disk.flushSeconds(4);
        dirty(guest);
        String failure = gateway.await("failed checkpoint");
        assertTrue(failure.contains("stop: QEMU did not answer within 2000 ms; it flushes disk disk0 ("), failure);
        assertTrue(failure.contains("1 pauses were slow, the next is not before 2 s"), failure);
        long told = System.nanoTime();
        assertGoesOn(guest);
        disk.flushSeconds(0);
        gateway.await("epoch 1/");
        long waited = TimeUnit.NANOSECONDS.toMillis(System.nanoTime() - told);
        assertTrue(waited >= 1900, "the next checkpoint after " + waited + " ms");
        assertTrue(gateway.session().vmRunning());
    }
}
