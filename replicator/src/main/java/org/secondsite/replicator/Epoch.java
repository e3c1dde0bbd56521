package org.secondsite.replicator;

import java.nio.ByteBuffer;
import java.util.List;
import java.util.Objects;
import java.util.stream.Stream;

/**
 * One complete checkpoint epoch in plain form: the pages that changed since its base, what was written to the disks, and the whole
 * device state.
 *
 * <p>Immutable, and safe to read from any thread until it is closed. The one who is handed an epoch closes it or hands it
 * on; closing twice does no harm.
 */
public final class Epoch implements AutoCloseable {
    private final EpochHeader header;
    private final PageSet pages;
    private final List<VolumeChanges> disks;
    private final byte[] deviceState;

    /**
     * An epoch of a VM without disks: takes over the pages (they are closed with the epoch) and the array (it must not be changed
     * afterwards).
     *
     * @throws IllegalArgumentException if a page lies outside the guest's RAM; the pages stay the caller's then
     */
    public Epoch(EpochHeader header, PageSet pages, byte[] deviceState) {
        this(header, pages, List.of(), deviceState);
    }

    /**
     * The same with disks.
     *
     * @param disks what was written to each of the header's disks, in their order; taken over as well
     * @throws IllegalArgumentException if a page lies outside the guest's RAM, or a block outside its disk, or the disks are not
     *     the header's; what was passed stays the caller's then
     */
    public Epoch(EpochHeader header, PageSet pages, List<VolumeChanges> disks, byte[] deviceState) {
        this.header = Objects.requireNonNull(header);
        this.pages = Objects.requireNonNull(pages);
        this.disks = List.copyOf(disks);
        this.deviceState = Objects.requireNonNull(deviceState);
        if (pages.count() > 0 && pages.number(pages.count() - 1) >= header.ramPages()) {
            throw new IllegalArgumentException("page " + pages.number(pages.count() - 1) + " lies outside the "
                    + header.ramPages() + " pages of " + header.vm());
        }
        if (disks.size() != header.disks().disks().size()) {
            throw new IllegalArgumentException("changes of " + disks.size() + " disks");
        }
        for (int i = 0; i < disks.size(); i++) {
            check(header.disks().disks().get(i), i, disks.get(i));
        }
    }

    private static void check(CarriedDisks.Disk disk, int index, VolumeChanges changes) {
        PageSet blocks = changes.blocks();
        boolean outside = (blocks.count() > 0 && blocks.number(blocks.count() - 1) >= disk.blocks())
                || (!changes.zeros().isEmpty() && changes.zeros().getLast().end() > disk.blocks());
        if (outside || changes.volume() != index) {
            throw new IllegalArgumentException("changes of volume " + changes.volume() + " that are none of " + disk);
        }
    }

    /** What the epoch is about. */
    public EpochHeader header() {
        return header;
    }

    /** The pages that differ from the base, ascending. */
    public PageSet pages() {
        return pages;
    }

    /** What was written to the disks, one for each of the header's, in their order. */
    public List<VolumeChanges> disks() {
        return disks;
    }

    /** The pages of the RAM and the blocks of the disks, numbered on. */
    public PageSeries series() {
        return new PageSeries(
                header,
                Stream.concat(Stream.of(pages), disks.stream().map(VolumeChanges::blocks))
                        .toList());
    }

    /** The ranges of zeros of all disks, numbered like the {@linkplain #series blocks}. */
    public List<BlockRange> zeros() {
        int[] starts = header.starts();
        return disks.stream()
                .flatMap(disk -> disk.zeros().stream()
                        .map(range -> new BlockRange(starts[disk.volume() + 1] + range.first(), range.count())))
                .toList();
    }

    /** The device state, as the hypervisor wrote it. The array itself, not a copy: do not change it. */
    public byte[] deviceState() {
        return deviceState;
    }

    /**
     * A checksum over the plain content: CRC-32C in the upper half, CRC-32 (ISO 3309) in the lower, both over the header's
     * ids, the page numbers with their zero flags, the same checksum of the contents, the same of each disk with its ranges of zeros
     * if there are any, and the device state. Two independent
     * polynomials make an undetected fault a matter of 2^-64; neither is a defence against an attacker, which TLS is.
     *
     * <p>It is computed when it is asked for, unless the pages were checked as they came ({@link PageSet#checkedBuilder}).
     *
     * @throws IllegalStateException if the epoch was closed
     */
    public long checksum() {
        ContentSum sum = new ContentSum().add(header.canonical());
        pages.addTo(sum);
        if (!disks.isEmpty()) {
            sum.add(header.disks().canonical());
            disks.forEach(disk -> addTo(sum, disk));
        }
        return sum.add(ByteBuffer.allocate(Integer.BYTES)
                        .putInt(deviceState.length)
                        .flip())
                .add(deviceState)
                .value();
    }

    private static void addTo(ContentSum sum, VolumeChanges disk) {
        ByteBuffer ranges = ByteBuffer.allocate(
                        Integer.BYTES * (1 + 2 * disk.zeros().size()))
                .putInt(disk.zeros().size());
        disk.zeros().forEach(range -> ranges.putInt(range.first()).putInt(range.count()));
        sum.add(ranges.flip());
        disk.blocks().addTo(sum);
    }

    /** The size in plain form: contents that are not zero, and the device state. Page numbers are not counted. */
    public long plainBytes() {
        return pages.storedBytes()
                + disks.stream().mapToLong(disk -> disk.blocks().storedBytes()).sum()
                + deviceState.length;
    }

    @Override
    public void close() {
        pages.close();
        disks.forEach(VolumeChanges::close);
    }

    @Override
    public String toString() {
        return header.vm() + " epoch " + header.epoch() + (header.isFull() ? " (full)" : " on " + header.base()) + ", "
                + pages.count() + " pages"
                + (disks.isEmpty()
                        ? ""
                        : ", "
                                + disks.stream()
                                        .mapToInt(disk -> disk.blocks().count())
                                        .sum() + " blocks of " + disks.size() + " disks");
    }
}
