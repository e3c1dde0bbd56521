package org.secondsite.openflow.wire;

import io.netty.buffer.ByteBuf;
import java.util.Optional;
import java.util.OptionalInt;
import org.secondsite.openflow.pipeline.Bits;
import org.secondsite.openflow.pipeline.Field;
import org.secondsite.openflow.pipeline.Match;

/**
 * Between the pipeline's {@link Match} and the wire.
 *
 * <pre>
 *   0        2         4                              length
 *  ┌────────┬─────────┬──────────────────────────────┬─────────────────────┐
 *  │ type 1 │ length  │ fields, one after another    │ zeros to 8 n bytes  │   ofp_match
 *  └────────┴─────────┴──────────────────────────────┴─────────────────────┘
 *   0                 2          3        4
 *  ┌─────────────────┬──────────┬────────┬─────────────────┄
 *  │ class 0x8000    │ field, m │ length │ value, mask     ┄   a field; m: with a mask
 *  └─────────────────┴──────────┴────────┴─────────────────┄   OpenFlow 1.4.1 §7.2.3
 * </pre>
 */
final class MatchCodec {
    static final int HEADER_BYTES = 4;
    private static final int OXM = 1;
    private static final int LENGTH_AT = 2;
    private static final int FIELD_HEADER_BYTES = 4;
    private static final int OPENFLOW_BASIC = 0x8000;
    private static final int EIGHT = 8;

    private MatchCodec() {}

    /** How long a match of this length is with its padding. */
    static int padded(int length) {
        return (length + EIGHT - 1) / EIGHT * EIGHT;
    }

    /** Writes the match with its padding. */
    static void write(Match match, ByteBuf out) {
        int start = out.writerIndex();
        out.writeShort(OXM).writeShort(0);
        for (int i = 0; i < match.size(); i++) {
            Field field = match.field(i);
            boolean isExact = match.isExact(i);
            int bytes = field.bytes();
            out.writeShort(OPENFLOW_BASIC);
            out.writeByte(field.number() << 1 | (isExact ? 0 : 1)).writeByte(isExact ? bytes : 2 * bytes);
            write(match.valueHigh(i), match.valueLow(i), bytes, out);
            if (!isExact) {
                write(match.maskHigh(i), match.maskLow(i), bytes, out);
            }
        }
        int length = out.writerIndex() - start;
        out.setShort(start + LENGTH_AT, length);
        out.writeZero(padded(length) - length);
    }

    /**
     * Reads a match.
     *
     * @param at where it begins
     * @param length without its padding, at least {@link #HEADER_BYTES}, all of it there
     * @param match what to put it together in
     * @return empty: it looks at what the pipeline does not know, or is not well-formed
     */
    static Optional<Match> read(ByteBuf in, int at, int length, Match.Builder match) {
        if (in.getUnsignedShort(at) != OXM) {
            return Optional.empty();
        }
        match.clear();
        int end = at + length;
        int next = at + HEADER_BYTES;
        while (next < end) {
            if (end - next < FIELD_HEADER_BYTES || in.getUnsignedShort(next) != OPENFLOW_BASIC) {
                return Optional.empty();
            }
            int fieldAndMask = in.getUnsignedByte(next + 2);
            int bytes = in.getUnsignedByte(next + 3);
            next += FIELD_HEADER_BYTES;
            Optional<Field> known = Field.of(fieldAndMask >> 1);
            boolean isMasked = (fieldAndMask & 1) != 0;
            if (known.isEmpty()
                    || bytes != known.get().bytes() * (isMasked ? 2 : 1)
                    || bytes > end - next
                    || match.has(known.get())) {
                return Optional.empty();
            }
            Field field = known.get();
            Bits value = bits(in, next, field.bytes());
            Bits mask = isMasked ? bits(in, next + field.bytes(), field.bytes()) : field.all();
            next += bytes;
            if (!isMasked && !value.and(mask).equals(value)) {
                return Optional.empty();
            }
            match.with(field, new Match.Condition(value.and(mask).and(field.all()), mask.and(field.all())));
        }
        return Optional.of(match.build());
    }

    /** The port that a match is for, if it is for one only, whatever else it looks at. */
    static OptionalInt inPort(ByteBuf in, int at, int length) {
        int end = at + length;
        int next = at + HEADER_BYTES;
        while (end - next >= FIELD_HEADER_BYTES) {
            int bytes = in.getUnsignedByte(next + 3);
            boolean isPort = in.getUnsignedShort(next) == OPENFLOW_BASIC
                    && in.getUnsignedByte(next + 2) == Field.IN_PORT.number() << 1
                    && bytes == Field.IN_PORT.bytes();
            next += FIELD_HEADER_BYTES;
            if (isPort && bytes <= end - next) {
                return OptionalInt.of(in.getInt(next));
            }
            next += bytes;
        }
        return OptionalInt.empty();
    }

    private static void write(long high, long low, int bytes, ByteBuf out) {
        switch (bytes) {
            case 1 -> out.writeByte((int) low);
            case 2 -> out.writeShort((int) low);
            case 4 -> out.writeInt((int) low);
            case 6 -> out.writeShort((int) (low >>> Integer.SIZE)).writeInt((int) low);
            case 16 -> out.writeLong(high).writeLong(low);
            default -> throw new AssertionError("a field of " + bytes + " bytes");
        }
    }

    private static Bits bits(ByteBuf in, int at, int bytes) {
        return switch (bytes) {
            case 1 -> Bits.of(in.getUnsignedByte(at));
            case 2 -> Bits.of(in.getUnsignedShort(at));
            case 4 -> Bits.of(in.getUnsignedInt(at));
            case 6 -> Bits.of((long) in.getUnsignedShort(at) << Integer.SIZE | in.getUnsignedInt(at + 2));
            case 16 -> new Bits(in.getLong(at), in.getLong(at + Long.BYTES));
            default -> throw new AssertionError("a field of " + bytes + " bytes");
        };
    }
}
