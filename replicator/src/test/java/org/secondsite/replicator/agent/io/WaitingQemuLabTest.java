package org.secondsite.replicator.agent.io;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.io.RandomAccessFile;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.EnumSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Random;
import java.util.concurrent.TimeUnit;
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

/**
 * A standby's QEMU that waits beside the replica. Needs qemu-system-x86, a kernel and busybox-static.
 *
 * <p>{@code -Dsecondsite.rounds=N} for more activations in which it is killed, {@code -Dsecondsite.seed=S} for other moments.
 */
@Tag("lab")
@Timeout(value = 400, threadMode = Timeout.ThreadMode.SEPARATE_THREAD)
class WaitingQemuLabTest {
    private static final VmId VM = new VmId("vm1");
    private static final int RAM_MIB = 96;
    private static final long SEED = Long.getLong("secondsite.seed", 13);
    private static final int ROUNDS = Integer.getInteger("secondsite.rounds", 3);

    /** An activation takes about half of that on a quiet machine. */
    private static final int MAX_KILL_MICROS = 15_000;

    @TempDir
    Path directory;

    @RegisterExtension
    final Opened open = new Opened();

    private LabGuest owner;
    private RecordingGateway ownerGateway;
    private RecordingGateway standbyGateway;

    private void bootAtTheOwner() throws Exception {
        owner = guest("owner", List.of());
        owner.boot();
        ownerGateway = open.add(new RecordingGateway(VM, EnumSet.allOf(Capability.class)));
        standbyGateway = open.add(new RecordingGateway(VM, EnumSet.allOf(Capability.class)));
        agent(ownerGateway, owner);
        assertEquals("attached running=true applied=0/0", ownerGateway.await("attached"));
    }

    private LabGuest guest(String name, List<String> devices) throws IOException {
        LabGuest guest = new LabGuest(VM, directory.resolve(name), RAM_MIB, ":", devices, Map.of());
        open.add(guest::remove);
        return guest;
    }

    private CheckpointAgent agent(RecordingGateway gateway, LabGuest guest) throws IOException {
        return open.add(CheckpointAgent.open(
                new AgentSettings(GatewayAccess.plain(gateway.address()), List.of(guest.settings())),
                QemuAgentLabTest.NO_ENDING));
    }

    private CheckpointAgent standby(LabGuest guest) throws Exception {
        CheckpointAgent agent = agent(standbyGateway, guest);
        assertEquals("attached running=false applied=0/0", standbyGateway.await("attached"));
        ownerGateway.relayTo(standbyGateway);
        return agent;
    }

    /** Ends with a checkpoint of the VM that stands still. */
    private EpochId protect(int term) throws Exception {
        ownerGateway.session().start(new EpochId(term, 1), true, 50);
        standbyGateway.await("applied " + new EpochId(term, 3));
        ownerGateway.session().stop();
        while (ownerGateway.hears("epoch", 300)) {
            // What was under way when STOP came.
        }
        owner.operator("stop");
        EpochId last = new EpochId(term, 100_000);
        ownerGateway.session().start(last, false, 100_000);
        standbyGateway.await("applied " + last);
        return last;
    }

    private static boolean isAlive(long pid) {
        return ProcessHandle.of(pid).map(ProcessHandle::isAlive).orElse(false);
    }

    private static void awaitEnd(long pid) throws Exception {
        long deadline = System.nanoTime() + TimeUnit.SECONDS.toNanos(30);
        while (isAlive(pid)) {
            assertTrue(System.nanoTime() < deadline, "process " + pid + " lives");
            Thread.sleep(10);
        }
    }

    private void activated(EpochId last, LabGuest guest) throws Exception {
        String before = owner.console();
        standbyGateway.session().activate(last);
        standbyGateway.await("activated");
        guest.awaitTick(5, 60);
        LabGuest.requireGoesOn(before, guest.console());
    }

    @Test
    void theOneThatWaitsBecomesTheVm() throws Exception {
        bootAtTheOwner();
        LabGuest guest = guest("standby", List.of());
        standby(guest);
        EpochId last = protect(1);
        long waits = guest.pid();
        assertEquals("inmigrate", guest.operator("query-status").path("status").asText());
        activated(last, guest);
        assertEquals(waits, guest.pid());
    }

