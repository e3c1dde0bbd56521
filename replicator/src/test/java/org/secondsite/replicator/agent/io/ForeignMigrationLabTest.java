package org.secondsite.replicator.agent.io;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.databind.JsonNode;
import java.io.IOException;
import java.net.StandardProtocolFamily;
import java.net.UnixDomainSocketAddress;
import java.nio.channels.ServerSocketChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.extension.RegisterExtension;
import org.junit.jupiter.api.io.TempDir;
import org.secondsite.config.EpochId;
import org.secondsite.replicator.agent.AgentSettings;
import org.secondsite.replicator.agent.GatewayAccess;
import org.secondsite.replicator.agent.VmNews;
import org.secondsite.replicator.agent.VmSettings;
import org.secondsite.testing.Opened;

/** An operator who saves a VM behind the agent's back, at a real QEMU. Needs qemu-system-x86. */
@Tag("lab")
@Timeout(value = 200, threadMode = Timeout.ThreadMode.SEPARATE_THREAD)
class ForeignMigrationLabTest {
    private static final long FILLED_FROM = 16 << 20;
    private static final long FILLED_BYTES = BareQemu.RAM_BYTES - FILLED_FROM;
    private static final long WAIT_SECONDS = 60;
    private static final long STATE_NANOS = TimeUnit.SECONDS.toNanos(20);

    @TempDir
    Path directory;

    @RegisterExtension
    final Opened open = new Opened();

    private BareQemu qemu;
    private final LinkedBlockingQueue<VmNews> news = new LinkedBlockingQueue<>();

    private VmSettings running() throws Exception {
        qemu = new BareQemu(
                open,
                directory,
                "-machine pc,memory-backend=m -m 64 -object memory-backend-file,id=m,mem-path=RAM,size=64M,share=on");
        return qemu.settings();
    }

    private QemuVm connected(VmSettings settings) throws Exception {
        QemuVm vm = open.add(BareQemu.connect(settings));
        vm.listen(news::add);
        fill(vm);
        return vm;
    }

    /** The firmware does not touch it. */
    private static void fill(QemuVm vm) {
        vm.ram().asSlice(FILLED_FROM, FILLED_BYTES).fill((byte) 7);
    }

    private boolean leavesRamOut() throws Exception {
        for (JsonNode capability : qemu.operator("query-migrate-capabilities")) {
            if (capability.path("capability").asText().equals("x-ignore-shared")) {
                return capability.path("state").asBoolean();
            }
        }
        throw new AssertionError("no such capability");
    }

    private static void pause(QemuVm vm) throws Exception {
        vm.prepare();
        assertTrue(vm.pause());
    }

    private static byte[] checkpoint(QemuVm vm) throws Exception {
        pause(vm);
        vm.beginDeviceState();
        byte[] state = vm.awaitDeviceState(STATE_NANOS);
        vm.resume();
        return state;
    }

    /** Where a migration hangs until it is cancelled. */
    private Map<String, String> toNobody() throws IOException {
        Path socket = directory.resolve("nobody");
        if (!Files.exists(socket)) {
            open.add(ServerSocketChannel.open(StandardProtocolFamily.UNIX).bind(UnixDomainSocketAddress.of(socket)));
        }
        return Map.of("uri", "unix:" + socket);
    }

    private String status() throws Exception {
        return qemu.operator("query-migrate").path("status").asText();
    }

    private void awaitStatus(String... wanted) throws Exception {
        long deadline = System.nanoTime() + TimeUnit.SECONDS.toNanos(WAIT_SECONDS);
        for (String status = status(); !Set.of(wanted).contains(status); status = status()) {
            assertTrue(System.nanoTime() < deadline, status);
            Thread.sleep(10);
        }
    }

    /** As an operator does whose VM stands still when a migration has worked. */
    private void goOn() throws Exception {
        long deadline = System.nanoTime() + TimeUnit.SECONDS.toNanos(WAIT_SECONDS);
        while (!qemu.operator("query-status").path("running").asBoolean()) {
            try {
                qemu.operator("cont");
            } catch (QmpClient.QmpError notFinalized) {
                assertTrue(System.nanoTime() < deadline, notFinalized.getMessage());
                Thread.sleep(10);
            }
        }
    }

    private void assertSavedWithItsRam() throws Exception {
        Path file = directory.resolve("saved");
        long deadline = System.nanoTime() + TimeUnit.SECONDS.toNanos(WAIT_SECONDS);
        do {
            assertTrue(System.nanoTime() < deadline, "it is always cancelled");
            migrate(Map.of("uri", "exec:cat >" + file));
            awaitStatus("completed", "failed", "cancelled");
        } while (!status().equals("completed"));
        assertTrue(
                Files.size(file) > FILLED_BYTES,
                () -> "it lacks the RAM: " + file.toFile().length());
    }

