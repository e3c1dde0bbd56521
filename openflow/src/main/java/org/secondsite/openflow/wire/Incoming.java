package org.secondsite.openflow.wire;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.ByteBufUtil;
import org.projectfloodlight.openflow.exceptions.OFParseError;
import org.projectfloodlight.openflow.protocol.OFFactories;
import org.projectfloodlight.openflow.protocol.OFMessage;

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
     * Reads one message.
     *
     * @param frame exactly one message, of at least {@link #HEADER_BYTES}; its reader index moves
     */
    static Incoming read(ByteBuf frame) {
        int start = frame.readerIndex();
        int version = frame.getUnsignedByte(start);
        int type = frame.getUnsignedByte(start + 1);
        long xid = frame.getUnsignedInt(start + 4);
        // OpenFlow 1.4.1 §7.3.5: type and flags follow the header; the flags' lowest bit is OFPMPF_REPLY_MORE.
        boolean moreFollows = type == Unparsable.MULTIPART_REPLY
                && frame.readableBytes() >= HEADER_BYTES + 4
                && (frame.getUnsignedShort(start + HEADER_BYTES + 2) & 1) != 0;
        String why;
        try {
            OFMessage message = OFFactories.getGenericReader().readFrom(frame);
            if (message != null) {
                return new Message(message);
            }
            why = "nothing was read";
        } catch (OFParseError | RuntimeException e) {
            // The library throws unchecked exceptions too when lengths inside a message do not fit.
            why = e.toString();
        }
        String head = ByteBufUtil.hexDump(frame, start, Math.min(48, frame.writerIndex() - start));
        return new Unparsable(version, type, xid, moreFollows, why + " in " + head);
    }
}
