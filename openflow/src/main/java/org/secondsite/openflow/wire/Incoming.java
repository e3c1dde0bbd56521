package org.secondsite.openflow.wire;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.ByteBufUtil;
import io.netty.buffer.Unpooled;
import java.util.Optional;
import java.util.Set;
import org.projectfloodlight.openflow.exceptions.OFParseError;
import org.projectfloodlight.openflow.protocol.OFFactories;
import org.projectfloodlight.openflow.protocol.OFMessage;
import org.projectfloodlight.openflow.protocol.OFVersion;

/**
 * One message of a switch, as far as it is understood.
 *
 * <pre>
 *   0        1        2                 4                                   8
 *  ┌────────┬────────┬─────────────────┬───────────────────────────────────┬────┄
 *  │version │ type   │ length, with    │ xid                               │ body
 *  │        │        │ these 8 bytes   │                                   │
 *  └────────┴────────┴─────────────────┴───────────────────────────────────┴────┄   OpenFlow 1.4.1 §7.1.1
 * </pre>
 */
public sealed interface Incoming {
    /** How much of a message that could not be read stands in the log. */
    int MAX_SHOWN_BYTES = 48;

    /** The length of the header, which every message has. */
    int HEADER_BYTES = 8;

    /** A message that was read whole. */
    record Message(OFMessage message) implements Incoming {}

    /**
     * A message that was not read: of an unknown kind, or not well-formed. It ends where its header says, so the next one
     * can be read.
     *
     * @param version the header's version, 5 for OpenFlow 1.4
     * @param type the header's type, see {@code ofp_type}
     * @param xid the header's transaction id
     * @param moreFollows whether it is a part of a multipart reply, and not the last
     * @param reason what was wrong, with the first bytes in hexadecimal
     */
    record Unparsable(int version, int type, long xid, boolean moreFollows, String reason) implements Incoming {
        /** {@code OFPT_HELLO}. */
        public static final int HELLO = 0;

        /** {@code OFPT_ERROR}. */
        public static final int ERROR = 1;

        /** {@code OFPT_MULTIPART_REPLY}. */
        public static final int MULTIPART_REPLY = 19;
    }

    /**
     * A part of a multipart reply whose entries were not read together; they are as the switch has sent them.
     *
     * @param version of the header
     * @param kind of the entries, see {@code ofp_multipart_type}
     * @param xid the header's transaction id
     * @param moreFollows whether it is not the last
     * @param body the entries, the first or last of which may be cut
     * @param reason what was wrong
     */
    record Part(OFVersion version, int kind, long xid, boolean moreFollows, ByteBuf body, String reason)
            implements Incoming {
        /** {@code OFPMP_FLOW}: many, and read by {@link FlowReading}. */
        public static final int FLOW = 1;

        /** {@code OFPMP_TABLE_FEATURES}: some hundred kilobytes of which little is wanted, so the library never reads it. */
        public static final int TABLE_FEATURES = 12;

        /** {@code OFPMP_PORT_DESC}. */
        public static final int PORT_DESC = 13;

        private static final Set<Integer> KINDS = Set.of(FLOW, TABLE_FEATURES, PORT_DESC);

        /** By the library. */
        private static final Set<Integer> NEVER_READ = Set.of(FLOW, TABLE_FEATURES);

        /** Of the multipart header, which follows the message's. */
        static final int HEADER_BYTES = 8;
    }

    /**
     * Reads one message.
     *
     * @param frame exactly one message, of at least {@link #HEADER_BYTES}; its reader index moves
     */
    static Incoming read(ByteBuf frame) {
        ByteBuf whole = frame.slice();
        frame.skipBytes(frame.readableBytes());
        int version = whole.getUnsignedByte(0);
        int type = whole.getUnsignedByte(1);
        long xid = whole.getUnsignedInt(4);
        if (type == Unparsable.MULTIPART_REPLY
                && whole.writerIndex() >= HEADER_BYTES + Part.HEADER_BYTES
                && Part.NEVER_READ.contains(whole.getUnsignedShort(HEADER_BYTES))) {
            return unread(whole, version, type, xid, "the library does not read it");
        }
        String why;
        try {
            return new Message(message(whole.duplicate()));
        } catch (OFParseError | RuntimeException e) {
            // The library throws unchecked exceptions too when lengths inside a message do not fit.
            why = e + " in " + ByteBufUtil.hexDump(whole, 0, Math.min(MAX_SHOWN_BYTES, whole.writerIndex()));
        }
        try {
            Optional<ByteBuf> fixed = FixedParts.of(whole, version, type);
            if (fixed.isPresent()) {
                return new Message(message(fixed.get()));
            }
        } catch (OFParseError | RuntimeException e) {
            why = e + " without its properties; " + why;
        }
        return unread(whole, version, type, xid, why);
    }

    private static OFMessage message(ByteBuf frame) throws OFParseError {
        OFMessage message = OFFactories.getGenericReader().readFrom(frame);
        if (message == null) {
            throw new OFParseError("nothing was read");
        }
        return message;
    }

    private static Incoming unread(ByteBuf whole, int version, int type, long xid, String why) {
        int bytes = whole.writerIndex();
        // OpenFlow 1.4.1 §7.3.5: type and flags follow the header; the flags' lowest bit is OFPMPF_REPLY_MORE.
        if (type == Unparsable.MULTIPART_REPLY && bytes >= HEADER_BYTES + Part.HEADER_BYTES) {
            int kind = whole.getUnsignedShort(HEADER_BYTES);
            boolean moreFollows = (whole.getUnsignedShort(HEADER_BYTES + 2) & 1) != 0;
            Optional<OFVersion> spoken =
                    switch (version) {
                        case 4 -> Optional.of(OFVersion.OF_13);
                        case 5 -> Optional.of(OFVersion.OF_14);
                        default -> Optional.empty();
                    };
            if (spoken.isPresent() && Part.KINDS.contains(kind)) {
                int at = HEADER_BYTES + Part.HEADER_BYTES;
                return new Part(
                        spoken.get(), kind, xid, moreFollows, Unpooled.copiedBuffer(whole.slice(at, bytes - at)), why);
            }
            return new Unparsable(version, type, xid, moreFollows, why);
        }
        String reason = why;
        if (type == Unparsable.ERROR && bytes >= HEADER_BYTES + 4) {
            // OpenFlow 1.4.1 §7.5.4: type and code follow the header.
            reason = "error of type %d, code %d"
                    .formatted(whole.getUnsignedShort(HEADER_BYTES), whole.getUnsignedShort(HEADER_BYTES + 2));
        }
        return new Unparsable(version, type, xid, false, reason);
    }
}
