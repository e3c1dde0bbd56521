package org.secondsite.replicator.agent.io;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.extension.RegisterExtension;
import org.junit.jupiter.api.io.TempDir;
import org.secondsite.config.EpochId;
import org.secondsite.config.VmId;
import org.secondsite.net.life.Ending;
import org.secondsite.replicator.PageSet;
import org.secondsite.replicator.agent.AgentSettings;
import org.secondsite.replicator.agent.GatewayAccess;
import org.secondsite.replicator.agent.PageCompare;
import org.secondsite.replicator.agent.VmDriver;
import org.secondsite.testing.FreePort;
import org.secondsite.testing.Opened;

/** Agents beside real QEMU guests (TCG), gateways in this process. Needs qemu-system-x86, a kernel and busybox-static. */
@Tag("lab")
@Timeout(value = 400, threadMode = Timeout.ThreadMode.SEPARATE_THREAD)
class QemuAgentLabTest {
    /** No thread of the agent fails or hangs in these tests. */
    static final Ending NO_ENDING = (reason, details) -> {
        throw new AssertionError(reason + ": " + details.get());
    };

    private static final VmId VM = new VmId("vm1");
    private static final int RAM_MIB = 96;

    @TempDir
    Path directory;

    @RegisterExtension
    final Opened open = new Opened();

    private LabGuest guest(String name, boolean busy) throws IOException {
        LabGuest guest = new LabGuest(VM, directory.resolve(name), RAM_MIB, busy);
        open.add(guest::remove);
        return guest;
    }

    private RecordingGateway gateway() throws IOException {
        return open.add(new RecordingGateway(VM));
    }

    private CheckpointAgent agent(RecordingGateway gateway, LabGuest guest) throws IOException {
        return open.add(CheckpointAgent.open(
                new AgentSettings(GatewayAccess.plain(gateway.address()), List.of(guest.settings())), NO_ENDING));
    }

    private static void assertContiguous(List<Integer> ticks) {
        for (int i = 1; i < ticks.size(); i++) {
            assertEquals(ticks.get(i - 1) + 1, ticks.get(i), "ticks " + ticks);
        }
    }

    @Test
    void theReplicaEqualsTheRamUnderLoadAndTheGuestGoesOnFromItThereAndBack() throws Exception {
        LabGuest a = guest("a", true);
        LabGuest b = guest("b", true);
        RecordingGateway gatewayA = gateway();
        RecordingGateway gatewayB = gateway();
        a.boot();
        agent(gatewayA, a);
        agent(gatewayB, b);
        assertEquals("attached running=true applied=0/0", gatewayA.await("attached"));
        assertEquals("attached running=false applied=0/0", gatewayB.await("attached"));

        EpochId frozen = protect(gatewayA, gatewayB, a, new EpochId(1, 1));
        assertArrayEquals(a.ram(), b.ram());
        assertFalse(a.operator("query-status").path("running").asBoolean(), "an operator's pause was lifted");
        gatewayA.session().stopVm("the site is lost");
        gatewayA.await("stopped");
        gatewayB.session().activate(frozen);
        gatewayB.await("activated");
        b.awaitTick(10, 60);
        assertContiguous(LabGuest.ticks(a.console() + b.console()));

        String before = a.console();
        EpochId frozenAgain = protect(gatewayB, gatewayA, b, new EpochId(2, 1));
        assertArrayEquals(b.ram(), a.ram());
        before += b.console();
        ProcessHandle.of(b.pid()).orElseThrow().destroyForcibly();
        gatewayB.await("failed vm");
        gatewayA.session().activate(frozenAgain);
        gatewayA.await("activated");
        a.awaitTick(10, 60);
        assertContiguous(LabGuest.ticks(before + a.console()));
    }

    /** Takes some checkpoints under load, then one of the frozen VM, and waits until the standby has it. */
    private static EpochId protect(RecordingGateway owner, RecordingGateway standby, LabGuest guest, EpochId first)
            throws Exception {
        owner.relayTo(standby);
        owner.session().start(first, true, 50);
        standby.await("applied " + new EpochId(first.term(), 40));
        owner.session().stop();
        while (owner.hears("epoch", 300)) {
            // What was under way when STOP came.
        }
        guest.operator("stop");
        EpochId frozen = new EpochId(first.term(), 100_000);
        owner.session().start(frozen, false, 100_000);
        standby.await("applied " + frozen);
        Pauses.print(guest.settings().ramBytes() + " bytes, busy", owner.pausesNanos());
        return frozen;
    }

