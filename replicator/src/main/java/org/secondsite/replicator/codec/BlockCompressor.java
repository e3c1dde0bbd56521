package org.secondsite.replicator.codec;

import com.github.luben.zstd.Zstd;
import com.github.luben.zstd.ZstdCompressCtx;
import io.netty.buffer.ByteBuf;
import java.nio.ByteBuffer;

/**
 * Compresses blocks, each on its own. One thread uses it at a time, for any number of streams.
 *
 * <p>Memory: one block in plain form and zstd's tables for it, about 1.5 MiB outside the heap.
 */
public final class BlockCompressor implements AutoCloseable {
    /** zstd level 1: on page deltas each further level costs more time than the bytes it saves are worth. */
    public static final int DEFAULT_LEVEL = 1;

    private final ZstdCompressCtx zstd = new ZstdCompressCtx();
    private final ByteBuffer plain = ByteBuffer.allocateDirect(EpochBlock.MAX_PLAIN_BYTES);

    /** With the given zstd level. */
    public BlockCompressor(int level) {
        zstd.setLevel(level)
                .setMagicless(true)
                .setContentSize(false)
                .setChecksum(false)
                .setDictID(false);
    }

    /** The place for the next block's plain content; empty. */
    ByteBuffer plain() {
        return plain.clear();
    }

    /** Appends what was put into {@link #plain()} as a block, in the shorter of its forms. */
    void writeBlock(EpochBlock.Kind kind, ByteBuf out) {
        plain.flip();
        int plainBytes = plain.remaining();
        int start = out.writerIndex();
        int bound = (int) Zstd.compressBound(plainBytes);
        out.ensureWritable(EpochBlock.HEADER_BYTES + bound);
        out.writerIndex(start + EpochBlock.HEADER_BYTES);
        int codedBytes = plainBytes == 0
                ? 0
                : zstd.compressDirectByteBuffer(
                        out.nioBuffer(out.writerIndex(), bound), 0, bound, plain, 0, plainBytes);
        EpochBlock.Coding coding = EpochBlock.Coding.ZSTD;
        if (codedBytes >= plainBytes) {
            coding = EpochBlock.Coding.PLAIN;
            codedBytes = plainBytes;
            out.setBytes(out.writerIndex(), plain);
        }
        out.writerIndex(start);
        new EpochBlock(kind, coding, plainBytes, codedBytes).write(out);
        out.writerIndex(start + EpochBlock.HEADER_BYTES + codedBytes);
    }

    @Override
    public void close() {
        zstd.close();
    }
}
