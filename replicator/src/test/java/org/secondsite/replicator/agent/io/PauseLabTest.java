package org.secondsite.replicator.agent.io;

import static org.junit.jupiter.api.Assertions.assertTrue;

import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.secondsite.config.EpochId;
import org.secondsite.config.VmId;
import org.secondsite.replicator.agent.AgentSettings;
import org.secondsite.replicator.agent.AgentTiming;
import org.secondsite.replicator.agent.GatewayAccess;

/** How long a real guest is paused per checkpoint: printed, and bounded by what the agent promises. */
@Tag("lab")
@Timeout(value = 400, threadMode = Timeout.ThreadMode.SEPARATE_THREAD)
class PauseLabTest {
    private static final VmId VM = new VmId("vm1");
    /** What resuming may take beyond the limit on a loaded machine. */
    private static final int RESUME_MS = 500;

    private static final int CHECKPOINTS = 100;

    @TempDir
    Path directory;

    @ParameterizedTest
    @CsvSource({"96, false", "128, false", "128, true"})
    void noPauseIsLongerThanTheLimit(int ramMiB, boolean busy) throws Exception {
        LabGuest guest = new LabGuest(VM, directory, ramMiB, busy);
        try (RecordingGateway gateway = new RecordingGateway(VM)) {
            guest.boot();
            gateway.sink(epoch -> {
                gateway.session().credit(epoch.header().epoch());
                epoch.close();
            });
            CheckpointAgent agent = CheckpointAgent.open(
                    new AgentSettings(GatewayAccess.plain(gateway.address()), List.of(guest.settings())),
                    QemuAgentLabTest.NO_ENDING);
            try {
                gateway.await("attached");
                gateway.session().start(new EpochId(1, 1), true, 100);
                gateway.await("epoch 1/" + CHECKPOINTS);
            } finally {
                agent.close();
            }
            Pauses.print(ramMiB + " MiB, " + (busy ? "busy" : "idle"), gateway.pausesNanos());
            long limitNanos = TimeUnit.MILLISECONDS.toNanos(AgentTiming.USUAL.maxPauseMs() + RESUME_MS);
            assertTrue(gateway.pausesNanos().stream().allMatch(pause -> pause > 0 && pause < limitNanos));
        } finally {
            guest.remove();
        }
    }
}
