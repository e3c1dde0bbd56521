package org.secondsite.replicator.disk.io;

import static org.secondsite.replicator.DiskPart.HASH_BYTES;
import static org.secondsite.replicator.disk.Chunks.CHUNK_BYTES;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.Arrays;
import org.secondsite.replicator.disk.DiskException;

/** The hash of a chunk of a disk, by which two sites find out whether theirs is the same: so a short one of a strong kind. Not thread-safe. */
final class ChunkHash {
    private final MemorySegment content = Arena.ofAuto().allocate(CHUNK_BYTES);
    private final MessageDigest digest;
    private byte[] ofZeros;

    ChunkHash() {
        try {
            digest = MessageDigest.getInstance("SHA-256");
        } catch (NoSuchAlgorithmException e) {
            throw new IllegalStateException("every Java platform has it", e);
        }
    }

    /** The hash; what lies behind the end counts as zeros. */
    byte[] of(BlockFile file, int chunk) throws DiskException {
        long from = (long) chunk * CHUNK_BYTES;
        long length = Math.min(CHUNK_BYTES, file.bytes() - from);
        // A hole need not be read.
        if (file.extent(from, length) == -length) {
            if (ofZeros == null) {
                content.fill((byte) 0);
                ofZeros = digest();
            }
            return ofZeros;
        }
        file.read(content, CHUNK_BYTES, from);
        return digest();
    }

    private byte[] digest() {
        digest.update(content.asByteBuffer());
        return Arrays.copyOf(digest.digest(), HASH_BYTES);
    }
}
