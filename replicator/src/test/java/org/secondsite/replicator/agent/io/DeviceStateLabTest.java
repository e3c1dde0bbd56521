package org.secondsite.replicator.agent.io;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.EnumSet;
import java.util.List;
import java.util.Random;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.extension.RegisterExtension;
import org.junit.jupiter.api.io.TempDir;
import org.secondsite.config.EpochId;
import org.secondsite.replicator.Capability;
import org.secondsite.replicator.agent.AgentSettings;
import org.secondsite.replicator.agent.GatewayAccess;
import org.secondsite.testing.Opened;

/** What a real QEMU's device state takes between its agent and the gateway. Needs qemu-system-x86. */
@Tag("lab")
@Timeout(value = 200, threadMode = Timeout.ThreadMode.SEPARATE_THREAD)
class DeviceStateLabTest {
    private static final int ROM_BYTES = 1 << 20;
    private static final int MAX_IDLE_BYTES = 100_000;

    @TempDir
    Path directory;

    @RegisterExtension
    final Opened open = new Opened();

    @Test
    void firmwareTravelsOnce() throws Exception {
        byte[] rom = new byte[ROM_BYTES];
        new Random(1).nextBytes(rom);
        Path file = Files.write(directory.resolve("rom"), rom);
        BareQemu qemu = new BareQemu(
                open,
                directory,
                "-machine q35,memory-backend=m -m 64 -object memory-backend-file,id=m,mem-path=RAM,size=64M,share=on"
                        + " -device virtio-rng-pci,romfile=" + file);
        RecordingGateway gateway = open.add(new RecordingGateway(BareQemu.VM, EnumSet.allOf(Capability.class)));
        AtomicInteger arrived = new AtomicInteger();
        gateway.relayCredits();
        gateway.sink(epoch -> {
            arrived.set(epoch.deviceState().length);
            gateway.session().credit(epoch.header().epoch());
            epoch.close();
        });
        StateTap tap = open.add(new StateTap(gateway.address()));
        open.add(CheckpointAgent.open(
                new AgentSettings(GatewayAccess.plain(tap.address()), List.of(qemu.settings())),
                QemuAgentLabTest.NO_ENDING));
        assertEquals("attached running=true applied=0/0", gateway.await("attached"));
        gateway.session().start(new EpochId(1, 1), true, 50);
        while (gateway.lastEpoch().number() < 20) {
            gateway.await("epoch");
        }
        List<Integer> bytes = tap.epochs();
        assertTrue(bytes.getFirst() > ROM_BYTES, bytes::toString);
        assertTrue(bytes.stream().skip(1).allMatch(epoch -> epoch < MAX_IDLE_BYTES), bytes::toString);
        assertTrue(arrived.get() > ROM_BYTES, "whole at the other end");
    }
}
