package org.secondsite.buffer.io.ring;

import static java.lang.foreign.ValueLayout.JAVA_LONG;

import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import org.secondsite.buffer.ReleaseCursor;
import org.secondsite.net.linux.Libc;

/**
 * Sends through an AF_PACKET socket, straight out of the buffer's memory, one {@code sendmmsg} per batch.
 *
 * <pre>
 *   mmsghdr  0        8         16      24         32..55         56      64
 *           +--------+---------+-------+----------+--------------+-------+
 *           | name   | namelen | iov * | iov count| (no control) | sent  |
 *           +--------+---------+-------+----------+--------------+-------+
 * </pre>
 */
final class PacketSender implements FrameOutlet {
    private static final int BATCH = 256;
    private static final int MESSAGE_BYTES = 64;
    private static final int MESSAGE_IOV = 16;
    private static final int MESSAGE_IOV_COUNT = 24;
    private static final int IOV_BYTES = 16;
    private static final int IOVS = BATCH * 4;
    private static final int SEND_BUFFER_BYTES = 64 << 20;

    private final String name;
    private final Libc libc = new Libc();
    private final Arena arena = Arena.ofShared();
    private final MemorySegment messages = arena.allocate((long) MESSAGE_BYTES * BATCH, 16);
    private final MemorySegment pieces = arena.allocate((long) IOV_BYTES * IOVS, 16);
    private final int socket;
    private int count;
    private int usedPieces;
    private int sent;
    private int index;

    /**
     * Opens the way out.
     *
     * @param name the interface
     * @throws IOException if the kernel refuses a step; the message names it
     */
    PacketSender(String name) throws IOException {
        this.name = name;
        int opened = -1;
        try {
            opened = PacketSockets.open(libc, name);
            PacketSockets.set(libc, opened, PacketSockets.PACKET_VNET_HDR, 1, name);
            libc.setOption(opened, Libc.SOL_SOCKET, Libc.SO_SNDBUFFORCE, SEND_BUFFER_BYTES);
            index = PacketSockets.index(libc, name);
            PacketSockets.bind(libc, opened, index, 0, name);
        } catch (IOException | RuntimeException e) {
            if (opened >= 0) {
                libc.close(opened);
            }
            arena.close();
            throw e;
        }
        socket = opened;
    }

    @Override
    public boolean add(ReleaseCursor cursor) {
        if (count == BATCH) {
            return false;
        }
        int first = usedPieces;
        long base = cursor.memory().address();
        int at = 0;
        while (at < cursor.bytes()) {
            if (usedPieces == IOVS) {
                usedPieces = first;
                return false;
            }
            int piece = cursor.piece(at);
            long iov = (long) usedPieces * IOV_BYTES;
            pieces.set(JAVA_LONG, iov, base + cursor.offset(at));
            pieces.set(JAVA_LONG, iov + 8, piece);
            usedPieces++;
            at += piece;
        }
        long message = (long) count * MESSAGE_BYTES;
        messages.set(JAVA_LONG, message + MESSAGE_IOV, pieces.address() + (long) first * IOV_BYTES);
        messages.set(JAVA_LONG, message + MESSAGE_IOV_COUNT, usedPieces - first);
        count++;
        return true;
    }

    @Override
    public Outcome send() {
        sent = 0;
        int all = count;
        count = 0;
        usedPieces = 0;
        while (sent < all) {
            int answer = libc.sendmmsg(socket, messages.address() + (long) sent * MESSAGE_BYTES, all - sent);
            if (answer < 0) {
                return outcome(-answer);
            }
            sent += answer;
        }
        return Outcome.SENT;
    }

    private static Outcome outcome(int errno) {
        return switch (errno) {
            case Libc.ENOBUFS, Libc.EAGAIN, Libc.EINTR -> Outcome.BUSY;
            case Libc.ENETDOWN, Libc.ENXIO, Libc.ENODEV -> Outcome.DOWN;
            default -> Outcome.REFUSED;
        };
    }

    @Override
    public int sent() {
        return sent;
    }

    @Override
    public void rebind() throws IOException {
        int now = PacketSockets.index(libc, name);
        if (now != index) {
            PacketSockets.bind(libc, socket, now, 0, name);
            index = now;
        }
    }

    @Override
    public String name() {
        return name;
    }

    @Override
    public void close() {
        libc.close(socket);
        arena.close();
    }
}
