package org.secondsite.replicator.agent.io;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.net.ConnectException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.extension.RegisterExtension;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.secondsite.config.DirtyPages;
import org.secondsite.config.EpochId;
import org.secondsite.config.VmId;
import org.secondsite.replicator.agent.AgentSettings;
import org.secondsite.replicator.agent.GatewayAccess;
import org.secondsite.replicator.agent.VmSettings;
import org.secondsite.replicator.disk.VolumeSettings;
import org.secondsite.testing.Opened;

/** Real QEMUs with machines that are fit for checkpoints, and that are not. Needs qemu-system-x86, a kernel and busybox-static. */
@Tag("lab")
@Timeout(value = 400, threadMode = Timeout.ThreadMode.SEPARATE_THREAD)
class QemuAdmissionLabTest {
    private static final VmId VM = new VmId("vm1");
    private static final long RAM = 64 << 20;
    private static final int TIMEOUT_MS = 20_000;

    @TempDir
    Path directory;

    @RegisterExtension
    final Opened open = new Opened();

    private Path ramFile() throws IOException {
        Path file = LabGuest.freshRamFile();
        open.add(() -> Files.deleteIfExists(file));
        return file;
    }

    /** The settings of a QEMU that has been started, and does not execute anything; RAM, OTHER and DIR stand for paths. */
    private VmSettings started(String machine, String more) throws Exception {
        Path ram = ramFile();
        Path other = ramFile();
        Path disk = directory.resolve("disk");
        Files.write(disk, new byte[1 << 20]);
        Path qmp = directory.resolve("qmp");
        List<String> command = new ArrayList<>(List.of(
                "qemu-system-x86_64", "-S", "-accel", "tcg", "-nodefaults", "-no-user-config", "-display", "none"));
        command.addAll(List.of("-qmp", "unix:" + qmp + ",server=on,wait=off"));
        command.addAll(List.of("-pidfile", directory.resolve("pid").toString(), "-machine", machine));
        for (String argument : more.split(" ", -1)) {
            command.add(argument.replace("RAM", ram.toString())
                    .replace("OTHER", other.toString())
                    .replace("DISK", disk.toString())
                    .replace("DIR", directory.toString()));
        }
        VmSettings settings = new VmSettings(
                VM,
                ram,
                RAM,
                qmp,
                directory.resolve("pid"),
                command,
                DirtyPages.AUTO,
                Map.of(),
                VolumeSettings.NONE,
                directory.resolve("run"));
        Path log = directory.resolve("log");
        Process qemu = new ProcessBuilder(command)
                .redirectErrorStream(true)
                .redirectOutput(log.toFile())
                .start();
        open.add(() -> {
            qemu.destroyForcibly();
            qemu.waitFor();
        });
        while (!Files.exists(qmp)) {
            assertTrue(qemu.isAlive(), () -> "QEMU ended: " + read(log));
            Thread.sleep(10);
        }
        return settings;
    }

    private static String read(Path file) {
        try {
            return Files.readString(file);
        } catch (IOException gone) {
            return gone.getMessage();
        }
    }

    private static Optional<String> refusal(VmSettings settings) throws Exception {
        Files.createDirectories(settings.runDirectory());
        try (QemuVm vm = connect(settings)) {
            return vm.refusal();
        }
    }

    /** A socket's file is there a moment before somebody listens at it. */
    private static QemuVm connect(VmSettings settings) throws Exception {
        long deadline = System.nanoTime() + TimeUnit.MILLISECONDS.toNanos(TIMEOUT_MS);
        while (true) {
            try {
                return QemuVm.connect(settings, TIMEOUT_MS);
            } catch (ConnectException notYet) {
                if (System.nanoTime() > deadline) {
                    throw notYet;
                }
                Thread.sleep(10);
            }
        }
    }

    @ParameterizedTest(name = "{0} {1}")
    @CsvSource({
        "'q35,memory-backend=m', -device virtio-rng-pci -device virtio-balloon-pci -device virtio-vga -device qemu-xhci"
                + " -device usb-tablet -smp 4",
        "'pc,memory-backend=m', -device virtio-net-pci -device ahci -device virtio-scsi-pci",
    })
    void whatMigratesWholeIsFit(String machine, String more) throws Exception {
        String ram = "-m 64 -object memory-backend-file,id=m,mem-path=RAM,size=64M,share=on ";
        assertEquals(Optional.empty(), refusal(started(machine, ram + more)));
    }

