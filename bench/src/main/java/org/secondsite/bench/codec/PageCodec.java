package org.secondsite.bench.codec;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.PooledByteBufAllocator;
import org.secondsite.replicator.Epoch;
import org.secondsite.replicator.codec.CodecBuffers;
import org.secondsite.replicator.codec.CodecSettings;
import org.secondsite.replicator.codec.EpochEncoder;
import org.secondsite.replicator.tunnel.TunnelFrame;

/** The replicator's own codec, its frames' headers counted in. */
public final class PageCodec implements PageCoder {
    private final EpochEncoder encoder = new EpochEncoder(CodecSettings.DEFAULT, new CodecBuffers());

    @Override
    public long encode(Epoch epoch) {
        ByteBuf coded = PooledByteBufAllocator.DEFAULT.directBuffer();
        try {
            encoder.begin(epoch);
            while (!encoder.next(coded)) {
                // Each call appends a block.
            }
            long bytes = coded.readableBytes();
            long frames = (bytes + TunnelFrame.MAX_PAYLOAD_BYTES - 1) / TunnelFrame.MAX_PAYLOAD_BYTES;
            return bytes + frames * TunnelFrame.HEADER_BYTES;
        } finally {
            coded.release();
        }
    }

    @Override
    public void close() {
        encoder.close();
    }
}
