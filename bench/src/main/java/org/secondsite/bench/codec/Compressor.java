package org.secondsite.bench.codec;

import com.github.luben.zstd.Zstd;
import java.nio.ByteBuffer;
import java.util.zip.Deflater;
import net.jpountz.lz4.LZ4Compressor;
import net.jpountz.lz4.LZ4Factory;

/** A general compressor at its fastest usual level, without memory of what it compressed before. */
public enum Compressor {
    /** Level 1 of the JDK's zlib. */
    ZLIB_1 {
        @Override
        long compressBound(int bytes) {
            return 1024L + bytes + (bytes >> 9);
        }

        @Override
        long compress(ByteBuffer in, ByteBuffer out) {
            Deflater deflater = new Deflater(1);
            try {
                deflater.setInput(in.duplicate());
                deflater.finish();
                while (!deflater.finished()) {
                    deflater.deflate(out);
                }
                return out.position();
            } finally {
                deflater.end();
            }
        }
    },
    /** Level 1 of zstd. */
    ZSTD_1 {
        @Override
        long compressBound(int bytes) {
            return Zstd.compressBound(bytes);
        }

        @Override
        long compress(ByteBuffer in, ByteBuffer out) {
            return Zstd.compressDirectByteBuffer(out, 0, out.capacity(), in, 0, in.limit(), 1);
        }
    },
    /** LZ4's fast compressor. */
    LZ4 {
        @Override
        long compressBound(int bytes) {
            return 16L + bytes + bytes / 255;
        }

        @Override
        long compress(ByteBuffer in, ByteBuffer out) {
            return LZ4_FAST.compress(in, 0, in.limit(), out, 0, out.capacity());
        }
    };

    private static final LZ4Compressor LZ4_FAST = LZ4Factory.fastestInstance().fastCompressor();

    /** The most bytes that so many can become. */
    abstract long compressBound(int bytes);

    /** Compresses what lies before the limit; both are direct, {@code out} is large enough. Returns the compressed bytes. */
    abstract long compress(ByteBuffer in, ByteBuffer out);
}
