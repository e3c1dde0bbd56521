package org.secondsite.lab.io;

import java.io.IOException;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.List;
import java.util.stream.Stream;
import org.secondsite.config.io.DirectoryTree;

/**
 * A stock Debian kernel and the drivers that the guests need, fetched as a package and unpacked without being installed. Kept in
 * a cache directory, whose name says for which drivers it was made.
 */
final class GuestKernel {
    /** In the order in which they have to be loaded; a driver that the kernel has built in is no file and is left out. */
    static final List<String> NETWORK_DRIVERS = List.of(
            "virtio_ring",
            "virtio",
            "virtio_pci_modern_dev",
            "virtio_pci_legacy_dev",
            "virtio_pci",
            "failover",
            "net_failover",
            "virtio_net");

    /** What a disk needs besides; also in order. */
    static final List<String> DISK_DRIVERS =
            List.of("virtio_blk", "crc16", "libcrc32c", "crc32c_generic", "mbcache", "jbd2", "ext4");

    private static final String META_PACKAGE = "linux-image-cloud-amd64";

    private final Path directory;

    private GuestKernel(Path directory) {
        this.directory = directory;
    }

    /**
     * Finds it in the cache, or fetches it.
     *
     * @throws IOException if it cannot be had
     */
    static GuestKernel in(Path cache) throws IOException {
        List<String> wanted =
                Stream.concat(NETWORK_DRIVERS.stream(), DISK_DRIVERS.stream()).toList();
        GuestKernel kernel = new GuestKernel(cache.resolve("kernel-" + String.format("%08x", wanted.hashCode())));
        if (!Files.exists(kernel.image())) {
            kernel.fetch(cache, wanted);
        }
        return kernel;
    }

    /** What QEMU boots. */
    Path image() {
        return directory.resolve("vmlinuz");
    }

    /** The files of those of these drivers that are not built in, in the same order. */
    List<Path> drivers(List<String> names) {
        return names.stream()
                .map(name -> directory.resolve(name + ".ko"))
                .filter(Files::exists)
                .toList();
    }

    private void fetch(Path cache, List<String> wanted) throws IOException {
        String packageName = Commands.run("apt-cache", "depends", META_PACKAGE)
                .lines()
                .map(String::strip)
                .filter(line -> line.startsWith("Depends: linux-image-"))
                .map(line -> line.substring("Depends: ".length()))
                .findFirst()
                .orElseThrow(() -> new IOException(
                        "apt knows no kernel for " + META_PACKAGE + "; run apt-get update and try again"));
        Files.createDirectories(directory);
        Path work = Files.createTempDirectory(cache, "kernel");
        try {
            Commands.run("sh", "-c", "cd '" + work + "' && apt-get download -q " + packageName);
            Path unpacked = work.resolve("unpacked");
            Commands.run("dpkg-deb", "-x", only(work, "*.deb").toString(), unpacked.toString());
            try (Stream<Path> all = Files.walk(unpacked)) {
                for (Path module :
                        all.filter(file -> file.toString().endsWith(".ko")).toList()) {
                    String name = module.getFileName().toString();
                    if (wanted.contains(name.substring(0, name.length() - ".ko".length()))) {
                        Files.copy(module, directory.resolve(name), StandardCopyOption.REPLACE_EXISTING);
                    }
                }
            }
            // The kernel comes last: its presence says that all of it is there.
            Files.move(only(unpacked.resolve("boot"), "vmlinuz-*"), image(), StandardCopyOption.REPLACE_EXISTING);
        } finally {
            DirectoryTree.delete(work);
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
