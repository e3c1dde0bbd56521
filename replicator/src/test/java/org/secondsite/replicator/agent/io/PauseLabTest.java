package org.secondsite.replicator.agent.io;

import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.secondsite.config.EpochId;
import org.secondsite.config.VmId;
import org.secondsite.replicator.agent.AgentSettings;

/** How long a real guest is paused per checkpoint. Prints; the machine is too noisy for a bound that would say much. */
@Tag("lab")
@Timeout(value = 400, threadMode = Timeout.ThreadMode.SEPARATE_THREAD)
class PauseLabTest {
    private static final VmId VM = new VmId("vm1");
    private static final int CHECKPOINTS = 150;

    @TempDir
    Path directory;

    @ParameterizedTest
    @CsvSource({"96, false", "128, false", "128, true"})
    void printsThePausesOf(int ramMiB, boolean busy) throws Exception {
        LabGuest guest = new LabGuest(VM, directory, ramMiB, busy);
        try (RecordingGateway gateway = new RecordingGateway(VM)) {
            guest.boot();
            gateway.sink(epoch -> {
                gateway.session().credit(epoch.header().epoch());
                epoch.close();
            });
            CheckpointAgent agent =
                    CheckpointAgent.open(new AgentSettings(gateway.address(), List.of(guest.settings())));
            try {
                gateway.await("attached");
                gateway.session().start(new EpochId(1, 1), true, 100);
                gateway.await("epoch 1/" + CHECKPOINTS);
            } finally {
                agent.close();
            }
            Pauses.print(ramMiB + " MiB, " + (busy ? "busy" : "idle"), gateway.pausesNanos());
        } finally {
            guest.remove();
        }
    }
}
