package org.secondsite.replicator.disk;

import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.List;
import org.secondsite.config.EpochId;

/**
 * What is left of a journal after its writer died: which records have still to be applied, and whether something is missing.
 *
 * <p>A last record that is not whole was being written when the writer died; nobody was told of it, and it is cut. A record that
 * is not whole and has a good one behind it is damage, and so is one that does not continue the one before: the volumes cannot be
 * brought to an epoch that was acknowledged, and must not pass for one.
 */
public final class JournalScan {
    private final EpochId applied;
    private final List<JournalRecord> pending = new ArrayList<>();
    private EpochId reached;
    private String torn;
    private String damage;

    /**
     * Begins a scan.
     *
     * @param applied the epoch that the images have reached for certain
     */
    public JournalScan(EpochId applied) {
        this.applied = applied;
        this.reached = applied;
    }

    /**
     * Looks through the next part of the journal, in the order of writing. Records never cross from one part into the next.
     *
     * @param part the part, with what was never written at its end
     * @param salt the part's own
     * @param name what to call it
     */
    public void add(MemorySegment part, int salt, String name) {
        long at = 0;
        while (at < part.byteSize()) {
            JournalRecord record = JournalRecord.read(part, salt, at);
            if (record == null) {
                if (torn == null && !untouched(part, at)) {
                    torn = name + ", byte " + at;
                }
                at += BlockSet.BLOCK_BYTES;
            } else {
                take(record, name + ", byte " + at);
                at += record.lengthBytes();
            }
        }
    }

    /** Whether nothing was ever written to the block: it is all zeros, or what is left of it is. */
    private static boolean untouched(MemorySegment part, long at) {
        MemorySegment block = part.asSlice(at, Math.min(BlockSet.BLOCK_BYTES, part.byteSize() - at));
        return block.mismatch(MemorySegment.ofArray(new byte[(int) block.byteSize()])) < 0;
    }

    private void take(JournalRecord record, String where) {
        if (torn != null) {
            damage("what stands at " + torn + " is damaged: a record follows at " + where);
        } else if (record.base().equals(reached)) {
            pending.add(record);
            reached = record.epoch();
        } else if (!record.epoch().atMost(applied)) {
            damage("the record of " + record.epoch() + " at " + where + " comes upon " + record.base() + ", not upon "
                    + reached);
        }
        // Otherwise it was applied before the images were last known to be on the disk.
    }

    private void damage(String what) {
        if (damage == null) {
            damage = what;
        }
    }

    /** What has to be applied, in order. */
    public List<JournalRecord> pending() {
        return List.copyOf(pending);
    }

    /** The epoch of the images when that is done. */
    public EpochId reached() {
        return reached;
    }

    /** Where a record was being written when the writer died; null if there is none. */
    public String torn() {
        return torn;
    }

    /** What is wrong with the journal, null if nothing is. A full copy is needed if something is. */
    public String damage() {
        return damage;
    }
}
