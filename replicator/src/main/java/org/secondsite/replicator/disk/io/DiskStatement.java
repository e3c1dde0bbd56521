package org.secondsite.replicator.disk.io;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.BitSet;
import org.secondsite.config.EpochId;
import org.secondsite.replicator.CarriedDisks;
import org.secondsite.replicator.DiskClaim;
import org.secondsite.replicator.DiskPart;
import org.secondsite.replicator.DiskTalk;
import org.secondsite.replicator.EpochHeader;
import org.secondsite.replicator.disk.Chunks;

/**
 * What a standby says of its disks to the owner, chain by chain, and whether it still holds. What epochs of an earlier chain write
 * meanwhile does not matter, because the owner has written it, and counts it as different; what anybody else writes does.
 */
final class DiskStatement {
    private final VmImages images;
    private final CarriedDisks disks;
    private final DirtyMap map;
    private EpochId chain = EpochId.NONE;

    /** How much had been written when it was said. */
    private long marks;

    DiskStatement(VmImages images, CarriedDisks disks, DirtyMap map) {
        this.images = images;
        this.disks = disks;
        this.map = map;
    }

    /**
     * What the disks are.
     *
     * @param kept the epoch that they are as a whole, NONE if they are none
     */
    DiskTalk claim(EpochId newChain, EpochId kept) {
        if (disks.isEmpty()) {
            return new DiskTalk.Nobody(newChain);
        }
        chain = newChain;
        marks = map.marks();
        return kept.equals(EpochId.NONE)
                ? new DiskTalk.Claim(newChain, map.claim(), map.dirtyChunks())
                : new DiskTalk.Claim(newChain, DiskClaim.of(kept), 0);
    }

    /**
     * The answer to a question.
     *
     * @throws IOException if a disk cannot be read
     */
    DiskTalk answer(DiskTalk.Query query) throws IOException {
        DiskPart part = query.part();
        boolean known = part.volume() < disks.disks().size()
                && part.end() <= Chunks.of(disks.disks().get(part.volume()).bytes());
        if (!known || !query.chain().equals(chain)) {
            return new DiskTalk.Nobody(query.chain());
        }
        ByteBuffer content = ByteBuffer.allocate(part.answerBytes());
        switch (part.question()) {
            case DIRTY -> {
                BitSet named = map.dirty(part.volume()).get(part.first(), part.end());
                content.put(named.toByteArray());
            }
            case HASHES -> hash(part, content);
        }
        return new DiskTalk.Answer(chain, part, content.clear().asReadOnlyBuffer());
    }

    private void hash(DiskPart part, ByteBuffer into) throws IOException {
        ChunkHash hashes = new ChunkHash();
        try (BlockFile file =
                BlockFile.openToRead(images.list().get(part.volume()).file())) {
            for (int chunk = part.first(); chunk < part.end(); chunk++) {
                into.put(hashes.of(file, chunk));
            }
        }
    }

    /**
     * Whether a chain of epochs leaves out what it was said that the disks have.
     *
     * @throws IOException if it was not said for this chain
     */
    boolean isBasisOf(EpochHeader first) throws IOException {
        EpochId basis = first.disks().basis();
        if (!basis.equals(EpochId.NONE) && !basis.equals(chain)) {
            throw new IOException("what the disks are was said for the chain from " + chain + ", not for " + basis);
        }
        return !basis.equals(EpochId.NONE);
    }

    /**
     * Nobody but the owner has written since. To be asked when nobody can any more.
     *
     * @throws IOException if somebody has
     */
    void requireHolds() throws IOException {
        if (map.marks() != marks) {
            throw new IOException("somebody has written to the disks after it was said what they are");
        }
    }
}
