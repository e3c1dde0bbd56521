package org.secondsite.replicator.disk;

import java.nio.ByteBuffer;
import java.util.Arrays;
import java.util.Optional;
import java.util.UUID;
import java.util.zip.CRC32C;
import org.secondsite.config.EpochId;

/**
 * What is known of a volume's image across restarts. Two slots are written in turns, so one is always whole; the one with the
 * higher generation counts.
 *
 * <pre>
 * slot 0 | "SSDS" u32 | version u16 | state u8 | 0 u8 | generation u64 | volume's UUID, 16 bytes | bytes u64 |
 *     40 | applied: term u64, number u64 | bitmap's base: term u64, number u64 | boot's UUID, 16 bytes |
 *     88 | CRC-32C of what is before it u32 | zeros
 * </pre>
 *
 * @param generation grows by one with each write
 * @param volume which volume it is, at both sites
 * @param bytes its size
 * @param state what may be done with it
 * @param applied the epoch that the image has reached on stable storage; more may have been applied since
 * @param bitmapBase the epoch at which what the dirty bitmap does not name is equal at the other site
 * @param boot the boot of the machine in which it was written: what the kernel knows and no disk does outlives processes, not that
 */
public record Superblock(
        long generation, UUID volume, long bytes, State state, EpochId applied, EpochId bitmapBase, UUID boot) {
    /** The bytes of a slot. */
    public static final int SLOT_BYTES = 4096;

    /** The slots. */
    public static final int SLOTS = 2;

    private static final int MAGIC = 0x53534453;
    private static final int VERSION = 2;
    private static final int IDS_END = 72;
    private static final int SUMMED_BYTES = 88;

    /** What may be done with an image. */
    public enum State {
        /** It is one whole epoch: it can be booted. */
        CONSISTENT(1),
        /** A copy is being written over it: it is no epoch. */
        SYNCING(2),
        /** The VM writes to it here, and flushes wait for the disk. */
        OWNER(3),
        /** The VM wrote to it here while flushes did not wait, and the machine may have lost some: never booted, only copied over. */
        DIRTY(4),
        /** The VM has a disk of its own here, of which this is a copy, whole or not: never booted, and brought up to date before it counts. */
        MIRROR(5);

        private final int code;

        State(int code) {
            this.code = code;
        }

        private static Optional<State> of(int code) {
            return Arrays.stream(values()).filter(state -> state.code == code).findFirst();
        }
    }

    /** The slot in which it belongs: the other one keeps the generation before. */
    public int slot() {
        return (int) (generation % SLOTS);
    }

    /** The next generation, in the same boot. */
    public Superblock next(State newState, EpochId newApplied, EpochId newBitmapBase) {
        return new Superblock(generation + 1, volume, bytes, newState, newApplied, newBitmapBase, boot);
    }

    /** The next generation, in which only the state is another. */
    public Superblock next(State newState, UUID newBoot) {
        return new Superblock(generation + 1, volume, bytes, newState, applied, bitmapBase, newBoot);
    }

    /** Writes it into a slot of its own, whole. */
    public ByteBuffer write() {
        ByteBuffer slot = ByteBuffer.allocate(SLOT_BYTES)
                .putInt(MAGIC)
                .putShort((short) VERSION)
                .put((byte) state.code)
                .put((byte) 0)
                .putLong(generation)
                .putLong(volume.getMostSignificantBits())
                .putLong(volume.getLeastSignificantBits())
                .putLong(bytes)
                .putLong(applied.term())
                .putLong(applied.number())
                .putLong(bitmapBase.term())
                .putLong(bitmapBase.number())
                .putLong(boot.getMostSignificantBits())
                .putLong(boot.getLeastSignificantBits());
        slot.putInt(sum(slot));
        return slot.clear();
    }

    private static int sum(ByteBuffer slot) {
        CRC32C sum = new CRC32C();
        sum.update(slot.slice(0, SUMMED_BYTES));
        return (int) sum.getValue();
    }

    /** What a slot says, empty if it is damaged, or of another version, or was never written. */
    public static Optional<Superblock> read(ByteBuffer slot) {
        if (slot.remaining() < SLOT_BYTES) {
            return Optional.empty();
        }
        ByteBuffer in = slot.slice();
        Optional<State> state = State.of(in.get(6));
        boolean valid = in.getInt(0) == MAGIC
                && in.getShort(4) == VERSION
                && in.getInt(SUMMED_BYTES) == sum(in)
                && state.isPresent();
        for (int at = 40; at < IDS_END; at += Long.BYTES) {
            valid &= in.getLong(at) >= 0;
        }
        if (!valid) {
            return Optional.empty();
        }
        in.position(8);
        long generation = in.getLong();
        UUID volume = new UUID(in.getLong(), in.getLong());
        long bytes = in.getLong();
        return Optional.of(new Superblock(
                generation,
                volume,
                bytes,
                state.get(),
                new EpochId(in.getLong(), in.getLong()),
                new EpochId(in.getLong(), in.getLong()),
                new UUID(in.getLong(), in.getLong())));
    }

    /** What counts of two slots. */
    public static Optional<Superblock> newest(ByteBuffer slots) {
        Optional<Superblock> best = Optional.empty();
        for (int i = 0; i < SLOTS && slots.remaining() >= (i + 1) * SLOT_BYTES; i++) {
            Optional<Superblock> one = read(slots.slice(slots.position() + i * SLOT_BYTES, SLOT_BYTES));
            if (one.isPresent()
                    && (best.isEmpty() || one.get().generation() > best.get().generation())) {
                best = one;
            }
        }
        return best;
    }
}
