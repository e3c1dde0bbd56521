package org.secondsite.replicator.codec;

/**
 * How epochs are coded.
 *
 * @param level zstd's level, negative ones are faster
 * @param windowLog the power of two of the bytes that zstd remembers of a stream, 10 to 27; both ends need that memory per VM
 * @param versionBytes the bound on the versions of pages that are kept per VM, at the sender and at the receiver
 */
public record CodecSettings(int level, int windowLog, long versionBytes) {
    /** zstd 1, 1 MiB of history, 256 MiB of versions. */
    public static final CodecSettings DEFAULT = new CodecSettings(1, 20, 256L << 20);

    /**
     * Checks the ranges.
     *
     * @throws IllegalArgumentException if zstd does not know the level or the window
     */
    public CodecSettings {
        if (level < -50 || level > 19 || windowLog < 10 || windowLog > 27 || versionBytes < 0) {
            throw new IllegalArgumentException(
                    "zstd level " + level + ", window 2^" + windowLog + ", versions " + versionBytes + " bytes");
        }
    }

    /** The same with another bound on versions. */
    public CodecSettings withVersionBytes(long bytes) {
        return new CodecSettings(level, windowLog, bytes);
    }
}
