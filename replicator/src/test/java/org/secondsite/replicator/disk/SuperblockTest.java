package org.secondsite.replicator.disk;

import static org.junit.jupiter.api.Assertions.assertEquals;

import java.nio.ByteBuffer;
import java.util.Optional;
import java.util.UUID;
import org.junit.jupiter.api.Test;
import org.secondsite.config.EpochId;

class SuperblockTest {
    private static final Superblock OLD = new Superblock(
            6,
            new UUID(1, 2),
            1L << 40,
            Superblock.State.CONSISTENT,
            new EpochId(3, 4),
            new EpochId(3, 1),
            new UUID(3, 4));
    private static final Superblock NEW = OLD.next(Superblock.State.DIRTY, new EpochId(3, 5), new EpochId(3, 1));

    private static ByteBuffer both() {
        ByteBuffer slots = ByteBuffer.allocate(2 * Superblock.SLOT_BYTES);
        slots.put(OLD.slot() * Superblock.SLOT_BYTES, OLD.write(), 0, Superblock.SLOT_BYTES);
        slots.put(NEW.slot() * Superblock.SLOT_BYTES, NEW.write(), 0, Superblock.SLOT_BYTES);
        return slots;
    }

    @Test
    void theNewerOfTwoSlotsCounts() {
        assertEquals(Optional.of(NEW), Superblock.newest(both()));
    }

    @Test
    void garbledAtAnyByteTheOtherSlotCounts() {
        int used = 92;
        for (int at = 0; at < used; at++) {
            ByteBuffer slots = both();
            int place = NEW.slot() * Superblock.SLOT_BYTES + at;
            slots.put(place, (byte) ~slots.get(place));
            assertEquals(Optional.of(OLD), Superblock.newest(slots), "byte " + at);
        }
    }

    @Test
    void nothingIsKnownOfWhatWasNeverWrittenOrIsCutShort() {
        assertEquals(Optional.empty(), Superblock.newest(ByteBuffer.allocate(2 * Superblock.SLOT_BYTES)));
        for (int length = 0; length < Superblock.SLOT_BYTES; length += 100) {
            assertEquals(Optional.empty(), Superblock.newest(both().limit(length)));
        }
    }
}
