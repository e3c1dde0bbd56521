package org.secondsite.lab.io;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.Stream;

/** What a daemon of the lab uses of the machine. */
record DaemonUse(int descriptors, int threads, long residentKiB, long logBytes) {
    static DaemonUse of(Lab lab, LabProcess process) throws IOException {
        Path proc = Path.of("/proc", Long.toString(process.pid()));
        List<String> status = Files.readAllLines(proc.resolve("status"));
        try (Stream<Path> open = Files.list(proc.resolve("fd"))) {
            return new DaemonUse(
                    (int) open.count(),
                    (int) number(status, "Threads:"),
                    number(status, "VmRSS:"),
                    Files.size(lab.paths().log(process.name())));
        }
    }

    /** A process that has ended has no such line. */
    private static long number(List<String> status, String name) throws IOException {
        return Long.parseLong(status.stream()
                .filter(line -> line.startsWith(name))
                .findFirst()
                .orElseThrow(() -> new IOException("no " + name + " of a process that has ended"))
                .replaceAll("\\D", ""));
    }
}
