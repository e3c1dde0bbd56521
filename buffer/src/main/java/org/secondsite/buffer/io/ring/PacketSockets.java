package org.secondsite.buffer.io.ring;

import static java.lang.foreign.ValueLayout.JAVA_INT;
import static java.lang.foreign.ValueLayout.JAVA_SHORT;

import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import org.secondsite.net.linux.Libc;

/** The steps by which packet sockets are set up (packet(7), {@code linux/if_packet.h}). Each failure names its step. */
public final class PacketSockets {
    static final int PACKET_VERSION = 10;
    static final int PACKET_RESERVE = 12;
    static final int PACKET_VNET_HDR = 15;
    static final int PACKET_IGNORE_OUTGOING = 23;
    static final int TPACKET_V3 = 2;
    static final int ETH_P_ALL = 3;

    private static final int SOL_PACKET = 263;
    private static final int PACKET_ADD_MEMBERSHIP = 1;
    private static final int PACKET_RX_RING = 5;
    private static final int PACKET_STATISTICS = 6;
    private static final int PACKET_MR_PROMISC = 1;
    private static final int RING_FRAME_BYTES = 2048;

    private PacketSockets() {}

    /** A socket that hears nothing yet. */
    public static int open(Libc libc, String name) throws IOException {
        return checked(
                libc.socket(Libc.AF_PACKET, Libc.SOCK_RAW | Libc.SOCK_CLOEXEC, 0), "open a packet socket for", name);
    }

    public static int index(Libc libc, String name) throws IOException {
        return checked(libc.interfaceIndex(name), "find the interface", name);
    }

    static void set(Libc libc, int socket, int option, int value, String name) throws IOException {
        checked(libc.setOption(socket, SOL_PACKET, option, value), "set packet option " + option + " for", name);
    }

    /**
     * {@code struct tpacket_req3}: block size, block count, frame size, frame count, retire time, private bytes,
     * features.
     */
    static void requestRing(Libc libc, int socket, int blockBytes, int blocks, int retireMillis, String name)
            throws IOException {
        try (Arena arena = Arena.ofConfined()) {
            int frames = blockBytes / RING_FRAME_BYTES * blocks;
            MemorySegment request =
                    arena.allocateFrom(JAVA_INT, blockBytes, blocks, RING_FRAME_BYTES, frames, retireMillis, 0, 0);
            checked(libc.setOption(socket, SOL_PACKET, PACKET_RX_RING, request), "make a receive ring for", name);
        }
    }

    /** {@code struct packet_mreq}: index, type, address length, address. */
    static void joinPromiscuous(Libc libc, int socket, int index, String name) throws IOException {
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment request = arena.allocate(16, 4);
            request.set(JAVA_INT, 0, index);
            request.set(JAVA_SHORT, 4, (short) PACKET_MR_PROMISC);
            checked(libc.setOption(socket, SOL_PACKET, PACKET_ADD_MEMBERSHIP, request), "hear all frames of", name);
        }
    }

    /** {@code struct sockaddr_ll}; protocol 0 means that nothing is received. */
    public static void bind(Libc libc, int socket, int index, int protocol, String name) throws IOException {
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment address = arena.allocate(20, 4);
            address.set(JAVA_SHORT, 0, (short) Libc.AF_PACKET);
            address.set(JAVA_SHORT, 2, Short.reverseBytes((short) protocol));
            address.set(JAVA_INT, 4, index);
            checked(libc.bind(socket, address), "bind to", name);
        }
    }

    /** The error that a socket has pending, which this clears; 0 for none. */
    static int pendingError(Libc libc, int socket) {
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment value = arena.allocate(JAVA_INT);
            return libc.getOption(socket, Libc.SOL_SOCKET, Libc.SO_ERROR, value) < 0 ? 0 : value.get(JAVA_INT, 0);
        }
    }

    /** {@code struct tpacket_stats_v3}: packets, drops, freezes; reading clears them. */
    static long dropsSinceLastAsked(Libc libc, int socket) {
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment value = arena.allocate(12, 4);
            int answer = libc.getOption(socket, SOL_PACKET, PACKET_STATISTICS, value);
            return answer < 0 ? 0 : Integer.toUnsignedLong(value.get(JAVA_INT, 4));
        }
    }

    static int checked(int answer, String step, String name) throws IOException {
        if (answer < 0) {
            throw new IOException("cannot " + step + " " + name + ": errno " + -answer);
        }
        return answer;
    }
}
