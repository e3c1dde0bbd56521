package org.secondsite.buffer.io.ring;

import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.locks.LockSupport;
import org.pcap4j.core.NotOpenException;
import org.pcap4j.core.PcapHandle;
import org.pcap4j.core.PcapNativeException;
import org.pcap4j.core.PcapNetworkInterface.PromiscuousMode;
import org.pcap4j.core.PcapStat;
import org.secondsite.buffer.LentBlocks;
import org.secondsite.buffer.UnfinishedChecksum;
import org.secondsite.net.linux.Libc;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Receives through libpcap. libpcap puts VLAN tags back itself; it tells nothing of what a sender has left to do, so unfinished
 * checksums are found by their look and finished here ({@link UnfinishedChecksum}), and a frame that is longer than the interface sends any,
 * which is several segments in one, is dropped, counted and told of. Makes a little garbage with every frame.
 */
final class PcapSource implements FrameSource {
    private static final Logger LOG = LoggerFactory.getLogger(PcapSource.class);
    private static final int SNAP_BYTES = 65_600;
    private static final int KERNEL_BUFFER_BYTES = 64 << 20;
    private static final int TIMEOUT_MILLIS = 1;
    private static final long LOOK_NANOS = 500_000;

    /** An Ethernet header and two VLAN tags. */
    private static final int HEADERS = 22;

    private final String name;
    private final Libc libc = new Libc();
    private volatile PcapHandle handle;
    private volatile Thread waiting;
    private int longest;
    private boolean toldOfLong;
    private MemorySegment frame = MemorySegment.NULL;
    private final AtomicLong truncated = new AtomicLong();
    private final AtomicLong drops = new AtomicLong();

    /**
     * Opens a tap on an interface, promiscuous, that hears arriving frames only.
     *
     * @throws IOException if libpcap is missing or refuses
     */
    PcapSource(String name) throws IOException {
        this.name = name;
        handle = open(name);
        longest = longest();
    }

    /** The longest frame that is none of several segments. */
    private int longest() {
        int mtu = libc.interfaceMtu(name);
        return mtu < 0 ? SNAP_BYTES : mtu + HEADERS;
    }

    /** The MTU may have been raised since. */
    private boolean isTooLong(byte[] packet) {
        if (packet.length <= longest) {
            return false;
        }
        longest = longest();
        if (packet.length > longest && !toldOfLong) {
            toldOfLong = true;
            LOG.warn(
                    "{}: a frame of {} bytes, more than the MTU: its sender leaves segmentation to others, which this port cannot do;"
                            + " such frames are dropped. Switch it off at the other end (ethtool -K … tso off gso off), or use"
                            + " the port af-packet",
                    name,
                    packet.length);
        }
        return packet.length > longest;
    }

    private static PcapHandle open(String name) throws IOException {
        try {
            PcapHandle opened = new PcapHandle.Builder(name)
                    .snaplen(SNAP_BYTES)
                    .promiscuousMode(PromiscuousMode.PROMISCUOUS)
                    .timeoutMillis(TIMEOUT_MILLIS)
                    .bufferSize(KERNEL_BUFFER_BYTES)
                    .immediateMode(true)
                    .build();
            opened.setDirection(PcapHandle.PcapDirection.IN);
            opened.setBlockingMode(PcapHandle.BlockingMode.NONBLOCKING);
            return opened;
        } catch (PcapNativeException | NotOpenException | UnsatisfiedLinkError e) {
            throw new IOException("libpcap cannot open " + name + ": " + e.getMessage(), e);
        }
    }

    @Override
    public int headerBytes() {
        return 0;
    }

    @Override
    public boolean next() {
        try {
            byte[] packet = handle.getNextRawPacket();
            while (packet != null) {
                if (packet.length >= handle.getOriginalLength() && !isTooLong(packet)) {
                    UnfinishedChecksum.finish(packet);
                    frame = MemorySegment.ofArray(packet);
                    return true;
                }
                truncated.incrementAndGet();
                packet = handle.getNextRawPacket();
            }
        } catch (NotOpenException e) {
            LOG.trace("{}: closed", name);
        }
        return false;
    }

    @Override
    public MemorySegment memory() {
        return frame;
    }

    @Override
    public LentBlocks lent() {
        return LentBlocks.NONE;
    }

    @Override
    public boolean lends() {
        return false;
    }

    @Override
    public int scarceBlock() {
        return -1;
    }

    @Override
    public boolean nearlyFull() {
        return false;
    }

    @Override
    public long offset() {
        return 0;
    }

    @Override
    public int bytes() {
        return (int) frame.byteSize();
    }

    /** libpcap cannot be woken while it waits, so this looks again soon instead. */
    @Override
    public void await(int timeoutMillis) {
        waiting = Thread.currentThread();
        LockSupport.parkNanos(LOOK_NANOS);
    }

    @Override
    public void wake() {
        LockSupport.unpark(waiting);
    }

    @Override
    public void rebind() throws IOException {
        PcapHandle old = handle;
        handle = open(name);
        longest = longest();
        old.close();
    }

    @Override
    public long drops() {
        try {
            PcapStat figures = handle.getStats();
            drops.accumulateAndGet(figures.getNumPacketsDropped(), Math::max);
        } catch (PcapNativeException | NotOpenException e) {
            LOG.debug("{}: libpcap has no figures: {}", name, e.getMessage());
        }
        return drops.get();
    }

    @Override
    public long truncated() {
        return truncated.get();
    }

    @Override
    public void close() {
        handle.close();
    }
}
