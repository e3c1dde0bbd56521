package org.secondsite.replicator.agent.io;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;

/**
 * What a guest does: it counts on its serial console.
 *
 * @param drivers that its kernel needs, in order; one that is built in or unknown is passed over
 * @param once what its shell does first
 * @param work what its shell does between two ticks, which are in {@code $n}
 */
record LabScript(List<String> drivers, String once, String work) {
    LabScript {
        drivers = List.copyOf(drivers);
    }

    /** One that needs no drivers. */
    static LabScript of(String work) {
        return new LabScript(List.of(), ":", work);
    }

    String text() {
        return """
                #!/bin/busybox sh
                /bin/busybox --install -s /bin
                export PATH=/bin
                mount -t tmpfs tmp /tmp
                mount -t devtmpfs dev /dev
                mount -t proc proc /proc
                for driver in %s; do insmod /$driver.ko; done
                %s
                n=0
                while true; do
                  n=$((n+1))
                  echo "tick $n"
                  %s
                  usleep 20000
                done
                """.formatted(String.join(" ", files().keySet()), once, work);
    }

    /** The kernel that the drivers go with. */
    Path kernel() throws IOException {
        if (drivers.isEmpty()) {
            return LabGuest.kernel();
        }
        try (Stream<Path> boot = Files.list(tree().resolve("boot"))) {
            return boot.filter(file -> file.getFileName().toString().startsWith("vmlinuz-"))
                    .findFirst()
                    .orElseThrow();
        }
    }

    /** The drivers' files, by their names. */
    Map<String, Path> files() {
        Map<String, Path> files = new LinkedHashMap<>();
        if (drivers.isEmpty()) {
            return files;
        }
        try (Stream<Path> all = Files.walk(tree())) {
            List<Path> modules =
                    all.filter(file -> file.toString().endsWith(".ko")).toList();
            for (String driver : drivers) {
                modules.stream()
                        .filter(file -> file.getFileName().toString().equals(driver + ".ko"))
                        .findFirst()
                        .ifPresent(file -> files.put(driver, file));
            }
        } catch (IOException unreadable) {
            throw new UncheckedIOException(unreadable);
        }
        return files;
    }

    private static Path tree() throws IOException {
        Process asked = new ProcessBuilder("apt-cache", "depends", "linux-image-cloud-amd64").start();
        String said = new String(asked.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
        String name = said.lines()
                .map(String::strip)
                .filter(line -> line.startsWith("Depends: linux-image-"))
                .map(line -> line.substring("Depends: ".length()))
                .findFirst()
                .orElseThrow(() -> new IOException("apt knows no kernel for guests: run apt-get update: " + said));
        return UnpackedPackages.of(name);
    }
}
