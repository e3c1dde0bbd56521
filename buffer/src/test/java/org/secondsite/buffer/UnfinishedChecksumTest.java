package org.secondsite.buffer;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.nio.ByteBuffer;
import java.util.Arrays;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class UnfinishedChecksumTest {
    private static final int TCP = 6;
    private static final int UDP = 17;

    @ParameterizedTest
    @CsvSource({"4,6,0", "4,17,0", "6,6,0", "6,17,0", "4,6,1", "6,17,2"})
    void finishesWhatTheKernelHasLeftAndNothingElse(int version, int protocol, int tags) {
        Random random = new Random(version * 100 + protocol * 10 + tags);
        for (int round = 0; round < 200; round++) {
            Frame frame = frame(random, version, protocol, tags, random.nextInt(1400));
            byte[] left = frame.with(frame.pseudo());
            byte[] finished = frame.with(frame.checksum());
            byte[] wrong = frame.with((frame.pseudo() + 1) & 0xffff);

            assertTrue(UnfinishedChecksum.finish(left));
            assertArrayEquals(finished, left);
            assertFalse(UnfinishedChecksum.finish(left), "once is enough");
            byte[] still = wrong.clone();
            assertEquals(frame.checksum() == ((frame.pseudo() + 1) & 0xffff), Arrays.equals(finished, wrong));
            assertFalse(UnfinishedChecksum.finish(wrong), "wrong in another way");
            assertArrayEquals(still, wrong);
        }
    }

    @Test
    void fragmentsAndWhatIsCutShortStayAsTheyAre() {
        Random random = new Random(1);
        Frame frame = frame(random, 4, UDP, 0, 100);
        byte[] fragment = frame.with(frame.pseudo());
        fragment[14 + 6] = 0x20;
        assertFalse(UnfinishedChecksum.finish(fragment));
        for (int version : new int[] {4, 6}) {
            Frame whole = frame(random, version, TCP, 1, 40);
            for (int bytes = 0; bytes < whole.bytes.length; bytes++) {
                byte[] cut = Arrays.copyOf(whole.with(whole.pseudo()), bytes);
                assertFalse(UnfinishedChecksum.finish(cut), version + ": " + bytes);
            }
        }
    }

    @Test
    void noBytesEndTheReader() {
        Random random = new Random(2);
        for (int round = 0; round < 200_000; round++) {
            byte[] bytes = new byte[random.nextInt(120)];
            random.nextBytes(bytes);
            if (bytes.length > 13) {
                ByteBuffer.wrap(bytes).putShort(12, (short) (random.nextBoolean() ? 0x0800 : 0x86dd));
            }
            UnfinishedChecksum.finish(bytes);
        }
    }

    /** A frame, and where its parts begin. */
    private static final class Frame {
        private final byte[] bytes;
        private final int addresses;
        private final int from;
        private final int place;
        private final int protocol;

        /**
         * A frame.
         *
         * @param addresses first byte of its IP addresses, which end at {@code from}
         * @param from where its transport header begins
         * @param place where its checksum stands
         */
        Frame(byte[] bytes, int addresses, int from, int place, int protocol) {
            this.bytes = bytes.clone();
            this.addresses = addresses;
            this.from = from;
            this.place = place;
            this.protocol = protocol;
        }

        /** By the book, from the whole of it: RFC 1071 §1. */
        int checksum() {
            byte[] plain = with(0);
            int checksum = ~fold(sum(plain, from, plain.length) + pseudoSum()) & 0xffff;
            return protocol == UDP && checksum == 0 ? 0xffff : checksum;
        }

        int pseudo() {
            return fold(pseudoSum());
        }

        private int pseudoSum() {
            return sum(bytes, addresses, from) + protocol + bytes.length - from;
        }

        byte[] with(int checksum) {
            byte[] copy = bytes.clone();
            ByteBuffer.wrap(copy).putShort(place, (short) checksum);
            return copy;
        }

        private static int sum(byte[] bytes, int from, int end) {
            int sum = 0;
            for (int i = from; i < end; i++) {
                sum += (i - from) % 2 == 0 ? (bytes[i] & 0xff) << 8 : bytes[i] & 0xff;
            }
            return sum;
        }

        private static int fold(int sum) {
            int once = (sum & 0xffff) + (sum >>> 16);
            return (once & 0xffff) + (once >>> 16);
        }
    }

    private static Frame frame(Random random, int version, int protocol, int tags, int payload) {
        int header = version == 4 ? 20 : 40;
        int transport = protocol == TCP ? 20 : 8;
        byte[] bytes = new byte[14 + 4 * tags + header + transport + payload];
        random.nextBytes(bytes);
        ByteBuffer frame = ByteBuffer.wrap(bytes);
        int at = 12;
        for (int tag = 0; tag < tags; tag++) {
            frame.putShort(at, (short) 0x8100);
            at += 4;
        }
        frame.putShort(at, (short) (version == 4 ? 0x0800 : 0x86dd));
        at += 2;
        if (version == 4) {
            frame.put(at, (byte) 0x45)
                    .putShort(at + 2, (short) (20 + transport + payload))
                    .putShort(at + 6, (short) 0x4000);
            frame.put(at + 9, (byte) protocol);
        } else {
            frame.put(at, (byte) 0x60)
                    .putShort(at + 4, (short) (transport + payload))
                    .put(at + 6, (byte) protocol);
        }
        int from = at + header;
        return new Frame(bytes, at + (version == 4 ? 12 : 8), from, from + (protocol == TCP ? 16 : 6), protocol);
    }
}