    @Test
    void theGuestRunsOnWhateverFailsInACheckpoint() throws Exception {
        LabGuest guest = guest("a", true);
        int port = FreePort.onLoopback();
        RecordingGateway gateway = new RecordingGateway(VM, port);
        guest.boot();
        CheckpointAgent agent = agent(gateway, guest);
        gateway.await("attached");

        gateway.sealing(false);
        gateway.session().start(new EpochId(1, 1), true, 100);
        assertTrue(gateway.await("failed checkpoint").contains("did not seal"));
        assertGoesOn(guest);
        gateway.sealing(true);
        assertEquals("epoch 1/", gateway.await("epoch").substring(0, 8));

        gateway.sealing(false);
        gateway.await("seal");
        gateway.close();
        assertGoesOn(guest);
        RecordingGateway again = open.add(new RecordingGateway(VM, port));
        again.await("attached running=true");
        again.session().start(new EpochId(2, 1), true, 50);
        again.await("epoch 2/2");
        agent.close();
        assertGoesOn(guest);

        QemuHost host = QemuHost.open(guest.settings());
        try (VmDriver vm = host.attach().orElseThrow()) {
            vm.prepare();
            vm.pause();
            vm.abandonDeviceState();
            assertThrows(IOException.class, vm::beginDeviceState, "there is no sink any more");
            vm.resume();
            assertGoesOn(guest);
            vm.prepare();
            vm.pause();
            vm.beginDeviceState();
            assertTrue(vm.awaitDeviceState(5_000_000_000L).length > 0);
            vm.resume();
            assertGoesOn(guest);
        }
    }

    private static void assertGoesOn(LabGuest guest) throws Exception {
        guest.awaitTick(LabGuest.ticks(guest.console()).size() + 3, 30);
    }

    @Test
    void trackingFindsWhatComparingFindsInEveryPauseOfABusyGuest() throws Exception {
        LabGuest guest = guest("a", true);
        guest.boot();
        QemuHost host = QemuHost.open(guest.settings());
        long ramBytes = host.ramBytes();
        int pages = (int) (ramBytes / PageSet.PAGE_BYTES);
        try (VmDriver vm = host.attach().orElseThrow();
                ShadowImage shadow = new ShadowImage("test", ramBytes);
                PageComparer oracle = new PageComparer("oracle", pages);
                Arena arena = Arena.ofShared()) {
            shadow.track(vm.trackDirtyPages());
            MemorySegment replica = arena.allocate(ramBytes);
            long found = 0;
            for (int epoch = 1; epoch <= 60; epoch++) {
                if (epoch == 1) {
                    shadow.prefill(vm.ram());
                }
                vm.prepare();
                vm.pause();
                vm.beginDeviceState();
                PageSet changed = shadow.changed(vm.ram());
                vm.awaitDeviceState(5_000_000_000L);
                shadow.advance(changed, new EpochId(1, epoch));
                try (PageSet shipped = epoch == 1 ? shadow.full() : changed) {
                    for (int i = 0; i < shipped.count(); i++) {
                        MemorySegment.copy(
                                shipped.content(i),
                                0,
                                replica,
                                (long) shipped.number(i) * PageSet.PAGE_BYTES,
                                PageSet.PAGE_BYTES);
                    }
                    found += epoch == 1 ? 0 : shipped.count();
                }
                changed.close();
                long[] missed = new long[pages / 64 + 1];
                oracle.mark(vm.ram(), replica, missed);
                assertEquals(-1, PageCompare.next(missed, 0), "missed in epoch " + epoch);
                vm.resume();
                shadow.audit(vm.ram());
                assertTrue(shadow.isTracked());
                Thread.sleep(30);
            }
            assertTrue(found > 1000, "a busy guest that wrote " + found + " pages");
        }
        assertGoesOn(guest);
    }

