package org.secondsite.replicator.agent.io;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.atomic.AtomicReference;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.secondsite.config.DirtyPages;
import org.secondsite.config.VmId;
import org.secondsite.net.life.io.Life;
import org.secondsite.replicator.agent.AgentSettings;
import org.secondsite.replicator.agent.AgentTiming;
import org.secondsite.replicator.agent.GatewayAccess;
import org.secondsite.replicator.agent.SyntheticVm;
import org.secondsite.replicator.agent.VmSettings;
import org.secondsite.replicator.agent.VmStart;
import org.secondsite.replicator.disk.VolumeSettings;

/** An agent whose VMs come, change and go while it runs. */
@Tag("slow")
@Timeout(120)
class AgentChangesTest {
    private static final VmId FIRST = new VmId("vm1");
    private static final VmId SECOND = new VmId("vm2");
    private static final long RAM_BYTES = 1 << 20;
    private static final long LIMIT_MS = 250;
    private static final AgentTiming TIMING = new AgentTiming(300, 20, 100, 2000, 20);

    @TempDir
    Path directory;

    private static SyntheticVm booted(VmId id) {
        SyntheticVm vm = new SyntheticVm(id, RAM_BYTES);
        vm.boot();
        return vm;
    }

    @Test
    void theOthersSessionsGoOnAndWhoGoesRunsOn() throws Exception {
        AtomicReference<String> ended = new AtomicReference<>();
        Life life = Life.start("agent-test", (reason, details) -> ended.set(reason), LIMIT_MS * 1_000_000);
        SyntheticVm first = booted(FIRST);
        SyntheticVm second = booted(SECOND);
        try (RecordingGateway atFirst = new RecordingGateway(FIRST);
                CheckpointAgent agent =
                        CheckpointAgent.open(GatewayAccess.plain(atFirst.address()), List.of(first), TIMING, life)) {
            assertEquals("attached running=true applied=0/0", atFirst.await("attached"));
            agent.alterHosts(List.of(first, second));
            agent.alterHosts(List.of(first));
            agent.alterHosts(List.of(first));
            assertTrue(second.isExecuting(), "it is nothing to the agent any more, and runs on");
            assertFalse(atFirst.hears("detached", 300), "the one that stays is not touched");

            SyntheticVm another = booted(FIRST);
            agent.alterHosts(List.of(another));
            atFirst.await("detached");
            assertEquals("attached running=true applied=0/0", atFirst.await("attached"));
            agent.alterHosts(List.of());
            atFirst.await("detached");
            assertTrue(another.isExecuting());
            // Longer than a thread without a turn is given.
            Thread.sleep(6 * LIMIT_MS + 300);
            assertEquals(null, ended.get(), "a worker that ended in good order is no hung thread");
        }
    }

    private VmSettings qemu(String name, Path runDirectory) {
        return qemu(name, RAM_BYTES, runDirectory);
    }

    private VmSettings qemu(String name, long ramBytes, Path runDirectory) {
        return new VmSettings(
                new VmId(name),
                Optional.of(directory.resolve(name + ".ram")),
                ramBytes,
                directory.resolve(name + ".qmp"),
                directory.resolve(name + ".pid"),
                new VmStart.Command(List.of("qemu-system-x86_64")),
                DirtyPages.COMPARE,
                Map.of(),
                VolumeSettings.NONE,
                runDirectory);
    }

    @Test
    void whatCannotBeHadLeavesThoseFromBefore() throws Exception {
        try (RecordingGateway gateway = new RecordingGateway(FIRST);
                CheckpointAgent agent = CheckpointAgent.open(
                        new AgentSettings(
                                GatewayAccess.plain(gateway.address()), List.of(qemu("vm1", directory.resolve("run")))),
                        (reason, details) -> {})) {
            assertEquals("attached running=false applied=0/0", gateway.await("attached"));
            Path file = Files.createFile(directory.resolve("file"));
            assertThrows(
                    IOException.class,
                    () -> agent.alter(List.of(
                            qemu("vm1", 2 * RAM_BYTES, directory.resolve("run2")),
                            qemu("vm2", file.resolve("no-directory")))));
            // It began anew with the other settings, which may have come as far as the gateway, and anew with those
            // from before.
            gateway.await("detached");
            do {
                assertEquals("attached running=false applied=0/0", gateway.await("attached"));
            } while (gateway.session().ramBytes() != RAM_BYTES);
            assertFalse(gateway.hears("nothing more", 0));
            agent.alter(List.of(qemu("vm1", directory.resolve("run"))));
            assertFalse(gateway.hears("detached", 300), "it has its settings from before");
        }
    }
}
