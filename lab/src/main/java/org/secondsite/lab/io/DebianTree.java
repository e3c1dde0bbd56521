package org.secondsite.lab.io;

import java.io.IOException;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.List;
import java.util.Map;
import java.util.stream.Collectors;
import org.secondsite.config.io.DirectoryTree;

/**
 * A Debian with systemd and PostgreSQL, made by debootstrap: what is on the disk of the guest that has one, and the programs with which
 * that is talked to from outside, which are run in this tree by chroot. Made once, from Debian's mirror, and kept in a cache directory.
 */
final class DebianTree {
    private static final String SUITE = "bookworm";
    private static final String MIRROR = "http://deb.debian.org/debian";
    private static final List<String> PACKAGES = List.of("systemd-sysv", "udev", "kmod", "procps", "postgresql");
    private static final int MAKE_SECONDS = 1_200;
    private static final String PROGRAM = "/usr/sbin/debootstrap";
    private static final String CLUSTERS = "etc/postgresql";

    /** By the path below its root. */
    private static final Map<String, String> FILES = Map.of(
            "etc/hostname", "guest\n",
            "etc/fstab", "/dev/vda / ext4 noatime 0 0\n",
            // Without one systemd would take this for its first start and go through all units.
            "etc/machine-id", "5ec05d517e0000000000000000000001\n",
            "etc/systemd/system/guest-up.service", """
                    [Unit]
                    Description=What the lab asks, when the database serves
                    Requires=postgresql.service
                    After=postgresql.service postgresql@15-main.service
                    [Service]
                    ExecStart=/usr/local/sbin/guestd
                    StandardOutput=tty
                    TTYPath=/dev/ttyS0
                    LimitNOFILE=4096
                    """);

    /** Below {@code etc/systemd/system}, by the path there. */
    private static final Map<String, String> LINKS = Map.of(
            "multi-user.target.wants/guest-up.service", "/etc/systemd/system/guest-up.service",
            "serial-getty@ttyS0.service", "/dev/null",
            "getty@tty1.service", "/dev/null",
            "e2scrub_reap.service", "/dev/null",
            "apt-daily.timer", "/dev/null",
            "apt-daily-upgrade.timer", "/dev/null");

    private static final String SETTINGS = """
            listen_addresses = '*'
            shared_buffers = 32MB
            max_connections = 40
            checkpoint_timeout = 30s
            """;

    private static final String WHO_MAY = "host all all 0.0.0.0/0 trust\n";

    private DebianTree() {}

    /** What its content depends on. */
    static String recipe() {
        return SUITE + PACKAGES + sorted(FILES) + sorted(LINKS) + SETTINGS + WHO_MAY;
    }

    private static String sorted(Map<String, String> map) {
        return map.entrySet().stream().map(Map.Entry::toString).sorted().collect(Collectors.joining());
    }

    /**
     * Finds it in the cache, or makes it.
     *
     * @throws IOException if debootstrap is not there or fails
     */
    static Path in(Path cache) throws IOException {
        Path tree = cache.resolve("debian-" + String.format("%08x", recipe().hashCode()));
        if (!Files.exists(tree)) {
            make(cache, tree);
        }
        return tree;
    }

    private static void make(Path cache, Path tree) throws IOException {
        if (!Files.isExecutable(Path.of(PROGRAM))) {
            throw new IOException("the Debian package debootstrap is missing");
        }
        Path work = Files.createTempDirectory(cache, "debian");
        try {
            Path root = work.resolve("root");
            // In namespaces of its own: nothing that it mounts or starts outlives it.
            Commands.runFor(
                    MAKE_SECONDS,
                    List.of(
                            "unshare",
                            "--mount",
                            "--pid",
                            "--fork",
                            "--kill-child",
                            "env",
                            "LC_ALL=C.UTF-8",
                            PROGRAM,
                            "--variant=minbase",
                            "--include=" + String.join(",", PACKAGES),
                            SUITE,
                            root.toString(),
                            MIRROR));
            configure(root);
            Files.move(root, tree);
        } finally {
            DirectoryTree.delete(work);
        }
    }

    private static void configure(Path root) throws IOException {
        for (Map.Entry<String, String> file : FILES.entrySet()) {
            Files.writeString(root.resolve(file.getKey()), file.getValue());
        }
        Path units = root.resolve("etc/systemd/system");
        for (Map.Entry<String, String> link : LINKS.entrySet()) {
            Path at = units.resolve(link.getKey());
            Files.createDirectories(at.getParent());
            Files.deleteIfExists(at);
            Files.createSymbolicLink(at, Path.of(link.getValue()));
        }
        try (DirectoryStream<Path> versions = Files.newDirectoryStream(root.resolve(CLUSTERS))) {
            for (Path version : versions) {
                Path cluster = version.resolve("main");
                Files.writeString(cluster.resolve("conf.d/lab.conf"), SETTINGS);
                Files.writeString(cluster.resolve("pg_hba.conf"), WHO_MAY, StandardOpenOption.APPEND);
            }
        }
    }
}
