package org.secondsite.replicator;

import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import org.secondsite.config.EpochId;
import org.secondsite.config.VmId;

/**
 * What an epoch is about, and what it builds on.
 *
 * @param vm the protected VM
 * @param epoch the epoch's own id
 * @param base the epoch whose image this one changes; {@link EpochId#NONE} if this one is a full image by itself (every page
 *     that it does not name is zero)
 * @param ramBytes the size of the guest's RAM: a positive multiple of {@link PageSet#PAGE_BYTES}, at most 8 TiB; with the disks
 *     together no more than that
 * @param disks the disks that go with it
 */
public record EpochHeader(VmId vm, EpochId epoch, EpochId base, long ramBytes, CarriedDisks disks) {
    private static final long MAX_RAM_BYTES = (long) Integer.MAX_VALUE * PageSet.PAGE_BYTES;

    /**
     * Checks the shape.
     *
     * @throws IllegalArgumentException if the base does not lie before the epoch, or the RAM is not a number of pages
     */
    public EpochHeader {
        if (base.compareTo(epoch) >= 0) {
            throw new IllegalArgumentException("epoch " + epoch + " cannot be a delta on " + base);
        }
        if (!isRamSize(ramBytes)) {
            throw new IllegalArgumentException(
                    ramBytes + " bytes of RAM is not a number of pages within 1.." + Integer.MAX_VALUE);
        }
        if (ramBytes / PageSet.PAGE_BYTES + disks.blocks() > Integer.MAX_VALUE) {
            throw new IllegalArgumentException("RAM and disks of more than " + MAX_RAM_BYTES + " bytes");
        }
    }

    /** The header of a VM without disks. */
    public EpochHeader(VmId vm, EpochId epoch, EpochId base, long ramBytes) {
        this(vm, epoch, base, ramBytes, CarriedDisks.NONE);
    }

    /** Whether {@code bytes} can be the RAM of a guest: a positive number of whole pages, at most 2^31 - 1. */
    public static boolean isRamSize(long bytes) {
        return bytes > 0 && bytes <= MAX_RAM_BYTES && bytes % PageSet.PAGE_BYTES == 0;
    }

    /** Whether the epoch is a whole image and needs no earlier epoch. */
    public boolean isFull() {
        return base.equals(EpochId.NONE);
    }

    /** The number of pages of the guest's RAM. */
    public int ramPages() {
        return (int) (ramBytes / PageSet.PAGE_BYTES);
    }

    /** The number of the guest's pages and of all blocks of its disks, which are numbered on behind them. */
    public int allPages() {
        return (int) (ramPages() + disks.blocks());
    }

    /** Where the numbers of the RAM and of each disk begin, and where the last ones end. */
    int[] starts() {
        int[] starts = new int[disks.disks().size() + 2];
        starts[1] = ramPages();
        for (int i = 2; i < starts.length; i++) {
            starts[i] = starts[i - 1] + disks.disks().get(i - 2).blocks();
        }
        return starts;
    }

    /** The one byte form that the checksum covers: name length u8, name, then five u64, big-endian. */
    ByteBuffer canonical() {
        byte[] name = vm.name().getBytes(StandardCharsets.US_ASCII);
        return ByteBuffer.allocate(1 + name.length + 5 * Long.BYTES)
                .put((byte) name.length)
                .put(name)
                .putLong(epoch.term())
                .putLong(epoch.number())
                .putLong(base.term())
                .putLong(base.number())
                .putLong(ramBytes)
                .flip();
    }
}
