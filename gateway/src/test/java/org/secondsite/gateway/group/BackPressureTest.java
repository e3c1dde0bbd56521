package org.secondsite.gateway.group;

import static org.junit.jupiter.api.Assertions.assertEquals;

import java.net.InetAddress;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.secondsite.buffer.LoopbackDataPlane;
import org.secondsite.buffer.Pressure;
import org.secondsite.buffer.ProtectedVm;
import org.secondsite.config.Durability;
import org.secondsite.config.EpochId;
import org.secondsite.config.MacAddress;
import org.secondsite.config.SiteId;
import org.secondsite.config.VmId;
import org.secondsite.replicator.CarriedDisks;
import org.secondsite.replicator.Dialect;
import org.secondsite.replicator.DiskTalk;
import org.secondsite.replicator.Epoch;
import org.secondsite.replicator.checkpoint.AgentSession;
import org.secondsite.replicator.tunnel.PeerMessage;

/** The orders that an agent gets while its VM's buffer fills, in front of a real epoch buffer. */
class BackPressureTest {
    private static final VmId VM = new VmId("vm1");
    private static final int INTERVAL_MS = 40;
    private static final long MILLI = 1_000_000;

    private final List<byte[]> released = new ArrayList<>();
    private final LoopbackDataPlane plane = new LoopbackDataPlane(
            List.of(new ProtectedVm(VM, MacAddress.parse("52:54:00:00:00:01"), List.<InetAddress>of())),
            4 << 20,
            2 << 20,
            released::add);
    private final NotingAgent agent = new NotingAgent();
    private final Orders orders = new Orders(0).towards(new SiteId("b"));
    private final CheckpointStream stream =
            new CheckpointStream(VM, orders, new CheckpointPace(INTERVAL_MS, INTERVAL_MS));
    private final SiteEdge edge =
            new SiteEdge(new Surroundings(plane, _ -> new NoPeer(), null, null, null, null, null, null), event -> {});

    @AfterEach
    void close() {
        plane.close();
    }

    @Test
    void aFillingBufferShortensTheIntervalAndAnEmptyOneRestoresIt() {
        protect();
        news(Pressure.SEAL_SOONER);
        assertEquals(List.of("interval 20", "checkpoint now"), agent.take());
        news(Pressure.KEEP_PAUSED);
        assertEquals(List.of("interval 10", "checkpoint now"), agent.take());
        news(Pressure.SEAL_SOONER);
        assertEquals(List.of("interval 20"), agent.take());
        news(Pressure.EASY);
        assertEquals(List.of("interval 40"), agent.take());
        assertEquals(2, stream.pressure().sealedSooner());
    }

    @Test
    void aVmIsKeptPausedUntilTheEpochsBeforeAreCommitted() {
        protect();
        seal(1);
        seal(2);
        news(Pressure.KEEP_PAUSED);
        agent.take();
        plane.fromVm(VM, new byte[] {3});
        seal(3);
        assertEquals(List.of(), agent.take());
        commit(1);
        assertEquals(List.of("credit 1/1"), agent.take());
        commit(2);
        assertEquals(List.of("credit 1/2", "sealed 1/3"), agent.take());
        assertEquals(1, stream.pressure().keptPaused());
        assertEquals(0, released.size(), "what is kept back is the answer; the epoch is sealed and held");
        commit(3);
        assertEquals(1, released.size());
    }

    @Test
    void withNothingToWaitForAVmRunsOn() {
        protect();
        seal(1);
        commit(1);
        news(Pressure.HARD_LIMIT);
        agent.take();
        seal(2);
        assertEquals(List.of("sealed 1/2"), agent.take());
        assertEquals(0, stream.pressure().keptPaused());
        assertEquals(1, stream.pressure().hardLimits());
    }

    @Test
    void roomLetsAPausedVmRunOn() {
        keptPaused();
        news(Pressure.SEAL_SOONER);
        assertEquals(List.of("sealed 1/2", "interval 20"), agent.take());
    }

    @Test
    void aStandbyThatIsSilentDoesNotKeepAVmPausedForEver() {
        keptPaused();
        tickAt(250 * MILLI);
        assertEquals(List.of(), agent.take());
        tickAt(251 * MILLI);
        assertEquals(List.of("sealed 1/2"), agent.take());
        tickAt(500 * MILLI);
        assertEquals(List.of(), agent.take());
    }

