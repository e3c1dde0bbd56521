package org.secondsite.replicator.checkpoint.io;

import java.time.Instant;
import java.util.Optional;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.function.Consumer;
import org.secondsite.config.Durability;
import org.secondsite.config.EpochId;
import org.secondsite.config.VmId;
import org.secondsite.net.Decoded;
import org.secondsite.replicator.CarriedDisks;
import org.secondsite.replicator.Dialect;
import org.secondsite.replicator.Epoch;
import org.secondsite.replicator.checkpoint.AgentConduct;
import org.secondsite.replicator.checkpoint.CheckpointListener;
import org.secondsite.replicator.checkpoint.CheckpointMessage;
import org.secondsite.replicator.checkpoint.EpochAssembler;
import org.secondsite.replicator.checkpoint.FailureKind;
import org.secondsite.replicator.checkpoint.MessageSession;
import org.secondsite.replicator.checkpoint.ReplicaQueue;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The gateway's side of one attached agent. What goes to it for its replica, and when, is what a {@link ReplicaQueue} says.
 */
final class ServerSession extends MessageSession {
    private static final Logger LOG = LoggerFactory.getLogger(ServerSession.class);

    /**
     * A host that has proved who it is.
     *
     * @param certificateEnd when that ends by which it has; empty if it has shown none, at the Unix socket
     */
    record Proven(String name, Optional<Instant> certificateEnd) {}

    private final CheckpointConnection connection;
    private final CheckpointListener listener;
    private final VmId vm;
    private final long ramBytes;
    private final String description;
    private final Dialect dialect;
    private final Optional<Proven> host;
    private final EpochAssembler assembler;
    private final AgentConduct conduct;
    private final Consumer<String> wrong;

    private boolean detached;

    private final AtomicBoolean silenced = new AtomicBoolean();
    private volatile boolean vmRunning;
    private volatile EpochId applied;
    private volatile CheckpointMessage.Disks disks = new CheckpointMessage.Disks(CarriedDisks.NONE, Durability.DISK);

    ServerSession(
            CheckpointConnection connection,
            CheckpointMessage.Hello hello,
            Dialect dialect,
            Optional<Proven> host,
            CheckpointListener listener,
            Consumer<String> wrong) {
        this.wrong = wrong;
        this.conduct = new AgentConduct(hello, dialect);
        this.dialect = dialect;
        this.host = host;
        this.connection = connection;
        this.listener = listener;
        this.vm = hello.vm();
        this.ramBytes = hello.ramBytes();
        this.description = hello.description();
        this.vmRunning = hello.running();
        this.applied = hello.applied();
        this.assembler = new EpochAssembler(vm, ramBytes);
    }

    /** The host that has proved to be at the other end, empty if nothing was proved. */
    Optional<String> host() {
        return host.map(Proven::name);
    }

    @Override
    public Optional<Instant> certificateEnd() {
        return host.flatMap(Proven::certificateEnd);
    }

    CheckpointConnection connection() {
        return connection;
    }

    void attach() {
        listener.attached(this);
    }

    /** Ends the session; the listener hears of it once. */
    void detach(String reason) {
        if (silence()) {
            LOG.info("agent of {} detached: {}", vm, reason);
            listener.detached(this, reason);
        }
        connection.close(reason);
    }

    /** Ends the session without a word to the listener. Returns whether it was not ended before. */
    boolean silence() {
        if (!silenced.compareAndSet(false, true)) {
            return false;
        }
        assembler.close();
        synchronized (replica) {
            detached = true;
            replica.drop();
        }
        return true;
    }

    /** Has the agent keep to another window. */
    void told(CheckpointMessage.Window window) {
        tell(window);
    }

