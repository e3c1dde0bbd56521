package org.secondsite.witness.wire;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.ByteBufUtil;
import io.netty.buffer.Unpooled;
import java.util.List;
import java.util.Optional;
import java.util.Random;
import java.util.Set;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;
import org.secondsite.config.GroupId;
import org.secondsite.config.OwnershipRecord;
import org.secondsite.config.SiteId;
import org.secondsite.net.Decoded;
import org.secondsite.net.Refusal;
import org.secondsite.witness.NodeStatus;
import org.secondsite.witness.SeatId;
import org.secondsite.witness.StoreStanding;

class MessageCodecTest {
    private static final SiteId A = new SiteId("a");
    private static final SiteId B = new SiteId("b".repeat(63));
    private static final GroupId WEB = new GroupId("web");
    private static final OwnershipRecord RECORD = new OwnershipRecord(WEB, 7, 5, A, Set.of(A, B));

    static List<Message> everyMessage() {
        return List.of(
                new Message.Hello(MessageCodec.VERSION, A, -7),
                new Message.Hello(MessageCodec.OLDEST_HELLO, A, 7),
                new Message.Seat(new SeatId(-1, 1L << 40)),
                new Message.Admitted(),
                new Message.Displaced("another gateway is live"),
                new Message.Term(1L << 32),
                new Message.TermOf(WEB, (5L << 32) + 1),
                new Message.Recover(2, 9, 48_000, WEB, A, "the disk was lost"),
                new Message.Notice("a copy was refused"),
                new Message.Heartbeat(B),
                new Message.Ask(Long.MAX_VALUE, 7, WEB, A, Set.of(A, B), "höher"),
                new Message.Force(1, 7, WEB, B, ""),
                new Message.Read(-1, WEB),
                new Message.Welcome(255),
                new Message.Echo(),
                new Message.Watched(RECORD, B, "the link is cut"),
                new Message.Status(8),
                new Message.Elsewhere(9, "192.0.2.1:7500"),
                new Message.StatusNode(
                        10, new StoreStanding("w1", StoreStanding.Role.CANDIDATE, "w2", 3, Long.MAX_VALUE)),
                new Message.StatusRecord(11, new NodeStatus.Made(RECORD, A, "FORCED: flood")),
                new Message.StatusHeard(12, B, 49),
                new Message.StatusMetric(13, "grants_total{x=\"y\"}", 0.25),
                new Message.StatusEnd(14),
                new Message.Granted(3, RECORD),
                new Message.Refused(4, RECORD, "the term is 7, not 5"),
                new Message.Current(5, RECORD),
                new Message.NotServed(6, "x".repeat(2048)),
                new Message.Bye("€".repeat(600)));
    }

    private static ByteBuf encoded(Message message) {
        ByteBuf out = Unpooled.buffer();
        MessageCodec.encode(message, out);
        return out;
    }

    @ParameterizedTest
    @MethodSource("everyMessage")
    void whatIsWrittenIsRead(Message message) {
        ByteBuf in = encoded(message);
        assertEquals(new Decoded.Complete<>(message), MessageCodec.decode(in));
        assertEquals(0, in.readableBytes());
    }

    @ParameterizedTest
    @MethodSource("everyMessage")
    void frameCutAnywhereNeedsMoreAndConsumesNothing(Message message) {
        ByteBuf whole = encoded(message);
        for (int length = 0; length < whole.writerIndex(); length++) {
            ByteBuf part = whole.slice(0, length);
            assertEquals(Decoded.needMore(), MessageCodec.decode(part));
            assertEquals(0, part.readerIndex());
        }
    }

    @ParameterizedTest
    @MethodSource("everyMessage")
    void bodyCutAnywhereIsAReset(Message message) {
        ByteBuf whole = encoded(message);
        for (int body = 1; body < whole.writerIndex() - 2; body++) {
            ByteBuf shorter = whole.copy(0, 2 + body);
            shorter.setShort(0, body);
            assertInstanceOf(Decoded.Refused.class, MessageCodec.decode(shorter));
        }
    }

    @Test
    void messagesFollowEachOther() {
        ByteBuf in = Unpooled.buffer();
        everyMessage().forEach(message -> MessageCodec.encode(message, in));
        for (Message message : everyMessage()) {
            assertEquals(new Decoded.Complete<>(message), MessageCodec.decode(in));
        }
        assertEquals(Decoded.needMore(), MessageCodec.decode(in));
    }

