package org.secondsite.lab.plan;

import java.util.ArrayList;
import java.util.List;

/**
 * QEMU's command line for a protected VM. It is the same at both sites but for file names, because a checkpoint made by one
 * has to fit the other; so the machine type is pinned too.
 */
public final class GuestCommand {
    private static final long MAX_RECONNECT_SECONDS = 4_294_967;

    /** What is free is zero: what the boot left behind, the kernel's own archive twice, would be most of every first image. */
    private static final String EMPTIED = "init_on_free=1";

    private GuestCommand() {}

    /** That of the VM that every lab has, in the usual network. */
    public static List<String> of(Guest guest, LabPaths paths, Site site, GuestFiles files) {
        return of(guest, Network.USUAL, LabVm.FIRST, paths, site, files);
    }

    /** Program and arguments; waits for nothing but its disk, and boots. */
    public static List<String> of(Guest guest, Network network, LabVm vm, LabPaths all, Site site, GuestFiles files) {
        VmPaths paths = all.vm(vm);
        String ramMiB = guest.ramMiB() + "M";
        List<String> command = new ArrayList<>(List.of(
                // The guest gives way to what guards it: under load it would otherwise take one of two cores.
                "nice",
                "-n",
                "5",
                "qemu-system-x86_64",
                "-name",
                vm.name(),
                "-machine",
                "pc-i440fx-7.2,memory-backend=ram,dump-guest-core=off",
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
                files.kernel().toString(),
                "-initrd",
                files.initrd().toString(),
                "-append",
                "console=ttyS0 quiet panic=1 no_timer_check " + EMPTIED + " ADDRESS=" + vm.address() + "/24 GATEWAY="
                        + vm.firstHop()
                        + vm.store().map(store -> " STORE=" + store).orElse("")
                        + (guest.hasDisk() ? " DISK=/dev/vda" : "")
                        + (network.isDual()
                                ? " ADDRESS6=" + LabNumbers.VM_ADDRESS6 + "/64 GATEWAY6=" + LabNumbers.INSIDE_ADDRESS6
                                : "")
                        // Its udev would give the interface, which has its address by then, another name.
                        + (guest == Guest.POSTGRES ? " net.ifnames=0" : ""),
                "-netdev",
                "tap,id=net0,ifname=" + vm.name() + ",script=no,downscript=no,vhost=off,vnet_hdr=off",
                "-device",
                "virtio-net-pci,id=nic0,netdev=net0,mac=" + vm.mac() + ",romfile="));
        if (guest.hasDisk()) {
            command.addAll(disk(paths, site));
        }
        return command;
    }

    /** The same for a guest that goes on from where it had booted, if there is such a one. */
    static List<String> first(Guest guest, Network network, LabVm vm, LabPaths all, Site site, GuestFiles files) {
        List<String> command = new ArrayList<>(of(guest, network, vm, all, site, files));
        if (guest == Guest.TAP) {
            VmPaths paths = all.vm(vm);
            command.set(command.indexOf(served(paths, site)), own(paths, site));
        }
        if (files.booted().containsKey(vm.name())) {
            command.addAll(
                    List.of("-incoming", "exec:exec cat '" + files.booted().get(vm.name()) + "'"));
        }
        return command;
    }

    /**
     * A disk that the site's agent serves. While it is away the guest waits, and is never told of an error: QEMU connects again
     * for as long as it can count.
     */
    private static List<String> disk(VmPaths paths, Site site) {
        return List.of(
                "-blockdev",
                served(paths, site),
                "-device",
                "virtio-blk-pci,id=" + LabNumbers.DISK + ",drive=d0,werror=stop,rerror=stop");
    }

    private static String served(VmPaths paths, Site site) {
        return "driver=nbd,node-name=d0,server.type=unix,server.path=" + paths.diskSocket(site) + ",export="
                + paths.vm() + "." + LabNumbers.DISK + ",reconnect-delay=" + MAX_RECONNECT_SECONDS
                + ",open-timeout=60,discard=unmap";
    }

    /** The disk on which a guest is booted that is not served one. */
    private static String own(VmPaths paths, Site site) {
        return "driver=qcow2,node-name=d0,file.driver=file,file.filename=" + paths.ownDisk(site);
    }
}
