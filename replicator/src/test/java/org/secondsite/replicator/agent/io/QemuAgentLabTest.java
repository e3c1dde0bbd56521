package org.secondsite.replicator.agent.io;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.secondsite.config.EpochId;
import org.secondsite.config.VmId;
import org.secondsite.replicator.agent.AgentSettings;
import org.secondsite.replicator.agent.VmDriver;

/** Agents beside real QEMU guests (TCG), gateways in this process. Needs qemu-system-x86, a kernel and busybox-static. */
@Tag("lab")
@Timeout(value = 400, threadMode = Timeout.ThreadMode.SEPARATE_THREAD)
class QemuAgentLabTest {
    private static final VmId VM = new VmId("vm1");
    private static final int RAM_MIB = 96;

    @TempDir
    Path directory;

    private final List<AutoCloseable> open = new ArrayList<>();

    private <T extends AutoCloseable> T opened(T closeable) {
        open.add(closeable);
        return closeable;
    }

    @AfterEach
    void closeAll() throws Exception {
        for (AutoCloseable closeable : open.reversed()) {
            closeable.close();
        }
    }

    private LabGuest guest(String name, boolean busy) throws IOException {
        LabGuest guest = new LabGuest(VM, directory.resolve(name), RAM_MIB, busy);
        open.add(guest::remove);
        return guest;
    }

    private RecordingGateway gateway() throws IOException {
        return opened(new RecordingGateway(VM));
    }

    private CheckpointAgent agent(RecordingGateway gateway, LabGuest guest) throws IOException {
        return opened(CheckpointAgent.open(new AgentSettings(gateway.address(), List.of(guest.settings()))));
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
        int port = RecordingGateway.freePort();
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
        RecordingGateway again = opened(new RecordingGateway(VM, port));
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
    void anAgentThatDiedWhileTheVmWasPausedIsSucceededByOneThatResumesIt() throws Exception {
        LabGuest guest = guest("a", false);
        RecordingGateway gateway = gateway();
        guest.boot();
        QemuHost dying = QemuHost.open(guest.settings());
        QemuVm vm = (QemuVm) dying.attach().orElseThrow();
        vm.prepare();
        vm.pause();
        vm.beginDeviceState();
        vm.close();
        dying.close();
        agent(gateway, guest);
        assertEquals("attached running=true applied=0/0", gateway.await("attached"));
        assertGoesOn(guest);
        gateway.session().start(new EpochId(1, 1), true, 20);
        gateway.await("epoch 1/3");
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
