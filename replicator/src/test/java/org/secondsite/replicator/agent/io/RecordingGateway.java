package org.secondsite.replicator.agent.io;

import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;
import java.util.stream.Stream;
import org.secondsite.config.EpochId;
import org.secondsite.config.TlsFiles;
import org.secondsite.config.VmId;
import org.secondsite.replicator.Capability;
import org.secondsite.replicator.CopyProgress;
import org.secondsite.replicator.DiskTalk;
import org.secondsite.replicator.Epoch;
import org.secondsite.replicator.checkpoint.Admission;
import org.secondsite.replicator.checkpoint.AgentSession;
import org.secondsite.replicator.checkpoint.CheckpointListener;
import org.secondsite.replicator.checkpoint.FailureKind;
import org.secondsite.replicator.checkpoint.io.CheckpointServer;
import org.secondsite.replicator.checkpoint.io.CheckpointServerSettings;

/** A gateway that seals at once (unless told not to), hands epochs to whoever wants them, and writes down what it hears. */
final class RecordingGateway implements CheckpointListener, AutoCloseable {
    static final int WINDOW = 4;
    private static final int KEEPALIVE_MS = 200;
    private static final int PATIENT_MS = 20_000;
    private static final long WAIT_SECONDS = 90;

    private final CheckpointServer server;
    private final LinkedBlockingQueue<String> words = new LinkedBlockingQueue<>();
    private final List<Long> pausesNanos = new ArrayList<>();
    private volatile AgentSession session;
    private volatile EpochId lastEpoch = EpochId.NONE;
    private volatile boolean sealing = true;
    private volatile Consumer<Epoch> sink = Epoch::close;
    private volatile Consumer<EpochId> onApplied = epoch -> {};
    private volatile Consumer<DiskTalk> onTalk = this::nothingAgainst;

    RecordingGateway(VmId vm) throws IOException {
        this(vm, 0);
    }

    RecordingGateway(VmId vm, int port) throws IOException {
        this(vm, port, CheckpointServerSettings.USUAL_WINDOW_BYTES, false);
    }

    RecordingGateway(VmId vm, Set<Capability> capabilities) throws IOException {
        this(settings(0, vm, CheckpointServerSettings.USUAL_WINDOW_BYTES, false, capabilities));
    }

    RecordingGateway(VmId vm, int port, long windowBytes, boolean stalls) throws IOException {
        this(settings(port, vm, windowBytes, stalls, Set.of()));
    }

    /** One that has a certificate, and much patience with a silent agent. */
    RecordingGateway(TlsFiles tls, Admission admission) throws IOException {
        this(tls, admission, Optional.empty());
    }

    /** The same, for the agents of its machine at a Unix socket besides. */
    RecordingGateway(TlsFiles tls, Admission admission, Optional<CheckpointServerSettings.Local> local)
            throws IOException {
        this(new CheckpointServerSettings(
                local(0),
                Optional.of(tls),
                admission,
                WINDOW,
                CheckpointServerSettings.USUAL_WINDOW_BYTES,
                false,
                Set.of(),
                PATIENT_MS,
                local));
    }

    private RecordingGateway(CheckpointServerSettings settings) throws IOException {
        server = CheckpointServer.open(settings, this);
    }

    private static CheckpointServerSettings settings(
            int port, VmId vm, long windowBytes, boolean stalls, Set<Capability> capabilities) {
        return new CheckpointServerSettings(
                local(port),
                Optional.empty(),
                Admission.ofAnybody(Set.of(vm)),
                WINDOW,
                windowBytes,
                stalls,
                capabilities,
                KEEPALIVE_MS);
    }

    private static InetSocketAddress local(int port) {
        return new InetSocketAddress(InetAddress.getLoopbackAddress(), port);
    }

    CheckpointServer server() {
        return server;
    }

    InetSocketAddress address() {
        return server.address();
    }

    AgentSession session() {
        return session;
    }

    /** The last epoch that arrived. */
    EpochId lastEpoch() {
        return lastEpoch;
    }

    void sealing(boolean on) {
        sealing = on;
    }

    /** Who gets the epochs that arrive, and closes them. */
    void sink(Consumer<Epoch> taker) {
        sink = taker;
    }

