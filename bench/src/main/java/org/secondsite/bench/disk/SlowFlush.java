package org.secondsite.bench.disk;

import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.IOException;
import java.io.InterruptedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.concurrent.TimeUnit;
import org.secondsite.bench.Figures;

/**
 * A storage whose flush takes long, such as a busy SATA disk or one over a network, below a QEMU that is stopped and continued as for
 * checkpoints: how long QMP {@code stop} takes, and how many writes with a flush after each four writers get done.
 *
 * <p>QEMU runs no guest: its writers are fio's, through an NBD export of QEMU's block layer, which {@code stop} drains and flushes as it
 * does for a guest. The flush is made slow by strace, which delays {@code fdatasync} and {@code fsync} of the process that has the image.
 */
final class SlowFlush {
    private static final int STOPS = 60;
    private static final int BETWEEN_MS = 100;
    /** A server that has just been started compiles itself. */
    private static final int WARM_UP_MS = 3_000;

    private static final int WRITERS = 4;
    /** After each write. Without a pause they keep QEMU's one thread busy, and that is what {@code stop} waits for. */
    private static final int THINK_MICROS = 2_000;

    private static final int START_SECONDS = 20;
    private static final double MOST_STOP_MS = 3;
    private static final double LEAST_RATE_RATIO = 10;

    /** What QEMU has as its disk. */
    enum Disk {
        /** The image itself, past the page cache. */
        RAW,
        /** The product's server, with capture, flushes answered at once: a protected VM's. */
        PROTECTED
    }

    /** What was measured with one of them. */
    private record Figure(double stopP50Ms, double stopP95Ms, double flushedWrites) {}

    private final Path work;
    private final int delayMs;
    private Figure raw;
    private Figure own;

    SlowFlush(Path work, int delayMs) {
        this.work = work;
        this.delayMs = delayMs;
    }

    void measure() throws IOException {
        raw = measure(Disk.RAW);
        own = measure(Disk.PROTECTED);
    }

    private List<String> slow(List<String> command) {
        List<String> slowed = new ArrayList<>(List.of(
                "strace",
                "-f",
                "-qq",
                "--seccomp-bpf",
                "-o",
                "/dev/null",
                "-e",
                "trace=fdatasync,fsync",
                "-e",
                "inject=fdatasync,fsync:delay_enter=" + delayMs * 1000));
        slowed.addAll(command);
        return slowed;
    }

    private Figure measure(Disk disk) throws IOException {
        String name = disk.name().toLowerCase(Locale.ROOT);
        Path image = work.resolve(DiskContender.PROTECTED.label());
        Path served = work.resolve("slow.nbd");
        Path monitor = work.resolve(name + ".qmp");
        List<Process> processes = new ArrayList<>();
        try {
            if (disk == Disk.PROTECTED) {
                processes.add(start("server", slow(DiskBenchCommand.ours(image, served, "at-once")), served));
            }
            String node = disk == Disk.RAW
                    ? "driver=raw,node-name=d0,cache.direct=on,file.driver=file,file.cache.direct=on,file.filename="
                            + image
                    : "driver=nbd,node-name=d0,server.type=unix,server.path=" + served;
            List<String> qemu = List.of(
                    "qemu-system-x86_64",
                    "-machine",
                    "none",
                    "-accel",
                    "tcg",
                    "-nodefaults",
                    "-display",
                    "none",
                    "-qmp",
                    "unix:" + monitor + ",server=on,wait=off",
                    "-blockdev",
                    node);
            processes.add(start("qemu-" + name, disk == Disk.RAW ? slow(qemu) : qemu, monitor));
            try (Monitor qmp = Monitor.connect(monitor)) {
                Figure figure = underLoad(qmp, work.resolve(name + ".export"), processes);
                qmp.execute("quit", "{}");
                return figure;
            }
        } finally {
            processes.reversed().forEach(SlowFlush::end);
        }
    }