    @Test
    void aGuestThatAnOperatorPausesHasCheckpointsAndStaysPaused() throws Exception {
        LabGuest guest = guest("a", true);
        RecordingGateway gateway = gateway();
        guest.boot();
        agent(gateway, guest);
        gateway.await("attached");
        Map<EpochId, Integer> pages = new ConcurrentHashMap<>();
        Map<EpochId, byte[]> states = new ConcurrentHashMap<>();
        gateway.sink(epoch -> {
            EpochId id = epoch.header().epoch();
            pages.put(id, epoch.pages().count());
            states.put(id, epoch.deviceState());
            gateway.session().credit(id);
            epoch.close();
        });
        guest.operator("stop");
        gateway.session().start(new EpochId(1, 1), true, 50);
        gateway.await("epoch 1/20");
        assertFalse(guest.operator("query-status").path("running").asBoolean(), "an operator's pause was lifted");
        for (int number = 2; number <= 20; number++) {
            assertEquals(0, pages.get(new EpochId(1, number)), "pages of a frozen guest in epoch " + number);
            assertArrayEquals(states.get(new EpochId(1, 1)), states.get(new EpochId(1, number)));
        }

        guest.operator("cont");
        assertGoesOn(guest);
        long after = gateway.lastEpoch().number();
        gateway.await("epoch 1/" + (after + 10));
        assertGoesOn(guest);
        assertTrue(pages.get(new EpochId(1, after + 10)) > 0);
        assertFalse(Arrays.equals(states.get(new EpochId(1, 1)), states.get(new EpochId(1, after + 10))));
    }

    @Test
    void anAgentThatDiedWhileTheVmWasPausedIsSucceededByOneThatResumesIt() throws Exception {
        LabGuest guest = guest("a", false);
        guest.boot();
        lastActs(guest, vm -> {
            vm.prepare();
            vm.pause();
            vm.beginDeviceState();
        });
        RecordingGateway gateway = succeeded(guest);
        gateway.session().start(new EpochId(1, 1), true, 20);
        gateway.await("epoch 1/3");
    }

    @Test
    void anAgentThatDiedWhileTheVmWaitedForRoomIsSucceededByOneThatResumesIt() throws Exception {
        LabGuest guest = guest("a", false);
        guest.boot();
        lastActs(guest, vm -> {
            vm.prepare();
            assertTrue(vm.pause());
            vm.resume();
            assertTrue(vm.pause(), "it ran again");
        });
        assertFalse(guest.operator("query-status").path("running").asBoolean());
        succeeded(guest);
    }

    /** What an agent does with a VM before it dies. */
    private interface LastActs {
        void on(QemuVm vm) throws Exception;
    }

    private static void lastActs(LabGuest guest, LastActs acts) throws Exception {
        try (QemuHost dying = QemuHost.open(guest.settings());
                QemuVm vm = (QemuVm) dying.attach().orElseThrow()) {
            acts.on(vm);
        }
    }

    /** The gateway of an agent that has found the guest running. */
    private RecordingGateway succeeded(LabGuest guest) throws Exception {
        RecordingGateway gateway = gateway();
        agent(gateway, guest);
        assertEquals("attached running=true applied=0/0", gateway.await("attached"));
        assertGoesOn(guest);
        return gateway;
    }

    @Test
    void aQemuThatDiesBetweenCheckpointsIsReported() throws Exception {
        LabGuest guest = guest("a", true);
        RecordingGateway gateway = gateway();
        guest.boot();
        agent(gateway, guest);
        gateway.await("attached");
        gateway.session().start(new EpochId(1, 1), true, 1);
        gateway.sink(epoch -> {
            gateway.session().credit(epoch.header().epoch());
            epoch.close();
        });
        gateway.await("epoch 1/5");
        ProcessHandle.of(guest.pid()).orElseThrow().destroyForcibly();
        gateway.await("failed vm");
        assertFalse(gateway.session().vmRunning());
        gateway.session().stopVm("already dead");
        gateway.await("stopped");
        assertTrue(gateway.session().applied().equals(EpochId.NONE));
    }
}
