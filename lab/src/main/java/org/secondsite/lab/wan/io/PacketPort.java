package org.secondsite.lab.wan.io;

import static java.lang.foreign.ValueLayout.ADDRESS;
import static java.lang.foreign.ValueLayout.JAVA_INT;
import static java.lang.foreign.ValueLayout.JAVA_LONG;
import static java.lang.foreign.ValueLayout.JAVA_SHORT;

import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.nio.ByteOrder;
import org.secondsite.lab.wan.FramePool;

/**
 * A raw packet socket on one interface that receives straight into slots of the pool and sends straight out of them, many
 * frames a call.
 *
 * <pre>
 *   struct mmsghdr, 64 bytes             struct iovec, 16 bytes
 *    0  msg_name      ptr                 0  iov_base  ptr
 *    8  msg_namelen   u32 + pad           8  iov_len   u64
 *   16  msg_iov       ptr
 *   24  msg_iovlen    u64
 *   32  msg_control, msg_controllen
 *   48  msg_flags     i32 + pad
 *   56  msg_len       u32, out + pad
 * </pre>
 */
final class PacketPort implements AutoCloseable {
    /** Frames a call. */
    static final int BATCH = 64;

    private static final int MESSAGE_BYTES = 64;
    private static final int VECTOR_BYTES = 16;
    private static final int SOCKET_BUFFER_BYTES = 8 << 20;

    private final PacketCalls calls;
    private final FramePool pool;
    private final MemorySegment memory;
    private final MemorySegment incoming;
    private final MemorySegment incomingVectors;
    private final MemorySegment outgoing;
    private final MemorySegment outgoingVectors;
    private final int[] incomingSlots = new int[BATCH];
    private final int[] outgoingSlots = new int[BATCH];
    private int prepared;
    private int waiting;
    private long dropped;
    final int fd;

    /** What came in. */
    @FunctionalInterface
    interface Received {
        /** Takes the slot over. */
        void frame(int slot, int lengthBytes);
    }

    PacketPort(PacketCalls calls, String interfaceName, FramePool pool, MemorySegment memory, Arena arena)
            throws IOException {
        this.calls = calls;
        this.pool = pool;
        this.memory = memory;
        incoming = arena.allocate((long) BATCH * MESSAGE_BYTES, 8);
        incomingVectors = arena.allocate((long) BATCH * VECTOR_BYTES, 8);
        outgoing = arena.allocate((long) BATCH * MESSAGE_BYTES, 8);
        outgoingVectors = arena.allocate((long) BATCH * VECTOR_BYTES, 8);
        link(incoming, incomingVectors);
        link(outgoing, outgoingVectors);
        int index = calls.interfaceIndex(interfaceName);
        // Protocol 0 receives nothing until bind names interface and protocol, so no foreign frame can slip in.
        fd = calls.socket(PacketCalls.AF_PACKET, PacketCalls.SOCK_RAW, 0);
        calls.option(fd, PacketCalls.SOL_PACKET, PacketCalls.PACKET_IGNORE_OUTGOING, 1);
        calls.option(fd, PacketCalls.SOL_SOCKET, PacketCalls.SO_RCVBUFFORCE, SOCKET_BUFFER_BYTES);
        calls.option(fd, PacketCalls.SOL_SOCKET, PacketCalls.SO_SNDBUFFORCE, SOCKET_BUFFER_BYTES);
        MemorySegment address = arena.allocate(20, 4); // struct sockaddr_ll
        address.set(JAVA_SHORT, 0, (short) PacketCalls.AF_PACKET);
        address.set(JAVA_SHORT.withOrder(ByteOrder.BIG_ENDIAN), 2, (short) PacketCalls.ETH_P_ALL);
        address.set(JAVA_INT, 4, index);
        calls.bind(fd, address);
    }

    private static void link(MemorySegment messages, MemorySegment vectors) {
        for (int i = 0; i < BATCH; i++) {
            messages.set(
                    ADDRESS, (long) i * MESSAGE_BYTES + 16, vectors.asSlice((long) i * VECTOR_BYTES, VECTOR_BYTES));
            messages.set(JAVA_LONG, (long) i * MESSAGE_BYTES + 24, 1);
        }
    }

    /**
     * Takes in what has come, at most a batch.
     *
     * @return whether there may be more
     * @throws IOException if the socket is broken for good
     */
    boolean receive(Received received) throws IOException {
        while (prepared < BATCH) {
            int slot = pool.take();
            if (slot == FramePool.NONE) {
                break;
            }
            incomingSlots[prepared] = slot;
            setVector(incomingVectors, prepared++, slot, FramePool.SLOT_BYTES);
        }
        if (prepared == 0) {
            return false; // no memory: the kernel's queue fills and drops, as a router's would
        }
        int count = calls.receive(fd, incoming, prepared);
        if (count < 0) {
            int errno = calls.errno();
            if (errno == PacketCalls.EAGAIN || errno == PacketCalls.EINTR || errno == PacketCalls.ENETDOWN) {
                return false;
            }
            throw new IOException("recvmmsg failed with errno " + errno);
        }
        int asked = prepared;
        for (int i = 0; i < count; i++) {
            received.frame(incomingSlots[i], incoming.get(JAVA_INT, (long) i * MESSAGE_BYTES + 56));
        }
        prepared = 0;
        for (int i = count; i < asked; i++) {
            incomingSlots[prepared] = incomingSlots[i];
            setVector(incomingVectors, prepared, incomingSlots[i], FramePool.SLOT_BYTES);
            prepared++;
        }
        return count == asked;
    }

    /** Takes the slot over; it leaves at the latest with the next {@link #flush}. */
    void send(int slot, int lengthBytes) {
        if (waiting == BATCH) {
            flush();
        }
        outgoingSlots[waiting] = slot;
        setVector(outgoingVectors, waiting++, slot, lengthBytes);
    }

    /** Sends all that waits. What the interface does not take is dropped and counted. */
    void flush() {
        int done = 0;
        while (done < waiting) {
            int sent = calls.send(fd, outgoing.asSlice((long) done * MESSAGE_BYTES), waiting - done);
            if (sent < 0) {
                dropped++;
                sent = 1;
            }
            done += sent;
        }
        for (int i = 0; i < waiting; i++) {
            pool.release(outgoingSlots[i]);
        }
        waiting = 0;
    }

    /** Frames that the interface refused. */
    long dropped() {
        return dropped;
    }

    private void setVector(MemorySegment vectors, int i, int slot, int lengthBytes) {
        long at = (long) i * VECTOR_BYTES;
        vectors.set(JAVA_LONG, at, memory.address() + FramePool.offset(slot));
        vectors.set(JAVA_LONG, at + 8, lengthBytes);
    }

    @Override
    public void close() throws IOException {
        calls.close(fd);
    }
}