    private static ProcessHandle kill(long pid) throws Exception {
        ProcessHandle process = ProcessHandle.of(pid).orElseThrow();
        process.destroyForcibly();
        return process;
    }

    /** Another one than that, which has taken its place. */
    private static long awaitAnother(LabGuest guest, long before) throws Exception {
        long deadline = System.nanoTime() + TimeUnit.SECONDS.toNanos(30);
        String written = Long.toString(before);
        // Empty while it is being written.
        while (written.isEmpty() || written.equals(Long.toString(before))) {
            assertTrue(System.nanoTime() < deadline, "process " + before + " is not replaced");
            Thread.sleep(10);
            written = Files.readString(guest.settings().pidFile()).strip();
        }
        return Long.parseLong(written);
    }

    @Test
    void oneThatIsKilledMeanwhileIsReplacedAtOnceAndEpochsGoOn() throws Exception {
        bootAtTheOwner();
        LabGuest guest = guest("standby", List.of());
        standby(guest);
        ownerGateway.session().start(new EpochId(1, 1), true, 50);
        standbyGateway.await("applied 1/3");
        long first = guest.pid();
        kill(first);
        awaitEnd(first);
        long second = awaitAnother(guest, first);
        standbyGateway.await("applied 1/");
        EpochId last = protect(2);
        long third = guest.pid();
        assertNotEquals(second, third, "another image");
        kill(third);
        awaitEnd(third);
        long waits = awaitAnother(guest, third);
        activated(last, guest);
        assertEquals(waits, guest.pid());
    }

    /** Before the VM may have run it is started once more; afterwards nothing is started from what is left, ever. */
    @Test
    void oneThatIsKilledWhileTheVmIsActivatedIsReplacedUnlessTheVmMayHaveRun() throws Exception {
        Random random = new Random(SEED);
        bootAtTheOwner();
        LabGuest guest = guest("standby", List.of());
        standby(guest);
        for (int round = 1; round <= ROUNDS; round++) {
            EpochId last = protect(round);
            String before = owner.console();
            long waits = guest.pid();
            int micros = random.nextInt(MAX_KILL_MICROS);
            standbyGateway.session().activate(last);
            TimeUnit.MICROSECONDS.sleep(micros);
            kill(waits);
            String told = standbyGateway.await("activated", "failed activation");
            awaitEnd(waits);
            boolean goesOn = told.startsWith("activated") && guest.pid() != waits;
            System.out.println("seed " + SEED + ", killed after " + micros + " us: " + told + ", goes on: " + goesOn);
            if (goesOn) {
                guest.awaitTick(3, 60);
                LabGuest.requireGoesOn(before, guest.console());
                standbyGateway.session().stopVm("the next round");
                standbyGateway.await("stopped");
            } else {
                if (told.startsWith("activated")) {
                    standbyGateway.await("failed vm");
                } else {
                    assertTrue(told.contains("the VM was told to run, and is gone"), told);
                }
                standbyGateway.session().activate(last);
                String again = standbyGateway.await("activated", "failed activation");
                assertTrue(again.contains("the replica is at 0/0, not at " + last), again);
            }
            owner.operator("cont");
        }
    }

    @Test
    void anImageOfAVmThatCannotBeStartedHereIsRefusedWithQemusReason() throws Exception {
        bootAtTheOwner();
        standby(guest("standby", List.of("-device", "no-such-device")));
        ownerGateway.session().start(new EpochId(1, 1), true, 50);
        String failed = ownerGateway.await("failed");
        assertTrue(failed.contains("no-such-device"), failed);
        assertFalse(ownerGateway.hears("epoch", 300), "an image that is of no use");
    }

    @Test
    void aStandbyThatWouldStartAnotherMachineIsRefusedByNameBeforeAnEpoch() throws Exception {
        bootAtTheOwner();
        LabGuest guest = guest("standby", List.of("-device", "virtio-rng-pci,id=rng0,addr=9"));
        standby(guest);
        ownerGateway.session().start(new EpochId(1, 1), true, 50);
        String failed = ownerGateway.await("failed");
        assertTrue(failed.contains("with device rng0 (virtio-rng-pci) at pci.0 9.0"), failed);
        assertFalse(ownerGateway.hears("epoch", 300), "nothing of it is carried");
        assertFalse(Files.exists(guest.settings().ramFile().orElseThrow()), "what was started to find out is gone");
    }

