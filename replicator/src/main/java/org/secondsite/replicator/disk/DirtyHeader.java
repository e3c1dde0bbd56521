package org.secondsite.replicator.disk;

import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.UUID;
import java.util.zip.CRC32C;
import org.secondsite.config.EpochId;
import org.secondsite.replicator.DiskClaim;
import org.secondsite.replicator.VolumeChanges;

/**
 * The head of a VM's dirty map. Two slots are written in turns, so one is always whole; the one with the higher generation counts.
 *
 * <pre>
 * slot 0 | "SSDD" u32 | version u16 | volumes u8 | 0 u8 | generation u64 | claim: term u64, number u64, first term u64, last term u64 |
 *     48 | boot's UUID, 16 bytes | bytes of each of 8 volumes, 0 where there is none, 8 × u64 | CRC-32C of what is before it u32 | zeros
 * </pre>
 *
 * @param generation grows by one with each write
 * @param volumeBytes the sizes of the volumes that the map is about
 * @param claim what the map is to be read against
 * @param boot the boot of the machine in which it was written
 */
public record DirtyHeader(long generation, List<Long> volumeBytes, DiskClaim claim, UUID boot) {
    /** The bytes of a slot. */
    public static final int SLOT_BYTES = 4096;

    /** The slots. */
    public static final int SLOTS = 2;

    private static final int MAGIC = 0x53534444;
    private static final int VERSION = 1;
    private static final int SUMMED_BYTES = 64 + VolumeChanges.MAX_VOLUMES * Long.BYTES;

    /** Copies the list. */
    public DirtyHeader {
        volumeBytes = List.copyOf(volumeBytes);
    }

    /** The next generation. */
    public DirtyHeader next(DiskClaim newClaim, UUID newBoot) {
        return new DirtyHeader(generation + 1, volumeBytes, newClaim, newBoot);
    }

    /** Where its slot begins. */
    public long slotOffset() {
        return generation % SLOTS * SLOT_BYTES;
    }

    /** Writes it into a slot of its own, whole. */
    public ByteBuffer write() {
        ByteBuffer slot = ByteBuffer.allocate(SLOT_BYTES)
                .putInt(MAGIC)
                .putShort((short) VERSION)
                .put((byte) volumeBytes.size())
                .put((byte) 0)
                .putLong(generation)
                .putLong(claim.base().term())
                .putLong(claim.base().number())
                .putLong(claim.firstTerm())
                .putLong(claim.lastTerm())
                .putLong(boot.getMostSignificantBits())
                .putLong(boot.getLeastSignificantBits());
        volumeBytes.forEach(slot::putLong);
        slot.putInt(SUMMED_BYTES, sum(slot));
        return slot.clear();
    }

    private static int sum(ByteBuffer slot) {
        CRC32C sum = new CRC32C();
        sum.update(slot.slice(0, SUMMED_BYTES));
        return (int) sum.getValue();
    }

    /** What a slot says, empty if it is damaged, or of another version, or was never written. */
    public static Optional<DirtyHeader> read(ByteBuffer slot) {
        if (slot.remaining() < SLOT_BYTES) {
            return Optional.empty();
        }
        ByteBuffer in = slot.slice();
        int volumes = in.get(6);
        if (in.getInt(0) != MAGIC
                || in.getShort(4) != VERSION
                || volumes < 0
                || volumes > VolumeChanges.MAX_VOLUMES
                || in.getInt(SUMMED_BYTES) != sum(in)) {
            return Optional.empty();
        }
        in.position(8);
        long generation = in.getLong();
        try {
            EpochId base = new EpochId(in.getLong(), in.getLong());
            DiskClaim claim = new DiskClaim(base, in.getLong(), in.getLong());
            UUID boot = new UUID(in.getLong(), in.getLong());
            List<Long> bytes = new ArrayList<>();
            for (int i = 0; i < volumes; i++) {
                bytes.add(in.getLong());
            }
            return generation < 0 ? Optional.empty() : Optional.of(new DirtyHeader(generation, bytes, claim, boot));
        } catch (IllegalArgumentException impossible) {
            return Optional.empty();
        }
    }

    /** What counts of two slots. */
    public static Optional<DirtyHeader> newest(ByteBuffer slots) {
        Optional<DirtyHeader> best = Optional.empty();
        for (int i = 0; i < SLOTS && slots.remaining() >= (i + 1) * SLOT_BYTES; i++) {
            Optional<DirtyHeader> one = read(slots.slice(slots.position() + i * SLOT_BYTES, SLOT_BYTES));
            if (one.isPresent()
                    && (best.isEmpty() || one.get().generation() > best.get().generation())) {
                best = one;
            }
        }
        return best;
    }
}
