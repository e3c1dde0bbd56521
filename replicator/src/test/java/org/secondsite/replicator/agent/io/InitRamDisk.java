package org.secondsite.replicator.agent.io;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Locale;
import java.util.Map;

/**
 * A minimal initial RAM disk: a static busybox, a console, and a script as init.
 *
 * <p>The format is cpio "newc": per entry 13 numbers of 8 hex digits after a magic, the name, the content, each padded to 4
 * bytes. Source: the kernel's Documentation/driver-api/early-userspace/buffer-format.rst.
 */
final class InitRamDisk {
    private static final int DIRECTORY = 0040755;
    private static final int EXECUTABLE = 0100755;
    private static final int PLAIN_FILE = 0100644;
    private static final int CHARACTER_DEVICE = 0020600;

    private final ByteArrayOutputStream archive = new ByteArrayOutputStream();
    private int inodes;

    private InitRamDisk() {}

    /** Writes a RAM disk whose init is this shell script; busybox' commands are in {@code /bin}. */
    static void write(Path file, Path busybox, String script) throws IOException {
        write(file, busybox, script, Map.of());
    }

    /**
     * The same with drivers.
     *
     * @param drivers their files; NAME gets to {@code /NAME.ko}
     */
    static void write(Path file, Path busybox, String script, Map<String, Path> drivers) throws IOException {
        InitRamDisk disk = new InitRamDisk();
        for (String directory : new String[] {"bin", "dev", "proc", "tmp"}) {
            disk.entry(directory, DIRECTORY, 0, 0, new byte[0]);
        }
        disk.entry("dev/console", CHARACTER_DEVICE, 5, 1, new byte[0]);
        disk.entry("bin/busybox", EXECUTABLE, 0, 0, Files.readAllBytes(busybox));
        for (Map.Entry<String, Path> driver : drivers.entrySet()) {
            disk.entry(driver.getKey() + ".ko", PLAIN_FILE, 0, 0, Files.readAllBytes(driver.getValue()));
        }
        disk.entry("init", EXECUTABLE, 0, 0, script.getBytes(StandardCharsets.UTF_8));
        disk.entry("TRAILER!!!", 0, 0, 0, new byte[0]);
        Files.write(file, disk.archive.toByteArray());
    }

    private void entry(String name, int mode, int major, int minor, byte[] content) {
        inodes++;
        int[] numbers = {inodes, mode, 0, 0, 1, 0, content.length, 0, 0, major, minor, name.length() + 1, 0};
        StringBuilder header = new StringBuilder("070701");
        for (int number : numbers) {
            header.append(String.format(Locale.ROOT, "%08X", number));
        }
        archive.writeBytes(header.append(name).append('\0').toString().getBytes(StandardCharsets.US_ASCII));
        pad();
        archive.writeBytes(content);
        pad();
    }

    private void pad() {
        while (archive.size() % 4 != 0) {
            archive.write(0);
        }
    }
}
