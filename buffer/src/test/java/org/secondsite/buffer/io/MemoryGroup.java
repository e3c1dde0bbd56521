package org.secondsite.buffer.io;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HexFormat;
import java.util.concurrent.ThreadLocalRandom;

/** A control group whose processes the kernel kills when they take more memory than it allows (cgroups(7), v1 or v2). */
final class MemoryGroup implements AutoCloseable {
    private static final Path ONE = Path.of("/sys/fs/cgroup/memory");
    private static final Path TWO = Path.of("/sys/fs/cgroup");

    private final boolean first = Files.isDirectory(ONE);
    private final Path group;

    MemoryGroup(long limitBytes) throws IOException {
        String name = "sst-buffer-"
                + HexFormat.of().toHexDigits(ThreadLocalRandom.current().nextInt(), 6);
        if (!first) {
            Files.writeString(TWO.resolve("cgroup.subtree_control"), "+memory");
        }
        group = Files.createDirectory((first ? ONE : TWO).resolve(name));
        Files.writeString(group.resolve(first ? "memory.limit_in_bytes" : "memory.max"), Long.toString(limitBytes));
    }

    /** What the process takes from now on counts. */
    void add(long pid) throws IOException {
        Files.writeString(group.resolve("cgroup.procs"), Long.toString(pid));
    }

    /** How many processes of the group the kernel has killed for want of memory. */
    long kills() throws IOException {
        return Files.readAllLines(group.resolve(first ? "memory.oom_control" : "memory.events")).stream()
                .filter(line -> line.startsWith("oom_kill "))
                .mapToLong(line -> Long.parseLong(line.substring("oom_kill ".length())))
                .sum();
    }

    @Override
    public void close() throws IOException {
        Files.delete(group);
    }
}
