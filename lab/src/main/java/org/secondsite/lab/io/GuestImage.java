package org.secondsite.lab.io;

import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Stream;
import org.secondsite.config.io.DirectoryTree;
import org.secondsite.lab.plan.GuestFiles;

/**
 * Builds what the guest boots from: a stock Debian kernel, fetched as a package and unpacked without being installed, and an
 * initial file system of busybox, the drivers for virtio-net and {@code guestd}, compiled here. Kept in a cache directory;
 * built again when one of its sources has changed.
 */
public final class GuestImage {
    /** In the order in which they have to be loaded; a driver that the kernel has built in is no file and is left out. */
    private static final List<String> DRIVERS = List.of(
            "virtio_ring",
            "virtio",
            "virtio_pci_modern_dev",
            "virtio_pci_legacy_dev",
            "virtio_pci",
            "failover",
            "net_failover",
            "virtio_net");

    private static final String KERNEL_META_PACKAGE = "linux-image-cloud-amd64";

    private final Path cache;

    /** With the cache in a directory, which is made if needed. */
    public GuestImage(Path cache) {
        this.cache = cache;
    }

    /** The cache directory of this user. */
    public static Path defaultCache() {
        return Path.of(System.getProperty("user.home"), ".cache", "secondsite", "guest");
    }

    /**
     * The files, built if they are not there.
     *
     * @throws IOException if the kernel cannot be had or a tool is missing or fails
     */
    public GuestFiles files() throws IOException {
        Files.createDirectories(cache);
        Path kernel = cache.resolve("vmlinuz");
        if (!Files.exists(kernel)) {
            fetchKernel(kernel);
        }
        Path initrd = cache.resolve("initrd-" + sourcesHash() + ".cpio");
        if (!Files.exists(initrd)) {
            buildInitrd(initrd);
        }
        return new GuestFiles(kernel, initrd);
    }

    private void fetchKernel(Path kernel) throws IOException {
        String packageName = Commands.run("apt-cache", "depends", KERNEL_META_PACKAGE)
                .lines()
                .map(String::strip)
                .filter(line -> line.startsWith("Depends: linux-image-"))
                .map(line -> line.substring("Depends: ".length()))
                .findFirst()
                .orElseThrow(() -> new IOException(
                        "apt knows no kernel for " + KERNEL_META_PACKAGE + "; run apt-get update and try again"));
        Path work = Files.createTempDirectory(cache, "kernel");
        try {
            Commands.run("sh", "-c", "cd '" + work + "' && apt-get download -q " + packageName);
            Path unpacked = work.resolve("unpacked");
            Commands.run("dpkg-deb", "-x", only(work, "*.deb").toString(), unpacked.toString());
            Path drivers = Files.createDirectories(cache.resolve("drivers"));
            List<Path> found = driverFiles(unpacked);
            for (Path driver : found) {
                Files.copy(
                        driver, drivers.resolve(driver.getFileName().toString()), StandardCopyOption.REPLACE_EXISTING);
            }
            Files.writeString(
                    drivers.resolve("order"),
                    found.stream().map(driver -> driver.getFileName() + "\n").reduce("", String::concat));
            // The kernel comes last: its presence says that all of it is there.
            Files.move(only(unpacked.resolve("boot"), "vmlinuz-*"), kernel);
        } finally {
            DirectoryTree.delete(work);
        }
    }

    private static List<Path> driverFiles(Path unpacked) throws IOException {
        try (Stream<Path> all = Files.walk(unpacked)) {
            List<Path> modules =
                    all.filter(file -> file.toString().endsWith(".ko")).toList();
            List<Path> found = new ArrayList<>();
            for (String driver : DRIVERS) {
                modules.stream()
                        .filter(module -> module.getFileName().toString().equals(driver + ".ko"))
                        .forEach(found::add);
            }
            return found;
        }
    }

    private void buildInitrd(Path initrd) throws IOException {
        Path work = Files.createTempDirectory(cache, "initrd");
        try {
            Path root = Files.createDirectories(work.resolve("root"));
            for (String directory : List.of("bin", "modules", "proc", "sys", "dev")) {
                Files.createDirectories(root.resolve(directory));
            }
            Path source = work.resolve("guestd.c");
            Files.write(source, resource("guestd.c"));
            Commands.run(
                    "gcc",
                    "-std=c11",
                    "-O2",
                    "-static",
                    "-s",
                    "-o",
                    root.resolve("bin/guestd").toString(),
                    source.toString());
            Files.copy(Path.of("/bin/busybox"), root.resolve("bin/busybox"));
            Files.write(root.resolve("init"), resource("init"));
            Files.setPosixFilePermissions(root.resolve("init"), PosixFilePermissions.fromString("rwxr-xr-x"));
            try (DirectoryStream<Path> drivers = Files.newDirectoryStream(cache.resolve("drivers"))) {
                for (Path driver : drivers) {
                    Files.copy(driver, root.resolve("modules").resolve(driver.getFileName()));
                }
            }
            // Uncompressed: unpacking costs the emulated processor more than reading.
            Path archive = work.resolve("initrd.cpio");
            Commands.run(
                    "sh",
                    "-c",
                    "cd '" + root + "' && find . | LC_ALL=C sort | cpio --quiet -o -H newc --owner 0:0 > '" + archive
                            + "'");
            Files.move(archive, initrd, StandardCopyOption.ATOMIC_MOVE);
        } finally {
            DirectoryTree.delete(work);
        }
    }

    private static String sourcesHash() throws IOException {
        String sources = new String(resource("guestd.c"), StandardCharsets.UTF_8)
                + new String(resource("init"), StandardCharsets.UTF_8);
        return String.format("%08x", sources.hashCode());
    }

    private static byte[] resource(String name) throws IOException {
        try (InputStream stream = GuestImage.class.getResourceAsStream("/guest/" + name)) {
            if (stream == null) {
                throw new IOException("guest/" + name + " is not on the class path");
            }
            return stream.readAllBytes();
        }
    }

    private static Path only(Path directory, String pattern) throws IOException {
        try (DirectoryStream<Path> files = Files.newDirectoryStream(directory, pattern)) {
            for (Path file : files) {
                return file;
            }
        }
        throw new IOException("no " + pattern + " in " + directory);
    }
}
