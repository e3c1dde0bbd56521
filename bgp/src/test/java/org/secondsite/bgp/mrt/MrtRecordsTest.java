package org.secondsite.bgp.mrt;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import java.util.HexFormat;
import java.util.List;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.Set;
import org.junit.jupiter.api.Test;
import org.secondsite.bgp.fsm.State;
import org.secondsite.bgp.rib.Importer;
import org.secondsite.bgp.rib.ReceivedUpdate;
import org.secondsite.bgp.wire.AddressFamily;
import org.secondsite.bgp.wire.Decoded;
import org.secondsite.bgp.wire.MessageDecoder;
import org.secondsite.bgp.wire.Nlri;
import org.secondsite.bgp.wire.Prefix;
import org.secondsite.bgp.wire.SessionTraits;
import org.secondsite.bgp.wire.UpdateMessage;

/** RFC 6396 §4.4: what stands in a file is what became of a message. */
class MrtRecordsTest {
    private static final Set<AddressFamily> BOTH = Set.of(AddressFamily.IPV4_UNICAST, AddressFamily.IPV6_UNICAST);
    private static final MrtRecords.Ends ENDS =
            new MrtRecords.Ends(65001, 65100, Prefix.parseAddress("10.7.0.2"), Prefix.parseAddress("10.7.0.1"));
    private static final long WALL_MS = 1_000_000_999L;

    private static SessionTraits traits(Set<AddressFamily> addPath) {
        return new SessionTraits(true, true, true, BOTH, addPath);
    }

    /** The records of an UPDATE's body. */
    private static ByteBuf records(String body, SessionTraits traits) {
        String hex = "ff".repeat(16) + HexFormat.of().toHexDigits((short) (19 + body.length() / 2)) + "02" + body;
        Decoded.Message message = assertInstanceOf(
                Decoded.Message.class,
                MessageDecoder.decode(Unpooled.wrappedBuffer(HexFormat.of().parseHex(hex)), traits));
        ReceivedUpdate update = new Importer(65100, Optional.empty(), OptionalLong.empty(), Set.of(), false)
                .judge(message, (UpdateMessage) message.message());
        ByteBuf out = Unpooled.buffer();
        MrtRecords.update(ENDS, update, WALL_MS, out);
        return out;
    }

    private static UpdateMessage record(ByteBuf in, int subtype, SessionTraits traits) {
        assertEquals(1_000_000, in.readInt());
        assertEquals(16, in.readUnsignedShort());
        assertEquals(subtype, in.readUnsignedShort());
        int end = in.readInt() + in.readerIndex();
        assertEquals(65001, in.readUnsignedInt());
        assertEquals(65100, in.readUnsignedInt());
        assertEquals(1, in.readInt());
        assertEquals(0x0a07_0002, in.readInt());
        assertEquals(0x0a07_0001, in.readInt());
        Decoded.Message message = assertInstanceOf(Decoded.Message.class, MessageDecoder.decode(in, traits));
        assertEquals(end, in.readerIndex());
        return (UpdateMessage) message.message();
    }

    @Test
    void anAnnouncementIsTheMessageAgain() {
        ByteBuf in = records("000000144001010040020602010000fde94003040a00000118c63364", traits(Set.of()));
        UpdateMessage update = record(in, 4, traits(Set.of()));
        assertEquals(List.of(Nlri.of(Prefix.parse("198.51.100.0/24"))), update.announced());
        assertFalse(in.isReadable());
    }

    @Test
    void whatWasTreatedAsWithdrawnIsAWithdrawal() {
        ByteBuf in =
                records("0000001c4001010040020602010000fde94003040a000001c00805fde900010018c63364", traits(Set.of()));
        UpdateMessage update = record(in, 4, traits(Set.of()));
        assertEquals(List.of(Nlri.of(Prefix.parse("198.51.100.0/24"))), update.withdrawn());
        assertEquals(List.of(), update.reachable());
        assertFalse(in.isReadable());
    }

    @Test
    void rfc8050PathsHaveASubtypeOfTheirOwn() {
        SessionTraits paths = traits(BOTH);
        ByteBuf in = records("000000144001010040020602010000fde94003040a0000010000000718c63364", paths);
        UpdateMessage update = record(in, 9, paths);
        assertEquals(List.of(new Nlri.Unicast(7, Prefix.parse("198.51.100.0/24"))), update.announced());
    }

    @Test
    void statesAreNumberedFromOne() {
        ByteBuf in = Unpooled.buffer();
        MrtRecords.state(ENDS, State.OPEN_CONFIRM, State.ESTABLISHED, WALL_MS, in);
        assertEquals(12 + 12 + 8 + 4, in.readableBytes());
        assertEquals(5, in.getUnsignedShort(4 + 2));
        assertEquals(5, in.getUnsignedShort(in.readableBytes() - 4));
        assertEquals(6, in.getUnsignedShort(in.readableBytes() - 2));
    }
}
