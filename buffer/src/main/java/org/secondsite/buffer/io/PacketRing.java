package org.secondsite.buffer.io;

import static java.lang.foreign.ValueLayout.JAVA_INT;
import static java.lang.foreign.ValueLayout.JAVA_SHORT;

import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.lang.invoke.VarHandle;
import java.util.concurrent.atomic.AtomicLong;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Receives through a memory-mapped AF_PACKET ring (TPACKET_V3, {@code packet_mmap} in the kernel's documentation).
 *
 * <p>The tap comes before the interface's ingress rules, so it hears what those rules drop. Received frames carry a
 * virtio-net header (PACKET_VNET_HDR), so that segmentation-offload frames and unfinished checksums pass through as
 * they are.
 *
 * <pre>
 *   block  0        8         12        16              20
 *         +--------+---------+---------+---------------+---
 *         |version |status   |packets  |first packet at|   ...
 *         +--------+---------+---------+---------------+---
 *   packet 0       12        20      24    32        36
 *         +----+---+---------+-------+-----+---------+---------+---   ---+-------------+-----------
 *         |next|...|snaplen  |status |mac  |vlan tci |vlan tpid| sockaddr|virtio 10 B  |frame
 *         +----+---+---len---+-------+-----+---------+---------+---   ---+-------------+-----------
 *                                                                        ^ mac - 10     ^ mac
 * </pre>
 */
final class PacketRing implements FrameSource {
    /** Length of {@code struct virtio_net_hdr}. */
    static final int VNET_BYTES = 10;

    private static final Logger LOG = LoggerFactory.getLogger(PacketRing.class);

    // A segmentation-offload frame must fit into a block; small blocks are handed over sooner.
    private static final int BLOCK_BYTES = 256 << 10;
    private static final int RETIRE_MILLIS = 1;

    private static final int BLOCK_STATUS = 8;
    private static final int BLOCK_PACKETS = 12;
    private static final int BLOCK_FIRST = 16;
    private static final int STATUS_USER = 1;

    private static final int PACKET_SNAPLEN = 12;
    private static final int PACKET_LEN = 16;
    private static final int PACKET_STATUS = 20;
    private static final int PACKET_MAC = 24;
    private static final int PACKET_VLAN_TCI = 32;
    private static final int PACKET_VLAN_TPID = 36;
    private static final int STATUS_VLAN_VALID = 1 << 4;
    private static final int STATUS_VLAN_TPID_VALID = 1 << 6;

    private static final int VLAN_BYTES = 4;
    private static final VarHandle STATUS = ValueLayout.JAVA_INT.varHandle();
    private static final ValueLayout.OfShort BIG_SHORT =
            ValueLayout.JAVA_SHORT_UNALIGNED.withOrder(java.nio.ByteOrder.BIG_ENDIAN);
    private static final ValueLayout.OfLong ANY_LONG = ValueLayout.JAVA_LONG_UNALIGNED;
    private static final ValueLayout.OfInt ANY_INT = ValueLayout.JAVA_INT_UNALIGNED;
    private static final ValueLayout.OfShort ANY_SHORT = ValueLayout.JAVA_SHORT_UNALIGNED;

    private final String name;
    private final Libc libc = new Libc();
    private final Arena arena = Arena.ofShared();
    private final MemorySegment polled = arena.allocate(16, 8);
    private final Waker waker;
    private final int socket;
    private final MemorySegment ring;
    private final int blocks;

    private int block;
    private boolean inBlock;
    private int left;
    private long packet;
    private long offset;
    private int bytes;
    private final Libc statisticsLibc = new Libc();
    private long drops;
    private boolean closed;
    private int index;
    private final AtomicLong truncated = new AtomicLong();

    /**
     * Opens a tap on an interface, promiscuous, that hears arriving frames only.
     *
     * @param name the interface
     * @param ringBytes the memory for frames that have not been read yet, rounded down to whole blocks
     * @throws IOException if the kernel refuses a step; the message names it
     */
    PacketRing(String name, long ringBytes) throws IOException {
        this.name = name;
        blocks = Math.toIntExact(Math.max(4, ringBytes / BLOCK_BYTES));
        waker = new Waker();
        int opened = -1;
        MemorySegment mapped = MemorySegment.NULL;
        try {
            opened = PacketSockets.open(libc, name);
            PacketSockets.set(libc, opened, PacketSockets.PACKET_VERSION, PacketSockets.TPACKET_V3, name);
            // Before the ring: the kernel fixes the frames' layout when the ring is made.
            PacketSockets.set(libc, opened, PacketSockets.PACKET_VNET_HDR, 1, name);
            PacketSockets.set(libc, opened, PacketSockets.PACKET_RESERVE, VLAN_BYTES, name);
            PacketSockets.set(libc, opened, PacketSockets.PACKET_IGNORE_OUTGOING, 1, name);
            PacketSockets.requestRing(libc, opened, BLOCK_BYTES, blocks, RETIRE_MILLIS, name);
            mapped = libc.map((long) BLOCK_BYTES * blocks, Libc.MAP_SHARED | Libc.MAP_POPULATE, opened);
            if (mapped.address() == 0) {
                throw new IOException("cannot map the receive ring of " + name + ": errno " + libc.errno());
            }
            index = PacketSockets.index(libc, name);
            PacketSockets.joinPromiscuous(libc, opened, index, name);
            PacketSockets.bind(libc, opened, index, PacketSockets.ETH_P_ALL, name);
        } catch (IOException | RuntimeException e) {
            release(opened, mapped);
            throw e;
        }
        socket = opened;
        ring = mapped;
        polled.set(JAVA_INT, 0, socket);
        polled.set(JAVA_SHORT, 4, (short) Libc.POLLIN);
        polled.set(JAVA_INT, 8, waker.descriptor());
        polled.set(JAVA_SHORT, 12, (short) Libc.POLLIN);
    }

    @Override
    public int headerBytes() {
        return VNET_BYTES;
    }

    @Override
    public boolean next() {
        while (true) {
            if (!inBlock) {
                long start = (long) block * BLOCK_BYTES;
                if (((int) STATUS.getAcquire(ring, start + BLOCK_STATUS) & STATUS_USER) == 0) {
                    return false;
                }
                inBlock = true;
                left = ring.get(JAVA_INT, start + BLOCK_PACKETS);
                packet = start + ring.get(JAVA_INT, start + BLOCK_FIRST);
            }
            if (left == 0) {
                STATUS.setRelease(ring, (long) block * BLOCK_BYTES + BLOCK_STATUS, 0);
                block = block + 1 == blocks ? 0 : block + 1;
                inBlock = false;
                continue;
            }
            long header = packet;
            left--;
            packet = header + ring.get(JAVA_INT, header);
            int length = ring.get(JAVA_INT, header + PACKET_SNAPLEN);
            if (length < ring.get(JAVA_INT, header + PACKET_LEN)) {
                truncated.incrementAndGet();
                continue;
            }
            offset = header + Short.toUnsignedInt(ring.get(JAVA_SHORT, header + PACKET_MAC)) - VNET_BYTES;
            bytes = length + VNET_BYTES;
            int status = ring.get(JAVA_INT, header + PACKET_STATUS);
            if ((status & STATUS_VLAN_VALID) != 0) {
                insertVlan(header, status);
            }
            return true;
        }
    }

    /** The kernel took the tag out of the frame; it goes back in, four bytes further to the front. */
    private void insertVlan(long header, int status) {
        int tpid = (status & STATUS_VLAN_TPID_VALID) != 0
                ? Short.toUnsignedInt(ring.get(JAVA_SHORT, header + PACKET_VLAN_TPID))
                : 0x8100;
        int tci = ring.get(JAVA_INT, header + PACKET_VLAN_TCI);
        long from = offset;
        long to = offset - VLAN_BYTES;
        long first = ring.get(ANY_LONG, from);
        long second = ring.get(ANY_LONG, from + 8);
        int third = ring.get(ANY_INT, from + 16);
        short fourth = ring.get(ANY_SHORT, from + 20);
        ring.set(ANY_LONG, to, first);
        ring.set(ANY_LONG, to + 8, second);
        ring.set(ANY_INT, to + 16, third);
        ring.set(ANY_SHORT, to + 20, fourth);
        ring.set(BIG_SHORT, to + VNET_BYTES + 12, (short) tpid);
        ring.set(BIG_SHORT, to + VNET_BYTES + 14, (short) tci);
        offset = to;
        bytes += VLAN_BYTES;
        VnetHeader.shift(ring, to, VLAN_BYTES);
    }

    @Override
    public MemorySegment memory() {
        return ring;
    }

    @Override
    public long offset() {
        return offset;
    }

    @Override
    public int bytes() {
        return bytes;
    }

    @Override
    public void await(int timeoutMillis) {
        polled.set(JAVA_SHORT, 6, (short) 0);
        polled.set(JAVA_SHORT, 14, (short) 0);
        libc.poll(polled, 2, timeoutMillis);
        if ((polled.get(JAVA_SHORT, 14) & Libc.POLLIN) != 0) {
            waker.clear(libc);
        }
        if ((polled.get(JAVA_SHORT, 6) & Libc.POLLERR) != 0) {
            // Reading the error clears it; otherwise poll would return at once for ever.
            LOG.warn("{}: the receive ring reports errno {}", name, PacketSockets.pendingError(libc, socket));
        }
    }

    @Override
    public void wake() {
        waker.wake();
    }

    @Override
    public void rebind() throws IOException {
        int now = PacketSockets.index(libc, name);
        if (now != index) {
            // The ring stays: what is in it has been heard, and is output like any other.
            PacketSockets.joinPromiscuous(libc, socket, now, name);
            PacketSockets.bind(libc, socket, now, PacketSockets.ETH_P_ALL, name);
            index = now;
        }
    }

    @Override
    public synchronized long drops() {
        if (!closed) {
            drops += PacketSockets.dropsSinceLastAsked(statisticsLibc, socket);
        }
        return drops;
    }

    @Override
    public long truncated() {
        return truncated.get();
    }

    @Override
    public synchronized void close() {
        if (!closed) {
            closed = true;
            release(socket, ring);
        }
    }

    private void release(int opened, MemorySegment mapped) {
        if (mapped.address() != 0) {
            libc.unmap(mapped);
        }
        if (opened >= 0) {
            libc.close(opened);
        }
        waker.close();
        arena.close();
    }
}
