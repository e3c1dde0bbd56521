package org.secondsite.lab.plan;

import java.nio.file.Path;

/** The files of one VM of a lab. */
public record VmPaths(LabPaths lab, String vm) {
    /** The guest's RAM at a site. */
    public Path ram(Site site) {
        return Path.of("/dev/shm", lab.name() + "-" + vm + "-" + site.id() + ".ram");
    }

    /** The guest's disk at a site. */
    public Path disk(Site site) {
        return lab.disks().resolve(vm + "-" + site.id() + ".raw");
    }

    /** The disk that a guest has of its own, of which {@link #disk} is a copy. */
    public Path ownDisk(Site site) {
        return lab.disks().resolve(vm + "-" + site.id() + ".qcow2");
    }

    /** Where a site's agent serves the guest's disk. */
    public Path diskSocket(Site site) {
        return lab.agentRun(site).resolve(vm + "." + LabNumbers.DISK + ".nbd");
    }

    /** The monitor that the agent uses. */
    public Path qmp(Site site) {
        return lab.file(vm + "-" + site.id() + ".qmp");
    }

    /** A second monitor, for tests. */
    public Path testQmp(Site site) {
        return lab.file(vm + "-" + site.id() + ".test.qmp");
    }

    /** QEMU's process id, written by QEMU itself, whoever started it. */
    public Path qemuPid(Site site) {
        return lab.file(vm + "-" + site.id() + ".pid");
    }

    /** What the guest printed on its serial port. */
    public Path serial(Site site) {
        return lab.file("logs/" + vm + "-" + site.id() + ".serial");
    }
}
