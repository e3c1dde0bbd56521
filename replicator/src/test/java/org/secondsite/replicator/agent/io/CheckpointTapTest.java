package org.secondsite.replicator.agent.io;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.io.InputStream;
import java.lang.foreign.ValueLayout;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.UnixDomainSocketAddress;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.LinkedBlockingQueue;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.secondsite.config.EpochId;
import org.secondsite.config.VmId;
import org.secondsite.replicator.Epoch;
import org.secondsite.replicator.PageSet;
import org.secondsite.replicator.agent.AgentTiming;
import org.secondsite.replicator.agent.GatewayAccess;
import org.secondsite.replicator.agent.SyntheticVm;
import org.secondsite.replicator.codec.CodecSettings;
import org.secondsite.replicator.trace.ColoTrace;
import org.secondsite.replicator.trace.io.CheckpointTap;
import org.secondsite.replicator.trace.io.ReplayTrace;

/** A tap between an agent and its gateway: what it writes is what the gateway got. */
@Timeout(value = 180, threadMode = Timeout.ThreadMode.SEPARATE_THREAD)
class CheckpointTapTest {
    private static final VmId VM = new VmId("vm1");
    private static final VmId OTHER = new VmId("vm2");
    private static final long RAM_BYTES = 4 << 20;
    private static final int EPOCHS = 12;
    private static final long ROOM = 64 << 20;
    private static final AgentTiming TIMING = new AgentTiming(300, 20, 100, 200, 20);

    @TempDir
    private Path directory;

    @Test
    void aRecordingHoldsWhatTheGatewayGot() throws Exception {
        Path file = directory.resolve("vm1.colorec.zst");
        BlockingQueue<Epoch> passedOn = new LinkedBlockingQueue<>();
        SyntheticVm vm = booted(VM);
        try (RecordingGateway gateway = new RecordingGateway(VM);
                CheckpointTap tap = tap(gateway, VM, file)) {
            gateway.sink(epoch -> {
                passedOn.add(epoch);
                gateway.session().credit(epoch.header().epoch());
            });
            try (CheckpointAgent _ = CheckpointAgent.open(GatewayAccess.plain(tap.address()), List.of(vm), TIMING)) {
                gateway.await("attached");
                gateway.session().start(new EpochId(1, 1), true, 5);
                for (int i = 0; i < EPOCHS; i++) {
                    gateway.await("epoch");
                    work(vm);
                }
                assertEquals(EPOCHS, tap.awaitRecorded(30_000));
                gateway.await("epoch"); // a complete recording does not end the protection
                gateway.session().stop();
            }
        }
        assertSameEpochs(file, passedOn);
        passedOn.forEach(Epoch::close);
        ReplayTrace.replay(file, CodecSettings.DEFAULT); // proves that every epoch comes back from the codec
    }

    @Test
    void otherVmsArePassedOnAndNotRecorded() throws Exception {
        Path file = directory.resolve("vm1.colorec");
        try (RecordingGateway gateway = new RecordingGateway(OTHER);
                CheckpointTap tap = tap(gateway, VM, file);
                CheckpointAgent _ =
                        CheckpointAgent.open(GatewayAccess.plain(tap.address()), List.of(booted(OTHER)), TIMING)) {
            gateway.sink(epoch -> {
                gateway.session().credit(epoch.header().epoch());
                epoch.close();
            });
            gateway.await("attached");
            gateway.session().start(new EpochId(1, 1), true, 5);
            gateway.await("epoch 1/" + EPOCHS);
            assertEquals(0, tap.awaitRecorded(1));
        }
    }

    @Test
    void aFileThatExistsIsNotOverwritten() throws Exception {
        Path file = directory.resolve("vm1.colorec");
        try (RecordingGateway gateway = new RecordingGateway(VM);
                CheckpointTap _ = tap(gateway, VM, file)) {
            assertThrows(FileAlreadyExistsException.class, () -> tap(gateway, VM, file));
        }
    }

    @Test
    void aUnixSocketIsPassedOnAsWell() throws Exception {
        Path socket = directory.resolve("tap.sock");
        Path file = directory.resolve("vm1.colorec");
        try (RecordingGateway gateway = new RecordingGateway(VM);
                CheckpointTap tap = CheckpointTap.open(
                        UnixDomainSocketAddress.of(socket), gateway.address(), VM, file, EPOCHS, ROOM)) {
            assertEquals("rw-------", PosixFilePermissions.toString(Files.getPosixFilePermissions(socket)));
            gateway.sink(epoch -> {
                gateway.session().credit(epoch.header().epoch());
                epoch.close();
            });
            try (CheckpointAgent _ =
                    CheckpointAgent.open(GatewayAccess.plain(tap.address()), List.of(booted(VM)), TIMING)) {
                gateway.await("attached");
                gateway.session().start(new EpochId(1, 1), true, 5);
                assertEquals(EPOCHS, tap.awaitRecorded(30_000));
            }
        }
        assertFalse(Files.exists(socket), "a socket that nobody listens at");
        ReplayTrace.replay(file, CodecSettings.DEFAULT);
    }

    private static CheckpointTap tap(RecordingGateway gateway, VmId vm, Path file) throws IOException {
        return CheckpointTap.open(
                new InetSocketAddress(InetAddress.getLoopbackAddress(), 0), gateway.address(), vm, file, EPOCHS, ROOM);
    }

    private static SyntheticVm booted(VmId id) {
        SyntheticVm vm = new SyntheticVm(id, RAM_BYTES);
        vm.boot();
        work(vm);
        return vm;
    }

    private static void work(SyntheticVm vm) {
        vm.run((ram, registers) -> {
            for (long at = registers[0] * Long.BYTES; at < RAM_BYTES; at += 37 * PageSet.PAGE_BYTES) {
                ram.set(ValueLayout.JAVA_LONG, at, registers[0]);
            }
            return null;
        });
    }

    private static void assertSameEpochs(Path file, BlockingQueue<Epoch> passedOn) throws IOException {
        try (InputStream in = ReplayTrace.open(file)) {
            ColoTrace trace = new ColoTrace(VM, in);
            int read = 0;
            for (Optional<ColoTrace.Recorded> next = trace.next(); next.isPresent(); next = trace.next()) {
                try (Epoch epoch = next.get().epoch()) {
                    // The image's device state follows it as an epoch without pages.
                    Epoch original = passedOn.stream()
                            .skip(Math.max(0, read - 1))
                            .findFirst()
                            .orElseThrow();
                    if (read == 1) {
                        assertEquals(0, epoch.pages().count());
                    } else {
                        assertTrue(epoch.pages().sameAs(original.pages()), () -> epoch + " is not " + original);
                    }
                    if (read > 0) {
                        assertArrayEquals(original.deviceState(), epoch.deviceState());
                    }
                    assertEquals(RAM_BYTES, epoch.header().ramBytes());
                }
                read++;
            }
            assertEquals(EPOCHS + 1, read);
        }
    }
}