    @ParameterizedTest(name = "{1}: {0}")
    @CsvSource({
        "-drive if=none;id=n;format=raw;file=DISK -device nvme;drive=n;serial=x,"
                + " QEMU cannot write the state of this VM: non-migratable device",
        "-object memory-backend-file;id=o;mem-path=OTHER;size=4M;share=on -device ivshmem-plain;memdev=o,"
                + " memory backend o (4 MiB) is shared and m alone is carried",
        "-fsdev local;id=f;path=DIR;security_model=none -device virtio-9p-pci;fsdev=f;mount_tag=t;id=share0,"
                + " device share0 (virtio-9p-pci) shares a directory of this host",
        "-object memory-backend-ram;id=o;size=64M -device pc-dimm;memdev=o, the VM has 128 MiB of RAM and memory backend m (64 MiB) is not",
        "-object memory-backend-file;id=o;mem-path=OTHER;size=64M;share=on -device pc-dimm;memdev=o,"
                + " memory backend o (64 MiB) is shared and m alone is carried",
    })
    void whatDoesNotIsRefusedByName(String more, String reason) throws Exception {
        String ram = "-m 64,slots=2,maxmem=256M -object memory-backend-file,id=m,mem-path=RAM,size=64M,share=on ";
        String refusal = refusal(started("q35,memory-backend=m", ram + more.replace(';', ',')))
                .orElseThrow();
        assertTrue(refusal.replace(",", "").startsWith(reason), refusal);
        assertTrue(refusal.contains(": remove") || refusal.contains(": give"), "it says what to do: " + refusal);
    }

    @ParameterizedTest(name = "{1}: {0}")
    @CsvSource({
        "-object memory-backend-file;id=m;mem-path=OTHER;size=64M;share=on, ' memory backend m (64 MiB) is in '",
        "-object memory-backend-file;id=m;mem-path=DIR;size=64M;share=on, ' memory backend m (64 MiB) is in '",
        "-object memory-backend-memfd;id=m;size=64M;share=on, ' memory backend m (64 MiB) is in no file'",
        "-object memory-backend-file;id=m;mem-path=RAM;size=64M;share=off, 'no shared memory backend of 67108864 bytes'",
    })
    void ramThatIsNotTheConfiguredFileIsNotTakenForIt(String backend, String reason) throws Exception {
        VmSettings settings = started("q35,memory-backend=m", "-m 64 " + backend.replace(';', ','));
        Files.write(settings.ramFile(), new byte[(int) RAM]); // as an earlier QEMU has left it
        String said = assertThrows(IOException.class, () -> refusal(settings)).getMessage();
        assertTrue(said.contains(reason.strip()), said);
    }

    @Test
    void aDeviceThatIsPluggedInEndsTheProtectionUntilItIsGoneAgain() throws Exception {
        LabGuest guest = new LabGuest(VM, directory.resolve("guest"), 96, ":", List.of(), Map.of());
        open.add(guest::remove);
        guest.boot();
        RecordingGateway gateway = open.add(new RecordingGateway(VM));
        open.add(CheckpointAgent.open(
                new AgentSettings(GatewayAccess.plain(gateway.address()), List.of(guest.settings())),
                QemuAgentLabTest.NO_ENDING));
        assertEquals("attached running=true applied=0/0", gateway.await("attached"));
        gateway.relayCredits();
        gateway.session().start(new EpochId(1, 1), true, 50);
        gateway.await("epoch 1/3");

        guest.operator("device_add", Map.of("driver", "virtio-rng-pci", "id", "late"));
        String failed = gateway.await("failed");
        assertTrue(failed.contains("device late (virtio-rng-pci) has come since"), failed);

        assertTrue(gateway.await("failed", "detached").startsWith("detached"), "it is told once");
        gateway.await("attached");
        gateway.session().start(new EpochId(2, 1), true, 50);
        assertTrue(gateway.await("failed").contains("device late (virtio-rng-pci) has come since"));

        guest.operator("device_del", Map.of("id", "late"));
        gateway.await("epoch 2/3");
        guest.awaitTick(LabGuest.ticks(guest.console()).size() + 3, 30);
    }
}
