package org.secondsite.bench.trace;

import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.IOException;
import java.io.PrintWriter;
import java.net.SocketAddress;
import java.net.UnixDomainSocketAddress;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.Callable;
import org.secondsite.config.Endpoints;
import org.secondsite.config.TlsFiles;
import org.secondsite.config.VmId;
import org.secondsite.config.io.DirectoryTree;
import org.secondsite.pki.PkiCommand;
import org.secondsite.replicator.codec.CodecSettings;
import org.secondsite.replicator.trace.LoopbackReport;
import org.secondsite.replicator.trace.ReplayReport;
import org.secondsite.replicator.trace.io.CheckpointTap;
import org.secondsite.replicator.trace.io.LoopbackReplay;
import org.secondsite.replicator.trace.io.ReplayTrace;
import picocli.CommandLine.Command;
import picocli.CommandLine.ITypeConverter;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;
import picocli.CommandLine.TypeConversionException;

/** {@code secondsite replicator}: the codec and the tunnel without a guest. */
@Command(
        name = "replicator",
        description = "Record a checkpoint stream; try the page codec and the tunnel on a recording.",
        subcommands = {ReplicatorCommand.Tap.class, ReplicatorCommand.Replay.class})
public final class ReplicatorCommand implements Runnable {
    @Spec
    private CommandSpec spec;

    @Override
    public void run() {
        throw new ParameterException(spec.commandLine(), "record or replay? (see replicator record --help)");
    }

    /** For options that are addresses with ports, or Unix sockets. */
    static final class EndpointConverter implements ITypeConverter<SocketAddress> {
        @Override
        public SocketAddress convert(String value) {
            try {
                return value.startsWith("/") ? UnixDomainSocketAddress.of(value) : Endpoints.parse(value);
            } catch (IllegalArgumentException e) {
                throw new TypeConversionException(e.getMessage());
            }
        }
    }

    /** {@code secondsite replicator record}. */
    @Command(
            name = "record",
            mixinStandardHelpOptions = true,
            description =
                    "Stand between an agent and its gateway, pass everything on, and write the checkpoints of one VM, its"
                            + " disks' blocks included, into a file that replay and bench codec read. Let the agent's"
                            + " configuration name --listen in place of the gateway, and restart the agent; when the recording"
                            + " is complete, or has failed, the command goes on passing until it is interrupted. The agent never"
                            + " waits for the file: a recording that cannot keep up ends. Nobody stands between the two"
                            + " ends of TLS: use the gateway's Unix socket, checkpoint.local, and the agent's gatewaySocket.")
    static final class Tap implements Callable<Integer> {
        @Parameters(index = "0", paramLabel = "VM", description = "Whose checkpoints are recorded.")
        private String vm;

        @Parameters(index = "1", paramLabel = "FILE", description = "The new file; compressed if it ends in .zst.")
        private Path file;

        @Option(
                names = "--listen",
                required = true,
                paramLabel = "HOST:PORT|SOCKET",
                converter = EndpointConverter.class,
                description = "Where the agent connects to: an address with a port, or the path of a Unix socket.")
        private SocketAddress listen;

        @Option(
                names = "--gateway",
                required = true,
                paramLabel = "HOST:PORT|SOCKET",
                converter = EndpointConverter.class,
                description = "Where the gateway listens for agents.")
        private SocketAddress gateway;

        @Option(
                names = "--epochs",
                defaultValue = "200",
                description = "How many epochs, the full image included (default ${DEFAULT-VALUE}).")
        private long epochs;

        @Option(
                names = "--queue-mib",
                paramLabel = "MIB",
                description =
                        "How much may wait to be written; if more would, the recording ends (default 256, or a quarter of the"
                                + " heap if that is less).")
        private Long queueMiB;

        @Option(names = "--end", description = "End with the recording instead of going on passing.")
        private boolean end;

        @Spec
        private CommandSpec spec;

        @Override
        public Integer call() throws Exception {
            long waiting = queueMiB == null ? CheckpointTap.usualWaitingBytes() : queueMiB << 20;
            try (CheckpointTap tap = CheckpointTap.open(listen, gateway, new VmId(vm), file, epochs, waiting)) {
                PrintWriter out = spec.commandLine().getOut();
                out.println("listening on " + tap.address() + ", passing on to " + gateway);
                out.flush();
                Runtime.getRuntime().addShutdownHook(new Thread(() -> closed(tap), "shutdown"));
                boolean complete = record(tap);
                if (!end) {
                    Thread.sleep(Long.MAX_VALUE);
                }
                return complete ? 0 : 1;
            }
        }

