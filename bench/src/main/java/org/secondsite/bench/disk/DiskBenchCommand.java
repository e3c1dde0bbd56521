package org.secondsite.bench.disk;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.IOException;
import java.io.InterruptedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.Callable;
import java.util.concurrent.TimeUnit;
import java.util.stream.Collectors;
import org.secondsite.bench.io.Machine;
import org.secondsite.config.io.DirectoryTree;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;

/** {@code secondsite bench disk}. */
@Command(
        name = "disk",
        mixinStandardHelpOptions = true,
        description =
                "The disk server beside qemu-nbd, under fio, in one run. Needs qemu-utils, qemu-system-x86, strace and fio.")
public final class DiskBenchCommand implements Callable<Integer> {
    private static final int IMAGE_MIB = 512;
    private static final int START_SECONDS = 10;
    private static final int MAX_SAID_LINES = 5;
    private static final ObjectMapper JSON = new ObjectMapper();

    @Option(
            names = "--rounds",
            defaultValue = "5",
            description = "Samples of each figure under fio, 0 to leave that part out (default ${DEFAULT-VALUE}).")
    private int rounds;

    @Option(names = "--seconds", defaultValue = "2", description = "Length of one sample (default ${DEFAULT-VALUE}).")
    private double seconds;

    @Option(
            names = "--directory",
            defaultValue = "/var/tmp",
            description = "Where the images are to be, on the disk in question (default ${DEFAULT-VALUE}).")
    private Path directory;

    @Option(
            names = "--slow-flush",
            paramLabel = "MS",
            defaultValue = "25",
            description =
                    "How long a flush takes in the part about slow storage, 0 to leave it out (default ${DEFAULT-VALUE}).")
    private int slowFlushMs;

    @Option(names = "--report", paramLabel = "FILE", description = "Write all samples as JSON.")
    private Path file;

    @Override
    public Integer call() throws IOException, InterruptedException {
        DiskReport report = new DiskReport();
        List<String> failures = new ArrayList<>();
        ObjectNode json;
        Path work = Files.createTempDirectory(directory, "secondsite-bench-disk");
        try {
            for (DiskContender contender : DiskContender.values()) {
                run(List.of(
                        "dd",
                        "if=/dev/urandom",
                        "of=" + work.resolve(contender.label()),
                        "bs=1M",
                        "count=" + IMAGE_MIB,
                        "conv=fdatasync"));
            }
            if (rounds > 0) {
                measure(work, report);
                System.out.println(report.table());
                failures.addAll(report.failures());
            }
            json = report.json();
            if (slowFlushMs > 0) {
                System.err.println("a slow flush …");
                SlowFlush slow = new SlowFlush(work, slowFlushMs);
                slow.measure();
                System.out.println(slow.table());
                failures.addAll(slow.failures());
                slow.json(json);
            }
        } finally {
            DirectoryTree.delete(work);
        }
        failures.forEach(failure -> System.out.println("does not hold: " + failure));
        if (file != null) {
            Machine.write(file, json);
        }
        return failures.isEmpty() ? 0 : 1;
    }

    private void measure(Path work, DiskReport report) throws IOException, InterruptedException {
        List<Process> servers = new ArrayList<>();
        try {
            for (DiskContender contender : DiskContender.values()) {
                servers.add(serve(contender, work));
            }
            for (int round = 0; round <= rounds; round++) {
                System.err.println(round == 0 ? "warming up …" : "round " + round + " of " + rounds + " …");
                round(work, round == 0 ? new DiskReport() : report);
            }
        } finally {
            servers.forEach(Process::destroyForcibly);
            for (Process server : servers) {
                server.waitFor();
            }
        }
    }

    /** Contenders take turns, so that what disturbs the machine for a while disturbs all of them. */
    private void round(Path work, DiskReport report) throws IOException {
        for (DiskWorkload workload : DiskWorkload.values()) {
            for (DiskContender contender : DiskContender.values()) {
                String uri = "nbd+unix:///?socket=" + socket(work, contender);
                report.add(workload, contender, fio(workload, uri));
            }
        }
    }

    private static Path socket(Path work, DiskContender contender) {
        return work.resolve(contender.label() + ".nbd");
    }

    private static Process serve(DiskContender contender, Path work) throws IOException {
        String image = work.resolve(contender.label()).toString();
        Path socket = socket(work, contender);
        List<String> command = contender == DiskContender.QEMU_NBD
                ? List.of(
                        "qemu-nbd",
                        "--persistent",
                        "--shared=16",
                        "--cache=none",
                        "--aio=native",
                        "--discard=unmap",
                        "--format=raw",
                        "--socket=" + socket,
                        image)
                : ours(
                        work.resolve(contender.label()),
                        socket,
                        contender == DiskContender.PROTECTED ? "at-once" : "honest");
        Process server = new ProcessBuilder(command)
                .redirectErrorStream(true)
                .redirectOutput(work.resolve(contender.label() + ".log").toFile())
                .start();
        long deadline = System.nanoTime() + TimeUnit.SECONDS.toNanos(START_SECONDS);
        while (!Files.exists(socket)) {
            if (!server.isAlive() || System.nanoTime() > deadline) {
                server.destroyForcibly();
                throw new IOException(contender.title() + " does not listen: "
                        + Files.readString(work.resolve(contender.label() + ".log")));
            }
            pause();
        }
        return server;
    }

    /** The product's server in a process of its own. */
    static List<String> ours(Path image, Path socket, String flushes) {
        return List.of(
                Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                "-Xmx256m",
                "-XX:+UseSerialGC",
                "--enable-native-access=ALL-UNNAMED",
                "-cp",
                System.getProperty("java.class.path"),
                ServedImage.class.getName(),
                image.toString(),
                socket.toString(),
                flushes);
    }

    private static void pause() throws InterruptedIOException {
        try {
            Thread.sleep(20);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new InterruptedIOException("interrupted");
        }
    }

    private double fio(DiskWorkload workload, String uri) throws IOException {
        String printed = run(workload.fio(uri, IMAGE_MIB, seconds));
        JsonNode job = JSON.readTree(printed.substring(printed.indexOf('{'))).at("/jobs/0");
        if (job.path("error").asInt() != 0) {
            throw new IOException("fio failed on " + workload.title() + ": " + printed);
        }
        JsonNode figures = job.path(workload.direction());
        return workload.countsBytes()
                ? figures.path("bw_bytes").asDouble()
                : figures.path("iops").asDouble();
    }

    private static String run(List<String> command) throws IOException {
        Process process = new ProcessBuilder(command)
                .redirectErrorStream(true)
                .redirectInput(ProcessBuilder.Redirect.from(Path.of("/dev/null").toFile()))
                .start();
        try {
            String printed = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
            if (process.waitFor() != 0) {
                String said = printed.lines().limit(MAX_SAID_LINES).collect(Collectors.joining("\n"));
                throw new IOException("'" + String.join(" ", command) + "' failed: " + said);
            }
            return printed;
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new InterruptedIOException("interrupted in " + command.getFirst());
        } finally {
            process.destroyForcibly();
        }
    }
}
