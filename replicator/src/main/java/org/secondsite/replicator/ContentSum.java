package org.secondsite.replicator;

import java.lang.foreign.MemorySegment;
import java.nio.ByteBuffer;
import java.util.zip.CRC32;
import java.util.zip.CRC32C;

/**
 * Two checksums over the same bytes, which may come piece by piece: CRC-32C in the upper half, CRC-32 (ISO 3309) in the lower.
 * Two independent polynomials make an undetected fault a matter of 2^-64; neither is a defence against an attacker.
 */
final class ContentSum {
    private final CRC32C castagnoli = new CRC32C();
    private final CRC32 iso = new CRC32();

    ContentSum add(ByteBuffer bytes) {
        castagnoli.update(bytes.duplicate());
        iso.update(bytes);
        return this;
    }

    ContentSum add(MemorySegment bytes) {
        return add(bytes.asByteBuffer());
    }

    ContentSum add(byte[] bytes) {
        return add(ByteBuffer.wrap(bytes));
    }

    ContentSum add(long value) {
        return add(ByteBuffer.allocate(Long.BYTES).putLong(value).flip());
    }

    long value() {
        return castagnoli.getValue() << Integer.SIZE | iso.getValue();
    }
}
