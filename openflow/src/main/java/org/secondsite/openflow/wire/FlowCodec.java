package org.secondsite.openflow.wire;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.ByteBufUtil;
import java.util.function.Consumer;
import org.projectfloodlight.openflow.protocol.OFMessage;
import org.projectfloodlight.openflow.protocol.OFType;
import org.projectfloodlight.openflow.protocol.OFVersion;
import org.secondsite.openflow.pipeline.Cookie;
import org.secondsite.openflow.pipeline.Flow;
import org.secondsite.openflow.pipeline.InstalledFlows;
import org.secondsite.openflow.pipeline.Match;

/**
 * Flows to FLOW_MOD messages. Their bytes are written here: a takeover writes thousands in a moment, with code that seldom runs, and by the
 * library each takes several times as long.
 *
 * <pre>
 *   0         8         16        24     25       26       28     30        32        36      40      44      46   48
 *  ┌─────────┬─────────┬─────────┬──────┬────────┬────────┬──────┬─────────┬─────────┬───────┬───────┬───────┬────┬──────┬──────────────┄
 *  │ header  │ cookie  │ mask    │table │command │ idle   │ hard │priority │ buffer  │ port  │ group │ flags │ -  │match │ instructions ┄
 *  └─────────┴─────────┴─────────┴──────┴────────┴────────┴──────┴─────────┴─────────┴───────┴───────┴───────┴────┴──────┴──────────────┄
 *                                                                                        OpenFlow 1.4.1 §7.3.4.1
 * </pre>
 */
public final class FlowCodec {
    private static final int FLOW_MOD = 14;
    private static final int ADD = 0;
    private static final int MODIFY = 1;
    private static final int MODIFY_STRICT = 2;
    private static final int DELETE = 3;
    private static final int DELETE_STRICT = 4;
    private static final int ALL_TABLES = 0xff;
    private static final int NO_BUFFER = -1;
    private static final int ANY = -1;

    private final OFVersion version;

    /** For messages of this version. */
    public FlowCodec(OFVersion version) {
        this.version = version;
    }

    /** Adds the flow, or writes over the one that stands at its key. */
    public OFMessage add(Flow flow, long term, long xid) {
        return message(xid, out -> {
            begin(out, ADD, Cookie.of(term), flow.key().table(), flow.key().priority());
            MatchCodec.write(flow.key().match(), out);
            OutcomeCodec.write(flow.outcome(), out);
        });
    }

    /** Removes the flow at exactly this key, whatever its cookie is. */
    public OFMessage remove(Flow.Key key, long xid) {
        return message(xid, out -> {
            begin(out, DELETE_STRICT, 0, key.table(), key.priority());
            MatchCodec.write(key.match(), out);
        });
    }

    /** Gives the flow that stands at this key its outcome; does nothing, and needs no room, when none stands there. */
    public OFMessage modify(Flow flow, long xid) {
        return message(xid, out -> {
            begin(out, MODIFY_STRICT, 0, flow.key().table(), flow.key().priority());
            MatchCodec.write(flow.key().match(), out);
            OutcomeCodec.write(flow.outcome(), out);
        });
    }

    /** Makes every flow of the table that is for these frames, or for a part of them, a drop. */
    public OFMessage silence(int table, Match match, long xid) {
        return message(xid, out -> {
            begin(out, MODIFY, 0, table, 0);
            MatchCodec.write(match, out);
        });
    }

    /** Removes every flow of every table that is for these frames, or for a part of them. */
    public OFMessage removeAll(Match match, long xid) {
        return message(xid, out -> {
            begin(out, DELETE, 0, ALL_TABLES, 0);
            MatchCodec.write(match, out);
        });
    }

    /** Removes the flow at exactly this place, whose match nobody here understands. */
    public OFMessage remove(InstalledFlows.RawPlace place, long xid) {
        return message(xid, out -> {
            begin(out, DELETE_STRICT, 0, place.table(), place.priority());
            out.writeBytes(ByteBufUtil.decodeHexDump(place.match()));
        });
    }

    private OFMessage message(long xid, Consumer<ByteBuf> body) {
        return new RawMessage(version, OFType.FLOW_MOD, FLOW_MOD, xid, body);
    }

    private static void begin(ByteBuf out, int command, long cookie, int table, int priority) {
        out.writeLong(cookie).writeLong(0);
        out.writeByte(table).writeByte(command);
        out.writeShort(0).writeShort(0).writeShort(priority);
        out.writeInt(NO_BUFFER).writeInt(ANY).writeInt(ANY);
        out.writeShort(0).writeShort(0);
    }
}
