package org.secondsite.gateway.cli;

import java.io.File;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

/**
 * Another process of this program, with the Java and the class path of this one, started as the launcher does, which tells in
 * {@code secondsite.cache} where it keeps classes linked ahead of time.
 */
final class JavaProcess implements AutoCloseable {
    /**
     * How a witness is started: a heap that fits ten thousand groups, a compiler and a collector without threads of their own,
     * few buffers. The launcher has the same.
     */
    static final List<String> WITNESS_OPTIONS = List.of(
            "-Xms8m",
            "-Xmx24m",
            "-Xss512k",
            "-XX:+UseSerialGC",
            "-XX:TieredStopAtLevel=1",
            "-XX:CICompilerCount=1",
            "-XX:-UsePerfData",
            "-XX:MaxMetaspaceSize=64m",
            "-XX:ReservedCodeCacheSize=24m",
            "-XX:MaxDirectMemorySize=16m",
            "-Dio.netty.allocator.type=unpooled");

    /** How a gateway is started in a measurement. */
    static final List<String> GATEWAY_OPTIONS =
            List.of("-Xmx64m", "-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1", "-XX:-UsePerfData");

    private static final List<String> EVERY = List.of(
            "-XX:MetaspaceSize=64m", "--enable-native-access=ALL-UNNAMED", "--sun-misc-unsafe-memory-access=allow");

    private final Process process;

    private JavaProcess(Process process) {
        this.process = process;
    }

    static JavaProcess start(List<String> options, Path log, String... arguments) throws IOException {
        List<String> command = new ArrayList<>();
        command.add(Path.of(System.getProperty("java.home"), "bin", "java").toString());
        command.addAll(options);
        command.addAll(EVERY);
        Path cache = Path.of(System.getProperty("secondsite.cache", ""));
        if (Files.isRegularFile(cache)) {
            command.addAll(List.of("-XX:AOTCache=" + cache, "-Xlog:aot=off"));
        }
        command.addAll(List.of("-cp", System.getProperty("java.class.path"), Main.class.getName()));
        command.addAll(List.of(arguments));
        File file = log.toFile();
        ProcessBuilder builder = new ProcessBuilder(command)
                .redirectErrorStream(true)
                .redirectOutput(ProcessBuilder.Redirect.appendTo(file));
        // The C library's own caches for each thread are not needed here; the launcher says the same.
        builder.environment().put("MALLOC_ARENA_MAX", "1");
        return new JavaProcess(builder.start());
    }

    boolean isAlive() {
        return process.isAlive();
    }

    /** Resident memory in KiB, from {@code /proc}: {@code VmRSS} for now, {@code VmHWM} for the most it ever was. */
    long residentKib(String which) throws IOException {
        for (String line : Files.readAllLines(Path.of("/proc/" + process.pid() + "/status"))) {
            if (line.startsWith(which + ":")) {
                return Long.parseLong(line.replaceAll("[^0-9]", ""));
            }
        }
        throw new IOException("no " + which + " of process " + process.pid());
    }

    /** Kills it at once, and answers when: just before the signal. */
    long kill() {
        long now = System.nanoTime();
        process.destroyForcibly();
        return now;
    }

    long pid() {
        return process.pid();
    }

    void awaitEnd() throws InterruptedException {
        process.waitFor();
    }

    @Override
    public void close() {
        process.destroyForcibly();
    }
}
