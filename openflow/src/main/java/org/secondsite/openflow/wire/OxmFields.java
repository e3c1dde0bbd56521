package org.secondsite.openflow.wire;

import io.netty.buffer.ByteBuf;
import java.util.OptionalInt;

/**
 * Looks into a match that the library cannot read.
 *
 * <pre>
 *   0                 2          3        4
 *  ┌─────────────────┬──────────┬────────┬─────────────────┄
 *  │ class           │ field, m │ length │ value, mask     ┄   OpenFlow 1.4.1 §7.2.3.2
 *  └─────────────────┴──────────┴────────┴─────────────────┄
 * </pre>
 */
final class OxmFields {
    private static final int HEADER_BYTES = 4;
    private static final int OPENFLOW_BASIC = 0x8000;
    private static final int IN_PORT = 0;
    private static final int IN_PORT_BYTES = 4;

    private OxmFields() {}

    /** The port that the match is for, if it is for one only. */
    static OptionalInt inPort(ByteBuf fields) {
        ByteBuf at = fields.duplicate();
        while (at.readableBytes() >= HEADER_BYTES) {
            int oxmClass = at.readUnsignedShort();
            int field = at.readUnsignedByte() >> 1;
            int length = at.readUnsignedByte();
            if (length > at.readableBytes()) {
                break;
            }
            ByteBuf value = at.readSlice(length);
            if (oxmClass == OPENFLOW_BASIC && field == IN_PORT && length == IN_PORT_BYTES) {
                return OptionalInt.of(value.readInt());
            }
        }
        return OptionalInt.empty();
    }
}
