package org.secondsite.lab.wan.io;

import static java.lang.foreign.ValueLayout.JAVA_INT;
import static java.lang.foreign.ValueLayout.JAVA_LONG;
import static java.lang.foreign.ValueLayout.JAVA_SHORT;

import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.List;
import java.util.concurrent.locks.ReentrantLock;
import org.secondsite.lab.wan.FramePool;
import org.secondsite.lab.wan.WanCommand;
import org.secondsite.lab.wan.WanSegment;

/**
 * Runs a {@link WanSegment} on interfaces of the process's network namespace.
 *
 * <p>One thread waits in {@code ppoll} for frames or for the next one that is due, whichever comes first. It holds the lock
 * while it works and never while it waits, so {@link #execute} comes in between; what a command changes needs no wake-up,
 * because due times stand when frames are offered.
 *
 * <p>The interfaces must have their offloads off (no checksum, TSO, GSO, GRO): the emulator carries frames as they would be on
 * a wire.
 */
public final class WanEmulator implements AutoCloseable {
    private static final long POOL_BYTES = 64L << 20;
    private static final long LONGEST_WAIT_NANOS = 200_000_000L; // so that close is noticed
    private static final int POLL_ENTRY_BYTES = 8; // struct pollfd: int fd, short events, short revents

    private final Arena arena = Arena.ofShared();
    private final PacketCalls calls = new PacketCalls();
    private final ReentrantLock lock = new ReentrantLock();
    private final WanSegment segment;
    private final PacketPort[] ports;
    private final Thread thread;
    private volatile boolean closed;

    /**
     * Starts on the interfaces.
     *
     * @param interfaces names of interfaces, which are up
     * @param portNames what the commands call them, in the same order
     * @throws IOException if one does not exist or the process may not open packet sockets
     */
    public static WanEmulator open(List<String> interfaces, List<String> portNames, long seed) throws IOException {
        WanEmulator emulator = new WanEmulator(interfaces, portNames, seed);
        emulator.thread.start();
        return emulator;
    }

    private WanEmulator(List<String> interfaces, List<String> portNames, long seed) throws IOException {
        MemorySegment memory = arena.allocate(POOL_BYTES, 4096);
        FramePool pool = new FramePool(memory);
        segment = new WanSegment(portNames, pool, seed);
        ports = new PacketPort[interfaces.size()];
        for (int i = 0; i < ports.length; i++) {
            ports[i] = new PacketPort(calls, interfaces.get(i), pool, memory, arena);
        }
        thread = Thread.ofPlatform().name("wan").unstarted(this::run);
    }

    /**
     * Carries out one command line, see {@link WanCommand}.
     *
     * @return the answer, one line
     * @throws IllegalArgumentException saying what is wrong with the line
     */
    public String execute(String line) {
        WanCommand command = WanCommand.parse(line);
        lock.lock();
        try {
            return segment.execute(command);
        } finally {
            lock.unlock();
        }
    }

    private void run() {
        MemorySegment descriptors = arena.allocate((long) ports.length * POLL_ENTRY_BYTES, 4);
        MemorySegment timeout = arena.allocate(16, 8);
        for (int i = 0; i < ports.length; i++) {
            descriptors.set(JAVA_INT, (long) i * POLL_ENTRY_BYTES, ports[i].fd);
            descriptors.set(JAVA_SHORT, (long) i * POLL_ENTRY_BYTES + 4, PacketCalls.POLLIN);
        }
        try {
            while (!closed) {
                work(descriptors);
                awaitWork(descriptors, timeout);
            }
        } catch (IOException e) {
            throw new IllegalStateException("the WAN emulator lost an interface", e);
        } finally {
            release();
        }
    }

    private void work(MemorySegment descriptors) throws IOException {
        lock.lock();
        try {
            for (int i = 0; i < ports.length; i++) {
                if (descriptors.get(JAVA_SHORT, (long) i * POLL_ENTRY_BYTES + 6) != 0) {
                    int port = i;
                    long nowNanos = System.nanoTime();
                    ports[i].receive((slot, lengthBytes) -> segment.offer(port, slot, lengthBytes, nowNanos));
                }
            }
            segment.deliverDue(System.nanoTime(), (port, slot, lengthBytes) -> ports[port].send(slot, lengthBytes));
            for (PacketPort port : ports) {
                port.flush();
            }
        } finally {
            lock.unlock();
        }
    }

    private void awaitWork(MemorySegment descriptors, MemorySegment timeout) throws IOException {
        long dueNanos = segment.nextDueNanos();
        long waitNanos = LONGEST_WAIT_NANOS;
        if (dueNanos != Long.MAX_VALUE) {
            waitNanos = Math.clamp(dueNanos - System.nanoTime(), 0, LONGEST_WAIT_NANOS);
        }
        timeout.set(JAVA_LONG, 0, 0);
        timeout.set(JAVA_LONG, 8, waitNanos);
        if (calls.poll(descriptors, ports.length, timeout) < 0) {
            if (calls.errno() != PacketCalls.EINTR) {
                throw new IOException("ppoll failed with errno " + calls.errno());
            }
            for (int i = 0; i < ports.length; i++) {
                descriptors.set(JAVA_SHORT, (long) i * POLL_ENTRY_BYTES + 6, (short) 0);
            }
        }
    }

    private void release() {
        for (PacketPort port : ports) {
            try {
                port.close();
            } catch (IOException e) {
                Thread.currentThread().getUncaughtExceptionHandler().uncaughtException(Thread.currentThread(), e);
            }
        }
        arena.close();
    }

    /** Stops within the longest wait; what is on the way is lost. */
    @Override
    public void close() {
        closed = true;
        boolean interrupted = false;
        while (thread.isAlive()) {
            try {
                thread.join();
            } catch (InterruptedException e) {
                interrupted = true; // the sockets have to be closed all the same; it takes one wait at most
            }
        }
        if (interrupted) {
            Thread.currentThread().interrupt();
        }
    }
}
