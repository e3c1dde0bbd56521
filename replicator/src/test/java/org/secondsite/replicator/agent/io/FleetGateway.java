package org.secondsite.replicator.agent.io;

import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.util.EnumSet;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.TimeUnit;
import java.util.function.Predicate;
import org.secondsite.config.EpochId;
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

/** A gateway of several VMs: each one's epochs go to another gateway, and what is applied there is credited here. */
final class FleetGateway implements CheckpointListener, AutoCloseable {
    private static final int WINDOW = 4;
    private static final int KEEPALIVE_MS = 5000;
    private static final long WAIT_SECONDS = 180;

    private final CheckpointServer server;
    private final Map<VmId, AgentSession> sessions = new ConcurrentHashMap<>();
    private final Map<VmId, String> last = new ConcurrentHashMap<>();
    private final Map<VmId, EpochId> applied = new ConcurrentHashMap<>();
    private FleetGateway other;

    FleetGateway(Set<VmId> vms) throws IOException {
        server = CheckpointServer.open(
                new CheckpointServerSettings(
                        new InetSocketAddress(InetAddress.getLoopbackAddress(), 0),
                        Optional.empty(),
                        Admission.ofAnybody(vms),
                        WINDOW,
                        CheckpointServerSettings.USUAL_WINDOW_BYTES,
                        false,
                        EnumSet.allOf(Capability.class),
                        KEEPALIVE_MS),
                this);
    }

    /** Before any agent is there. */
    void standsBeside(FleetGateway beside) {
        other = beside;
        beside.other = this;
    }

    InetSocketAddress address() {
        return server.address();
    }

    AgentSession session(VmId vm) {
        return sessions.get(vm);
    }

    /** What a VM's replica stands at. */
    EpochId applied(VmId vm) {
        return applied.getOrDefault(vm, EpochId.NONE);
    }

    /** What was heard of a VM last. */
    String last(VmId vm) {
        return last.getOrDefault(vm, "");
    }

    /** What was heard of a VM last is dealt with. */
    void heardEnough(VmId vm) {
        last.remove(vm);
    }

    /** Waits until something holds of each VM. */
    void awaitAll(Set<VmId> vms, Predicate<VmId> holds) throws InterruptedException {
        long deadline = System.nanoTime() + TimeUnit.SECONDS.toNanos(WAIT_SECONDS);
        for (VmId vm : vms) {
            while (!holds.test(vm)) {
                if (System.nanoTime() > deadline) {
                    throw new AssertionError(vm + " of " + last);
                }
                Thread.sleep(10);
            }
        }
    }

    @Override
    public void attached(AgentSession attached) {
        sessions.put(attached.vm(), attached);
        last.put(attached.vm(), "attached " + attached.vmRunning());
    }

    @Override
    public void detached(AgentSession detached, String reason) {
        last.put(detached.vm(), "detached " + reason);
    }

    @Override
    public void sealRequested(AgentSession from, EpochId epoch) {
        from.sealed(epoch);
    }

    @Override
    public void epochReceived(AgentSession from, Epoch epoch, long pauseNanos) {
        other.session(from.vm()).apply(epoch);
    }

    @Override
    public void applied(AgentSession from, EpochId epoch) {
        applied.put(from.vm(), epoch);
        other.session(from.vm()).credit(epoch);
    }

    @Override
    public void activated(AgentSession from, EpochId epoch) {
        last.put(from.vm(), "activated " + epoch);
    }

    @Override
    public void failed(AgentSession from, FailureKind what, String reason) {
        last.put(from.vm(), "failed " + what.word() + " " + reason);
    }

    @Override
    public void ofDisks(AgentSession from, DiskTalk talk) {
        other.session(from.vm()).ofDisks(talk);
    }

    @Override
    public void actedUnder(AgentSession from, long term) {}

    @Override
    public void disksSynced(AgentSession from) {}

    @Override
    public void copyAt(AgentSession from, CopyProgress progress) {}

    @Override
    public void vmPaused(AgentSession from, EpochId epoch) {}

    @Override
    public void vmStopped(AgentSession from) {}

    @Override
    public void close() {
        server.close();
    }
}