    private Figure underLoad(Monitor qmp, Path export, List<Process> processes) throws IOException {
        qmp.execute("nbd-server-start", "{\"addr\": {\"type\": \"unix\", \"data\": {\"path\": \"" + export + "\"}}}");
        qmp.execute(
                "block-export-add",
                "{\"type\": \"nbd\", \"id\": \"e0\", \"node-name\": \"d0\", \"name\": \"d0\", \"writable\": true}");
        Process fio = new ProcessBuilder(
                        "fio",
                        "--name=flushed",
                        "--ioengine=nbd",
                        "--uri=nbd+unix:///d0?socket=" + export,
                        "--rw=randwrite",
                        "--bs=4k",
                        "--iodepth=1",
                        "--fsync=1",
                        "--thinktime=" + THINK_MICROS,
                        "--numjobs=" + WRITERS,
                        "--group_reporting",
                        "--size=256m",
                        "--norandommap",
                        "--time_based",
                        "--runtime=" + ((WARM_UP_MS + STOPS * 3 * BETWEEN_MS) / 1000) + "s",
                        "--output-format=json")
                .redirectErrorStream(true)
                .start();
        processes.add(fio);
        long[] nanos = new long[STOPS];
        pause(WARM_UP_MS);
        for (int i = 0; i < STOPS; i++) {
            pause(BETWEEN_MS);
            long start = System.nanoTime();
            qmp.execute("stop", "{}");
            nanos[i] = System.nanoTime() - start;
            qmp.execute("cont", "{}");
        }
        String printed = new String(fio.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
        double rate = new ObjectMapper()
                .readTree(printed.substring(Math.max(0, printed.indexOf('{'))))
                .at("/jobs/0/write/iops")
                .asDouble();
        if (rate == 0) {
            throw new IOException("fio has written nothing: " + printed);
        }
        Arrays.sort(nanos);
        return new Figure(nanos[STOPS / 2] / 1e6, nanos[STOPS * 95 / 100] / 1e6, rate);
    }

    private Process start(String name, List<String> command, Path socket) throws IOException {
        Path log = work.resolve(name + ".log");
        Process process = new ProcessBuilder(command)
                .redirectErrorStream(true)
                .redirectOutput(log.toFile())
                .start();
        long deadline = System.nanoTime() + TimeUnit.SECONDS.toNanos(START_SECONDS);
        while (!Files.exists(socket)) {
            if (!process.isAlive() || System.nanoTime() > deadline) {
                end(process);
                throw new IOException(name + " does not listen: " + Files.readString(log));
            }
            pause(20);
        }
        return process;
    }

    /** What strace runs lives on when strace is killed. */
    private static void end(Process process) {
        List<ProcessHandle> all = new ArrayList<>(process.descendants().toList());
        all.add(process.toHandle());
        all.forEach(ProcessHandle::destroyForcibly);
        process.onExit().join();
    }

    private static void pause(int millis) throws InterruptedIOException {
        try {
            Thread.sleep(millis);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new InterruptedIOException("interrupted");
        }
    }

    /** What does not hold, in words. */
    List<String> failures() {
        List<String> failures = new ArrayList<>();
        if (own.stopP95Ms() > MOST_STOP_MS) {
            failures.add(String.format(
                    Locale.ROOT,
                    "QMP stop p95 %.1f ms with a slow flush, must be %.0f",
                    own.stopP95Ms(),
                    MOST_STOP_MS));
        }
        double ratio = own.flushedWrites() / raw.flushedWrites();
        if (ratio < LEAST_RATE_RATIO) {
            failures.add(String.format(
                    Locale.ROOT,
                    "writes with a flush on a slow disk: %.1f times raw's, must be %.0f",
                    ratio,
                    LEAST_RATE_RATIO));
        }
        return failures;
    }

    /** A table in Markdown. */
    String table() {
        return String.format(
                Locale.ROOT,
                "| a flush takes %d ms | raw | protected |%n| --- | --- | --- |%n"
                        + "| QMP stop, p50 / p95, ms | %.1f / %.1f | %.1f / %.1f |%n"
                        + "| 4 KiB at random, %d writers, each write flushed, IO/s | %s | %s |%n",
                delayMs,
                raw.stopP50Ms(),
                raw.stopP95Ms(),
                own.stopP50Ms(),
                own.stopP95Ms(),
                WRITERS,
                Figures.text(raw.flushedWrites()),
                Figures.text(own.flushedWrites()));
    }

    void json(ObjectNode root) {
        ObjectNode node = root.putObject("slow-flush").put("delayMs", delayMs);
        json(node.putObject("raw"), raw);
        json(node.putObject("protected"), own);
    }

    private static void json(ObjectNode node, Figure figure) {
        node.put("stopP50Ms", figure.stopP50Ms())
                .put("stopP95Ms", figure.stopP95Ms())
                .put("flushedWritesPerSecond", figure.flushedWrites());
    }
}
