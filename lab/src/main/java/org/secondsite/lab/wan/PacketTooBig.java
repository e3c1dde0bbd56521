package org.secondsite.lab.wan;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteOrder;

/**
 * What a router answers to a packet that is longer than the MTU of its next hop, so that path MTU discovery works.
 *
 * <pre>
 *                  IPv4 with DF (RFC 792, RFC 1191 §4)              IPv6 (RFC 4443 §3.2)
 *   Ethernet       back to the sender, in the name of the receiver: a segment has no router with an address of its own
 *   IP             20 bytes                                         40 bytes
 *   ICMP           3 | 4 | sum u16 | 0 u8 | 0 u8 | MTU u16          2 | 0 | sum u16 | MTU u32
 *   quoted         as much as fits in 576 bytes (RFC 1812           as much as fits in 1280 bytes (RFC 4443 §2.4 c)
 *                  §4.3.2.3), no extensions: length 0 (RFC 4884 §3)
 * </pre>
 *
 * <p>No answer gets a packet without DF (a router would cut it in pieces, this emulator drops it), a fragment that is not the
 * first, an ICMP error, what was sent to a group (RFC 1122 §3.2.2, RFC 4443 §2.4 e), and what is no IP or has a VLAN tag.
 */
final class PacketTooBig {
    private static final ValueLayout.OfShort SHORT = ValueLayout.JAVA_SHORT_UNALIGNED.withOrder(ByteOrder.BIG_ENDIAN);
    private static final ValueLayout.OfInt INT = ValueLayout.JAVA_INT_UNALIGNED.withOrder(ByteOrder.BIG_ENDIAN);

    private static final int ETHERNET_BYTES = 14;
    private static final int IPV4 = 0x0800;
    private static final int IPV6 = 0x86dd;
    private static final int IPV4_BYTES = 20;
    private static final int IPV6_BYTES = 40;
    private static final int ICMP_BYTES = 8;
    private static final int ICMPV4 = 1;
    private static final int ICMPV6 = 58;
    private static final int MAX_ANSWER4_BYTES = 576;
    private static final int MAX_ANSWER6_BYTES = 1280;
    private static final int DONT_FRAGMENT = 0x4000;
    private static final int FRAGMENT_OFFSET = 0x1fff;
    private static final int DESTINATION_UNREACHABLE = 3;
    private static final int FRAGMENTATION_NEEDED = 4;
    private static final int PACKET_TOO_BIG = 2;
    private static final int ICMPV6_INFORMATIONAL = 0x80;
    private static final byte HOPS = 64;

    private PacketTooBig() {}

    /**
     * Writes the answer to a frame.
     *
     * @param frame the frame from its destination address on
     * @param lengthBytes its length
     * @param mtuBytes what would have got through
     * @param into where to, of at least 1294 bytes
     * @return the answer's length, 0 if there is none
     */
    static int answer(MemorySegment frame, int lengthBytes, int mtuBytes, MemorySegment into) {
        boolean toGroup = (frame.get(ValueLayout.JAVA_BYTE, 0) & 1) != 0;
        int type = lengthBytes < ETHERNET_BYTES ? 0 : Short.toUnsignedInt(frame.get(SHORT, 12));
        if (toGroup || (type != IPV4 && type != IPV6)) {
            return 0;
        }
        MemorySegment packet = frame.asSlice(ETHERNET_BYTES, lengthBytes - ETHERNET_BYTES);
        boolean four = type == IPV4;
        if (four ? !isAnswered4(packet) : !isAnswered6(packet)) {
            return 0;
        }
        MemorySegment.copy(frame, 6, into, 0, 6);
        MemorySegment.copy(frame, 0, into, 6, 6);
        into.set(SHORT, 12, (short) type);
        MemorySegment answer = into.asSlice(ETHERNET_BYTES);
        return ETHERNET_BYTES + (four ? write4(packet, mtuBytes, answer) : write6(packet, mtuBytes, answer));
    }

    private static boolean isAnswered4(MemorySegment packet) {
        if (packet.byteSize() < IPV4_BYTES + ICMP_BYTES) {
            return false;
        }
        int fragment = packet.get(SHORT, 6);
        int headerBytes = (packet.get(ValueLayout.JAVA_BYTE, 0) & 0xf) * Integer.BYTES;
        int protocol = packet.get(ValueLayout.JAVA_BYTE, 9);
        boolean icmpError = protocol == ICMPV4
                && headerBytes < packet.byteSize()
                && isError4(packet.get(ValueLayout.JAVA_BYTE, headerBytes));
        return (fragment & DONT_FRAGMENT) != 0 && (fragment & FRAGMENT_OFFSET) == 0 && !icmpError;
    }

