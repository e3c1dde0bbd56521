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

    /** The emulator's control socket. */
    public Path wanControl() {
        return file("wan.sock");
    }

    /** The guest's RAM at a site. */
    public Path ram(Site site) {
        return Path.of("/dev/shm", name + "-" + LabNumbers.VM + "-" + site.id() + ".ram");
    }

    /** The guests' disks at both sites. Everything below goes when the lab goes. */
    public Path disks() {
        return ALL_DISKS.resolve(name);
    }

    /** The guest's disk at a site. */
    public Path disk(Site site) {
        return disks().resolve(LabNumbers.VM + "-" + site.id() + ".raw");
    }

    /** The disk that a guest has of its own, of which {@link #disk} is a copy. */
    public Path ownDisk(Site site) {
        return disks().resolve(LabNumbers.VM + "-" + site.id() + ".qcow2");
    }

    /** What a site's agent keeps of disks across restarts. */
    public Path agentState(Site site) {
        return disks().resolve("agent-" + site.id());
    }

    /** Sockets of a site's agent. */
    public Path agentRun(Site site) {
        return file("agent-" + site.id());
    }

    /** Where a site's agent serves the guest's disk. */
    public Path diskSocket(Site site) {
        return agentRun(site).resolve(LabNumbers.VM + "." + LabNumbers.DISK + ".nbd");
    }

    /** The monitor that the agent uses. */
    public Path qmp(Site site) {
        return file(LabNumbers.VM + "-" + site.id() + ".qmp");
    }

    /** A second monitor, for tests. */
    public Path testQmp(Site site) {
        return file(LabNumbers.VM + "-" + site.id() + ".test.qmp");
    }

    /** QEMU's process id, written by QEMU itself, whoever started it. */
    public Path qemuPid(Site site) {
        return file(LabNumbers.VM + "-" + site.id() + ".pid");
    }

    /** What the guest printed on its serial port. */
    public Path serial(Site site) {
        return file("logs/" + LabNumbers.VM + "-" + site.id() + ".serial");
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
