package org.secondsite.openflow.wire;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.ByteBufUtil;
import io.netty.buffer.Unpooled;
import java.util.HashSet;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;

/**
 * Tables from parts of a table features reply; an entry that goes on in the next part is joined.
 *
 * <pre>
 *   0        2     3     8        40              48              56       60            64
 *  ┌────────┬─────┬─────┬────────┬───────────────┬───────────────┬────────┬─────────────┬────────────────────┄
 *  │ length │table│ -   │ name   │ metadata match│ metadata write│ config │ max entries │ properties          OpenFlow 1.4.1 §7.3.5.5
 *  └────────┴─────┴─────┴────────┴───────────────┴───────────────┴────────┴─────────────┴────────────────────┄
 *   property: type (2), length without padding (2), oxm headers of 4 bytes each
 * </pre>
 */
public final class TableReading {
    private static final int FIXED_BYTES = 64;
    private static final int TABLE_AT = 2;
    private static final int MAX_ENTRIES_AT = 60;
    private static final int PROPERTY_BYTES = 4;
    private static final int MATCH = 8;
    private static final int OXM_BYTES = 4;
    private static final int OPENFLOW_BASIC = 0x8000;
    private static final int EIGHT = 8;

    private final Map<Integer, Table> tables = new TreeMap<>();
    private byte[] begun = {};

    /**
     * What a table can do.
     *
     * @param maxEntries how many flows it has room for
     * @param fields the numbers of the fields of class {@code OFPXMC_OPENFLOW_BASIC} that it matches; empty: it does not tell
     */
    public record Table(long maxEntries, Optional<Set<Integer>> fields) {}

    /** Reads as many tables as it holds. */
    public void add(Incoming.Part part) {
        ByteBuf bytes = Unpooled.wrappedBuffer(
                Unpooled.wrappedBuffer(begun), part.body().duplicate());
        begun = new byte[0];
        while (bytes.readableBytes() >= 2) {
            int length = bytes.getUnsignedShort(bytes.readerIndex());
            if (length < FIXED_BYTES) {
                return;
            }
            if (length > bytes.readableBytes()) {
                break;
            }
            read(bytes.readSlice(length));
        }
        begun = ByteBufUtil.getBytes(bytes);
    }

    /** The tables by number. */
    public Map<Integer, Table> tables() {
        return Map.copyOf(tables);
    }

    private void read(ByteBuf table) {
        Optional<Set<Integer>> fields = Optional.empty();
        int at = FIXED_BYTES;
        while (table.writerIndex() - at >= PROPERTY_BYTES) {
            int length = table.getUnsignedShort(at + 2);
            if (length < PROPERTY_BYTES || length > table.writerIndex() - at) {
                break;
            }
            if (table.getUnsignedShort(at) == MATCH) {
                fields = Optional.of(fields(table.slice(at + PROPERTY_BYTES, length - PROPERTY_BYTES)));
            }
            at += (length + EIGHT - 1) / EIGHT * EIGHT;
        }
        tables.put((int) table.getUnsignedByte(TABLE_AT), new Table(table.getUnsignedInt(MAX_ENTRIES_AT), fields));
    }

    /** Of another class a header may have four bytes more; what is taken for a field there is none that counts. */
    private static Set<Integer> fields(ByteBuf headers) {
        Set<Integer> fields = new HashSet<>();
        while (headers.readableBytes() >= OXM_BYTES) {
            if (headers.readUnsignedShort() == OPENFLOW_BASIC) {
                fields.add(headers.readUnsignedByte() >> 1);
                headers.skipBytes(1);
            } else {
                headers.skipBytes(2);
            }
        }
        return fields;
    }
}
