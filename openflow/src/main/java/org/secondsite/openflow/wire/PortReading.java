package org.secondsite.openflow.wire;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.ByteBufUtil;
import io.netty.buffer.Unpooled;
import java.nio.charset.StandardCharsets;
import org.projectfloodlight.openflow.protocol.OFVersion;
import org.secondsite.openflow.pipeline.PortTable;

/**
 * Ports from parts of a port description reply that the library cannot read; one that goes on in the next part is joined.
 *
 * <pre>
 *   0          4                8          14   16               32       36       40
 *  ┌──────────┬────────────────┬──────────┬────┬────────────────┬────────┬────────┬─────────────────┄
 *  │ number   │ length, - (1.4)│ MAC      │ -  │ name           │ config │ state  │ properties, or, │   OpenFlow 1.4.1 §7.2.1
 *  │          │ -         (1.3)│          │    │                │        │        │ in 1.3, 24 bytes│   OpenFlow 1.3.5 §7.2.1
 *  └──────────┴────────────────┴──────────┴────┴────────────────┴────────┴────────┴─────────────────┄
 * </pre>
 */
public final class PortReading {
    private static final int LENGTH_AT = 4;
    private static final int NAME_AT = 16;
    private static final int NAME_BYTES = 16;
    private static final int FIXED_BYTES = 40;
    private static final int BYTES_1_3 = 64;

    private final PortTable ports;
    private byte[] begun = {};

    /** Puts what it reads into {@code ports}. */
    public PortReading(PortTable ports) {
        this.ports = ports;
    }

    /** Reads as many ports as it holds. */
    public void add(Incoming.Part part) {
        ByteBuf bytes = Unpooled.wrappedBuffer(
                Unpooled.wrappedBuffer(begun), part.body().duplicate());
        begun = new byte[0];
        while (bytes.readableBytes() >= FIXED_BYTES) {
            int length = part.version() == OFVersion.OF_13
                    ? BYTES_1_3
                    : bytes.getUnsignedShort(bytes.readerIndex() + LENGTH_AT);
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

    private void read(ByteBuf port) {
        int end = port.indexOf(NAME_AT, NAME_AT + NAME_BYTES, (byte) 0);
        int length = end < 0 ? NAME_BYTES : end - NAME_AT;
        ports.put(port.getInt(0), port.toString(NAME_AT, length, StandardCharsets.UTF_8));
    }
}
