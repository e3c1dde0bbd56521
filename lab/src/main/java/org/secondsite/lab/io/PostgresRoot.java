package org.secondsite.lab.io;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.List;
import org.secondsite.lab.plan.LabNumbers;

/** Debian 12 with PostgreSQL, as a directory tree for a guest's disk; needs the Debian package debootstrap and some minutes. */
final class PostgresRoot {
    static final String PACKAGES =
            "systemd-sysv,udev,kmod,procps,iproute2,ifupdown,e2fsprogs,postgresql,postgresql-contrib";

    private static final int LIMIT_SECONDS = 900;

    private PostgresRoot() {}

    /**
     * Makes the tree.
     *
     * @param root does not exist
     * @param guestd the lab's service, compiled
     * @param setup the script that configures the tree
     */
    static void write(Path root, Path guestd, Path setup) throws IOException {
        Commands.runFor(
                LIMIT_SECONDS,
                List.of("debootstrap", "--variant=minbase", "--include=" + PACKAGES, "bookworm", root.toString()));
        Path service = root.resolve("usr/local/bin/guestd");
        Files.copy(guestd, service);
        Files.setPosixFilePermissions(service, PosixFilePermissions.fromString("rwxr-xr-x"));
        Commands.run(
                "env",
                "ADDRESS=" + LabNumbers.VM_ADDRESS + "/24",
                "GATEWAY=" + LabNumbers.INSIDE_ADDRESS,
                "CLIENTS=0.0.0.0/0",
                "sh",
                setup.toString(),
                root.toString());
        Commands.run(
                "sh", "-c", "rm -rf '" + root + "'/var/cache/apt/archives/*.deb '" + root + "'/var/lib/apt/lists/*");
    }
}
