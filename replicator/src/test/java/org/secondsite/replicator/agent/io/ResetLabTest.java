package org.secondsite.replicator.agent.io;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotNull;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.databind.JsonNode;
import java.nio.file.Path;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.extension.RegisterExtension;
import org.junit.jupiter.api.io.TempDir;
import org.secondsite.testing.Opened;

/** An operator who resets a VM while an agent takes checkpoints of it, at a real QEMU. Needs qemu-system-x86. */
@Tag("lab")
@Timeout(value = 200, threadMode = Timeout.ThreadMode.SEPARATE_THREAD)
class ResetLabTest {
    private static final int TIMEOUT_MS = 20_000;
    private static final long STATE_NANOS = TimeUnit.MILLISECONDS.toNanos(TIMEOUT_MS);
    private static final Optional<String> SPOILED = Optional.of("the VM was reset in the middle of the checkpoint");

    @TempDir
    Path directory;

    @RegisterExtension
    final Opened open = new Opened();

    private final LinkedBlockingQueue<String> resets = new LinkedBlockingQueue<>();

    private static Optional<String> checkpoint(QemuVm vm, boolean runs, Act inThePause) throws Exception {
        vm.prepare();
        assertEquals(runs, vm.pause());
        inThePause.run();
        vm.beginDeviceState();
        vm.awaitDeviceState(STATE_NANOS);
        Optional<String> spoiled = vm.spoiled();
        vm.resume();
        return spoiled;
    }

    private interface Act {
        void run() throws Exception;
    }

    /** Firmware is written to its RAM then, by QEMU itself. */
    @Test
    void aCheckpointIsOfNoUseInWhichTheVmIsResetAndTheNextOneIs() throws Exception {
        BareQemu qemu = new BareQemu(
                open,
                directory,
                "-machine q35,memory-backend=m -m 64 -object memory-backend-file,id=m,mem-path=RAM,size=64M,share=on");
        QemuVm vm = open.add(BareQemu.connect(qemu.settings()));
        QmpClient operator = open.add(QmpClient.connect(qemu.operatorSocket(), this::heard, TIMEOUT_MS));
        Act reset = () -> {
            operator.execute("system_reset", Map.of(), TIMEOUT_MS);
            assertNotNull(resets.poll(TIMEOUT_MS, TimeUnit.MILLISECONDS), "it is not reset");
        };
        Act nothing = () -> {};

        assertEquals(Optional.empty(), checkpoint(vm, true, nothing));
        reset.run();
        assertEquals(Optional.empty(), checkpoint(vm, true, nothing), "between checkpoints");
        assertEquals(SPOILED, checkpoint(vm, true, reset));
        assertTrue(runs(operator), "it goes on");
        assertEquals(Optional.empty(), checkpoint(vm, true, nothing));

        operator.execute("stop", Map.of(), TIMEOUT_MS);
        assertEquals(Optional.empty(), checkpoint(vm, false, nothing));
        reset.run();
        assertEquals(Optional.empty(), checkpoint(vm, false, nothing), "its device state is collected anew");
        assertEquals(SPOILED, checkpoint(vm, false, reset));
        assertFalse(runs(operator), "an operator's pause was lifted");
    }

    private void heard(JsonNode event) {
        if (event.path("event").asText().equals("RESET")) {
            resets.add("reset");
        }
    }

    private static boolean runs(QmpClient operator) throws Exception {
        return operator.execute("query-status", Map.of(), TIMEOUT_MS)
                .path("running")
                .asBoolean();
    }
}
