package org.secondsite.lab.plan;

import java.util.List;

/**
 * QEMU's command line for the protected VM. It is the same at both sites but for file names, because a checkpoint made by one
 * has to fit the other; so the machine type is pinned too.
 */
public final class GuestCommand {
    private GuestCommand() {}

    /** Program and arguments; waits for nothing and boots. */
    public static List<String> of(LabPaths paths, Site site, GuestFiles guest) {
        String ramMiB = LabNumbers.RAM_MIB + "M";
        return List.of(
                // The guest gives way to what guards it: under load it would otherwise take one of two cores.
                "nice",
                "-n",
                "5",
                "qemu-system-x86_64",
                "-name",
                LabNumbers.VM,
                "-machine",
                "pc-i440fx-7.2,memory-backend=ram",
                "-object",
                "memory-backend-file,id=ram,mem-path=" + paths.ram(site) + ",size=" + ramMiB + ",share=on",
                "-accel",
                "tcg",
                "-m",
                ramMiB,
                "-smp",
                "1",
                "-nodefaults",
                "-no-user-config",
                "-display",
                "none",
                "-serial",
                "file:" + paths.serial(site),
                "-qmp",
                "unix:" + paths.qmp(site) + ",server=on,wait=off",
                "-qmp",
                "unix:" + paths.testQmp(site) + ",server=on,wait=off",
                "-pidfile",
                paths.qemuPid(site).toString(),
                "-kernel",
                guest.kernel().toString(),
                "-initrd",
                guest.initrd().toString(),
                "-append",
                "console=ttyS0 quiet panic=1 ADDRESS=" + LabNumbers.VM_ADDRESS + "/24 GATEWAY="
                        + LabNumbers.INSIDE_ADDRESS,
                "-netdev",
                "tap,id=net0,ifname=" + LabNumbers.VM + ",script=no,downscript=no,vhost=off,vnet_hdr=off",
                "-device",
                "virtio-net-pci,id=nic0,netdev=net0,mac=" + LabNumbers.VM_MAC + ",romfile=");
    }
}
