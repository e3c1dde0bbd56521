package org.secondsite.openflow.wire;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.ByteBufUtil;
import io.netty.buffer.Unpooled;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.OptionalInt;
import org.projectfloodlight.openflow.protocol.OFFlowStatsEntry;
import org.projectfloodlight.openflow.protocol.OFFlowStatsReply;
import org.projectfloodlight.openflow.protocol.OFVersion;
import org.projectfloodlight.openflow.protocol.match.MatchField;
import org.projectfloodlight.openflow.types.OFPort;
import org.secondsite.openflow.pipeline.Flow;
import org.secondsite.openflow.pipeline.InstalledFlows;
import org.secondsite.openflow.pipeline.Match;

/**
 * Puts the parts of a flow statistics reply together.
 *
 * <p>A part that the library cannot read is cut into its entries, each of which is told by its fixed fields; one that goes on
 * in the next part is joined.
 *
 * <pre>
 *   0         2     3   4               12        14       16       18     20           24        32
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
    private static final int COOKIE_AT = 24;
    private static final int PACKETS_AT = 32;
    private static final int MATCH_AT = 48;
    private static final int MATCH_HEADER_BYTES = 4;
    private static final int EIGHT = 8;

    private final List<InstalledFlows.Known> known = new ArrayList<>();
    private final List<InstalledFlows.Strange> strange = new ArrayList<>();

    /** The beginning of an entry that goes on in the next part. */
    private byte[] begun = {};

    private int lostParts;

    /** A part that the library has read. */
    public void add(OFFlowStatsReply part) {
        lose();
        part.getEntries().forEach(this::add);
    }

    /** A part that it has not. */
    public void add(Incoming.Part part) {
        ByteBuf bytes = Unpooled.wrappedBuffer(
                Unpooled.wrappedBuffer(begun), part.body().duplicate());
        begun = new byte[0];
        while (bytes.readableBytes() >= LENGTH_BYTES) {
            int length = bytes.getUnsignedShort(bytes.readerIndex());
            if (length < MATCH_AT + MATCH_HEADER_BYTES) {
                // Where the next one begins is unknown.
                lostParts++;
                return;
            }
            if (length > bytes.readableBytes()) {
                break;
            }
            addRaw(bytes.readSlice(length), part.version());
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
        return new InstalledFlows(known, strange, lostParts);
    }

    private void lose() {
        if (begun.length > 0) {
            lostParts++;
            begun = new byte[0];
        }
    }

    private void add(OFFlowStatsEntry entry) {
        Optional<Match> match = MatchCodec.decode(entry.getMatch());
        Optional<Flow.Key> key = match.map(m -> new Flow.Key(entry.getTableId().getValue(), entry.getPriority(), m));
        long cookie = entry.getCookie().getValue();
        long packets = packets(entry);
        boolean lasting = entry.getIdleTimeout() == 0 && entry.getHardTimeout() == 0;
        Optional<Flow.Outcome> outcome =
                key.isPresent() && lasting ? FlowCodec.outcome(entry.getInstructions()) : Optional.empty();
        if (outcome.isPresent()) {
            known.add(new InstalledFlows.Known(new Flow(key.get(), outcome.get()), cookie, packets));
        } else {
            strange.add(new InstalledFlows.Strange(place(entry), key, inPort(entry), cookie, packets));
        }
    }

    private void addRaw(ByteBuf entry, OFVersion version) {
        int matchLength = entry.getUnsignedShort(MATCH_AT + LENGTH_BYTES);
        int padded = (matchLength + EIGHT - 1) / EIGHT * EIGHT;
        if (matchLength < MATCH_HEADER_BYTES || MATCH_AT + padded > entry.readableBytes()) {
            lostParts++;
            return;
        }
        // Alone in a reply it may be readable: only its neighbour was not.
        Optional<OFFlowStatsEntry> readable = Incoming.flowEntry(entry.duplicate(), version);
        if (readable.isPresent()) {
            add(readable.get());
            return;
        }
        strange.add(new InstalledFlows.Strange(
                new InstalledFlows.RawPlace(
                        entry.getUnsignedByte(TABLE_AT),
                        entry.getUnsignedShort(PRIORITY_AT),
                        ByteBufUtil.hexDump(entry, MATCH_AT, padded)),
                Optional.empty(),
                OxmFields.inPort(entry.slice(MATCH_AT + MATCH_HEADER_BYTES, matchLength - MATCH_HEADER_BYTES)),
                entry.getLong(COOKIE_AT),
                entry.getLong(PACKETS_AT)));
    }

    private static InstalledFlows.RawPlace place(OFFlowStatsEntry entry) {
        ByteBuf match = Unpooled.buffer();
        entry.getMatch().writeTo(match);
        return new InstalledFlows.RawPlace(
                entry.getTableId().getValue(), entry.getPriority(), ByteBufUtil.hexDump(match));
    }

    private static OptionalInt inPort(OFFlowStatsEntry entry) {
        OFPort port = entry.getMatch().get(MatchField.IN_PORT);
        return port == null ? OptionalInt.empty() : OptionalInt.of(port.getPortNumber());
    }

    private static long packets(OFFlowStatsEntry entry) {
        return entry.getPacketCount() == null ? 0 : entry.getPacketCount().getValue();
    }
}
