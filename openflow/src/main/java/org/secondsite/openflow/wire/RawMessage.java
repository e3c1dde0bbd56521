package org.secondsite.openflow.wire;

import com.google.common.hash.PrimitiveSink;
import io.netty.buffer.ByteBuf;
import io.netty.buffer.ByteBufUtil;
import java.util.Arrays;
import org.projectfloodlight.openflow.protocol.OFMessage;
import org.projectfloodlight.openflow.protocol.OFType;
import org.projectfloodlight.openflow.protocol.OFVersion;

/** A message whose bytes are made here, because the library cannot, or takes too long. */
final class RawMessage implements OFMessage {
    private final OFVersion version;
    private final OFType type;
    private final long xid;
    private final byte[] bytes;

    /**
     * A message of these bytes, which are copied.
     *
     * @param bytes the whole message with its header, in which the transaction id is {@code xid}
     */
    RawMessage(OFVersion version, OFType type, long xid, ByteBuf bytes) {
        this.version = version;
        this.type = type;
        this.xid = xid;
        this.bytes = ByteBufUtil.getBytes(bytes);
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
        out.writeBytes(bytes);
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
        return other instanceof RawMessage raw && Arrays.equals(bytes, raw.bytes);
    }

    @Override
    public int hashCode() {
        return Arrays.hashCode(bytes);
    }

    @Override
    public Builder createBuilder() {
        throw new UnsupportedOperationException("its bytes are given");
    }

    @Override
    public void putTo(PrimitiveSink sink) {
        sink.putBytes(bytes);
    }

    @Override
    public String toString() {
        return type + " " + ByteBufUtil.hexDump(bytes);
    }
}
