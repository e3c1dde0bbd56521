package org.secondsite.bench.detection;

import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.file.Path;
import java.util.concurrent.Callable;
import org.secondsite.appliance.Daemon;
import org.secondsite.config.EpochId;
import org.secondsite.config.SiteId;
import org.secondsite.config.TlsFiles;
import org.secondsite.config.VmId;
import org.secondsite.net.life.io.Life;
import org.secondsite.net.life.io.ProcessEnd;
import org.secondsite.net.linux.ThreadPriority;
import org.secondsite.replicator.Epoch;
import org.secondsite.replicator.tunnel.PeerMessage;
import org.secondsite.replicator.tunnel.Reset;
import org.secondsite.replicator.tunnel.TunnelListener;
import org.secondsite.replicator.tunnel.TunnelSettings;
import org.secondsite.replicator.tunnel.io.TlsTunnel;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;

/** The process that {@link DetectionBenchCommand} listens to, and kills: one end of a tunnel, which only lives. */
@Command(name = "detection-peer", hidden = true)
public final class DetectionPeerCommand implements Callable<Integer> {
    @Option(names = "--directory", required = true)
    private Path directory;

    @Option(names = "--listen", required = true)
    private int listenPort;

    @Option(names = "--connect", required = true)
    private int connectPort;

    @Option(names = "--heartbeat-ms", required = true)
    private int heartbeatMs;

    /** Runs it until the process is killed. */
    public static void main(String[] arguments) {
        System.exit(new CommandLine(new DetectionPeerCommand()).execute(arguments));
    }

    /** One of the sites {@code a} and {@code b} on loopback. */
    static TunnelSettings settings(String self, Path directory, int listenPort, int connectPort, int heartbeatMs) {
        InetAddress loopback = InetAddress.getLoopbackAddress();
        return new TunnelSettings(
                        new SiteId(self),
                        new SiteId(self.equals("a") ? "b" : "a"),
                        new InetSocketAddress(loopback, listenPort),
                        new InetSocketAddress(loopback, connectPort),
                        TlsFiles.in(directory, self))
                .withTiming(new TunnelSettings.Timing(
                        heartbeatMs,
                        TunnelSettings.Timing.DEFAULT.silenceMs(),
                        TunnelSettings.Timing.DEFAULT.minBackoffMs(),
                        TunnelSettings.Timing.DEFAULT.maxBackoffMs()));
    }

    @Override
    public Integer call() throws Exception {
        Daemon.serve(
                "peer",
                TlsTunnel.open(
                        settings("b", directory, listenPort, connectPort, heartbeatMs),
                        new Quiet(),
                        ThreadPriority::prefer,
                        Life.start("peer", new ProcessEnd("peer"), Life.USUAL_LIMIT_NANOS)),
                () -> {});
        return 0;
    }

    /** Hears and says nothing. */
    static class Quiet implements TunnelListener {
        @Override
        public void connected() {}

        @Override
        public void disconnected(Reset reset) {}

        @Override
        public void peerHeard(long nanoTime) {}

        @Override
        public void message(PeerMessage message) {}

        @Override
        public void epochReceived(Epoch epoch) {
            epoch.close();
        }

        @Override
        public void acknowledged(VmId vm, EpochId epoch) {}

        @Override
        public void refused(VmId vm, EpochId epoch, String reason) {}
    }
}