    void received(CheckpointMessage message) {
        if (silenced.get()) {
            return;
        }
        Optional<String> fault = conduct.judge(message);
        if (fault.isPresent()) {
            wrong.accept(fault.get());
            connection.sendLast(
                    new CheckpointMessage.Refused(fault.get()), "it does not keep to the protocol: " + fault.get());
            return;
        }
        switch (message) {
            case CheckpointMessage.Seal seal -> listener.sealRequested(this, seal.epoch());
            case CheckpointMessage.EpochPart part -> part(part);
            case CheckpointMessage.Applied reached -> {
                applied = reached.epoch();
                answered();
                listener.applied(this, reached.epoch());
            }
            case CheckpointMessage.Activated activated -> {
                vmRunning = true;
                listener.activated(this, activated.epoch());
            }
            case CheckpointMessage.VmStopped stopped -> {
                vmRunning = false;
                listener.vmStopped(this);
            }
            case CheckpointMessage.VmPaused paused -> listener.vmPaused(this, paused.last());
            case CheckpointMessage.Disks told -> disks = told;
            case CheckpointMessage.DisksSynced synced -> listener.disksSynced(this);
            case CheckpointMessage.OfDisks said -> listener.ofDisks(this, said.talk());
            case CheckpointMessage.CopyAt at -> listener.copyAt(this, at.progress());
            case CheckpointMessage.Term term -> listener.actedUnder(this, term.term());
            case CheckpointMessage.Failed failed -> failed(failed);
            default -> throw new IllegalStateException("nothing is done about a " + message);
        }
    }

    private void part(CheckpointMessage.EpochPart part) {
        switch (assembler.accept(part)) {
            case Decoded.NeedMore<EpochAssembler.Arrived, String>() -> {}
            case Decoded.Complete<EpochAssembler.Arrived, String>(EpochAssembler.Arrived whole) -> {
                conduct.received(whole.epoch().header().epoch());
                listener.epochReceived(this, whole.epoch(), whole.pauseNanos());
            }
            case Decoded.Refused<EpochAssembler.Arrived, String>(String reason) -> connection.close(reason);
        }
    }

    private void failed(CheckpointMessage.Failed failed) {
        if (failed.kind() == FailureKind.VM) {
            vmRunning = false;
        } else if (failed.kind() == FailureKind.APPLY) {
            answered();
        }
        String about = failed.epoch().equals(EpochId.NONE) ? "" : "epoch " + failed.epoch() + ": ";
        LOG.warn("agent of {}: {} failed: {}{}", vm, failed.kind().word(), about, failed.reason());
        listener.failed(this, failed.kind(), about + failed.reason());
    }

    @Override
    public VmId vm() {
        return vm;
    }

    @Override
    public long ramBytes() {
        return ramBytes;
    }

    @Override
    public boolean vmRunning() {
        return vmRunning;
    }

    @Override
    public EpochId applied() {
        return applied;
    }

    @Override
    public String description() {
        return description;
    }

    @Override
    public Dialect dialect() {
        return dialect;
    }

    @Override
    public CarriedDisks disks() {
        return disks.disks();
    }

    @Override
    public Durability durability() {
        return disks.durability();
    }

    @Override
    public void activate(EpochId expected) {
        synchronized (replica) {
            replica.activate(expected);
            sendWhatIsNext();
        }
    }

    @Override
    public void release() {
        synchronized (replica) {
            replica.drop();
        }
        connection.sendInOrder(new CheckpointMessage.Release());
    }

    @Override
    public void apply(Epoch epoch) {
        synchronized (replica) {
            if (detached) {
                epoch.close();
                return;
            }
            replica.apply(epoch);
            sendWhatIsNext();
        }
    }

    private void answered() {
        synchronized (replica) {
            replica.answered();
            sendWhatIsNext();
        }
    }

    @Override
    protected void ship(Epoch epoch) {
        connection.ship(epoch, 0, epoch::close);
    }

    @Override
    protected AgentConduct conduct() {
        return conduct;
    }

    @Override
    protected void send(CheckpointMessage message) {
        if (!silenced.get()) {
            connection.send(message);
        }
    }
}
