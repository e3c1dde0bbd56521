package org.secondsite.replicator;

import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.SplittableRandom;
import org.secondsite.config.EpochId;
import org.secondsite.config.VmId;

/** Synthetic epochs of a VM with disks for tests, by a seed. */
public final class DiskEpochs {
    /** The VM. */
    public static final VmId VM = new VmId("vm1");

    /** Its RAM. */
    public static final long RAM_BYTES = 64L * PageSet.PAGE_BYTES;

    /** Its disks; one ends within a block. */
    public static final CarriedDisks DISKS = new CarriedDisks(
            List.of(
                    new CarriedDisks.Disk("disk0", 40_000_000),
                    new CarriedDisks.Disk("log", 4096),
                    new CarriedDisks.Disk("data-1", 100_000L * PageSet.PAGE_BYTES)),
            0);

    private DiskEpochs() {}

    /** An epoch on the one before; a part of a copy if {@code missingBlocks} is not 0; every other one leaves out what is there. */
    public static Epoch epoch(long number, int maxRanges, long missingBlocks) {
        SplittableRandom dice = new SplittableRandom(number);
        List<VolumeChanges> changes = new ArrayList<>();
        for (int i = 0; i < DISKS.disks().size(); i++) {
            int blocks = DISKS.disks().get(i).blocks();
            changes.add(new VolumeChanges(i, ranges(dice, blocks, maxRanges), pages(dice, blocks)));
        }
        EpochHeader header = new EpochHeader(
                VM,
                new EpochId(3, number),
                number == 1 ? EpochId.NONE : new EpochId(3, number - 1),
                RAM_BYTES,
                DISKS.missing(missingBlocks).upon(number % 2 == 1 ? new EpochId(2, 9) : EpochId.NONE));
        byte[] state = new byte[dice.nextInt(10_000)];
        dice.nextBytes(state);
        return new Epoch(header, pages(dice, 64), changes, state);
    }

    private static List<BlockRange> ranges(SplittableRandom dice, int blocks, int max) {
        List<BlockRange> ranges = new ArrayList<>();
        int at = 0;
        while (ranges.size() < max && blocks - at > 20) {
            int first = at + 1 + dice.nextInt(8);
            int count = 1 + dice.nextInt(8);
            ranges.add(new BlockRange(first, count));
            at = first + count;
        }
        return ranges;
    }

    private static PageSet pages(SplittableRandom dice, int pages) {
        try (PageSet.Builder builder = PageSet.builder()) {
            byte[] content = new byte[PageSet.PAGE_BYTES];
            int step = Math.max(1, pages / 200);
            for (int page = dice.nextInt(step); page < pages; page += 1 + dice.nextInt(2 * step)) {
                if (dice.nextInt(4) == 0) {
                    builder.addZero(page);
                } else {
                    dice.nextBytes(content);
                    builder.add(page, MemorySegment.ofArray(content), 0);
                }
            }
            return builder.build();
        }
    }

    /** Whether both say the same of RAM, disks and device state. */
    public static boolean same(Epoch one, Epoch other) {
        boolean same = one.header().equals(other.header())
                && one.pages().sameAs(other.pages())
                && one.disks().size() == other.disks().size()
                && Arrays.equals(one.deviceState(), other.deviceState());
        for (int i = 0; same && i < one.disks().size(); i++) {
            VolumeChanges a = one.disks().get(i);
            VolumeChanges b = other.disks().get(i);
            same = a.zeros().equals(b.zeros()) && a.blocks().sameAs(b.blocks());
        }
        return same;
    }
}
