package org.secondsite.bench.detection;

import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.IOException;
import java.io.PrintWriter;
import java.io.Writer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.Callable;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.ThreadLocalRandom;
import java.util.concurrent.TimeUnit;
import org.secondsite.bench.process.FreePorts;
import org.secondsite.bench.process.JavaProcess;
import org.secondsite.bench.process.Latencies;
import org.secondsite.config.GatewayConfig;
import org.secondsite.config.io.DirectoryTree;
import org.secondsite.gateway.peer.PeerWatch;
import org.secondsite.net.life.io.Life;
import org.secondsite.net.linux.ThreadPriority;
import org.secondsite.pki.PkiCommand;
import org.secondsite.replicator.tunnel.Reset;
import org.secondsite.replicator.tunnel.TunnelListener;
import org.secondsite.replicator.tunnel.TunnelSettings;
import org.secondsite.replicator.tunnel.io.TlsTunnel;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;

/**
 * {@code secondsite witness bench-detection}: the gateway's own tunnel, heartbeats and {@link PeerWatch} against a peer in
 * another process, while other processes keep the processors busy.
 *
 * <p>A death is SIGKILL, which ends the tunnel's connection. Silence is SIGSTOP: the kernel keeps the connection and nothing
 * comes any more, as when a site loses its power.
 */
@Command(
        name = "detection",
        description = "Measure how soon a dead peer is suspected, and whether a living one ever is, on a busy machine.")
public final class DetectionBenchCommand implements Callable<Integer> {
    private static final long SETTLE_NANOS = TimeUnit.MILLISECONDS.toNanos(1500);
    private static final long PATIENCE_NANOS = TimeUnit.SECONDS.toNanos(60);

    @Option(names = "--heartbeat-ms", defaultValue = "50", description = "Default: ${DEFAULT-VALUE}.")
    private int heartbeatMs;

    @Option(names = "--suspect-after-ms", defaultValue = "240", description = "Default: ${DEFAULT-VALUE}.")
    private int suspectAfterMs;

    @Option(
            names = "--minutes",
            defaultValue = "10",
            description = "How long the peer lives and must not be suspected. Default: ${DEFAULT-VALUE}.")
    private int minutes;

    @Option(
            names = "--deaths",
            defaultValue = "40",
            description = "How often it is killed, and how often it falls silent. Default: ${DEFAULT-VALUE}.")
    private int deaths;

    @Option(
            names = "--busy",
            description = "How many processes that only compute run beside; by default one for each processor.")
    private Integer busy;

    @Option(names = "--json", description = "Print the figures as JSON.")
    private boolean json;

    @Spec
    private CommandSpec spec;

    /** Sends signals without a new process for each, which takes its time on a busy machine. */
    private Signals signals;

    private final List<JavaProcess> peers = new CopyOnWriteArrayList<>();
    private Lookout lookout;
    private volatile TlsTunnel tunnel;
    private long longestSilenceNanos;
    private int suspectedEarly;
    private Path directory;
    private int[] ports;

    @Override
    public Integer call() throws Exception {
        directory = Files.createTempDirectory("secondsite-detection-bench");
        List<Process> computing = new CopyOnWriteArrayList<>();
        Runtime.getRuntime()
                .addShutdownHook(new Thread(
                        () -> {
                            computing.forEach(Process::destroyForcibly);
                            peers.forEach(JavaProcess::close);
                        },
                        "end"));
        try {
            PkiCommand.write(directory, List.of("a", "b"));
            ports = FreePorts.of(2);
            int busyCount = busy == null ? Runtime.getRuntime().availableProcessors() : busy;
            for (int i = 0; i < busyCount; i++) {
                computing.add(new ProcessBuilder("sh", "-c", "while :; do :; done").start());
            }
            signals = new Signals();
            computing.add(signals.shell);
            return measure();
        } finally {
            computing.forEach(Process::destroyForcibly);
            DirectoryTree.delete(directory);
        }
    }

    private int measure() throws Exception {
        TunnelSettings settings = DetectionPeerCommand.settings("a", directory, ports[0], ports[1], heartbeatMs);
        PeerWatch watch = new PeerWatch(
                new GatewayConfig.Tunnel(settings.listen(), settings.connect(), heartbeatMs, suspectAfterMs, 1),
                done -> tunnel.whenRead(done),
                System.nanoTime());
        try (Lookout opened = new Lookout(watch);
                TlsTunnel listening = TlsTunnel.open(
                        settings, listener(watch, opened), ThreadPriority::prefer, Life.unwatched("a"))) {
            lookout = opened;
            tunnel = listening;
            opened.start();
            Latencies killed = new Latencies();
            for (int i = 0; i < deaths; i++) {
                killed.add(nanosToSuspicionOfADeath());
            }
            say("a dead peer was suspected after " + killed);
            Latencies silent = deaths == 0 ? new Latencies() : silences();
            say("a silent peer was suspected after " + silent);
            tell(minutes == 0 ? 0 : suspicionsOfALivingPeer(), killed, silent);
            return 0;
        }
    }

