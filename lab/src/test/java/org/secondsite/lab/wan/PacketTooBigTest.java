package org.secondsite.lab.wan;

import static org.junit.jupiter.api.Assertions.assertEquals;

import java.lang.foreign.MemorySegment;
import java.util.Arrays;
import java.util.HexFormat;
import java.util.List;
import org.junit.jupiter.api.Test;

class PacketTooBigTest {
    private static final String MACS = "020000000002" + "020000000001";
    private static final String BACK = "020000000001" + "020000000002";
    private static final String IP4 = "4500" + "05dc" + "0001" + "4000" + "4006" + "0000" + "0a090001" + "0a090002";
    private static final String IP6 =
            "60000000" + "05b4" + "06" + "40" + "20010db8000900000000000000000001" + "20010db8000900000000000000000002";

    private final byte[] into = new byte[FramePool.SLOT_BYTES];

    @Test
    void anIpv4PacketIsAnsweredWithTheMtuAndItsFirst548Bytes() {
        byte[] frame = frame("0800" + IP4, 1514);
        byte[] answer = answer(frame, 1400);
        assertEquals(14 + 576, answer.length);
        assertEquals(BACK + "0800" + "4500" + "0240" + "0000" + "0000" + "4001", hex(answer, 0, 24));
        assertEquals("0a090002" + "0a090001", hex(answer, 26, 34), "from the receiver to the sender");
        assertEquals("0304", hex(answer, 34, 36));
        assertEquals("0000" + "0578", hex(answer, 38, 42), "no extensions, 1400 bytes");
        assertEquals(hex(frame, 14, 14 + 548), hex(answer, 42, answer.length));
        assertEquals(0xffff, sum(answer, 14, 20, 0), "the header's checksum");
        assertEquals(0xffff, sum(answer, 34, answer.length - 34, 0), "the message's checksum");
    }

    @Test
    void anIpv6PacketIsAnsweredInThe1280BytesThatEveryPathTakes() {
        byte[] frame = frame("86dd" + IP6, 1514);
        byte[] answer = answer(frame, 1300);
        assertEquals(14 + 1280, answer.length);
        assertEquals(BACK + "86dd" + "60000000" + "04d8" + "3a" + "40", hex(answer, 0, 22));
        assertEquals(hex(frame, 38, 54) + hex(frame, 22, 38), hex(answer, 22, 54), "from the receiver to the sender");
        assertEquals("0200", hex(answer, 54, 56));
        assertEquals("00000514", hex(answer, 58, 62));
        assertEquals(hex(frame, 14, 14 + 1232), hex(answer, 62, answer.length));
        long pseudo = sum(answer, 22, 32, 0) + 1240 + 58;
        assertEquals(0xffff, sum(answer, 54, answer.length - 54, pseudo), "the message's checksum");
    }

    @Test
    void aSumOverAnOddNumberOfBytesIsRight() {
        byte[] answer = answer(frame("0800" + IP4, 14 + 101), 68);
        assertEquals(14 + 28 + 101, answer.length);
        assertEquals(0xffff, sum(answer, 34, answer.length - 34, 0));
    }

    @Test
    void whatMustNotBeAnsweredIsNot() {
        String icmp4 = IP4.replace("4006", "4001");
        String icmp6 = IP6.replace("05b406", "05b43a");
        for (String[] each : new String[][] {
            {"without DF", "0800" + IP4.replace("00014000", "00010000")},
            {"a later fragment", "0800" + IP4.replace("00014000", "00014007")},
            {"unreachable", "0800" + icmp4 + "0304"},
            {"time exceeded", "0800" + icmp4 + "0b00"},
            {"too big", "86dd" + icmp6 + "0200"},
            {"ARP", "0806" + "0001"},
            {"a tag", "81000001" + "0800" + IP4},
        }) {
            assertEquals(0, answer(frame(each[1], 1514), 1280).length, each[0]);
        }
        assertEquals(14 + 576, answer(frame("0800" + icmp4 + "0800", 1514), 1280).length, "an echo request");
        assertEquals(14 + 1280, answer(frame("86dd" + icmp6 + "8000", 1514), 1280).length, "an echo request");
        byte[] toAll = frame("0800" + IP4, 1514);
        Arrays.fill(toAll, 0, 6, (byte) 0xff);
        assertEquals(0, answer(toAll, 1280).length, "a broadcast");
    }

    @Test
    void cutAtEveryByteItStaysWithinTheFrame() {
        for (byte[] whole : List.of(frame("0800" + IP4, 200), frame("86dd" + IP6, 200))) {
            for (int length = 0; length < whole.length; length++) {
                if (length >= 12) {
                    answer(Arrays.copyOf(whole, length), 68);
                }
            }
        }
    }

    private byte[] answer(byte[] frame, int mtuBytes) {
        int length =
                PacketTooBig.answer(MemorySegment.ofArray(frame), frame.length, mtuBytes, MemorySegment.ofArray(into));
        return Arrays.copyOf(into, length);
    }

    /** The headers, and behind them bytes that count up. */
    private static byte[] frame(String behindMacs, int lengthBytes) {
        byte[] head = HexFormat.of().parseHex(MACS + behindMacs);
        byte[] frame = Arrays.copyOf(head, lengthBytes);
        for (int i = head.length; i < lengthBytes; i++) {
            frame[i] = (byte) i;
        }
        return frame;
    }

    private static String hex(byte[] bytes, int from, int to) {
        return HexFormat.of().formatHex(bytes, from, to);
    }

    /** RFC 1071, folded: 0xffff where a checksum that is right is counted in. */
    private static long sum(byte[] bytes, int from, int length, long before) {
        long sum = before;
        for (int i = 0; i < length; i++) {
            sum += (long) (bytes[from + i] & 0xff) << (i % 2 == 0 ? 8 : 0);
        }
        while (sum >>> 16 != 0) {
            sum = (sum & 0xffff) + (sum >>> 16);
        }
        return sum;
    }
}
