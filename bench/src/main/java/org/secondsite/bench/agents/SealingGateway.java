package org.secondsite.bench.agents;

import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.file.Path;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import org.secondsite.bench.process.Latencies;
import org.secondsite.config.EpochId;
import org.secondsite.config.TlsFiles;
import org.secondsite.config.VmId;
import org.secondsite.net.life.io.Life;
import org.secondsite.replicator.CopyProgress;
import org.secondsite.replicator.DiskTalk;
import org.secondsite.replicator.Epoch;
import org.secondsite.replicator.checkpoint.Admission;
import org.secondsite.replicator.checkpoint.AgentSession;
import org.secondsite.replicator.checkpoint.CheckpointListener;
import org.secondsite.replicator.checkpoint.FailureKind;
import org.secondsite.replicator.checkpoint.io.CheckpointServer;
import org.secondsite.replicator.checkpoint.io.CheckpointServerSettings;

/**
 * A gateway without anything behind it: seals at once what is to be sealed, and is done with every epoch when that has come. Thread-safe.
 */
final class SealingGateway implements CheckpointListener, AutoCloseable {
    private static final EpochId FIRST = new EpochId(1, 1);
    private static final int WINDOW = 8;

    private final CheckpointServer server;
    private final int intervalMs;
    private Latencies pauses = new Latencies();
    private Latencies epochs = new Latencies();
    private long bytes;
    private long sealedNanos;

    /**
     * Listens.
     *
     * @param tls who it is; empty: nobody proves anything at its port
     * @param local a Unix socket besides, for an agent that is then that of the host
     */
    SealingGateway(VmId vm, String host, Optional<TlsFiles> tls, Optional<Path> local, int intervalMs)
            throws IOException {
        this.intervalMs = intervalMs;
        Admission admission = tls.isPresent()
                ? new Admission(Set.of(vm), Map.of(host, Set.of(vm)), Admission.Unproven.REFUSED)
                : Admission.ofAnybody(Set.of(vm));
        server = CheckpointServer.open(
                new CheckpointServerSettings(
                        new InetSocketAddress(InetAddress.getLoopbackAddress(), 0),
                        tls,
                        admission,
                        WINDOW,
                        CheckpointServerSettings.USUAL_WINDOW_BYTES,
                        false,
                        Set.of(),
                        CheckpointServerSettings.USUAL_KEEPALIVE_MS,
                        local.map(socket -> new CheckpointServerSettings.Local(socket, host))),
                this,
                Life.unwatched("bench"));
    }

    InetSocketAddress address() {
        return server.address();
    }

    /** What was measured since the last time. */
    synchronized Sample take() {
        Sample sample = new Sample(pauses, epochs, bytes);
        pauses = new Latencies();
        epochs = new Latencies();
        bytes = 0;
        return sample;
    }

    /**
     * Figures of some time.
     *
     * @param pauses how long the VM was paused for each epoch
     * @param epochs from the request to seal an epoch until it was here as a whole
     * @param bytes of epochs, in plain form
     */
    record Sample(Latencies pauses, Latencies epochs, long bytes) {}

    @Override
    public void attached(AgentSession session) {
        if (session.vmRunning()) {
            session.start(FIRST, true, intervalMs);
        }
    }

    @Override
    public synchronized void sealRequested(AgentSession session, EpochId epoch) {
        sealedNanos = System.nanoTime();
        session.sealed(epoch);
    }

    @Override
    public synchronized void epochReceived(AgentSession session, Epoch epoch, long pauseNanos) {
        EpochId id = epoch.header().epoch();
        if (id.number() > 1) { // the first image is another matter
            pauses.add(pauseNanos);
            epochs.add(System.nanoTime() - sealedNanos);
            bytes += epoch.plainBytes();
        }
        epoch.close();
        session.credit(id);
    }

    @Override
    public void detached(AgentSession session, String reason) {}

    @Override
    public void actedUnder(AgentSession session, long term) {}

    @Override
    public void applied(AgentSession session, EpochId epoch) {}

    @Override
    public void activated(AgentSession session, EpochId epoch) {}

    @Override
    public void vmPaused(AgentSession session, EpochId last) {}

    @Override
    public void failed(AgentSession session, FailureKind what, String reason) {}

    @Override
    public void disksSynced(AgentSession session) {}

    @Override
    public void ofDisks(AgentSession session, DiskTalk talk) {
        if (talk instanceof DiskTalk.Machine) {
            session.ofDisks(new DiskTalk.Compared(talk.chain(), ""));
        }
    }

    @Override
    public void copyAt(AgentSession session, CopyProgress progress) {}

    @Override
    public void vmStopped(AgentSession session) {}

    @Override
    public void close() {
        server.close();
    }
}