    private static TunnelListener listener(PeerWatch watch, Lookout lookout) {
        return new DetectionPeerCommand.Quiet() {
            @Override
            public void connected() {
                lookout.tunnel(PeerWatch.Tunnel.UP);
            }

            @Override
            public void disconnected(Reset reset) {
                lookout.tunnel(reset.code().mayBeTheLast() ? PeerWatch.Tunnel.BROKEN : PeerWatch.Tunnel.GIVEN_UP);
            }

            @Override
            public void peerHeard(long nanoTime) {
                watch.heard(nanoTime);
            }
        };
    }

    private JavaProcess peer() throws Exception {
        JavaProcess peer = JavaProcess.start(
                JavaProcess.GATEWAY_OPTIONS,
                JavaProcess.Classes.of(JavaProcess.Classes.LINKED),
                directory.resolve("peer.log"),
                DetectionPeerCommand.class,
                "--directory",
                directory.toString(),
                "--listen",
                Integer.toString(ports[1]),
                "--connect",
                Integer.toString(ports[0]),
                "--heartbeat-ms",
                Integer.toString(heartbeatMs));
        peers.add(peer);
        try {
            await(PeerWatch.Change.BACK);
            return peer;
        } catch (IOException e) {
            peer.close();
            throw new IOException(e.getMessage() + ": " + Files.readString(directory.resolve("peer.log")), e);
        }
    }

    /** When the lookout saw it. */
    private long await(PeerWatch.Change change) throws IOException, InterruptedException {
        long end = System.nanoTime() + PATIENCE_NANOS;
        while (System.nanoTime() < end) {
            Lookout.Sight sight = lookout.next(end - System.nanoTime());
            if (sight != null && sight.change() == change) {
                return sight.nanoTime();
            }
        }
        throw new IOException("the peer was not seen " + change + " within a minute");
    }

    /** How often a peer was suspected that lives. */
    private int suspicions(long forNanos) throws InterruptedException {
        int suspicions = 0;
        long end = System.nanoTime() + forNanos;
        for (long left = forNanos; left > 0; left = end - System.nanoTime()) {
            Lookout.Sight sight = lookout.next(left);
            if (sight != null && sight.change() == PeerWatch.Change.LOST) {
                suspicions++;
                say("suspected while it lives: " + sight.why());
            }
        }
        return suspicions;
    }

    private int suspicionsOfALivingPeer() throws Exception {
        try (JavaProcess peer = peer()) {
            settle();
            lookout.takeLongestSilenceNanos();
            int suspicions = suspicions(TimeUnit.MINUTES.toNanos(minutes));
            longestSilenceNanos = lookout.takeLongestSilenceNanos();
            if (!peer.isAlive()) {
                throw new IOException("the peer died by itself");
            }
            return suspicions;
        }
    }

    /** Until heartbeats are regular, and then to any moment between two of them. */
    private void settle() throws IOException, InterruptedException {
        long phase = ThreadLocalRandom.current().nextLong(TimeUnit.MILLISECONDS.toNanos(heartbeatMs));
        int wrong;
        do {
            wrong = suspicions(SETTLE_NANOS + phase);
            suspectedEarly += wrong;
        } while (wrong > 0);
    }

    private long nanosToSuspicionOfADeath() throws Exception {
        try (JavaProcess peer = peer()) {
            settle();
            long killed = peer.kill();
            return await(PeerWatch.Change.LOST) - killed;
        }
    }

    private Latencies silences() throws Exception {
        Latencies latencies = new Latencies();
        try (JavaProcess peer = peer()) {
            for (int i = 0; i < deaths; i++) {
                settle();
                long stopped = System.nanoTime();
                signals.send("STOP", peer);
                latencies.add(await(PeerWatch.Change.LOST) - stopped);
                signals.send("CONT", peer);
                await(PeerWatch.Change.BACK);
            }
        }
        await(PeerWatch.Change.LOST);
        return latencies;
    }

    private void tell(int suspicions, Latencies killed, Latencies silent) {
        long longestMs = TimeUnit.NANOSECONDS.toMillis(longestSilenceNanos);
        PrintWriter out = spec.commandLine().getOut();
        if (json) {
            ObjectNode root = new ObjectMapper().createObjectNode();
            root.put("minutes", minutes).put("falseSuspicions", suspicions).put("longestSilenceMs", longestMs);
            root.put("suspectedBeforeDeath", suspectedEarly);
            put(root.putObject("deadSuspectedAfterMs"), killed);
            put(root.putObject("silentSuspectedAfterMs"), silent);
            out.println(root.toPrettyString());
            return;
        }
        say("a living peer was suspected " + suspicions + " times in " + minutes + " minutes; its longest silence was "
                + longestMs + " ms; before a death it was suspected " + suspectedEarly + " times");
    }

    private static void put(ObjectNode node, Latencies latencies) {
        node.put("p50", latencies.ms(50)).put("p99", latencies.ms(99)).put("max", latencies.ms(100));
        node.put("count", latencies.count());
    }

    private void say(String line) {
        if (!json) {
            spec.commandLine().getOut().println(line);
            spec.commandLine().getOut().flush();
        }
    }

    /** A shell that signals other processes. */
    private static final class Signals {
        private final Process shell;
        private final Writer input;

        Signals() throws IOException {
            shell = new ProcessBuilder("sh").start();
            input = shell.outputWriter();
        }

        void send(String signal, JavaProcess to) throws IOException {
            input.write("kill -" + signal + " " + to.pid() + "\n");
            input.flush();
        }
    }
}
