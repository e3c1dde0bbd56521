package org.secondsite.buffer.io;

import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.util.Locale;

/** By what means a data plane hears and sends frames. */
public enum PortKind {
    /**
     * Linux packet sockets with a memory-mapped ring and virtio-net headers: fast, takes segmentation offload as it
     * is.
     */
    AF_PACKET {
        @Override
        FrameSource source(String name) throws IOException {
            return new PacketRing(name, RING_BYTES);
        }

        @Override
        FrameOutlet outlet(String name, MemorySegment pool) throws IOException {
            return new PacketSender(name, pool);
        }
    },
    /**
     * libpcap through pcap4j: portable and slower. Offloads of the interfaces have to be off, for it cannot see them.
     */
    PCAP4J {
        @Override
        FrameSource source(String name) throws IOException {
            return new PcapSource(name);
        }

        @Override
        FrameOutlet outlet(String name, MemorySegment pool) throws IOException {
            return new PcapOutlet(name, pool);
        }
    };

    // Frames that arrive while the data-plane thread is held up: 50 ms at 10 Gb/s.
    private static final long RING_BYTES = 64L << 20;

    abstract FrameSource source(String name) throws IOException;

    abstract FrameOutlet outlet(String name, MemorySegment pool) throws IOException;

    /**
     * Reads {@code af-packet} or {@code pcap4j}.
     *
     * @throws IllegalArgumentException if it is neither
     */
    public static PortKind parse(String text) {
        return switch (text.toLowerCase(Locale.ROOT)) {
            case "af-packet" -> AF_PACKET;
            case "pcap4j" -> PCAP4J;
            default -> throw new IllegalArgumentException("'" + text + "' is not a port: af-packet or pcap4j");
        };
    }
}
