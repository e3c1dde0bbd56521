package org.secondsite.bench.io;

import java.io.IOException;
import java.net.SocketException;
import java.net.UnixDomainSocketAddress;
import java.nio.ByteBuffer;
import java.nio.channels.SocketChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.HexFormat;
import java.util.List;
import java.util.Locale;
import java.util.concurrent.ThreadLocalRandom;
import java.util.concurrent.TimeUnit;

/**
 * Two network namespaces, joined by a veth pair, or by the lab's WAN emulator in a third one.
 *
 * <pre>
 *   plain      near eth0 10.78.0.1/24 ───────────────────────── eth0 10.78.0.2/24 far
 *   emulated   near eth0 10.78.0.1/24 ── near0  wan  far0 ────── eth0 10.78.0.2/24 far
 * </pre>
 *
 * With the emulator the offloads are off, as it carries frames as they would be on a wire.
 */
final class TunnelSite implements AutoCloseable {
    static final String NEAR = "10.78.0.1";
    static final String FAR = "10.78.0.2";
    private static final String EMULATOR = "org.secondsite.lab.wan.io.WanMain";
    private static final int LIMIT_SECONDS = 10;

    /**
     * What lies between the ends.
     *
     * @param rttMs the round-trip time, half of it each way; with no loss either, 0 means the plain veth pair
     * @param lossPercent frames lost, each way
     */
    record Way(int rttMs, double lossPercent) {
        boolean isPlain() {
            return rttMs == 0 && lossPercent == 0;
        }

        @Override
        public String toString() {
            return String.format(Locale.ROOT, "%d ms, %.1f %%", rttMs, lossPercent);
        }
    }

    private final String prefix =
            "sst-tun-" + HexFormat.of().toHexDigits(ThreadLocalRandom.current().nextInt(), 4) + "-";
    private final Path directory;
    private final Deque<String> made = new ArrayDeque<>();
    private final List<Process> running = new ArrayList<>();

    TunnelSite(Way way, String congestion, Path directory) throws IOException {
        this.directory = directory;
        try {
            for (String name : List.of("near", "far", "wan")) {
                Shell.run("ip netns add " + prefix + name);
                made.push(prefix + name);
                Shell.run("ip -n " + prefix + name + " link set lo up");
                exec(name, "sysctl -qw net.ipv6.conf.all.disable_ipv6=1");
                exec(name, "sysctl -qw net.ipv4.tcp_rmem=4096,1048576,134217728".replace(',', '\t'));
                exec(name, "sysctl -qw net.ipv4.tcp_wmem=4096,1048576,134217728".replace(',', '\t'));
                exec(name, "sysctl -qw net.ipv4.tcp_no_metrics_save=1");
                if (!congestion.isEmpty()) {
                    exec(name, "sysctl -qw net.ipv4.tcp_congestion_control=" + congestion);
                }
            }
            if (way.isPlain()) {
                wire("near", "eth0", "far", "eth0");
            } else {
                wire("near", "eth0", "wan", "near0");
                wire("far", "eth0", "wan", "far0");
            }
            Shell.run("ip -n " + prefix + "near addr add " + NEAR + "/24 dev eth0");
            Shell.run("ip -n " + prefix + "far addr add " + FAR + "/24 dev eth0");
            if (!way.isPlain()) {
                emulate(way);
            }
        } catch (IOException e) {
            close();
            throw e;
        }
    }

    private void wire(String one, String oneInterface, String other, String otherInterface) throws IOException {
        Shell.run("ip link add name " + oneInterface + " netns " + prefix + one + " type veth peer name "
                + otherInterface + " netns " + prefix + other);
        Shell.run("ip -n " + prefix + one + " link set " + oneInterface + " up");
        Shell.run("ip -n " + prefix + other + " link set " + otherInterface + " up");
    }

