package org.secondsite.buffer.io.kernel;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.Stream;

/**
 * The network namespace's settings under {@code /proc/sys/net}, which belong to the namespace of the thread that
 * asks.
 */
final class Sysctl {
    private static final Path NET = Path.of("/proc/sys/net");

    private Sysctl() {}

    static boolean hasIpv6() {
        return Files.isDirectory(NET.resolve("ipv6/conf/all"));
    }

    /** Reads a setting such as {@code ipv4/ip_forward}. */
    static String get(String name) throws IOException {
        return Files.readString(NET.resolve(name)).strip();
    }

    static void set(String name, int value) throws IOException {
        String text = Integer.toString(value);
        if (!get(name).equals(text)) {
            Files.writeString(NET.resolve(name), text);
        }
    }

    /** The interfaces that IPv4 knows here. */
    static List<String> interfaces() throws IOException {
        try (Stream<Path> entries = Files.list(NET.resolve("ipv4/conf"))) {
            return entries.map(path -> path.getFileName().toString())
                    .filter(name -> !name.equals("all") && !name.equals("default"))
                    .sorted()
                    .toList();
        }
    }
}
