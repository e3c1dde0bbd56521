package org.secondsite.lab.io;

import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import org.secondsite.config.io.DirectoryTree;
import org.secondsite.lab.plan.Guest;
import org.secondsite.lab.plan.GuestFiles;

/**
 * Builds what a guest boots from: a stock Debian kernel, an initial file system of busybox, drivers and {@code guestd}, compiled
 * here, and the image of its disk. Kept in a cache directory; built again when one of its sources has changed.
 */
public final class GuestImage {
    /** What the guest's service is compiled from. */
    private static final List<String> SERVICE = List.of("guestd.h", "guestd.c", "store.c");

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
    public GuestFiles files(Guest guest) throws IOException {
        Files.createDirectories(cache);
        GuestKernel kernel = GuestKernel.in(cache);
        List<String> names = new ArrayList<>(GuestKernel.NETWORK_DRIVERS);
        if (guest.hasDisk()) {
            names.addAll(GuestKernel.DISK_DRIVERS);
        }
        List<Path> drivers = kernel.drivers(names);
        Path initrd = cache.resolve("initrd-" + hash(service() + resource("init") + drivers) + ".cpio");
        if (!Files.exists(initrd)) {
            buildInitrd(initrd, drivers);
        }
        return new GuestFiles(kernel.image(), initrd, disk(guest));
    }

    private void buildInitrd(Path initrd, List<Path> drivers) throws IOException {
        Path work = Files.createTempDirectory(cache, "initrd");
        try {
            Path root = Files.createDirectories(work.resolve("root"));
            for (String directory : List.of("bin", "modules", "proc", "sys", "dev")) {
                Files.createDirectories(root.resolve(directory));
            }
            compileService(work, root.resolve("bin/guestd"));
            Files.copy(Path.of("/bin/busybox"), root.resolve("bin/busybox"));
            Files.writeString(root.resolve("init"), resource("init"));
            Files.setPosixFilePermissions(root.resolve("init"), PosixFilePermissions.fromString("rwxr-xr-x"));
            List<String> order = new ArrayList<>();
            for (Path driver : drivers) {
                String name = driver.getFileName().toString();
                Files.copy(driver, root.resolve("modules").resolve(name));
                order.add(name);
            }
            Files.write(root.resolve("modules/order"), order);
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

    private static void compileService(Path work, Path service) throws IOException {
        List<String> command =
                new ArrayList<>(List.of("gcc", "-std=c11", "-O2", "-static", "-s", "-o", service.toString()));
        for (String name : SERVICE) {
            Path source = Files.writeString(work.resolve(name), resource(name));
            if (name.endsWith(".c")) {
                command.add(source.toString());
            }
        }
        Commands.run(command, "");
    }

    /** All that the service is compiled from. */
    private static String service() throws IOException {
        StringBuilder all = new StringBuilder();
        for (String name : SERVICE) {
            all.append(resource(name));
        }
        return all.toString();
    }

    /** An ext4 file system, made without being mounted. */
    private Optional<Path> disk(Guest guest) throws IOException {
        if (!guest.hasDisk()) {
            return Optional.empty();
        }
        Path image = cache.resolve("disk-" + hash(guest.text() + guest.diskMiB() + contentOf(guest)) + ".raw");
        if (!Files.exists(image)) {
            Path work = Files.createTempDirectory(cache, "disk");
            try {
                Path root = filled(work, guest);
                Path made = work.resolve("disk.raw");
                Commands.run(
                        "mke2fs",
                        "-q",
                        "-t",
                        "ext4",
                        "-b",
                        "4096",
                        "-m",
                        "0",
                        "-E",
                        // All is laid out now, or the guest's kernel would do it beside its work.
                        "root_owner=0:0,lazy_itable_init=0,lazy_journal_init=0",
                        "-d",
                        root.toString(),
                        made.toString(),
                        guest.diskMiB() + "M");
                Files.move(made, image, StandardCopyOption.ATOMIC_MOVE);
            } finally {
                DirectoryTree.delete(work);
            }
        }
        return Optional.of(image);
    }

    /** What a disk's content depends on. */
    private static String contentOf(Guest guest) throws IOException {
        return switch (guest) {
            case MEMORY, DISK, TAP -> "";
            case WEB -> WebPages.NUMBER + " " + WebPages.BYTES;
            case POSTGRES -> DebianTree.recipe() + service();
        };
    }

    /** A directory with what is to be on the disk. */
    private Path filled(Path work, Guest guest) throws IOException {
        Path root = work.resolve("root");
        switch (guest) {
            case MEMORY, DISK, TAP -> Files.createDirectories(root);
            case WEB -> WebPages.write(Files.createDirectories(root.resolve("www")));
            case POSTGRES -> {
                root = DebianTree.in(cache);
                compileService(work, root.resolve("usr/local/sbin/guestd"));
            }
        }
        return root;
    }

    private static String hash(String sources) {
        return String.format("%08x", sources.hashCode());
    }

    private static String resource(String name) throws IOException {
        try (InputStream stream = GuestImage.class.getResourceAsStream("/guest/" + name)) {
            if (stream == null) {
                throw new IOException("guest/" + name + " is not on the class path");
            }
            return new String(stream.readAllBytes(), StandardCharsets.UTF_8);
        }
    }
}
