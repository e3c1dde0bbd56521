package org.secondsite.witness.wire;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.code_intelligence.jazzer.junit.FuzzTest;
import io.netty.buffer.ByteBuf;
import io.netty.buffer.ByteBufUtil;
import io.netty.buffer.Unpooled;
import java.util.List;
import java.util.Set;
import java.util.zip.CRC32C;
import org.junit.jupiter.params.provider.MethodSource;
import org.secondsite.config.GroupId;
import org.secondsite.config.OwnershipRecord;
import org.secondsite.config.SiteId;
import org.secondsite.testing.Allocation;
import org.secondsite.witness.LogEntry;
import org.secondsite.witness.RequestId;

/** Any file in place of a witness's log. */
class LogFuzzTest {
    private static final int FIRST_BODY = LogCodec.FILE_HEADER_OCTETS + 12;

    static List<byte[]> seeds() {
        SiteId a = new SiteId("a");
        SiteId b = new SiteId("b");
        ByteBuf file = Unpooled.buffer();
        LogCodec.encodeFileHeader(file);
        for (int term = 1; term < 3; term++) {
            OwnershipRecord record = new OwnershipRecord(new GroupId("web"), term, term - 1, a, Set.of(a, b));
            LogCodec.encode(new LogEntry(record, a, b, a, "hö", new RequestId(-term, term)), file);
        }
        return List.of(ByteBufUtil.getBytes(file));
    }

    @MethodSource("seeds")
    @FuzzTest
    void anyFileIsLegibleOrDamaged(byte[] in) {
        Allocation.bounded(128, in, () -> {
            read(in);
            read(summed(in));
        });
    }

    private static void read(byte[] in) {
        switch (LogCodec.scan(Unpooled.wrappedBuffer(in))) {
            case LogCodec.Scan.Damaged(int offset, String reason) ->
                assertTrue(offset <= in.length && !reason.isEmpty());
            case LogCodec.Scan.Legible legible -> {
                assertTrue(legible.wholeOctets() <= in.length);
                if (!legible.entries().toString().contains("\ufffd")) {
                    ByteBuf again = Unpooled.buffer();
                    LogCodec.encodeFileHeader(again);
                    legible.entries().forEach(entry -> LogCodec.encode(entry, again));
                    assertEquals(
                            new LogCodec.Scan.Legible(legible.entries(), again.writerIndex()), LogCodec.scan(again));
                }
            }
        }
    }

    /** With the sums of the first entry right, so that what is behind them is reached. */
    private static byte[] summed(byte[] in) {
        if (in.length < FIRST_BODY) {
            return in;
        }
        ByteBuf out = Unpooled.copiedBuffer(in);
        int header = LogCodec.FILE_HEADER_OCTETS;
        int length = out.getInt(header) & 0xffffff;
        if (length <= in.length - FIRST_BODY) {
            out.setInt(header + 4, sum(out.array(), FIRST_BODY, length));
        }
        out.setInt(header + 8, sum(out.array(), header, 8));
        return out.array();
    }

    private static int sum(byte[] octets, int from, int length) {
        CRC32C crc = new CRC32C();
        crc.update(octets, from, length);
        return (int) crc.getValue();
    }
}