    @Test
    void theEndOfCheckpointsLetsAPausedVmRunOn() {
        keptPaused();
        stream.stop(Optional.of(agent));
        carryOut();
        assertEquals(List.of("sealed 1/2", "stop"), agent.take());
    }

    @Test
    void withoutCheckpointsNothingIsOrdered() {
        news(Pressure.KEEP_PAUSED);
        assertEquals(List.of(), agent.take());
        assertEquals(Pressure.KEEP_PAUSED, stream.pressure().level());
    }

    private void keptPaused() {
        protect();
        seal(1);
        news(Pressure.KEEP_PAUSED);
        agent.take();
        seal(2);
        assertEquals(List.of(), agent.take());
    }

    private void protect() {
        stream.start(Optional.of(agent), 1);
        stream.gate(1);
        carryOut();
        agent.take();
    }

    private void carryOut() {
        edge.carryOut(orders.end());
    }

    private void tickAt(long nanos) {
        orders.begin(nanos);
        stream.tick(0);
        carryOut();
    }

    private void news(Pressure level) {
        stream.pressure(level, Optional.of(agent));
        carryOut();
    }

    private void seal(long number) {
        stream.sealRequested(agent, new EpochId(1, number));
        carryOut();
    }

    private void commit(long number) {
        stream.acknowledged(Optional.of(agent), new EpochId(1, number));
        carryOut();
    }

    /** An agent that notes what it is told. */
    private static final class NotingAgent implements AgentSession {
        private final List<String> told = new ArrayList<>();

        List<String> take() {
            List<String> taken = List.copyOf(told);
            told.clear();
            return taken;
        }

        @Override
        public VmId vm() {
            return VM;
        }

        @Override
        public long ramBytes() {
            return 0;
        }

        @Override
        public boolean vmRunning() {
            return true;
        }

        @Override
        public EpochId applied() {
            return EpochId.NONE;
        }

        @Override
        public String description() {
            return "notes";
        }

        @Override
        public Dialect dialect() {
            return new Dialect(1, Set.of());
        }

        @Override
        public void start(EpochId first, boolean full, int intervalMs) {
            told.add("start " + intervalMs);
        }

        @Override
        public void interval(int intervalMs) {
            told.add("interval " + intervalMs);
        }

        @Override
        public void checkpointNow() {
            told.add("checkpoint now");
        }

        @Override
        public void retitle(EpochId next) {
            told.add("retitle " + next);
        }

        @Override
        public void sealed(EpochId epoch) {
            told.add("sealed " + epoch);
        }

        @Override
        public void credit(EpochId committed) {
            told.add("credit " + committed);
        }

        @Override
        public void stop() {
            told.add("stop");
        }

        @Override
        public void pauseVm() {
            told.add("pause");
        }

        @Override
        public void resumeVm() {
            told.add("resume");
        }

        @Override
        public CarriedDisks disks() {
            return CarriedDisks.NONE;
        }

        @Override
        public Durability durability() {
            return Durability.DISK;
        }

        @Override
        public void flushAtOnce() {
            told.add("flush at once");
        }

        @Override
        public void ofDisks(DiskTalk talk) {
            told.add("of disks");
        }

        @Override
        public void syncDisks() {
            told.add("sync disks");
        }

        @Override
        public void inForce(long term) {}

        @Override
        public void stopVm(String reason) {
            told.add("stop VM");
        }

        @Override
        public void apply(Epoch epoch) {
            told.add("apply");
        }

        @Override
        public void activate(EpochId expected) {
            told.add("activate");
        }

        @Override
        public void release() {
            told.add("release");
        }
    }

    private static final class NoPeer implements Surroundings.PeerLink {
        @Override
        public void send(Epoch epoch) {}

        @Override
        public void send(PeerMessage message) {}

        @Override
        public void acknowledge(VmId vm, EpochId epoch) {}

        @Override
        public void withdraw(VmId vm) {}

        @Override
        public void refuse(VmId vm, EpochId epoch, String reason) {}

        @Override
        public void discard(VmId vm) {}

        @Override
        public void abandon(String reason) {}
    }
}
