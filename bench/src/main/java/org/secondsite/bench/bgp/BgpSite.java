package org.secondsite.bench.bgp;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ThreadLocalRandom;
import java.util.concurrent.TimeUnit;
import org.secondsite.bench.io.AskedProcess;
import org.secondsite.bench.io.Shell;
import org.secondsite.config.io.DirectoryTree;

/**
 * Two network namespaces and a wire, and the speakers in them.
 *
 * <pre>
 *   source eth0 10.7.0.1/24, AS 65100 ── eth0 10.7.0.2/24, AS 65001 sink
 * </pre>
 */
final class BgpSite implements AutoCloseable {
    static final String SOURCE = "10.7.0.1";
    static final String SINK = "10.7.0.2";
    static final long SOURCE_AS = 65100;
    static final long SINK_AS = 65001;
    private static final int END_SECONDS = 5;
    private static final int PATIENCE_SECONDS = 120;
    private static final int LOOK_MS = 20;

    private final String prefix = "sst-bench-"
            + HexFormat.of().toHexDigits(ThreadLocalRandom.current().nextInt(), 4) + "-bgp-";
    private final List<String> made = new ArrayList<>();
    private final Deque<AutoCloseable> running = new ArrayDeque<>();
    private final Path directory;

    BgpSite() throws IOException {
        directory = Files.createTempDirectory(prefix);
        try {
            for (String name : List.of("source", "sink")) {
                Shell.run("ip netns add " + full(name));
                made.add(full(name));
                Shell.run("ip -n " + full(name) + " link set lo up");
            }
            Shell.run("ip link add name eth0 netns " + full("source") + " type veth peer name eth0 netns "
                    + full("sink"));
            for (String name : List.of("source", "sink")) {
                String address = name.equals("source") ? SOURCE : SINK;
                Shell.run("ip -n " + full(name) + " addr add " + address + "/24 dev eth0");
                Shell.run("ip -n " + full(name) + " link set eth0 up");
            }
        } catch (IOException e) {
            close();
            throw e;
        }
    }

    private String full(String name) {
        return prefix + name;
    }

    Path file(String name) {
        return directory.resolve(name);
    }

    Path file(String name, String content) throws IOException {
        return Files.writeString(file(name), content);
    }

    /** Runs a command in a namespace and gives what it printed. */
    String query(String namespace, List<String> command) throws IOException {
        List<String> line = new ArrayList<>(List.of("ip", "netns", "exec", full(namespace)));
        line.addAll(command);
        return Shell.run(line, "");
    }

    /** Starts a daemon; what it prints goes to a file of its name. */
    Process start(String namespace, String name, List<String> command, Map<String, String> environment)
            throws IOException {
        List<String> line = new ArrayList<>(List.of("ip", "netns", "exec", full(namespace)));
        line.addAll(command);
        ProcessBuilder builder = new ProcessBuilder(line)
                .directory(directory.toFile())
                .redirectErrorStream(true)
                .redirectOutput(
                        ProcessBuilder.Redirect.appendTo(file(name + ".out").toFile()));
        builder.environment().putAll(environment);
        Process process = builder.start();
        running.push(() -> end(process));
        return process;
    }

    /** Starts a speaker of ours that can be asked. */
    AskedProcess startOurs(String namespace, List<String> arguments) throws IOException {
        AskedProcess process = new AskedProcess(
                full(namespace),
                BgpProcess.class,
                arguments,
                ProcessBuilder.Redirect.appendTo(file("ours.out").toFile()));
        running.push(process);
        return process;
    }

    private static void end(Process process) throws InterruptedException {
        process.destroy();
        if (!process.waitFor(END_SECONDS, TimeUnit.SECONDS)) {
            process.destroyForcibly();
        }
    }

    /** Waits for what a condition says. */
    static void await(String what, Condition condition) throws IOException, InterruptedException {
        await(what, LOOK_MS, condition);
    }

    /** The same, looking less often: to look is to start a program, which takes time from those that are measured. */
    static void await(String what, int lookMs, Condition condition) throws IOException, InterruptedException {
        long end = System.nanoTime() + TimeUnit.SECONDS.toNanos(PATIENCE_SECONDS);
        while (!condition.holds()) {
            if (System.nanoTime() - end > 0) {
                throw new IOException("not within " + PATIENCE_SECONDS + " s: " + what);
            }
            Thread.sleep(lookMs);
        }
    }

    /** Something to wait for. */
    @FunctionalInterface
    interface Condition {
        boolean holds() throws IOException;
    }

    /** The most resident memory of a process, in MiB. */
    static double mostMemoryMib(long pid) throws IOException {
        for (String line : Files.readAllLines(Path.of("/proc/" + pid + "/status"))) {
            if (line.startsWith("VmHWM:")) {
                return Long.parseLong(line.replaceAll("[^0-9]", "")) / 1024.0;
            }
        }
        throw new IOException("no VmHWM of process " + pid);
    }

    @Override
    public void close() throws IOException {
        while (!running.isEmpty()) {
            try {
                running.pop().close();
            } catch (Exception e) {
                System.err.println("a speaker stays behind: " + e.getMessage());
            }
        }
        for (String namespace : made) {
            Shell.run("ip netns del " + namespace);
        }
        made.clear();
        DirectoryTree.delete(directory);
    }
}