    /** Until it is not in the way of one of the agent's. */
    private void migrate(Map<String, String> where) throws Exception {
        long deadline = System.nanoTime() + TimeUnit.SECONDS.toNanos(WAIT_SECONDS);
        while (true) {
            try {
                qemu.operator("migrate", where);
                return;
            } catch (QmpClient.QmpError refused) {
                boolean byAnother = refused.getMessage().contains("in progress")
                        || refused.getMessage().contains("previous migration");
                assertTrue(byAnother && System.nanoTime() < deadline, refused.getMessage());
                Thread.sleep(1);
            }
        }
    }

    @Test
    void ramIsLeftOutOfTheAgentsOwnAndOfNobodyElses() throws Exception {
        QemuVm vm = connected(running());
        assertFalse(leavesRamOut());
        pause(vm);
        vm.beginDeviceState();
        assertTrue(leavesRamOut());
        assertTrue(vm.awaitDeviceState(STATE_NANOS).length < FILLED_BYTES);
        assertFalse(leavesRamOut(), "before the VM runs on");
        vm.resume();
        pause(vm);
        vm.beginDeviceState();
        vm.abandonDeviceState();
        assertFalse(leavesRamOut(), "after one that is given up");
        vm.resume();
        assertSavedWithItsRam();
    }

    @Test
    void anAgentThatDiedInACheckpointIsSucceededByOneThatPutsItRight() throws Exception {
        VmSettings settings = running();
        qemu.operator(
                "migrate-set-capabilities",
                Map.of("capabilities", List.of(Map.of("capability", "x-ignore-shared", "state", true))));
        connected(settings);
        assertFalse(leavesRamOut());
        assertSavedWithItsRam();
    }

    @Test
    void whatIsUnderWayBeforeCheckpointsBeginIsLeftAlone() throws Exception {
        QemuVm vm = connected(running());
        migrate(toNobody());
        awaitStatus("active");
        vm.guard();
        pause(vm);
        String failed = assertThrows(IOException.class, vm::beginDeviceState).getMessage();
        assertTrue(failed.startsWith("somebody else saves or migrates this VM"), failed);
        vm.abandonDeviceState();
        vm.resume();
        assertEquals("active", status());
        qemu.operator("migrate_cancel");
        awaitStatus("cancelled");
        assertTrue(checkpoint(vm).length > 0);
    }

    @Test
    void ofOneThatSlipsInBetweenTheAgentsCommandsIsSaidThatItsImageIsOfNoUse() throws Exception {
        VmSettings settings = running();
        Path socket = directory.resolve("relayed");
        QmpRelay relay = open.add(new QmpRelay(socket, settings.qmpSocket()));
        QemuVm vm = connected(new VmSettings(
                settings.id(),
                settings.ramFile(),
                settings.ramBytes(),
                socket,
                settings.pidFile(),
                settings.start(),
                settings.dirtyPages(),
                settings.disks(),
                settings.volumes(),
                settings.runDirectory()));
        vm.guard();
        Path file = directory.resolve("saved");
        QmpClient operator = open.add(qemu.operator());
        relay.before("migrate", () -> {
            operator.execute("migrate", Map.of("uri", "exec:cat >" + file), TimeUnit.SECONDS.toMillis(WAIT_SECONDS));
            operator.close();
        });
        pause(vm);
        assertThrows(IOException.class, vm::beginDeviceState);
        vm.abandonDeviceState();
        vm.resume();
        VmNews told = news.poll(WAIT_SECONDS, TimeUnit.SECONDS);
        while (told instanceof VmNews.Resumed) {
            told = news.poll(WAIT_SECONDS, TimeUnit.SECONDS);
        }
        assertEquals(new VmNews.Refused(QemuMigration.WITHOUT_RAM), told);
        awaitStatus("completed", "cancelled");
        assertTrue(Files.size(file) < FILLED_BYTES, "it is what it is said to be");
        goOn();
        assertTrue(checkpoint(vm).length > 0);
        assertFalse(leavesRamOut());
    }

    @Test
    void whoSavesAProtectedVmIsRefusedUntilItIsProtectedNoMore() throws Exception {
        VmSettings settings = running();
        try (QemuVm vm = BareQemu.connect(settings)) {
            fill(vm);
        }
        RecordingGateway gateway = open.add(new RecordingGateway(BareQemu.VM));
        open.add(CheckpointAgent.open(
                new AgentSettings(GatewayAccess.plain(gateway.address()), List.of(settings)),
                QemuAgentLabTest.NO_ENDING));
        assertEquals("attached running=true applied=0/0", gateway.await("attached"));
        gateway.relayCredits();
        gateway.session().start(new EpochId(1, 1), true, 50);
        gateway.await("epoch 1/3");

        migrate(toNobody());
        gateway.await("failed checkpoint " + QemuMigration.REFUSED);
        long taken = gateway.lastEpoch().number();
        while (gateway.lastEpoch().number() < taken + 3) {
            gateway.await("epoch");
        }

        gateway.session().stop();
        assertSavedWithItsRam();
    }
}