    /** Ships every epoch on to a standby, and tells this gateway's agent when it is applied there. */
    void relayTo(RecordingGateway standby) {
        standby.onApplied = epoch -> session.credit(epoch);
        sink = epoch -> standby.session.apply(epoch);
        onTalk = talk -> standby.session.ofDisks(talk);
        standby.onTalk = talk -> session.ofDisks(talk);
    }

    /** Credits every epoch that arrives, as if it were committed at once, by a standby that says nothing of its disks. */
    void relayCredits() {
        onTalk = talk -> {
            if (talk instanceof DiskTalk.Machine) {
                nothingAgainst(talk);
            } else {
                session.ofDisks(new DiskTalk.Nobody(talk.chain()));
            }
        };
        sink = epoch -> {
            session.credit(epoch.header().epoch());
            epoch.close();
        };
    }

    private void nothingAgainst(DiskTalk talk) {
        if (talk instanceof DiskTalk.Machine) {
            session.ofDisks(new DiskTalk.Compared(talk.chain(), ""));
        }
    }

    List<Long> pausesNanos() {
        synchronized (pausesNanos) {
            return List.copyOf(pausesNanos);
        }
    }

    /** Waits for something heard that begins so, drops what was heard before it, and returns it. */
    String await(String... beginnings) throws InterruptedException {
        List<String> heard = new ArrayList<>();
        long deadline = System.nanoTime() + TimeUnit.SECONDS.toNanos(WAIT_SECONDS);
        while (true) {
            String word = words.poll(Math.max(0, deadline - System.nanoTime()), TimeUnit.NANOSECONDS);
            if (word == null) {
                throw new AssertionError(
                        List.of(beginnings) + " not heard within " + WAIT_SECONDS + " s, but " + heard);
            }
            heard.add(word);
            if (Stream.of(beginnings).anyMatch(word::startsWith)) {
                return word;
            }
        }
    }

    /** What is heard next, if that is within a time. */
    Optional<String> next(long ms) throws InterruptedException {
        return Optional.ofNullable(words.poll(ms, TimeUnit.MILLISECONDS));
    }

    /** Whether something that begins so is heard within a time. */
    boolean hears(String beginning, long ms) throws InterruptedException {
        long deadline = System.nanoTime() + TimeUnit.MILLISECONDS.toNanos(ms);
        String word = "";
        while (word != null && !word.startsWith(beginning)) {
            word = words.poll(Math.max(0, deadline - System.nanoTime()), TimeUnit.NANOSECONDS);
        }
        return word != null;
    }

    @Override
    public void attached(AgentSession attached) {
        session = attached;
        words.add("attached running=" + attached.vmRunning() + " applied=" + attached.applied());
    }

    @Override
    public void detached(AgentSession detached, String reason) {
        words.add("detached " + reason);
    }

    @Override
    public void sealRequested(AgentSession from, EpochId epoch) {
        words.add("seal " + epoch);
        if (sealing) {
            from.sealed(epoch);
        }
    }

    @Override
    public void epochReceived(AgentSession from, Epoch epoch, long pauseNanos) {
        synchronized (pausesNanos) {
            pausesNanos.add(pauseNanos);
        }
        String word =
                "epoch " + epoch.header().epoch() + " on " + epoch.header().base();
        lastEpoch = epoch.header().epoch();
        sink.accept(epoch);
        words.add(word);
    }

    @Override
    public void applied(AgentSession from, EpochId epoch) {
        onApplied.accept(epoch);
        words.add("applied " + epoch);
    }

    @Override
    public void activated(AgentSession from, EpochId epoch) {
        words.add("activated " + epoch);
    }

    @Override
    public void failed(AgentSession from, FailureKind what, String reason) {
        words.add("failed " + what.word() + " " + reason);
    }

    @Override
    public void vmPaused(AgentSession from, EpochId last) {
        words.add("paused " + last);
    }

    @Override
    public void disksSynced(AgentSession from) {
        words.add("disks synced");
    }

    @Override
    public void ofDisks(AgentSession from, DiskTalk talk) {
        onTalk.accept(talk);
        words.add("of disks: " + talk);
    }

    @Override
    public void actedUnder(AgentSession from, long term) {
        words.add("acted under: " + term);
    }

    @Override
    public void copyAt(AgentSession from, CopyProgress progress) {
        words.add("copy at: " + progress);
    }

    @Override
    public void vmStopped(AgentSession from) {
        words.add("stopped");
    }

    @Override
    public void close() {
        server.close();
    }
}
