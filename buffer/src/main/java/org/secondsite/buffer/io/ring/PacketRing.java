package org.secondsite.buffer.io.ring;

import static java.lang.foreign.ValueLayout.JAVA_INT;
import static java.lang.foreign.ValueLayout.JAVA_SHORT;

import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.lang.invoke.VarHandle;
import java.util.concurrent.atomic.AtomicLong;
import org.secondsite.buffer.LentBlocks;
import org.secondsite.net.linux.Libc;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Receives through a memory-mapped AF_PACKET ring (TPACKET_V3, {@code packet_mmap} in the kernel's documentation).
 *
 * <p>The tap comes before the interface's ingress rules, so it hears what those rules drop. Received frames carry a
 * virtio-net header (PACKET_VNET_HDR), so that segmentation-offload frames and unfinished checksums pass through as
 * they are.
 *
 * <p>A block goes back to the kernel when no frame in it is lent any more ({@link LentBlocks}).
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

    // Loans of a block whose frames are all just long enough to be lent.
    private static final int LOANS_PER_BLOCK = 256;

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
    private final MemorySegment events = arena.allocate(2L * Libc.EPOLL_EVENT_BYTES, 8);
    private final Waker waker;
    private final int socket;
    private final int epoll;
    private final MemorySegment ring;
    private final LentBlocks lent;
    private final int blocks;

    /**
     * Blocks that lent frames may keep from the kernel. It looks a quarter of the ring ahead before it takes a frame, and when
     * that block is not free, and another processor is handing a block over at this moment, it drops the frame although there
     * is room ({@code __packet_rcv_has_room} in af_packet.c, which takes no lock).
     */
    private final int lendable;

    /** The next block to be read, or the one that is being read. */
    private int block;

    /** Blocks before it that the kernel has not got back, because frames in them are lent. */
    private int taken;

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
        lendable = blocks * 5 / 8;
        waker = new Waker();
        int opened = -1;
        int waiting = -1;
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
            waiting = PacketSockets.checked(libc.epoll(), "wait for frames of", name);
            // Edge-triggered: a block that has been read, but not given back, must not end every wait at once.
            PacketSockets.checked(
                    libc.epollAdd(waiting, opened, Libc.EPOLLIN | Libc.EPOLLERR | Libc.EPOLLET),
                    "wait for frames of",
                    name);
            PacketSockets.checked(libc.epollAdd(waiting, waker.descriptor(), Libc.EPOLLIN), "wait for calls on", name);
        } catch (IOException | RuntimeException e) {
            release(opened, waiting, mapped);
            throw e;
        }
        socket = opened;
        epoll = waiting;
        ring = mapped;
        lent = new LentBlocks(ring, BLOCK_BYTES, LOANS_PER_BLOCK);
    }

    @Override
    public int headerBytes() {
        return VNET_BYTES;
    }

    @Override
    public boolean next() {
        while (true) {
            if (!inBlock) {
                reclaim();
                if (taken == blocks) {
                    return false;
                }
                long start = (long) block * BLOCK_BYTES;
                if (((int) STATUS.getAcquire(ring, start + BLOCK_STATUS) & STATUS_USER) == 0) {
                    return false;
                }
                inBlock = true;
                left = ring.get(JAVA_INT, start + BLOCK_PACKETS);
                packet = start + ring.get(JAVA_INT, start + BLOCK_FIRST);
            }
            if (left == 0) {
                taken++;
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

    /** Gives blocks back to the kernel, oldest first: it stops at the first that it has not got. */
    private void reclaim() {
        while (taken > 0 && lent.free(oldest())) {
            STATUS.setRelease(ring, (long) oldest() * BLOCK_BYTES + BLOCK_STATUS, 0);
            taken--;
        }
    }

    private int oldest() {
        return block >= taken ? block - taken : block - taken + blocks;
    }

    @Override
    public LentBlocks lent() {
        return lent;
    }

    @Override
    public boolean lends() {
        return taken <= lendable;
    }

    @Override
    public int scarceBlock() {
        reclaim();
        return taken > lendable ? oldest() : -1;
    }

    @Override
    public boolean nearlyFull() {
        return taken > blocks - blocks / 4;
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
        int count = libc.epollWait(epoll, events.address(), 2, timeoutMillis);
        for (int i = 0; i < count; i++) {
            long event = (long) i * Libc.EPOLL_EVENT_BYTES;
            if (events.get(ANY_LONG, event + Libc.EPOLL_MARK) == waker.descriptor()) {
                waker.clear(libc);
            } else if ((events.get(ANY_INT, event) & Libc.EPOLLERR) != 0) {
                // Reading the error clears it, so that the next one is news again.
                LOG.warn("{}: the receive ring reports errno {}", name, PacketSockets.pendingError(libc, socket));
            }
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
            release(socket, epoll, ring);
        }
    }

    private void release(int opened, int waiting, MemorySegment mapped) {
        if (waiting >= 0) {
            libc.close(waiting);
        }
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
