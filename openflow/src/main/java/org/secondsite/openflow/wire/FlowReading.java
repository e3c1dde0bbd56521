package org.secondsite.openflow.wire;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.ByteBufUtil;
import io.netty.buffer.Unpooled;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.OptionalInt;
import org.secondsite.openflow.pipeline.Comparison;
import org.secondsite.openflow.pipeline.Flow;
import org.secondsite.openflow.pipeline.InstalledFlows;
import org.secondsite.openflow.pipeline.Match;

/**
 * Puts the parts of a flow statistics reply together: cuts each into its entries, and joins one that goes on in the next part. An entry
 * that the pipeline could not have written is told by its fixed fields.
 *
 * <pre>
 *   0         2     3   4               12        14       16       18     20           24        32        40         48
 *  ┌─────────┬─────┬───┬───────────────┬─────────┬────────┬────────┬──────┬────────────┬─────────┬─────────┬──────────┐
 *  │ length  │table│ - │ duration      │priority │ idle   │ hard   │flags │ import., - │ cookie  │ packets │ bytes    │
 *  └─────────┴─────┴───┴───────────────┴─────────┴────────┴────────┴──────┴────────────┴─────────┴─────────┴──────────┘
 *   48: ofp_match, instructions                                                 OpenFlow 1.4.1 §7.3.5.2
 * </pre>
 */
public final class FlowReading {
    private static final int LENGTH_BYTES = 2;
    private static final int TABLE_AT = 2;
    private static final int PRIORITY_AT = 12;
    private static final int IDLE_TIMEOUT_AT = 14;
    private static final int HARD_TIMEOUT_AT = 16;
    private static final int COOKIE_AT = 24;
    private static final int PACKETS_AT = 32;
    private static final int MATCH_AT = 48;

    private final List<InstalledFlows.Known> known = new ArrayList<>();
    private final List<InstalledFlows.Strange> strange = new ArrayList<>();

    /** The beginning of an entry that goes on in the next part. */
    private byte[] begun = {};

    private final Match.Builder scratch = new Match.Builder();
    private int lostParts;

    private final Optional<Comparison> comparison;

    /** A reply that is to come. */
    public FlowReading() {
        this(Optional.empty());
    }

    /**
     * A reply that is to come.
     *
     * @param comparison is told of every entry as soon as it has come
     */
    public FlowReading(Optional<Comparison> comparison) {
        this.comparison = comparison;
    }

    /** A part of the reply. */
    public void add(Incoming.Part part) {
        ByteBuf body = part.body();
        ByteBuf bytes = begun.length == 0
                ? body.duplicate()
                : Unpooled.wrappedBuffer(Unpooled.wrappedBuffer(begun), body.duplicate());
        begun = new byte[0];
        while (bytes.readableBytes() >= LENGTH_BYTES) {
            int at = bytes.readerIndex();
            int length = bytes.getUnsignedShort(at);
            if (length < MATCH_AT + MatchCodec.HEADER_BYTES) {
                // Where the next one begins is unknown.
                lostParts++;
                return;
            }
            if (length > bytes.readableBytes()) {
                break;
            }
            entry(bytes, at, at + length);
            bytes.skipBytes(length);
        }
        begun = ByteBufUtil.getBytes(bytes);
    }

    /** A part of which nothing is known. */
    public void lost() {
        lose();
        lostParts++;
    }

    /** What all parts say together. */
    public InstalledFlows flows() {
        lose();
        if (lostParts > 0) {
            comparison.ifPresent(Comparison::lose);
        }
        return new InstalledFlows(known, strange, lostParts);
    }

    private void lose() {
        if (begun.length > 0) {
            lostParts++;
            begun = new byte[0];
        }
    }

    private void entry(ByteBuf in, int at, int end) {
        int matchAt = at + MATCH_AT;
        int matchLength = in.getUnsignedShort(matchAt + LENGTH_BYTES);
        int padded = MatchCodec.padded(matchLength);
        if (matchLength < MatchCodec.HEADER_BYTES || matchAt + padded > end) {
            lostParts++;
            return;
        }
        int table = in.getUnsignedByte(at + TABLE_AT);
        int priority = in.getUnsignedShort(at + PRIORITY_AT);
        long cookie = in.getLong(at + COOKIE_AT);
        // The specification has all bits set where nothing is counted.
        long packets = Math.max(0, in.getLong(at + PACKETS_AT));
        Optional<Match> match = MatchCodec.read(in, matchAt, matchLength, scratch);
        boolean isLasting =
                in.getUnsignedShort(at + IDLE_TIMEOUT_AT) == 0 && in.getUnsignedShort(at + HARD_TIMEOUT_AT) == 0;
        Optional<Flow.Outcome> outcome =
                match.isPresent() && isLasting ? OutcomeCodec.read(in, matchAt + padded, end) : Optional.empty();
        if (outcome.isPresent()) {
            Flow read = new Flow(new Flow.Key(table, priority, match.get()), outcome.get());
            Flow flow = comparison.isPresent() ? comparison.get().take(read, cookie) : read;
            known.add(new InstalledFlows.Known(flow, cookie, packets));
            return;
        }
        OptionalInt inPort = MatchCodec.inPort(in, matchAt, matchLength);
        InstalledFlows.Strange other = new InstalledFlows.Strange(
                new InstalledFlows.RawPlace(table, priority, ByteBufUtil.hexDump(in, matchAt, padded)),
                match.map(one -> new Flow.Key(table, priority, one)),
                inPort,
                cookie,
                packets);
        comparison.ifPresent(with -> with.take(other));
        strange.add(other);
    }
}
