package org.secondsite.witness.wire;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.secondsite.config.GroupId;
import org.secondsite.config.OwnershipRecord;
import org.secondsite.config.SiteId;
import org.secondsite.witness.LogEntry;
import org.secondsite.witness.RequestId;

class LogCodecTest {
    private static final SiteId A = new SiteId("a");
    private static final SiteId B = new SiteId("b");

    private final List<LogEntry> entries = new ArrayList<>();
    private final List<Integer> ends = new ArrayList<>();
    private final ByteBuf file = Unpooled.buffer();

    LogCodecTest() {
        LogCodec.encodeFileHeader(file);
        ends.add(file.writerIndex());
        for (int term = 1; term <= 20; term++) {
            SiteId owner = term % 3 == 0 ? B : A;
            OwnershipRecord record = new OwnershipRecord(
                    new GroupId("web"), term, term - 1, owner, term % 2 == 0 ? Set.of(A, B) : Set.of(owner));
            LogEntry entry = new LogEntry(
                    record, A, B, owner, "reason " + "é".repeat(7 * term % 61), new RequestId(-term, term));
            entries.add(entry);
            LogCodec.encode(entry, file);
            ends.add(file.writerIndex());
        }
    }

    private int wholeEntriesIn(int octets) {
        int count = 0;
        while (count < entries.size() && ends.get(count + 1) <= octets) {
            count++;
        }
        return count;
    }

    @Test
    void whatIsWrittenIsRead() {
        assertEquals(new LogCodec.Scan.Legible(entries, file.writerIndex()), LogCodec.scan(file));
    }

    @Test
    void logCutAnywhereIsAPrefix() {
        for (int length = LogCodec.FILE_HEADER_OCTETS; length < file.writerIndex(); length++) {
            int whole = wholeEntriesIn(length);
            assertEquals(
                    new LogCodec.Scan.Legible(entries.subList(0, whole), ends.get(whole)),
                    LogCodec.scan(file.slice(0, length)),
                    "cut at " + length);
        }
    }

    @Test
    void fileWithoutItsHeadIsDamaged() {
        for (int length = 0; length < LogCodec.FILE_HEADER_OCTETS; length++) {
            assertInstanceOf(LogCodec.Scan.Damaged.class, LogCodec.scan(file.slice(0, length)));
        }
    }

    @Test
    void anyFlippedBitIsDamage() {
        for (int bit = 0; bit < 8 * file.writerIndex(); bit++) {
            ByteBuf flipped = file.copy();
            flipped.setByte(bit / 8, flipped.getByte(bit / 8) ^ 1 << bit % 8);
            assertInstanceOf(LogCodec.Scan.Damaged.class, LogCodec.scan(flipped), "bit " + bit);
        }
    }

    @Test
    void anyZeroedSectorBeforeTheLastEntryIsDamage() {
        int lastEntry = ends.get(entries.size() - 1);
        for (int sector = 0; (sector + 1) * 512 <= lastEntry; sector++) {
            ByteBuf holed = file.copy();
            holed.setZero(sector * 512, 512);
            assertInstanceOf(LogCodec.Scan.Damaged.class, LogCodec.scan(holed), "sector " + sector);
        }
    }

    /** The file has got its new length, but not all sectors of the last append have got their content. */
    @ParameterizedTest
    @ValueSource(ints = {1, 2, 3, 5, 17})
    void appendWithUnwrittenSectorsIsCutOff(int shift) {
        ByteBuf log = Unpooled.buffer();
        LogCodec.encodeFileHeader(log);
        LogEntry filler = new LogEntry(entries.getFirst().record(), A, B, A, "x".repeat(400 + shift));
        LogCodec.encode(filler, log);
        int start = log.writerIndex();
        LogCodec.encode(new LogEntry(entries.get(1).record(), A, B, A, "y".repeat(900)), log);
        int end = log.writerIndex();
        for (int from = start; from < end; from = Math.min(end, (from / 512 + 1) * 512)) {
            ByteBuf holed = log.copy();
            holed.setZero(from, Math.min(end, (from / 512 + 1) * 512) - from);
            assertEquals(new LogCodec.Scan.Legible(List.of(filler), start), LogCodec.scan(holed), "from " + from);
        }
        ByteBuf nothing = log.copy();
        nothing.setZero(start, end - start);
        assertEquals(new LogCodec.Scan.Legible(List.of(filler), start), LogCodec.scan(nothing));
    }
}
