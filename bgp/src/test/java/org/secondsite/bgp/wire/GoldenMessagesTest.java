package org.secondsite.bgp.wire;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.ByteBufUtil;
import io.netty.buffer.Unpooled;
import java.util.Arrays;
import java.util.List;
import java.util.Set;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import org.secondsite.bgp.wire.GoldenMessages.Golden;

/** Captured messages of BIRD, FRR, GoBGP and ExaBGP decode to what they say, whole and cut at every octet. */
class GoldenMessagesTest {
    static List<Golden> all() {
        return GoldenMessages.all();
    }

    @ParameterizedTest
    @MethodSource("all")
    void decodesToWhatItSays(Golden golden) {
        ByteBuf in = Unpooled.wrappedBuffer(golden.octets());
        Decoded decoded = MessageDecoder.decode(in, golden.traits());
        assertEquals(golden.expected(), decoded.toString());
        assertEquals(0, in.readableBytes());
    }

    @ParameterizedTest
    @MethodSource("all")
    void isNotReadBeforeItIsWhole(Golden golden) {
        for (int length = 0; length < golden.octets().length; length++) {
            ByteBuf in = Unpooled.wrappedBuffer(golden.octets(), 0, length);
            Decoded.NeedMore more = assertInstanceOf(
                    Decoded.NeedMore.class, MessageDecoder.decode(in, golden.traits()), "cut at " + length);
            assertTrue(more.octets() > length && more.octets() <= golden.octets().length);
            assertEquals(0, in.readerIndex());
        }
    }

    /** Each cut message gets a header that claims the cut length: every inner length now runs past some end. */
    @ParameterizedTest
    @MethodSource("all")
    void isJudgedWithoutAnExceptionWhenCutInside(Golden golden) {
        for (int length = BgpMessage.HEADER_OCTETS; length < golden.octets().length; length++) {
            byte[] cut = Arrays.copyOf(golden.octets(), length);
            cut[16] = (byte) (length >>> 8);
            cut[17] = (byte) length;
            Decoded decoded = MessageDecoder.decode(Unpooled.wrappedBuffer(cut), golden.traits());
            assertTrue(!(decoded instanceof Decoded.NeedMore), "cut at " + length);
        }
    }

    @ParameterizedTest
    @MethodSource("all")
    void survivesEncodingAndDecodingAgain(Golden golden) {
        Decoded.Message first = assertInstanceOf(
                Decoded.Message.class, MessageDecoder.decode(Unpooled.wrappedBuffer(golden.octets()), golden.traits()));
        SessionTraits plain = new SessionTraits(
                        true,
                        golden.traits().fourOctetAs(),
                        false,
                        golden.traits().families(),
                        Set.of())
                .withExtendedNextHop(golden.traits().extendedNextHop())
                .withAsSets(true);
        ByteBuf out = Unpooled.buffer();
        MessageEncoder.encode(first.message(), plain, out);
        Decoded.Message second = assertInstanceOf(Decoded.Message.class, MessageDecoder.decode(out, plain));
        assertEquals(
                withoutPathIds(first.message().toString()), second.message().toString());
    }

    private static String withoutPathIds(String text) {
        return text.replaceAll("(/\\d+) path \\d+", "$1");
    }

    @Test
    void encodesOctetForOctetWhatBirdSends() {
        for (String name : List.of(
                "bird-update-ipv6-link-local-next-hop",
                "bird-end-of-rib-ipv6",
                "bird-route-refresh",
                "bird-shutdown-communication",
                "keepalive",
                "exabgp-end-of-rib-ipv4",
                "withdraw-ipv4",
                "withdraw-ipv6")) {
            Golden golden = all().stream()
                    .filter(g -> g.name().equals(name))
                    .findFirst()
                    .orElseThrow();
            Decoded.Message message =
                    (Decoded.Message) MessageDecoder.decode(Unpooled.wrappedBuffer(golden.octets()), golden.traits());
            ByteBuf out = Unpooled.buffer();
            MessageEncoder.encode(message.message(), golden.traits(), out);
            if (name.equals("bird-update-ipv6-link-local-next-hop")) {
                // BIRD writes the extended length where the short one would do.
                assertEquals(golden.octets().length - 1, out.readableBytes());
            } else {
                assertArrayEquals(golden.octets(), ByteBufUtil.getBytes(out), name);
            }
        }
    }
}
