package org.secondsite.testing;

import java.net.Inet4Address;
import java.net.InetAddress;
import java.net.UnknownHostException;
import java.nio.ByteBuffer;
import java.util.Arrays;
import java.util.HexFormat;
import java.util.Optional;

/**
 * Ethernet frames of a scanner: what a hostile VM sends to find out what answers. Written octet by octet, with right checksums, so
 * that whoever is asked has no reason to keep silent but its rules.
 */
public final class Probes {
    private static final int ETHERNET = 14;
    private static final int IPV4 = 20;
    private static final int IPV6 = 40;
    private static final int ICMP = 1;
    private static final int TCP = 6;
    private static final int UDP = 17;
    private static final int ICMPV6 = 58;
    private static final int SOURCE_PORT = 40_000;

    private final byte[] sourceMac;
    private final byte[] targetMac;

    /**
     * A scanner on one link.
     *
     * @param sourceMac whose frames they are to be, like {@code 52:54:00:00:00:01}
     * @param targetMac the first hop's address
     */
    public Probes(String sourceMac, String targetMac) {
        this.sourceMac = HexFormat.ofDelimiter(":").parseHex(sourceMac);
        this.targetMac = HexFormat.ofDelimiter(":").parseHex(targetMac);
    }

    /** A TCP SYN: a listening port answers with SYN-ACK, any other with RST (RFC 9293 §3.10.7). */
    public byte[] syn(InetAddress from, InetAddress to, int port) {
        byte[] segment = new byte[20];
        ByteBuffer at = ByteBuffer.wrap(segment);
        at.putShort((short) SOURCE_PORT).putShort((short) port).putInt(port).putInt(0);
        at.put((byte) (5 << 4)).put((byte) 0x02).putShort((short) 1024);
        return frame(from, to, TCP, 16, segment);
    }

    /** A UDP datagram: a port that nobody reads answers with ICMP "port unreachable" (RFC 1122 §4.1.3.1). */
    public byte[] datagram(InetAddress from, InetAddress to, int port) {
        byte[] datagram = new byte[12];
        ByteBuffer.wrap(datagram)
                .putShort((short) SOURCE_PORT)
                .putShort((short) port)
                .putShort((short) 12);
        return frame(from, to, UDP, 6, datagram);
    }

    /** An ICMP echo request. */
    public byte[] echo(InetAddress from, InetAddress to) {
        boolean four = to instanceof Inet4Address;
        byte[] message = new byte[16];
        ByteBuffer.wrap(message)
                .put((byte) (four ? 8 : 128))
                .put((byte) 0)
                .putShort((short) 0)
                .putInt(0x0001_0001);
        return frame(from, to, four ? ICMP : ICMPV6, 2, message);
    }

    /** The source address of an IP frame; empty if it is none. */
    public static Optional<InetAddress> source(byte[] frame) {
        if (frame.length < ETHERNET + IPV4) {
            return Optional.empty();
        }
        int type = ((frame[12] & 0xff) << 8) | (frame[13] & 0xff);
        try {
            return switch (type) {
                case 0x0800 -> Optional.of(InetAddress.getByAddress(Arrays.copyOfRange(frame, 26, 30)));
                case 0x86dd -> Optional.of(InetAddress.getByAddress(Arrays.copyOfRange(frame, 22, 38)));
                default -> Optional.empty();
            };
        } catch (UnknownHostException e) {
            throw new AssertionError("4 or 16 octets are an address", e);
        }
    }

    /** Whether it is neighbour discovery (RFC 4861): a solicitation, an advertisement. */
    public static boolean isNeighbourDiscovery(byte[] frame) {
        int icmpType = ETHERNET + IPV6;
        return frame.length > icmpType
                && frame[12] == (byte) 0x86
                && frame[13] == (byte) 0xdd
                && frame[ETHERNET + 6] == ICMPV6
                && (frame[icmpType] == (byte) 135 || frame[icmpType] == (byte) 136);
    }

    private byte[] frame(InetAddress from, InetAddress to, int protocol, int checksumAt, byte[] payload) {
        boolean four = to instanceof Inet4Address;
        int length = payload.length;
        byte[] frame = new byte[ETHERNET + (four ? IPV4 : IPV6) + length];
        ByteBuffer at = ByteBuffer.wrap(frame);
        at.put(targetMac).put(sourceMac).putShort((short) (four ? 0x0800 : 0x86dd));
        if (four) {
            at.put((byte) 0x45).put((byte) 0).putShort((short) (IPV4 + length)).putInt(0);
            at.put((byte) 64).put((byte) protocol).putShort((short) 0);
            at.put(from.getAddress()).put(to.getAddress());
            at.putShort(ETHERNET + 10, (short) ~sum(frame, ETHERNET, IPV4, 0));
        } else {
            at.putInt(6 << 28).putShort((short) length).put((byte) protocol).put((byte) 64);
            at.put(from.getAddress()).put(to.getAddress());
        }
        at.put(payload);
        // ICMP for IPv4 has no pseudo-header (RFC 792); all the others have (RFC 9293 §3.1, RFC 8200 §8.1).
        int pseudo = protocol == ICMP ? 0 : sum(to.getAddress(), sum(from.getAddress(), protocol + length));
        int checksum = ~sum(payload, pseudo) & 0xffff;
        at.putShort(frame.length - length + checksumAt, (short) (checksum == 0 ? 0xffff : checksum));
        return frame;
    }

    private static int sum(byte[] octets, int initial) {
        return sum(octets, 0, octets.length, initial);
    }

    /** The ones' complement sum of RFC 1071, over an even number of octets. */
    private static int sum(byte[] octets, int start, int length, int initial) {
        int sum = initial;
        for (int at = start; at < start + length; at += 2) {
            sum += ((octets[at] & 0xff) << 8) | (octets[at + 1] & 0xff);
            sum = (sum & 0xffff) + (sum >>> 16);
        }
        return sum;
    }
}