        /** The agent does not lose its gateway because a recording has failed. */
        private boolean record(CheckpointTap tap) throws InterruptedException {
            try {
                long recorded = tap.awaitRecorded(Long.MAX_VALUE);
                PrintWriter out = spec.commandLine().getOut();
                out.println(recorded + " epochs of " + vm + " are in " + file);
                out.flush();
                return true;
            } catch (IOException broken) {
                PrintWriter err = spec.commandLine().getErr();
                err.println(broken.getMessage());
                err.flush();
                return false;
            }
        }

        /** An interrupted recording is still a recording. */
        private static void closed(CheckpointTap tap) {
            try {
                tap.close();
            } catch (IOException e) {
                System.err.println(e.getMessage());
            }
        }
    }

    /** {@code secondsite replicator replay}. */
    @Command(
            name = "replay",
            mixinStandardHelpOptions = true,
            description =
                    "Send a recorded COLO exchange through the codec, then through a tunnel on loopback, prove that"
                            + " every page and device state arrives as it was, and measure.")
    static final class Replay implements Callable<Integer> {
        @Parameters(paramLabel = "TRACE", description = "The recording, plain or .zst.")
        private Path trace;

        @Option(
                names = "--rounds",
                defaultValue = "15",
                description =
                        "Runs through the codec; times are medians, so the first ones warm up (default ${DEFAULT-VALUE}).")
        private int rounds;

        @Option(names = "--report", paramLabel = "FILE", description = "Write the figures as JSON.")
        private Path file;

        @Spec
        private CommandSpec spec;

        @Override
        public Integer call() throws Exception {
            if (rounds < 1) {
                throw new ParameterException(spec.commandLine(), "at least one round is needed");
            }
            List<ReplayReport> replays = new ArrayList<>();
            for (int round = 0; round < rounds; round++) {
                replays.add(ReplayTrace.replay(trace, CodecSettings.DEFAULT));
            }
            ReplayReport codec = ReplayReport.median(replays);
            LoopbackReport tunnel = throughTunnel();
            PrintWriter out = spec.commandLine().getOut();
            out.print(codec.table());
            out.println(tunnel.line());
            out.println("every page and device state arrived as it was");
            out.flush();
            if (file != null) {
                Files.writeString(file, json(codec, tunnel).toPrettyString() + "\n");
            }
            return 0;
        }

        private LoopbackReport throughTunnel() throws Exception {
            Path pki = Files.createTempDirectory("secondsite-replay");
            try {
                PkiCommand.write(pki, List.of(LoopbackReplay.NEAR.name(), LoopbackReplay.FAR.name()));
                try (LoopbackReplay loopback = new LoopbackReplay(
                        TlsFiles.in(pki, LoopbackReplay.NEAR.name()), TlsFiles.in(pki, LoopbackReplay.FAR.name()))) {
                    return loopback.replay(trace);
                }
            } finally {
                DirectoryTree.delete(pki);
            }
        }

        private ObjectNode json(ReplayReport codec, LoopbackReport tunnel) {
            ObjectNode root = JsonNodeFactory.instance.objectNode();
            root.put("trace", trace.getFileName().toString()).put("rounds", rounds);
            put(root.putObject("image"), codec.imageSum());
            put(root.putObject("idle"), codec.idle());
            put(root.putObject("busy"), codec.busy());
            root.putObject("tunnel")
                    .put("checkpoints", tunnel.checkpoints().size())
                    .put("imageMs", tunnel.image().commitNanos() / 1e6)
                    .put("gigabytesPerSecond", tunnel.gigabytesPerSecond())
                    .put("commitP50Ms", tunnel.commitMs(50))
                    .put("commitP99Ms", tunnel.commitMs(99));
            root.put("equal", true);
            return root;
        }

        private static void put(ObjectNode into, ReplayReport.Sum sum) {
            into.put("epochs", sum.count())
                    .put("recordedBytes", sum.recordedBytes())
                    .put("plainBytes", sum.plainBytes())
                    .put("codedBytes", sum.codedBytes());
            if (sum.count() > 0) {
                into.put("ratio", sum.ratio())
                        .put("encodeGigabytesPerSecond", sum.encodeGigabytesPerSecond())
                        .put("decodeGigabytesPerSecond", sum.decodeGigabytesPerSecond());
            }
        }
    }
}
