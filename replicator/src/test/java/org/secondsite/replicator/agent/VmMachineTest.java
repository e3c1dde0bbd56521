package org.secondsite.replicator.agent;

import static org.junit.jupiter.api.Assertions.assertEquals;

import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.secondsite.replicator.agent.VmMachine.Device;
import org.secondsite.replicator.agent.VmMachine.Memory;

class VmMachineTest {
    private static final long RAM = 64 << 20;
    private static final Memory SHARED = new Memory("ram0", RAM, true);

    private static VmMachine with(List<Memory> memories, long ramBytes, List<Device> devices) {
        return machine(memories, ramBytes, 1, List.of(), devices, List.of());
    }

    private static VmMachine machine(
            List<Memory> memories,
            long ramBytes,
            int processors,
            List<String> blockers,
            List<Device> devices,
            List<String> tpms) {
        return new VmMachine(
                "pc-q35-7.2-machine",
                memories,
                ramBytes,
                new VmMachine.Processors(processors, "max-x86_64-cpu"),
                blockers,
                devices,
                List.of("0.0 8086:29c0"),
                tpms);
    }

    private static VmMachine with(Device... devices) {
        return with(List.of(SHARED), RAM, List.of(devices));
    }

    @Test
    void isFitWithAllOfItsRamInOneSharedBackendAndDevicesThatMigrate() {
        assertEquals(
                Optional.empty(),
                with(new Device("net0", "virtio-net-pci"), new Device("device[1]", "virtio-vga"))
                        .refusal(SHARED));
    }

    @Test
    void aSecondSharedBackendIsNamedInWhateverOrderQemuTellsThem() {
        Memory other = new Memory("m1", 4 << 20, true);
        String refusal =
                "memory backend m1 (4 MiB) is shared, and ram0 alone is carried to the other site: remove it, or give the VM"
                        + " all of its RAM in one shared backend";
        assertEquals(
                Optional.of(refusal),
                with(List.of(SHARED, other), RAM, List.of()).refusal(SHARED));
        assertEquals(
                Optional.of(refusal),
                with(List.of(other, SHARED), RAM, List.of()).refusal(SHARED));
    }

    @Test
    void ramBesideTheSharedBackendIsRefused() {
        assertEquals(
                Optional.of(
                        "the VM has 128 MiB of RAM, and memory backend ram0 (64 MiB) is not all of it: give the VM all of its RAM in"
                                + " one shared backend"),
                with(List.of(SHARED, new Memory("m1", RAM, false)), 2 * RAM, List.of())
                        .refusal(SHARED));
    }

    @ParameterizedTest
    @CsvSource({
        "vfio-pci, writes to RAM where the agent does not see it",
        "vfio-pci-nohotplug, writes to RAM where the agent does not see it",
        "vhost-user-fs-pci, 'shares a directory of this host, which is not carried to the other site'",
        "vhost-user-blk-pci, 'keeps its state in another process, which is not carried to the other site'",
        "virtio-9p-pci, 'shares a directory of this host, which is not carried to the other site'",
    })
    void devicesWithoutAWholeStateAreNamed(String type, String fault) {
        assertEquals(
                Optional.of("device d1 (" + type + ") " + fault + ": remove it"),
                with(new Device("d1", type)).refusal(SHARED));
    }

    @Test
    void whatQemuItselfCannotMigrateIsToldInItsWords() {
        assertEquals(
                Optional.of(
                        "QEMU cannot write the state of this VM: non-migratable device: 0000:00:01.0/nvme: remove what it names"),
                machine(
                                List.of(SHARED),
                                RAM,
                                1,
                                List.of("non-migratable device: 0000:00:01.0/nvme"),
                                List.of(),
                                List.of())
                        .refusal(SHARED));
    }

    @Test
    void aTrustedPlatformModuleIsRefusedUntilItsFileIsCarried() {
        assertEquals(
                Optional.of(
                        "the trusted platform module (tpm-crb) keeps its state in a file that is not carried to the other site: remove it"),
                machine(List.of(SHARED), RAM, 1, List.of(), List.of(), List.of("tpm-crb"))
                        .refusal(SHARED));
    }

    @Test
    void whatHasComeAndWhatIsGoneIsTold() {
        VmMachine before = with(new Device("net0", "virtio-net-pci"));
        assertEquals("", before.differenceFrom(with(new Device("net0", "virtio-net-pci"))));
        VmMachine after =
                machine(List.of(SHARED), RAM, 2, List.of(), List.of(new Device("net1", "virtio-net-pci")), List.of());
        assertEquals(
                "device net1 (virtio-net-pci) has come, device net0 (virtio-net-pci) is gone, 2 processors instead of 1",
                after.differenceFrom(before));
    }

    @Test
    void isPrintedAsTheOtherSiteHasToHaveIt() {
        VmMachine machine = with(
                new Device("net0", "virtio-net-pci", "pcie.0 3.0"),
                new Device("device[0]", "usb-tablet", "usb-bus.0"),
                new Device("device[1]", "usb-tablet", "usb-bus.0"));
        assertEquals(
                List.of(
                        "1 processors of max-x86_64-cpu",
                        "2 times device usb-tablet at usb-bus.0",
                        "64 MiB of RAM",
                        "PCI 0.0 8086:29c0",
                        "device net0 (virtio-net-pci) at pcie.0 3.0",
                        "machine pc-q35-7.2-machine",
                        "memory backend ram0 (64 MiB)"),
                machine.print().lines());
    }
}
