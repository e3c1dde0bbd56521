package org.secondsite.replicator.agent.io;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.lang.foreign.ValueLayout;
import java.nio.file.Files;
import java.nio.file.Path;
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
import org.junit.jupiter.params.provider.ValueSource;
import org.secondsite.config.DirtyPages;
import org.secondsite.config.EpochId;
import org.secondsite.config.VmId;
import org.secondsite.replicator.MachineParts;
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

    @TempDir
    Path directory;

    @RegisterExtension
    final Opened open = new Opened();

    private VmSettings started(String machine, String more) throws Exception {
        return new BareQemu(open, directory, "-S -machine " + machine + " " + more).settings();
    }

    private static Optional<String> refusal(VmSettings settings) throws Exception {
        try (QemuVm vm = BareQemu.connect(settings)) {
            return vm.refusal();
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
        Files.write(
                settings.ramFile().orElseThrow(), new byte[(int) BareQemu.RAM_BYTES]); // as an earlier QEMU has left it
        String said = assertThrows(IOException.class, () -> refusal(settings)).getMessage();
        assertTrue(said.contains(reason.strip()), said);
    }

    @ParameterizedTest(name = "{0}")
    @ValueSource(
            strings = {
                "memory-backend-file,id=m,mem-path=RAM",
                "memory-backend-file,id=m,mem-path=DIR",
                "memory-backend-memfd,id=m"
            })
    void ramIsFoundWhereverQemuHasItIfNoFileIsNamed(String backend) throws Exception {
        VmSettings named = started("pc,memory-backend=m", "-m 64 -object " + backend + ",size=64M,share=on");
        VmSettings settings = new VmSettings(
                VM,
                Optional.empty(),
                BareQemu.RAM_BYTES,
                named.qmpSocket(),
                named.pidFile(),
                named.start(),
                DirtyPages.AUTO,
                Map.of(),
                VolumeSettings.NONE,
                named.runDirectory());
        try (QemuVm vm = BareQemu.connect(settings)) {
            assertEquals(Optional.empty(), vm.refusal());
            vm.ram().set(ValueLayout.JAVA_LONG, 1 << 20, 7);
            try (RamFile again = vm.shareRam()) {
                assertEquals(7, again.memory().get(ValueLayout.JAVA_LONG, 1 << 20));
                vm.emptyRam();
                assertEquals(0, again.memory().get(ValueLayout.JAVA_LONG, 1 << 20));
            }
        }
    }

    private static final String WITH_CD =
            "-machine pc,memory-backend=m -m 64 -object memory-backend-file,id=m,mem-path=RAM,size=64M,share=on"
                    + " -drive if=none,id=cd,format=raw,media=cdrom,readonly=on,file=DISK -device ide-cd,drive=cd,id=cd0";

    @Test
    void aMediumIsAPartOfTheMachineAndWhoChangesItEndsTheProtection() throws Exception {
        BareQemu owner = new BareQemu(open, Files.createDirectories(directory.resolve("owner")), WITH_CD);
        BareQemu standby = new BareQemu(open, Files.createDirectories(directory.resolve("standby")), WITH_CD);
        try (QemuVm here = BareQemu.connect(owner.settings());
                QemuVm there = BareQemu.connect(standby.settings())) {
            assertEquals(Optional.empty(), here.refusal());
            MachineParts parts = here.machine().orElseThrow();
            assertTrue(
                    parts.lines().stream().anyMatch(line -> line.startsWith("medium cd0 of 1048576 bytes, content ")),
                    () -> "" + parts.lines());
            assertEquals(Optional.empty(), there.machine().orElseThrow().differenceFrom(parts));

            Path another = Files.write(directory.resolve("another"), new byte[] {1});
            owner.operator("blockdev-change-medium", Map.of("id", "cd0", "filename", another.toString()));
            String unfit = awaitUnfit(here);
            assertTrue(unfit.startsWith("medium cd0 of "), unfit);
            assertTrue(unfit.contains(" has come, medium cd0 of 1048576 bytes"), unfit);
            assertEquals(Optional.empty(), here.refusal());
            String difference = there.machine()
                    .orElseThrow()
                    .differenceFrom(here.machine().orElseThrow())
                    .orElseThrow();
            assertTrue(difference.startsWith("without medium cd0 of "), difference);
        }
    }

    /** QEMU tells of it at about the time when it answers the operator. */
    private static String awaitUnfit(QemuVm vm) throws Exception {
        long deadline = System.nanoTime() + TimeUnit.SECONDS.toNanos(30);
        while (true) {
            try {
                vm.prepare();
            } catch (IOException unfit) {
                return unfit.getMessage();
            }
            assertTrue(System.nanoTime() < deadline, "nobody has noticed");
            vm.abandonDeviceState();
            vm.resumeKept();
            Thread.sleep(20);
        }
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
