package org.secondsite.openflow.wire;

import com.google.common.hash.PrimitiveSink;
import io.netty.buffer.ByteBuf;
import io.netty.buffer.ByteBufUtil;
import io.netty.buffer.Unpooled;
import java.util.Arrays;
import java.util.function.Consumer;
import org.projectfloodlight.openflow.protocol.OFMessage;
import org.projectfloodlight.openflow.protocol.OFType;
import org.projectfloodlight.openflow.protocol.OFVersion;

/**
 * A message whose bytes are written here, because the library cannot write them, or takes too long. That is done when it is sent: the first
 * of thousands are under way while the last are written.
 */
final class RawMessage implements OFMessage {
    private static final int LENGTH_AT = 2;

    private final OFVersion version;
    private final OFType type;
    private final int wireType;
    private final long xid;
    private final Consumer<ByteBuf> body;

    /**
     * A message of its header and a body.
     *
     * @param wireType the number of {@code type}, in versions 1.3 and 1.4
     * @param body writes what follows the header, the same each time
     */
    RawMessage(OFVersion version, OFType type, int wireType, long xid, Consumer<ByteBuf> body) {
        this.version = version;
        this.type = type;
        this.wireType = wireType;
        this.xid = xid;
        this.body = body;
    }

    @Override
    public OFVersion getVersion() {
        return version;
    }

    @Override
    public OFType getType() {
        return type;
    }

    @Override
    public long getXid() {
        return xid;
    }

    @Override
    public void writeTo(ByteBuf out) {
        int start = out.writerIndex();
        out.writeByte(version.getWireVersion())
                .writeByte(wireType)
                .writeShort(0)
                .writeInt((int) xid);
        body.accept(out);
        out.setShort(start + LENGTH_AT, out.writerIndex() - start);
    }

    @Override
    public boolean equalsIgnoreXid(Object other) {
        return equals(other);
    }

    @Override
    public int hashCodeIgnoreXid() {
        return hashCode();
    }

    @Override
    public boolean equals(Object other) {
        return other instanceof RawMessage raw && Arrays.equals(bytes(), raw.bytes());
    }

    @Override
    public int hashCode() {
        return Arrays.hashCode(bytes());
    }

    @Override
    public Builder createBuilder() {
        throw new UnsupportedOperationException("its body is given");
    }

    @Override
    public void putTo(PrimitiveSink sink) {
        sink.putBytes(bytes());
    }

    @Override
    public String toString() {
        return type + " " + ByteBufUtil.hexDump(bytes());
    }

    private byte[] bytes() {
        ByteBuf out = Unpooled.buffer();
        writeTo(out);
        return ByteBufUtil.getBytes(out);
    }
}
