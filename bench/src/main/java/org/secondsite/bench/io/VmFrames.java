package org.secondsite.bench.io;

import static java.lang.foreign.ValueLayout.JAVA_BYTE;
import static java.lang.foreign.ValueLayout.JAVA_LONG_UNALIGNED;
import static java.lang.foreign.ValueLayout.JAVA_SHORT_UNALIGNED;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.net.InetAddress;
import java.nio.ByteOrder;
import org.secondsite.config.MacAddress;

/**
 * UDP frames of VMs, laid out one behind the other. The payload begins with a sequence number; the UDP checksum is
 * left out (RFC 768).
 *
 * <pre>
 *   0     6     12    14          34          42         50
 *  +-----+-----+-----+-----------+-----------+----------+------
 *  | dst | src |0800 | IPv4      | UDP       | sequence | zero
 *  +-----+-----+-----+-----------+-----------+----------+------
 * </pre>
 */
final class VmFrames {
    static final int HEADER_BYTES = 42;

    private static final ValueLayout.OfShort SHORT = JAVA_SHORT_UNALIGNED.withOrder(ByteOrder.BIG_ENDIAN);
    private static final int SOURCE_PORT = 7000;

    private final int frameBytes;
    private final int count;
    private final MemorySegment memory;

    /**
     * Frames of VM 0 to {@code vms - 1} in turn.
     *
     * @param count how many
     * @param frameBytes the length of each
     * @param destination the MAC address they go to
     * @param address the IPv4 address they go to
     */
    VmFrames(Arena arena, int count, int vms, int frameBytes, MacAddress destination, InetAddress address, int port) {
        this.frameBytes = frameBytes;
        this.count = count;
        memory = arena.allocate((long) frameBytes * count, 64);
        for (int i = 0; i < count; i++) {
            MemorySegment frame = memory.asSlice((long) frameBytes * i, frameBytes);
            putMac(frame, 0, destination);
            putMac(frame, 6, MacAddress.parse(mac(i % vms)));
            frame.set(SHORT, 12, (short) 0x0800);
            frame.set(JAVA_BYTE, 14, (byte) 0x45);
            frame.set(SHORT, 16, (short) (frameBytes - 14));
            frame.set(JAVA_BYTE, 22, (byte) 64);
            frame.set(JAVA_BYTE, 23, (byte) 17);
            putAddress(frame, 26, InetAddress.ofLiteral(address(i % vms)));
            putAddress(frame, 30, address);
            frame.set(SHORT, 24, headerChecksum(frame));
            frame.set(SHORT, 34, (short) SOURCE_PORT);
            frame.set(SHORT, 36, (short) port);
            frame.set(SHORT, 38, (short) (frameBytes - 34));
        }
    }

    /** The MAC address of a VM. */
    static String mac(int vm) {
        return String.format("52:54:00:77:%02x:%02x", vm >> 8, vm & 0xff);
    }

    /** The IPv4 address of a VM, within 10.77.0.0/16 and not in 10.77.0.0/24. */
    static String address(int vm) {
        return "10.77." + (1 + vm / 200) + "." + (1 + vm % 200);
    }

    int count() {
        return count;
    }

    int frameBytes() {
        return frameBytes;
    }

    /** Where frame i lies. */
    long addressOf(int i) {
        return memory.address() + (long) frameBytes * i;
    }

    void sequence(int i, long number) {
        memory.set(JAVA_LONG_UNALIGNED, (long) frameBytes * i + HEADER_BYTES, number);
    }

    private static void putMac(MemorySegment frame, int at, MacAddress mac) {
        for (int i = 0; i < 6; i++) {
            frame.set(JAVA_BYTE, at + i, (byte) (mac.value() >>> (40 - 8 * i)));
        }
    }

    private static void putAddress(MemorySegment frame, int at, InetAddress address) {
        MemorySegment.copy(MemorySegment.ofArray(address.getAddress()), 0, frame, at, 4);
    }

    /** RFC 1071, over the IPv4 header whose checksum field is zero. */
    private static short headerChecksum(MemorySegment frame) {
        int sum = 0;
        for (int at = 14; at < 34; at += 2) {
            sum += Short.toUnsignedInt(frame.get(SHORT, at));
        }
        sum = (sum & 0xffff) + (sum >>> 16);
        sum = (sum & 0xffff) + (sum >>> 16);
        return (short) ~sum;
    }
}
