package org.secondsite.openflow.wire;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import org.junit.jupiter.api.Test;

class TableReadingTest {
    private static final Map<Integer, TableReading.Table> TABLES = Map.of(
            0, new TableReading.Table(100, Optional.of(Set.of(0, 5))), 7, new TableReading.Table(9, Optional.empty()));

    @Test
    void readsTablesWhereverTheReplyIsCut() {
        ByteBuf entries = entries();
        for (int at = 0; at <= entries.readableBytes(); at++) {
            TableReading reading = new TableReading();
            reading.add(part(entries.slice(0, at), true));
            reading.add(part(entries.slice(at, entries.readableBytes() - at), false));
            assertEquals(TABLES, reading.tables(), "cut at " + at);
        }
    }

    @Test
    void wrongLengthsEndTheReadingAndNothingMore() {
        for (int at = 0; at < entries().readableBytes(); at++) {
            for (int value : new int[] {0, 1, 0x7f, 0xff}) {
                ByteBuf entries = entries();
                entries.setByte(at, value);
                new TableReading().add(part(entries, false));
            }
        }
    }

    /** Table 0 matches in_port and eth_type, and a field of Nicira's; table 7 does not tell. */
    private static ByteBuf entries() {
        ByteBuf bytes = Unpooled.buffer();
        bytes.writeShort(88).writeByte(0).writeZero(57).writeInt(100);
        bytes.writeShort(8).writeShort(16);
        bytes.writeInt(0x8000_0004).writeInt(0x0001_0a02).writeInt(0x8000_0a02);
        bytes.writeShort(0).writeShort(4).writeZero(4);
        bytes.writeShort(64).writeByte(7).writeZero(57).writeInt(9);
        return bytes;
    }

    private static Incoming.Part part(ByteBuf entries, boolean moreFollows) {
        ByteBuf message = Unpooled.buffer();
        message.writeByte(5).writeByte(Incoming.Unparsable.MULTIPART_REPLY);
        message.writeShort(16 + entries.readableBytes()).writeInt(9);
        message.writeShort(Incoming.Part.TABLE_FEATURES).writeShort(moreFollows ? 1 : 0);
        message.writeInt(0).writeBytes(entries.duplicate());
        return assertInstanceOf(Incoming.Part.class, Incoming.read(message));
    }
}