    /** A place for a guest whose disk its agent serves. */
    private LabGuest withDisk(String name) throws IOException {
        Path at = Files.createDirectories(directory.resolve(name));
        Path image = at.resolve("disk.raw");
        try (RandomAccessFile file = new RandomAccessFile(image.toFile(), "rw")) {
            file.setLength(1 << 20);
        }
        Path socket = at.resolve("disk0.nbd");
        VolumeSettings volumes = new VolumeSettings(
                List.of(new VolumeSettings.Served("disk0", image, socket)),
                at.resolve("state"),
                Durability.DISK,
                VolumeSettings.USUAL_MEMORY_BYTES,
                0);
        List<String> devices = List.of(
                "-blockdev",
                "driver=nbd,node-name=d0,server.type=unix,server.path=" + socket + ",export=" + VM
                        + ".disk0,reconnect-delay=4294967",
                "-device",
                "virtio-blk-pci,id=disk0,drive=d0,werror=stop,rerror=stop");
        LabGuest guest = new LabGuest(VM, at, RAM_MIB, ":", devices, Map.of("disk0", DiskAttachment.SERVE), volumes);
        open.add(guest::remove);
        return guest;
    }

    private static void disk(LabGuest guest, String command) throws Exception {
        String said = guest.operator(
                        "human-monitor-command",
                        Map.of(
                                "command-line",
                                "qemu-io -d /machine/peripheral/disk0/virtio-backend \"" + command + "\""))
                .asText();
        assertEquals("", said.replace("\r", "").strip());
    }

    @Test
    void withADiskThatItsAgentServesItWaitsTooAndFindsTheDiskThatTheVmHad() throws Exception {
        owner = withDisk("owner");
        ownerGateway = open.add(new RecordingGateway(VM, EnumSet.allOf(Capability.class)));
        standbyGateway = open.add(new RecordingGateway(VM, EnumSet.allOf(Capability.class)));
        agent(ownerGateway, owner);
        assertEquals("attached running=false applied=0/0", ownerGateway.await("attached"));
        owner.boot();
        assertEquals("attached running=true applied=0/0", ownerGateway.await("attached running=true"));
        LabGuest guest = withDisk("standby");
        standby(guest);
        disk(owner, "write -q -P 7 4096 4096");
        ownerGateway.session().start(new EpochId(1, 1), true, 50);
        while (!ownerGateway.await("copy at").contains("missingBlocks=[0]")) {
            // The disk is being copied.
        }
        ownerGateway.session().pauseVm();
        ownerGateway.await("paused ");
        EpochId last = ownerGateway.lastEpoch();
        standbyGateway.await("applied " + last);
        long waits = guest.pid();
        assertEquals("inmigrate", guest.operator("query-status").path("status").asText());

        activated(last, guest);
        assertEquals(waits, guest.pid());
        disk(guest, "read -q -P 7 4096 4096");
        disk(guest, "write -q -P 9 8192 4096");
        byte[] image =
                Files.readAllBytes(guest.settings().volumes().disks().getFirst().file());
        assertEquals(7, image[4096]);
        assertEquals(9, image[8192]);
    }

    @Test
    void theSuccessorOfAnAgentThatDiedEndsIt() throws Exception {
        LabGuest guest = guest("standby", List.of());
        try (QemuHost successor = QemuHost.open(guest.settings())) {
            ProcessHandle left = new QemuProcess(guest.settings()).start();
            open.add(left::destroyForcibly);
            while (left.isAlive()) {
                assertEquals(Optional.empty(), successor.attach());
                Thread.sleep(10);
            }
        }
    }

    @Test
    void aNewImageHasANewOneAndAnAgentThatEndsEndsIt() throws Exception {
        bootAtTheOwner();
        LabGuest guest = guest("standby", List.of());
        CheckpointAgent agent = standby(guest);
        ownerGateway.session().start(new EpochId(1, 1), true, 50);
        standbyGateway.await("applied 1/3");
        long first = guest.pid();
        ownerGateway.session().stop();
        ownerGateway.session().start(new EpochId(2, 1), true, 50);
        standbyGateway.await("applied 2/3");
        long second = guest.pid();
        assertNotEquals(first, second);
        assertFalse(isAlive(first));
        agent.close();
        awaitEnd(second);
    }
}
