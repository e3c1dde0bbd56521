package org.secondsite.gateway.cli;

import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.IOException;
import java.io.PrintWriter;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.Callable;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;
import org.secondsite.config.GatewayConfig;
import org.secondsite.config.io.DirectoryTree;
import org.secondsite.gateway.PeerWatch;
import org.secondsite.replicator.tunnel.TunnelSettings;
import org.secondsite.replicator.tunnel.io.TlsTunnel;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;

/**
 * {@code secondsite witness bench-detection}: the gateway's own tunnel, heartbeats and {@link PeerWatch} against a peer in
 * another process, while other processes keep the processors busy.
 */
@Command(
        name = "bench-detection",
        description = "Measure how soon a dead peer is suspected, and whether a living one ever is, on a busy machine.")
final class DetectionBenchCommand implements Callable<Integer> {
    private static final long TICK_NANOS = TimeUnit.MILLISECONDS.toNanos(5);
    private static final long SETTLE_NANOS = TimeUnit.MILLISECONDS.toNanos(1500);
    private static final long PATIENCE_NANOS = TimeUnit.SECONDS.toNanos(60);

    @Option(names = "--heartbeat-ms", defaultValue = "50", description = "Default: ${DEFAULT-VALUE}.")
    private int heartbeatMs;

    @Option(names = "--suspect-after-ms", defaultValue = "400", description = "Default: ${DEFAULT-VALUE}.")
    private int suspectAfterMs;

    @Option(
            names = "--minutes",
            defaultValue = "10",
            description = "How long the peer lives and must not be suspected. Default: ${DEFAULT-VALUE}.")
    private int minutes;

    @Option(
            names = "--deaths",
            defaultValue = "100",
            description = "How often it is killed. Default: ${DEFAULT-VALUE}.")
    private int deaths;

    @Option(
            names = "--busy",
            description = "How many processes that only compute run beside; by default one for each processor.")
    private Integer busy;

    @Option(names = "--json", description = "Print the figures as JSON.")
    private boolean json;

    @Spec
    private CommandSpec spec;

    private PeerWatch watch;
    private Path directory;
    private int[] ports;

    @Override
    public Integer call() throws Exception {
        directory = Files.createTempDirectory("secondsite-detection-bench");
        List<Process> computing = new CopyOnWriteArrayList<>();
        Runtime.getRuntime().addShutdownHook(new Thread(() -> computing.forEach(Process::destroyForcibly), "end"));
        try {
            PkiCommand.write(directory, List.of("a", "b"));
            ports = ports();
            int busyCount = busy == null ? Runtime.getRuntime().availableProcessors() : busy;
            for (int i = 0; i < busyCount; i++) {
                computing.add(new ProcessBuilder("sh", "-c", "while :; do :; done").start());
            }
            return measure();
        } finally {
            computing.forEach(Process::destroyForcibly);
            DirectoryTree.delete(directory);
        }
    }

    private int measure() throws Exception {
        TunnelSettings settings = DetectionPeerCommand.settings("a", directory, ports[0], ports[1], heartbeatMs);
        watch = new PeerWatch(
                new GatewayConfig.Tunnel(settings.listen(), settings.connect(), heartbeatMs, suspectAfterMs, 1),
                System.nanoTime());
        try (var _ = TlsTunnel.open(settings, new DetectionPeerCommand.Quiet() {
            @Override
            public void connected() {
                tunnel(true);
            }

            @Override
            public void disconnected(String reason) {
                tunnel(false);
            }

            @Override
            public void peerHeard(long nanoTime) {
                watch.heard(nanoTime);
            }
        })) {
            int suspicions = suspicionsOfALivingPeer();
            say("a living peer was suspected " + suspicions + " times in " + minutes + " minutes");
            Latencies latencies = new Latencies();
            for (int i = 0; i < deaths; i++) {
                latencies.add(nanosToSuspicion());
            }
            tell(suspicions, latencies);
            return 0;
        }
    }

    private JavaProcess peer() throws IOException {
        JavaProcess peer = JavaProcess.start(
                JavaProcess.GATEWAY_OPTIONS,
                directory.resolve("peer.log"),
                "witness",
                "bench-peer",
                "--directory",
                directory.toString(),
                "--listen",
                Integer.toString(ports[1]),
                "--connect",
                Integer.toString(ports[0]),
                "--heartbeat-ms",
                Integer.toString(heartbeatMs));
        long end = System.nanoTime() + PATIENCE_NANOS;
        while (look() != PeerWatch.Change.BACK) {
            if (System.nanoTime() > end || !peer.isAlive()) {
                peer.close();
                throw new IOException("the peer does not come up: " + Files.readString(directory.resolve("peer.log")));
            }
        }
        return peer;
    }

    /** One look per tick, as the conductor does. */
    private PeerWatch.Change look() {
        LockSupport.parkNanos(TICK_NANOS);
        synchronized (this) {
            return watch.look(System.nanoTime());
        }
    }

    private synchronized void tunnel(boolean up) {
        watch.tunnel(up, System.nanoTime());
    }

    private int suspicionsOfALivingPeer() throws IOException {
        int suspicions = 0;
        try (JavaProcess peer = peer()) {
            long end = System.nanoTime() + TimeUnit.MINUTES.toNanos(minutes);
            while (System.nanoTime() < end) {
                if (look() == PeerWatch.Change.LOST) {
                    suspicions++;
                }
            }
            if (!peer.isAlive()) {
                throw new IOException("the peer died by itself");
            }
        }
        awaitLost();
        return suspicions;
    }

    private void awaitLost() {
        while (look() != PeerWatch.Change.LOST) {
            // It was killed.
        }
    }

    private long nanosToSuspicion() throws IOException {
        try (JavaProcess peer = peer()) {
            long settled =
                    System.nanoTime() + SETTLE_NANOS + System.nanoTime() % TimeUnit.MILLISECONDS.toNanos(heartbeatMs);
            while (System.nanoTime() < settled) {
                look();
            }
            long killed = peer.kill();
            awaitLost();
            return System.nanoTime() - killed;
        }
    }

    private void tell(int suspicions, Latencies latencies) {
        PrintWriter out = spec.commandLine().getOut();
        if (json) {
            ObjectNode root = new ObjectMapper().createObjectNode();
            root.put("minutes", minutes).put("falseSuspicions", suspicions);
            root.putObject("suspectedAfterMs")
                    .put("p50", latencies.ms(50))
                    .put("p99", latencies.ms(99))
                    .put("max", latencies.ms(100))
                    .put("count", latencies.count());
            out.println(root.toPrettyString());
            return;
        }
        say("a dead peer was suspected after " + latencies);
    }

    private void say(String line) {
        if (!json) {
            spec.commandLine().getOut().println(line);
            spec.commandLine().getOut().flush();
        }
    }

    private static int[] ports() throws IOException {
        try (ServerSocket first = new ServerSocket(0, 1, InetAddress.getLoopbackAddress());
                ServerSocket second = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
            return new int[] {first.getLocalPort(), second.getLocalPort()};
        }
    }
}
