package org.secondsite.bench.io;

import static java.lang.foreign.ValueLayout.JAVA_INT;
import static java.lang.foreign.ValueLayout.JAVA_LONG;
import static java.lang.foreign.ValueLayout.JAVA_LONG_UNALIGNED;

import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.time.Instant;

/**
 * A UDP receiver in the last namespace that reads the sequence numbers of a {@link Flood} and counts what is missing,
 * late or twice. Closing it ends it.
 */
final class SequenceSink implements AutoCloseable {
    static final int PORT = 9001;

    private static final int BATCH = 64;
    private static final int MESSAGE_BYTES = 64;
    private static final int MESSAGE_CONTROL = 32;
    private static final int MESSAGE_CONTROL_LENGTH = 40;
    private static final int CONTROL_BYTES = 64;
    private static final int PAYLOAD_BYTES = 64;

    private final Thread thread;
    private final SystemCalls calls = new SystemCalls();
    private final int socket;
    private volatile boolean stopped;
    private volatile long received;
    private volatile long disordered;
    private volatile long firstNanos;

    /** Starts; it receives when this returns. */
    SequenceSink(Site site) throws IOException {
        socket = site.in("up", () -> calls.udpSocket(PORT));
        thread = Thread.ofPlatform().name("sink-" + site.contender().label()).start(this::receive);
    }

    long received() {
        return received;
    }

    /** Packets with a sequence number that is not above that of the packet before. */
    long disordered() {
        return disordered;
    }

    /**
     * When the kernel took the first packet from the wire, by the clock of {@link System#nanoTime}; 0 when none came.
     * When this thread gets a processor to read it, on a machine that a release keeps busy, says nothing of the release.
     */
    long firstNanos() {
        return firstNanos;
    }

    private void receive() {
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment payloads = arena.allocate((long) PAYLOAD_BYTES * BATCH, 8);
            MemorySegment vectors = arena.allocate(16L * BATCH, 16);
            MemorySegment messages = arena.allocate((long) MESSAGE_BYTES * BATCH, 16);
            for (int i = 0; i < BATCH; i++) {
                vectors.set(JAVA_LONG, 16L * i, payloads.address() + (long) PAYLOAD_BYTES * i);
                vectors.set(JAVA_LONG, 16L * i + 8, PAYLOAD_BYTES);
                messages.set(JAVA_LONG, (long) MESSAGE_BYTES * i + 16, vectors.address() + 16L * i);
                messages.set(JAVA_LONG, (long) MESSAGE_BYTES * i + 24, 1);
            }
            MemorySegment control = arena.allocate(CONTROL_BYTES, 8);
            messages.set(JAVA_LONG, MESSAGE_CONTROL, control.address());
            long last = -1;
            long total = 0;
            long late = 0;
            while (!stopped) {
                messages.set(JAVA_LONG, MESSAGE_CONTROL_LENGTH, CONTROL_BYTES);
                int count = calls.receive(socket, messages.address(), BATCH);
                if (count > 0 && firstNanos == 0) {
                    firstNanos = takenNanos(control);
                }
                for (int i = 0; i < count; i++) {
                    long number = payloads.get(JAVA_LONG_UNALIGNED, (long) PAYLOAD_BYTES * i);
                    if (number <= last) {
                        late++;
                    }
                    last = number;
                }
                if (count > 0) {
                    total += count;
                    disordered = late;
                    received = total;
                }
            }
        }
    }

    /** {@code struct cmsghdr} (length, level, type) with the {@code struct timespec} of SO_TIMESTAMPNS. */
    private static long takenNanos(MemorySegment control) {
        if (control.get(JAVA_INT, 12) != SystemCalls.SO_TIMESTAMPNS) {
            throw new IllegalStateException("the kernel gives no timestamp");
        }
        long takenNanos = control.get(JAVA_LONG, 16) * 1_000_000_000 + control.get(JAVA_LONG, 24);
        Instant now = Instant.now();
        long aheadNanos = now.getEpochSecond() * 1_000_000_000 + now.getNano() - System.nanoTime();
        return takenNanos - aheadNanos;
    }

    /** Waits until so many have come, or none has come for half a second. */
    void await(long packets) throws InterruptedException {
        long before = -1;
        while (received < packets && received != before) {
            before = received;
            for (int i = 0; i < 50 && received < packets; i++) {
                Thread.sleep(10);
            }
        }
    }

    @Override
    public void close() throws IOException {
        stopped = true;
        try {
            thread.join();
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new IOException("interrupted", e);
        }
        calls.close(socket);
    }
}
