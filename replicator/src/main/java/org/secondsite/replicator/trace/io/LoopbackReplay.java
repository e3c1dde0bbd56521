package org.secondsite.replicator.trace.io;

import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import org.secondsite.config.EpochId;
import org.secondsite.config.SiteId;
import org.secondsite.config.TlsFiles;
import org.secondsite.config.VmId;
import org.secondsite.replicator.Epoch;
import org.secondsite.replicator.trace.ColoTrace;
import org.secondsite.replicator.trace.LoopbackReport;
import org.secondsite.replicator.trace.RamImage;
import org.secondsite.replicator.tunnel.PeerMessage;
import org.secondsite.replicator.tunnel.Reset;
import org.secondsite.replicator.tunnel.TunnelListener;
import org.secondsite.replicator.tunnel.TunnelSettings;
import org.secondsite.replicator.tunnel.io.TlsTunnel;

/**
 * Sends a recorded exchange through two tunnels on loopback, with TLS, and rebuilds the guest at the far end. Every page and
 * every device state is proved equal before the far end commits, and at the end the whole RAM is.
 */
public final class LoopbackReplay implements AutoCloseable {
    /** The near end's site; its certificate must bear this name. */
    public static final SiteId NEAR = new SiteId("near");

    /** The far end's. */
    public static final SiteId FAR = new SiteId("far");

    private static final VmId VM = new VmId("replayed");
    private static final long PATIENCE_SECONDS = 60;

    /** What the tunnels' threads tell the replaying one. */
    private sealed interface Event {
        record Connected() implements Event {}

        record Received(Epoch epoch, long nanoTime) implements Event {}

        record Committed(EpochId epoch, long nanoTime) implements Event {}

        record Failed(String reason) implements Event {}
    }

    private final BlockingQueue<Event> events = new LinkedBlockingQueue<>();
    private final TlsTunnel near;
    private final TlsTunnel far;

    /**
     * Opens both ends.
     *
     * @throws IOException if no port can be had, or a certificate cannot be used
     */
    public LoopbackReplay(TlsFiles nearTls, TlsFiles farTls) throws IOException {
        InetSocketAddress nearAddress = freeAddress();
        InetSocketAddress farAddress = freeAddress();
        near = TlsTunnel.open(new TunnelSettings(NEAR, FAR, nearAddress, farAddress, nearTls), new Ear());
        try {
            far = TlsTunnel.open(new TunnelSettings(FAR, NEAR, farAddress, nearAddress, farTls), new Ear());
        } catch (IOException e) {
            near.close();
            throw e;
        }
    }

    /**
     * Replays a file, {@code .zst} or plain.
     *
     * @throws IOException if it cannot be read, or anything arrives other than it was sent, or not at all
     */
    public LoopbackReport replay(Path file) throws IOException, InterruptedException {
        await(Event.Connected.class);
        await(Event.Connected.class);
        List<LoopbackReport.Crossing> crossings = new ArrayList<>();
        try (var in = ReplayTrace.open(file)) {
            ColoTrace trace = new ColoTrace(VM, in);
            Epoch first = trace.next()
                    .orElseThrow(() -> new IOException("the recording holds no epoch"))
                    .epoch();
            long ramBytes = first.header().ramBytes();
            try (RamImage sent = new RamImage(ramBytes);
                    RamImage rebuilt = new RamImage(ramBytes)) {
                crossings.add(cross(first, sent, rebuilt));
                for (Optional<ColoTrace.Recorded> next = trace.next(); next.isPresent(); next = trace.next()) {
                    crossings.add(cross(next.get().epoch(), sent, rebuilt));
                }
                int page = sent.firstDifference(rebuilt);
                if (page >= 0) {
                    throw new IOException("page " + page + " of the rebuilt RAM is another one");
                }
            }
        }
        return new LoopbackReport(crossings.getFirst(), crossings.subList(1, crossings.size()));
    }

    /** The tunnel frees the epoch when it learns of the commit, so until then it is here to compare with. */
    private LoopbackReport.Crossing cross(Epoch epoch, RamImage sent, RamImage rebuilt)
            throws IOException, InterruptedException {
        sent.apply(epoch.pages());
        long plainBytes = epoch.plainBytes();
        long start = System.nanoTime();
        near.send(epoch);
        Event.Received received = await(Event.Received.class);
        long proved;
        try (Epoch arrived = received.epoch()) {
            proved = System.nanoTime();
            if (!arrived.header().equals(epoch.header())
                    || !arrived.pages().sameAs(epoch.pages())
                    || !Arrays.equals(arrived.deviceState(), epoch.deviceState())) {
                throw new IOException(epoch + " arrived as another one");
            }
            rebuilt.apply(arrived.pages());
            proved = System.nanoTime() - proved;
            far.acknowledge(VM, arrived.header().epoch());
        }
        Event.Committed committed = await(Event.Committed.class);
        if (!committed.epoch().equals(epoch.header().epoch())) {
            throw new IOException(committed.epoch() + " was committed in place of " + epoch);
        }
        return new LoopbackReport.Crossing(
                plainBytes, received.nanoTime() - start, committed.nanoTime() - start - proved);
    }

    private <E extends Event> E await(Class<E> wanted) throws IOException, InterruptedException {
        Event event = events.poll(PATIENCE_SECONDS, TimeUnit.SECONDS);
        return switch (event) {
            case null -> throw new IOException("nothing came for " + PATIENCE_SECONDS + " s");
            case Event.Failed(String reason) -> throw new IOException(reason);
            default -> {
                if (!wanted.isInstance(event)) {
                    throw new IOException(event + " came in place of " + wanted.getSimpleName());
                }
                yield wanted.cast(event);
            }
        };
    }

    @Override
    public void close() {
        near.close();
        far.close();
        for (Event event = events.poll(); event != null; event = events.poll()) {
            if (event instanceof Event.Received(Epoch epoch, long _)) {
                epoch.close();
            }
        }
    }

    private static InetSocketAddress freeAddress() throws IOException {
        try (ServerSocket socket = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
            return new InetSocketAddress(InetAddress.getLoopbackAddress(), socket.getLocalPort());
        }
    }

    /** Passes on what a tunnel tells. */
    private final class Ear implements TunnelListener {
        @Override
        public void connected() {
            events.add(new Event.Connected());
        }

        @Override
        public void disconnected(Reset reset) {
            events.add(new Event.Failed("the tunnel broke: " + reset));
        }

        @Override
        public void peerHeard(long nanoTime) {
            // Only a failure detector asks for it.
        }

        @Override
        public void message(PeerMessage message) {
            // None is sent.
        }

        @Override
        public void epochReceived(Epoch epoch) {
            events.add(new Event.Received(epoch, System.nanoTime()));
        }

        @Override
        public void acknowledged(VmId vm, EpochId epoch) {
            events.add(new Event.Committed(epoch, System.nanoTime()));
        }

        @Override
        public void refused(VmId vm, EpochId epoch, String reason) {
            events.add(new Event.Failed("epoch " + epoch + " was refused: " + reason));
        }
    }
}
