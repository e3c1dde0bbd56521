package org.secondsite.buffer;

/**
 * Finishes the checksum of a frame that a sender on the same machine has left to its network card.
 *
 * <p>Linux leaves the sum over the pseudo-header in the place of the checksum, not complemented ({@code CHECKSUM_PARTIAL}, {@code
 * linux/skbuff.h}); a tap that is not told so sees a frame with a wrong checksum. Only such a frame is changed: one whose checksum holds, or
 * is wrong in any other way, stays as it is. Pure, and free of allocation.
 */
public final class UnfinishedChecksum {
    private static final int ETHERNET_BYTES = 14;
    private static final int VLAN = 0x8100;
    private static final int PROVIDER_VLAN = 0x88a8;
    private static final int IPV4 = 0x0800;
    private static final int IPV6 = 0x86dd;
    private static final int IPV4_BYTES = 20;
    private static final int IPV6_BYTES = 40;

    /** RFC 791 §3.1: more fragments, or an offset. */
    private static final int FRAGMENT = 0x3fff;

    private static final int TCP = 6;
    private static final int TCP_BYTES = 20;
    private static final int TCP_CHECKSUM = 16;
    private static final int UDP = 17;
    private static final int UDP_BYTES = 8;
    private static final int UDP_CHECKSUM = 6;

    // RFC 8200 §4: headers of eight bytes and more, whose length stands in their second byte.
    private static final int HOP_BY_HOP = 0;
    private static final int ROUTING = 43;
    private static final int DESTINATION = 60;

    private UnfinishedChecksum() {}

    /**
     * Looks at an Ethernet frame and finishes it if need be.
     *
     * @return whether it was unfinished
     */
    public static boolean finish(byte[] frame) {
        int at = ETHERNET_BYTES;
        int type = at <= frame.length ? at(frame, at - 2) : 0;
        while ((type == VLAN || type == PROVIDER_VLAN) && at + 4 <= frame.length) {
            type = at(frame, at + 2);
            at += 4;
        }
        return switch (type) {
            case IPV4 -> ipv4(frame, at);
            case IPV6 -> ipv6(frame, at);
            default -> false;
        };
    }

    private static boolean ipv4(byte[] frame, int at) {
        if (frame.length < at + IPV4_BYTES || (at(frame, at + 6) & FRAGMENT) != 0) {
            return false;
        }
        int headerBytes = (frame[at] & 0xf) * 4;
        int end = at + at(frame, at + 2);
        return headerBytes >= IPV4_BYTES
                && end <= frame.length
                && transport(frame, frame[at + 9] & 0xff, at + headerBytes, end, sum(frame, at + 12, at + 20));
    }

    private static boolean ipv6(byte[] frame, int at) {
        if (frame.length < at + IPV6_BYTES) {
            return false;
        }
        int end = at + IPV6_BYTES + at(frame, at + 4);
        int next = frame[at + 6] & 0xff;
        int header = at + IPV6_BYTES;
        while ((next == HOP_BY_HOP || next == ROUTING || next == DESTINATION)
                && header + 8 <= Math.min(end, frame.length)) {
            next = frame[header] & 0xff;
            header += 8 * (1 + (frame[header + 1] & 0xff));
        }
        return end <= frame.length && transport(frame, next, header, end, sum(frame, at + 8, at + 40));
    }

    private static boolean transport(byte[] frame, int protocol, int from, int end, long addresses) {
        int least = protocol == TCP ? TCP_BYTES : UDP_BYTES;
        if ((protocol != TCP && protocol != UDP) || end - from < least) {
            return false;
        }
        int place = from + (protocol == TCP ? TCP_CHECKSUM : UDP_CHECKSUM);
        int found = at(frame, place);
        // RFC 9293 §3.1, RFC 8200 §8.1: addresses, length and protocol.
        int pseudo = folded(addresses + (end - from) + protocol);
        if (found != pseudo) {
            return false;
        }
        int all = folded(sum(frame, from, end));
        if (folded((long) all + pseudo) == 0xffff) {
            return false; // by chance it is the right one
        }
        int checksum = ~all & 0xffff;
        put(frame, place, protocol == UDP && checksum == 0 ? 0xffff : checksum);
        return true;
    }

    private static long sum(byte[] frame, int from, int end) {
        long sum = 0;
        for (int i = from; i + 1 < end; i += 2) {
            sum += at(frame, i);
        }
        return (end - from) % 2 == 0 ? sum : sum + ((frame[end - 1] & 0xff) << 8);
    }

    /** RFC 1071 §4.1. */
    private static int folded(long sum) {
        long folded = sum;
        while (folded > 0xffff) {
            folded = (folded & 0xffff) + (folded >>> 16);
        }
        return (int) folded;
    }

    private static int at(byte[] frame, int offset) {
        return (frame[offset] & 0xff) << 8 | (frame[offset + 1] & 0xff);
    }

    private static void put(byte[] frame, int offset, int value) {
        frame[offset] = (byte) (value >>> 8);
        frame[offset + 1] = (byte) value;
    }
}