    @Test
    void layoutIsAsDrawn() {
        assertEquals("001001535357540201" + "61" + "0000000000000005", hex(new Message.Hello(2, A, 5)));
        assertEquals("0003020161", hex(new Message.Heartbeat(A)));
        assertEquals(
                "0028" + "03" + "0000000000000009" + "0000000000000007" + "03776562" + "0161" + "020161" + "0162"
                        + "000a" + "62206973206c6f737400",
                hex(new Message.Ask(9, 7, WEB, A, Set.of(A, new SiteId("b")), "b is lost\0")));
        assertEquals("000182", hex(new Message.Echo()));
        assertEquals(
                "002083" + "0000000000000007" + "0000000000000005" + "03776562" + "0161" + "01" + "0161" + "0161"
                        + "00026f6b",
                hex(new Message.Watched(new OwnershipRecord(WEB, 7, 5, A, Set.of(A)), A, "ok")));
    }

    private static String hex(Message message) {
        return ByteBufUtil.hexDump(encoded(message));
    }

    @ParameterizedTest
    @CsvSource({
        "0000, EMPTY_FRAME",
        "1001, FRAME_TOO_LONG",
        "ffff, FRAME_TOO_LONG",
        "000100, UNKNOWN_TYPE",
        "0001ff, UNKNOWN_TYPE",
        "0008015353575501 0161, BAD_MAGIC",
        "00020200, BAD_NAME",
        "0003020141, BAD_NAME",
        "0003020261, FIELD_OVERRUN",
        "000402016100, TRAILING_OCTETS",
        "00028200, TRAILING_OCTETS",
        "0002 8100 , NONE",
        "000188, FIELD_OVERRUN",
        "0003880801, BAD_TEXT",
        "0003880001, FIELD_OVERRUN",
        "0004880001ff, BAD_TEXT",
        "001883 0000000000000000 0000000000000000 0177 0161 01 0161, BAD_RECORD",
        "001883 0000000000000002 0000000000000002 0177 0161 01 0161, BAD_RECORD",
        "001883 8000000000000002 0000000000000001 0177 0161 01 0161, BAD_RECORD",
        "001883 0000000000000002 0000000000000001 0177 0161 01 0162, BAD_RECORD",
        "001683 0000000000000002 0000000000000001 0177 0161 00, BAD_SET",
        "001a83 0000000000000002 0000000000000001 0177 0161 02 0161 0161, BAD_SET",
        "001c83 0000000000000002 0000000000000001 0177 0161 03 0161 0162 0163, BAD_SET"
    })
    void wrongFrameIsAResetWithItsCode(String hex, String code) {
        Decoded<Message, Refusal<WireFault>> decoded =
                MessageCodec.decode(Unpooled.wrappedBuffer(ByteBufUtil.decodeHexDump(hex.replace(" ", ""))));
        if (code.equals("NONE")) {
            assertInstanceOf(Decoded.Complete.class, decoded);
        } else {
            assertEquals(
                    code, decoded.refused().map(Refusal::code).map(Enum::name).orElse(decoded.toString()));
        }
    }

    @Test
    void helloOfAnotherVersionIsReadSoThatItCanBeAnswered() {
        assertEquals(
                Optional.of(new Message.Hello(1, A, 0)),
                MessageCodec.decode(Unpooled.wrappedBuffer(ByteBufUtil.decodeHexDump("000801535357540101" + "61")))
                        .complete());
    }

    @Test
    void longTextIsCutAtACharacter() {
        assertEquals(
                Optional.of(new Message.Bye("€".repeat(682))),
                MessageCodec.decode(encoded(new Message.Bye("€".repeat(2000)))).complete());
    }

    @ParameterizedTest
    @ValueSource(longs = {1, 2, 3})
    void anyInputIsReadWithoutAThrow(long seed) {
        Random random = new Random(seed);
        List<Message> messages = everyMessage();
        for (int i = 0; i < 20_000; i++) {
            ByteBuf in = encoded(messages.get(random.nextInt(messages.size())));
            for (int flips = random.nextInt(4); flips >= 0; flips--) {
                in.setByte(random.nextInt(in.writerIndex()), random.nextInt(256));
            }
            int before = in.readableBytes();
            Decoded<Message, Refusal<WireFault>> decoded = MessageCodec.decode(in);
            if (decoded instanceof Decoded.Complete) {
                assertTrue(in.readableBytes() < before, "seed " + seed + " does not advance");
            }
        }
    }
}
