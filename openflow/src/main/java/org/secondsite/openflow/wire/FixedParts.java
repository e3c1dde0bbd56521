package org.secondsite.openflow.wire;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import java.util.Optional;

/**
 * Takes from a message what follows its fixed part: elements and properties of vendors or of later versions, which the
 * library does not read. What is left is a whole message again.
 *
 * <table>
 * <caption>What is kept</caption>
 * <tr><td>HELLO</td><td>the header and the version bitmap</td></tr>
 * <tr><td>PORT_STATUS</td><td>the reason, and number, name, configuration and state of the port</td></tr>
 * <tr><td>ROLE_STATUS</td><td>role, reason and generation</td></tr>
 * <tr><td>BUNDLE_CONTROL</td><td>bundle, type and flags</td></tr>
 * <tr><td>ROLE_REPLY</td><td>role and generation</td></tr>
 * </table>
 */
final class FixedParts {
    private static final int VERSION_1_4 = 5;
    private static final int LENGTH_AT = 2;
    private static final int HELLO = 0;
    private static final int PORT_STATUS = 12;
    private static final int ROLE_REPLY = 25;
    private static final int ROLE_STATUS = 30;
    private static final int BUNDLE_CONTROL = 33;
    private static final int HELLO_ELEMENT_BYTES = 4;
    private static final int VERSION_BITMAP = 1;
    private static final int EIGHT = 8;

    /** OpenFlow 1.4.1 §7.4.3: reason and padding, then {@code ofp_port} with its length in bytes 4 and 5. */
    private static final int PORT_STATUS_PORT_AT = 16;

    private static final int PORT_BYTES_1_4 = 40;
    private static final int PORT_LENGTH_AT = 4;

    private FixedParts() {}

    /** The message without the rest; empty: nothing is known to be left out of such a message. */
    static Optional<ByteBuf> of(ByteBuf frame, int version, int type) {
        return switch (type) {
            case HELLO -> hello(frame);
            case PORT_STATUS -> version < VERSION_1_4 ? Optional.empty() : portStatus(frame);
            case ROLE_REPLY, ROLE_STATUS -> cut(frame, 24);
            case BUNDLE_CONTROL -> cut(frame, 16);
            default -> Optional.empty();
        };
    }

    private static Optional<ByteBuf> portStatus(ByteBuf frame) {
        Optional<ByteBuf> cut = cut(frame, PORT_STATUS_PORT_AT + PORT_BYTES_1_4);
        cut.ifPresent(bytes -> bytes.setShort(PORT_STATUS_PORT_AT + PORT_LENGTH_AT, PORT_BYTES_1_4));
        return cut;
    }

    private static Optional<ByteBuf> hello(ByteBuf frame) {
        ByteBuf kept = Unpooled.buffer();
        kept.writeBytes(frame, 0, Incoming.HEADER_BYTES);
        int at = Incoming.HEADER_BYTES;
        while (frame.writerIndex() - at >= HELLO_ELEMENT_BYTES) {
            int length = frame.getUnsignedShort(at + 2);
            int padded = Math.min((length + EIGHT - 1) / EIGHT * EIGHT, frame.writerIndex() - at);
            if (length < HELLO_ELEMENT_BYTES || length > frame.writerIndex() - at) {
                break;
            }
            if (frame.getUnsignedShort(at) == VERSION_BITMAP && length % EIGHT == 0) {
                kept.writeBytes(frame, at, length);
            }
            at += padded;
        }
        kept.setShort(LENGTH_AT, kept.readableBytes());
        return Optional.of(kept);
    }

    private static Optional<ByteBuf> cut(ByteBuf frame, int length) {
        if (frame.writerIndex() < length) {
            return Optional.empty();
        }
        ByteBuf kept = Unpooled.buffer(length).writeBytes(frame, 0, length);
        kept.setShort(LENGTH_AT, length);
        return Optional.of(kept);
    }
}
