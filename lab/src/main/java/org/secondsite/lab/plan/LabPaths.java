package org.secondsite.lab.plan;

import java.nio.file.Path;

/**
 * Every file of a lab. All live in one directory, except the guests' memory, which has to be on a memory file system, and their
 * disks, which must not be.
 */
public record LabPaths(String name) {
    /** Where all labs live. */
    public static final Path ALL = Path.of("/run/secondsite-lab");

    /** Where the disks of all labs live. */
    public static final Path ALL_DISKS = Path.of("/var/tmp/secondsite-lab");

    /** The lab's own. Everything below goes when the lab goes. */
    public Path directory() {
        return ALL.resolve(name);
    }

    /** A file or directory in the lab's directory. */
    public Path file(String relative) {
        return directory().resolve(relative);
    }

    /** What is up. */
    public Path state() {
        return file("state.json");
    }

    /** What a process printed. */
    public Path log(String process) {
        return file("logs/" + process + ".log");
    }

    /** A gateway's management socket. */
    public Path management(Site site) {
        return file("gateway-" + site.id() + ".sock");
    }

    /** Where a site's agent reaches its gateway, in a lab in which it does so by a Unix socket. */
    public Path agents(Site site) {
        return file("agents-" + site.id() + ".sock");
    }

    /** The emulator's control socket. */
    public Path wanControl() {
        return file("wan.sock");
    }

    /** The files of one of its VMs. */
    public VmPaths vm(LabVm vm) {
        return new VmPaths(this, vm.name());
    }

    /** {@link VmPaths#ram} of the VM that every lab has. */
    public Path ram(Site site) {
        return vm(LabVm.FIRST).ram(site);
    }

    /** The guests' disks at both sites. Everything below goes when the lab goes. */
    public Path disks() {
        return ALL_DISKS.resolve(name);
    }

    /** {@link VmPaths#disk} of the VM that every lab has. */
    public Path disk(Site site) {
        return vm(LabVm.FIRST).disk(site);
    }

    /** {@link VmPaths#ownDisk} of the VM that every lab has. */
    public Path ownDisk(Site site) {
        return vm(LabVm.FIRST).ownDisk(site);
    }

    /** What a site's agent keeps of disks across restarts. */
    public Path agentState(Site site) {
        return disks().resolve("agent-" + site.id());
    }

    /** Sockets of a site's agent. */
    public Path agentRun(Site site) {
        return file("agent-" + site.id());
    }

    /** {@link VmPaths#diskSocket} of the VM that every lab has. */
    public Path diskSocket(Site site) {
        return vm(LabVm.FIRST).diskSocket(site);
    }

    /** {@link VmPaths#qmp} of the VM that every lab has. */
    public Path qmp(Site site) {
        return vm(LabVm.FIRST).qmp(site);
    }

    /** {@link VmPaths#testQmp} of the VM that every lab has. */
    public Path testQmp(Site site) {
        return vm(LabVm.FIRST).testQmp(site);
    }

    /** {@link VmPaths#qemuPid} of the VM that every lab has. */
    public Path qemuPid(Site site) {
        return vm(LabVm.FIRST).qemuPid(site);
    }

    /** {@link VmPaths#serial} of the VM that every lab has. */
    public Path serial(Site site) {
        return vm(LabVm.FIRST).serial(site);
    }

    /** Files of a site's switch. */
    public Path switchDirectory(Site site) {
        return file("switch-" + site.id());
    }

    /** Files of FRR, which must own the directory. */
    public Path frrDirectory() {
        return file("router-a");
    }
}