    /** RFC 1122 §3.2.2: unreachable, source quench, redirect, time exceeded, parameter problem. */
    private static boolean isError4(int icmpType) {
        return icmpType == DESTINATION_UNREACHABLE
                || icmpType == 4
                || icmpType == 5
                || icmpType == 11
                || icmpType == 12;
    }

    private static boolean isAnswered6(MemorySegment packet) {
        if (packet.byteSize() <= IPV6_BYTES) {
            return false;
        }
        boolean icmp = packet.get(ValueLayout.JAVA_BYTE, 6) == ICMPV6;
        // RFC 4443 §2.1: the upper bit of the type tells information from errors.
        return !icmp || (packet.get(ValueLayout.JAVA_BYTE, IPV6_BYTES) & ICMPV6_INFORMATIONAL) != 0;
    }

    private static int write4(MemorySegment packet, int mtuBytes, MemorySegment answer) {
        int quoted = (int) Math.min(packet.byteSize(), MAX_ANSWER4_BYTES - IPV4_BYTES - ICMP_BYTES);
        int length = IPV4_BYTES + ICMP_BYTES + quoted;
        answer.asSlice(0, IPV4_BYTES + ICMP_BYTES).fill((byte) 0);
        answer.set(ValueLayout.JAVA_BYTE, 0, (byte) 0x45);
        answer.set(SHORT, 2, (short) length);
        answer.set(ValueLayout.JAVA_BYTE, 8, HOPS);
        answer.set(ValueLayout.JAVA_BYTE, 9, (byte) ICMPV4);
        MemorySegment.copy(packet, 16, answer, 12, 4);
        MemorySegment.copy(packet, 12, answer, 16, 4);
        answer.set(SHORT, 10, checksum(answer, 0, IPV4_BYTES, 0));
        answer.set(ValueLayout.JAVA_BYTE, IPV4_BYTES, (byte) DESTINATION_UNREACHABLE);
        answer.set(ValueLayout.JAVA_BYTE, IPV4_BYTES + 1, (byte) FRAGMENTATION_NEEDED);
        answer.set(SHORT, IPV4_BYTES + 6, (short) mtuBytes);
        MemorySegment.copy(packet, 0, answer, IPV4_BYTES + ICMP_BYTES, quoted);
        answer.set(SHORT, IPV4_BYTES + 2, checksum(answer, IPV4_BYTES, ICMP_BYTES + quoted, 0));
        return length;
    }

    private static int write6(MemorySegment packet, int mtuBytes, MemorySegment answer) {
        int quoted = (int) Math.min(packet.byteSize(), MAX_ANSWER6_BYTES - IPV6_BYTES - ICMP_BYTES);
        int icmpBytes = ICMP_BYTES + quoted;
        answer.asSlice(0, IPV6_BYTES + ICMP_BYTES).fill((byte) 0);
        answer.set(ValueLayout.JAVA_BYTE, 0, (byte) 0x60);
        answer.set(SHORT, 4, (short) icmpBytes);
        answer.set(ValueLayout.JAVA_BYTE, 6, (byte) ICMPV6);
        answer.set(ValueLayout.JAVA_BYTE, 7, HOPS);
        MemorySegment.copy(packet, 24, answer, 8, 16);
        MemorySegment.copy(packet, 8, answer, 24, 16);
        answer.set(ValueLayout.JAVA_BYTE, IPV6_BYTES, (byte) PACKET_TOO_BIG);
        answer.set(INT, IPV6_BYTES + 4, mtuBytes);
        MemorySegment.copy(packet, 0, answer, IPV6_BYTES + ICMP_BYTES, quoted);
        // RFC 8200 §8.1: the pseudo-header is both addresses, the length and the protocol.
        long pseudo = sum(answer, 8, 32) + icmpBytes + ICMPV6;
        answer.set(SHORT, IPV6_BYTES + 2, checksum(answer, IPV6_BYTES, icmpBytes, pseudo));
        return IPV6_BYTES + icmpBytes;
    }

    /** RFC 1071. */
    private static short checksum(MemorySegment bytes, int from, int length, long before) {
        long sum = before + sum(bytes, from, length);
        while (sum >>> 16 != 0) {
            sum = (sum & 0xffff) + (sum >>> 16);
        }
        return (short) ~sum;
    }

    private static long sum(MemorySegment bytes, int from, int length) {
        long sum = 0;
        for (int i = 0; i + 1 < length; i += 2) {
            sum += Short.toUnsignedInt(bytes.get(SHORT, from + i));
        }
        return length % 2 == 0
                ? sum
                : sum + (Byte.toUnsignedInt(bytes.get(ValueLayout.JAVA_BYTE, from + length - 1)) << 8);
    }
}
