package org.secondsite.replicator.trace.io;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.util.Optional;
import java.util.concurrent.CountDownLatch;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.secondsite.config.EpochId;
import org.secondsite.config.VmId;
import org.secondsite.replicator.trace.AgentBytes;
import org.secondsite.replicator.trace.ColoTrace;

/** A recording and the disk under it: whatever that does, nobody waits who passes bytes on. */
@Timeout(value = 60, threadMode = Timeout.ThreadMode.SEPARATE_THREAD)
class RecordingTest {
    private static final int MANY = 1_000_000;
    private static final int ROOM = 256 << 10;

    /** A file that is kept in memory, and hangs at the first byte until it is told not to. */
    private static final class HangingFile extends ByteArrayOutputStream {
        private final CountDownLatch reached = new CountDownLatch(1);
        private final CountDownLatch goesOn = new CountDownLatch(1);
        private volatile boolean closed;

        @Override
        public synchronized void write(int octet) {
            await();
            super.write(octet);
        }

        @Override
        public synchronized void write(byte[] octets, int from, int length) {
            await();
            super.write(octets, from, length);
        }

        private void await() {
            reached.countDown();
            try {
                goesOn.await();
            } catch (InterruptedException e) {
                throw new IllegalStateException(e);
            }
        }

        @Override
        public void close() {
            closed = true;
        }
    }

    @Test
    void aDiskThatHangsHoldsNobodyUpAndTheRecordingSaysWhatItLacks() throws Exception {
        HangingFile file = new HangingFile();
        try (Recording recording = new Recording(file, AgentBytes.VM, MANY, ROOM);
                Recording.Connection connection = recording.connection()) {
            pass(connection, AgentBytes.hello());
            pass(connection, AgentBytes.epoch(EpochId.NONE, AgentBytes.id(1)));
            file.reached.await();
            int bytes = AgentBytes.epoch(AgentBytes.id(1), AgentBytes.id(2)).length;
            for (long number = 2; number < 2 + 2L * ROOM / bytes; number++) {
                // Returns, though nothing at all is written meanwhile.
                pass(connection, AgentBytes.epoch(AgentBytes.id(number - 1), AgentBytes.id(number)));
                assertTrue(recording.waitingBytes() <= ROOM);
            }
            assertEquals(0, recording.awaitEnd(1));
            file.goesOn.countDown();
            IOException failure = assertThrows(IOException.class, () -> recording.awaitEnd(30_000));
            int whole = 1 + ROOM / bytes;
            assertEquals(whole, recording.epochs());
            assertTrue(failure.getMessage().contains("ends with " + whole + " of " + MANY), failure.getMessage());
            assertTrue(failure.getMessage().contains("is missing"), failure.getMessage());
            assertTrue(file.closed);
            assertEquals(whole, epochsIn(file));
        }
    }

    @Test
    void whatWaitsIsWrittenWhenItIsEnded() throws Exception {
        HangingFile file = new HangingFile();
        try (Recording recording = new Recording(file, AgentBytes.VM, MANY, ROOM)) {
            try (Recording.Connection connection = recording.connection()) {
                pass(connection, AgentBytes.hello());
                pass(connection, AgentBytes.epoch(EpochId.NONE, AgentBytes.id(1)));
                pass(connection, AgentBytes.epoch(AgentBytes.id(1), AgentBytes.id(2)));
            }
            file.reached.await();
            file.goesOn.countDown();
        }
        assertEquals(2, epochsIn(file));
    }

    @Test
    void aNewConnectionGoesOnWithAnImageOfItsOwn() throws Exception {
        ByteArrayOutputStream file = new ByteArrayOutputStream();
        try (Recording recording = new Recording(file, AgentBytes.VM, 3, ROOM)) {
            try (Recording.Connection first = recording.connection()) {
                pass(first, AgentBytes.hello());
                pass(first, AgentBytes.epoch(EpochId.NONE, AgentBytes.id(1)));
                byte[] half = AgentBytes.epoch(AgentBytes.id(1), AgentBytes.id(2));
                first.passed(half, half.length / 2);
            }
            try (Recording.Connection second = recording.connection()) {
                pass(second, AgentBytes.hello());
                pass(second, AgentBytes.epoch(EpochId.NONE, AgentBytes.id(3)));
                pass(second, AgentBytes.epoch(AgentBytes.id(3), AgentBytes.id(4)));
                assertEquals(3, recording.awaitEnd(30_000));
            }
        }
        assertEquals(3, epochsIn(file));
    }

    @Test
    void aDiskThatFailsEndsItAndNothingIsKeptAnyMore() throws Exception {
        OutputStream full = new OutputStream() {
            @Override
            public void write(int octet) throws IOException {
                throw new IOException("no space left");
            }
        };
        try (Recording recording = new Recording(full, AgentBytes.VM, MANY, ROOM);
                Recording.Connection connection = recording.connection()) {
            pass(connection, AgentBytes.hello());
            pass(connection, AgentBytes.epoch(EpochId.NONE, AgentBytes.id(1)));
            IOException failure = assertThrows(IOException.class, () -> recording.awaitEnd(30_000));
            assertTrue(
                    failure.getMessage().contains("0 of " + MANY + " epochs: it cannot be written: no space left"),
                    failure.getMessage());
            pass(connection, AgentBytes.epoch(AgentBytes.id(1), AgentBytes.id(2)));
            assertEquals(0, recording.waitingBytes());
        }
    }

    @Test
    void whatAnotherVmSaysTakesNoRoom() throws Exception {
        ByteArrayOutputStream file = new ByteArrayOutputStream();
        try (Recording recording = new Recording(file, AgentBytes.VM, 2, ROOM);
                Recording.Connection other = recording.connection();
                Recording.Connection wanted = recording.connection()) {
            pass(other, AgentBytes.hello(new VmId("vm2")));
            pass(wanted, AgentBytes.hello());
            pass(wanted, AgentBytes.epoch(EpochId.NONE, AgentBytes.id(1)));
            while (recording.epochs() == 0) {
                Thread.sleep(1); // what came before is known then, too
            }
            byte[] much = new byte[ROOM / 4];
            for (int i = 0; i < 100; i++) {
                pass(other, much);
            }
            pass(wanted, AgentBytes.epoch(AgentBytes.id(1), AgentBytes.id(2)));
            assertEquals(2, recording.awaitEnd(30_000));
        }
        assertEquals(2, epochsIn(file));
    }

    private static void pass(Recording.Connection connection, byte[] bytes) {
        connection.passed(bytes, bytes.length);
    }

    /** The first one's device state follows it, as if that were one more. */
    private static long epochsIn(ByteArrayOutputStream file) throws IOException {
        ColoTrace trace = new ColoTrace(AgentBytes.VM, new ByteArrayInputStream(file.toByteArray()));
        long count = -1;
        for (Optional<ColoTrace.Recorded> next = trace.next(); next.isPresent(); next = trace.next()) {
            next.get().epoch().close();
            count++;
        }
        return count;
    }
}