    private void emulate(Way way) throws IOException {
        for (String[] end : new String[][] {{"near", "eth0"}, {"far", "eth0"}, {"wan", "near0"}, {"wan", "far0"}}) {
            exec(end[0], "ethtool -K " + end[1] + " rx off tx off tso off gso off gro off");
        }
        Path socket = directory.resolve("wan.sock");
        Files.deleteIfExists(socket);
        start("wan", AskedProcess.java(EMULATOR, List.of(socket.toString(), "1", "near=near0", "far=far0")), "wan.log");
        String change = String.format(
                Locale.ROOT, "set all delayMs=%.3f loss=%.5f", way.rttMs() / 2.0, way.lossPercent() / 100);
        long limit = System.nanoTime() + TimeUnit.SECONDS.toNanos(LIMIT_SECONDS);
        for (boolean done = false; !done; pause(20)) {
            try {
                if (Files.exists(socket)) {
                    command(socket, change);
                    done = true;
                }
            } catch (SocketException e) {
                // It is not listening yet.
                if (System.nanoTime() > limit) {
                    throw new IOException("the emulator does not start", e);
                }
            }
        }
    }

    private static void command(Path socket, String line) throws IOException {
        try (SocketChannel channel = SocketChannel.open(UnixDomainSocketAddress.of(socket))) {
            channel.write(ByteBuffer.wrap((line + "\n").getBytes(StandardCharsets.UTF_8)));
            ByteBuffer answer = ByteBuffer.allocate(4096);
            channel.read(answer);
            String said = new String(answer.array(), 0, answer.position(), StandardCharsets.UTF_8);
            if (said.startsWith("error")) {
                throw new IOException("the emulator said: " + said);
            }
        }
    }

    static void pause(int ms) throws IOException {
        try {
            TimeUnit.MILLISECONDS.sleep(ms);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new IOException("interrupted", e);
        }
    }

    /** Runs a command in one of the namespaces. */
    String exec(String name, String command) throws IOException {
        return Shell.run("ip netns exec " + prefix + name + " " + command);
    }

    /** Runs a command that prints much or takes long; returns what it printed. */
    String run(String name, List<String> command, int limitSeconds) throws IOException {
        Path output = directory.resolve("output");
        List<String> line = new ArrayList<>(List.of("ip", "netns", "exec", prefix + name));
        line.addAll(command);
        Process process = new ProcessBuilder(line)
                .redirectErrorStream(true)
                .redirectOutput(output.toFile())
                .start();
        try {
            if (!process.waitFor(limitSeconds, TimeUnit.SECONDS)) {
                process.destroyForcibly();
                throw new IOException("'" + String.join(" ", command) + "' does not end");
            }
        } catch (InterruptedException e) {
            process.destroyForcibly();
            Thread.currentThread().interrupt();
            throw new IOException("interrupted", e);
        }
        if (process.exitValue() != 0) {
            throw new IOException("'" + String.join(" ", command) + "' failed: " + Files.readString(output));
        }
        return Files.readString(output);
    }

    /** Starts a command that runs until the site is closed. */
    Process start(String name, List<String> command, String log) throws IOException {
        List<String> line = new ArrayList<>(List.of("ip", "netns", "exec", prefix + name));
        line.addAll(command);
        Process process = new ProcessBuilder(line)
                .redirectErrorStream(true)
                .redirectOutput(directory.resolve(log).toFile())
                .start();
        running.add(process);
        return process;
    }

    /** A {@link TunnelEnd} in a namespace. */
    AskedProcess end(boolean near, int port, int connections) throws IOException {
        String name = near ? "near" : "far";
        return new AskedProcess(
                prefix + name,
                TunnelEnd.class,
                List.of(
                        name,
                        near ? NEAR : FAR,
                        near ? FAR : NEAR,
                        String.valueOf(port),
                        directory.toString(),
                        String.valueOf(connections)),
                ProcessBuilder.Redirect.to(directory.resolve(name + ".log").toFile()));
    }

    @Override
    public void close() {
        running.forEach(Process::destroyForcibly);
        while (!made.isEmpty()) {
            String name = made.pop();
            try {
                Shell.run("ip netns del " + name);
            } catch (IOException e) {
                System.err.println("a network namespace stays behind: " + e.getMessage());
            }
        }
    }
}
