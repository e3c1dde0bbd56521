package org.secondsite.buffer.io.ring;

import java.io.IOException;
import java.util.Locale;

/** By what means a data plane hears and sends frames. */
public enum PortKind {
    /**
     * Linux packet sockets with a memory-mapped ring and virtio-net headers: fast, takes segmentation offload as it
     * is.
     */
    AF_PACKET {
        @Override
        public FrameSource source(String name, long ringBytes) throws IOException {
            return new PacketRing(name, ringBytes);
        }

        @Override
        public FrameOutlet outlet(String name) throws IOException {
            return new PacketSender(name);
        }
    },
    /**
     * libpcap through pcap4j: portable and slower. It cannot see what a sender leaves to others: see {@link PcapSource}.
     */
    PCAP4J {
        @Override
        public FrameSource source(String name, long ringBytes) throws IOException {
            return new PcapSource(name);
        }

        @Override
        public FrameOutlet outlet(String name) throws IOException {
            return new PcapOutlet(name);
        }
    };

    /**
     * The receiving end.
     *
     * @param ringBytes the memory of a port that has some: for frames that have not been read yet, and lent ones
     */
    public abstract FrameSource source(String name, long ringBytes) throws IOException;

    public abstract FrameOutlet outlet(String name) throws IOException;

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
