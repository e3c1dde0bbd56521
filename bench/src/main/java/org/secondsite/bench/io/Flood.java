package org.secondsite.bench.io;

import static java.lang.foreign.ValueLayout.JAVA_LONG;

import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.net.InetAddress;
import java.util.concurrent.locks.LockSupport;
import org.secondsite.config.MacAddress;

/**
 * A thread in the VMs' namespace that sends UDP frames through a packet socket: as fast as it can, or at a rate, in
 * bursts of a millisecond's worth. Closing it ends it.
 */
final class Flood implements AutoCloseable {
    private static final int BATCH = 64;
    private static final int MESSAGE_BYTES = 64;
    private static final long BURST_NANOS = 1_000_000;

    private final Thread thread;
    private volatile boolean stopped;
    private volatile long sent;
    private volatile IOException failure;

    /**
     * What is sent.
     *
     * @param vms sources that take turns, 1 to 1000
     * @param frameBytes the length of every frame
     * @param port where to
     * @param perSecond the rate; 0 for as fast as it goes
     * @param limit how many at most
     */
    record Load(int vms, int frameBytes, int port, double perSecond, long limit) {
        /** As fast as it goes, to the counter. */
        static Load counted(int vms, int frameBytes) {
            return new Load(vms, frameBytes, Site.COUNTED_PORT, 0, Long.MAX_VALUE);
        }
    }

    /** Starts. */
    Flood(Site site, Load load) throws IOException {
        thread = site.in("vm", () -> Thread.ofPlatform()
                .name("flood-" + site.contender().label())
                .start(() -> {
                    try {
                        send(site, load);
                    } catch (IOException e) {
                        failure = e;
                    }
                }));
    }

    /** How many frames have been sent. */
    long sent() {
        return sent;
    }

    /** Waits until the limit has been sent. */
    void await() throws IOException {
        join();
        if (failure != null) {
            throw failure;
        }
    }

    @Override
    public void close() throws IOException {
        stopped = true;
        await();
    }

    private void join() throws IOException {
        try {
            thread.join();
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new IOException("interrupted", e);
        }
    }

    private void send(Site site, Load load) throws IOException {
        SystemCalls calls = new SystemCalls();
        int socket = calls.packetSocket("eth0");
        try (Arena arena = Arena.ofConfined()) {
            VmFrames frames = new VmFrames(
                    arena,
                    load.vms() <= BATCH ? BATCH : (load.vms() + BATCH - 1) / BATCH * BATCH,
                    load.vms(),
                    load.frameBytes(),
                    MacAddress.parse(site.firstHopMac()),
                    InetAddress.ofLiteral(site.uplinkAddress()),
                    load.port());
            MemorySegment messages = messages(arena, frames);
            long startNanos = System.nanoTime();
            int from = 0;
            long done = 0;
            while (!stopped && done < load.limit()) {
                if (load.perSecond() > 0) {
                    long dueNanos = startNanos + (long) (done / load.perSecond() * 1e9);
                    if (dueNanos - System.nanoTime() > 0) {
                        LockSupport.parkNanos(BURST_NANOS);
                        continue;
                    }
                }
                int count = (int) Math.min(Math.min(BATCH, frames.count() - from), load.limit() - done);
                for (int i = 0; i < count; i++) {
                    frames.sequence(from + i, done + i);
                }
                int taken = 0;
                while (taken < count) {
                    int answer = calls.send(
                            socket, messages.address() + (long) (from + taken) * MESSAGE_BYTES, count - taken);
                    if (answer < 0 && answer != -SystemCalls.ENOBUFS && answer != -SystemCalls.EAGAIN) {
                        throw new IOException("sending: errno " + -answer);
                    }
                    taken += Math.max(0, answer);
                }
                done += count;
                sent = done;
                from = (from + count) % frames.count();
            }
        } finally {
            calls.close(socket);
        }
    }

    /** One {@code struct mmsghdr} with one {@code struct iovec} for each frame. */
    private static MemorySegment messages(Arena arena, VmFrames frames) {
        MemorySegment vectors = arena.allocate(16L * frames.count(), 16);
        MemorySegment messages = arena.allocate((long) MESSAGE_BYTES * frames.count(), 16);
        for (int i = 0; i < frames.count(); i++) {
            vectors.set(JAVA_LONG, 16L * i, frames.addressOf(i));
            vectors.set(JAVA_LONG, 16L * i + 8, frames.frameBytes());
            messages.set(JAVA_LONG, (long) MESSAGE_BYTES * i + 16, vectors.address() + 16L * i);
            messages.set(JAVA_LONG, (long) MESSAGE_BYTES * i + 24, 1);
        }
        return messages;
    }
}
