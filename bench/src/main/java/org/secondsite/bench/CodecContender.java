package org.secondsite.bench;

import org.secondsite.bench.codec.Compressor;
import org.secondsite.bench.codec.PageCodec;
import org.secondsite.bench.codec.PageCoder;
import org.secondsite.bench.codec.WholeEpoch;
import org.secondsite.bench.codec.Xbzrle;

/** What shrinks the same epochs. */
public enum CodecContender {
    /** The replicator's page codec. */
    PAGE_CODEC("page codec"),
    /** The usual way of a relay. */
    XOR_ZLIB("XOR + zlib-1"),
    /** The same with zstd. */
    XOR_ZSTD("XOR + zstd-1"),
    /** The same with LZ4. */
    XOR_LZ4("XOR + LZ4"),
    /** zlib on what is sent, without the last version. */
    ZLIB("zlib-1"),
    /** zstd on it. */
    ZSTD("zstd-1"),
    /** LZ4 on it. */
    LZ4("LZ4"),
    /** QEMU's rule. */
    XBZRLE("XBZRLE");

    private final String title;

    CodecContender(String title) {
        this.title = title;
    }

    /** For a table. */
    public String title() {
        return title;
    }

    /** A new coder, without memory. */
    public PageCoder coder() {
        return switch (this) {
            case PAGE_CODEC -> new PageCodec();
            case XOR_ZLIB -> new WholeEpoch(Compressor.ZLIB_1, true);
            case XOR_ZSTD -> new WholeEpoch(Compressor.ZSTD_1, true);
            case XOR_LZ4 -> new WholeEpoch(Compressor.LZ4, true);
            case ZLIB -> new WholeEpoch(Compressor.ZLIB_1, false);
            case ZSTD -> new WholeEpoch(Compressor.ZSTD_1, false);
            case LZ4 -> new WholeEpoch(Compressor.LZ4, false);
            case XBZRLE -> new Xbzrle();
        };
    }
}
