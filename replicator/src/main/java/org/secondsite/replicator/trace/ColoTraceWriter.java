package org.secondsite.replicator.trace;

import java.io.ByteArrayOutputStream;
import java.io.DataOutputStream;
import java.io.Flushable;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.Optional;
import java.util.function.LongSupplier;
import org.secondsite.config.EpochId;
import org.secondsite.replicator.BlockRange;
import org.secondsite.replicator.CarriedDisks;
import org.secondsite.replicator.Epoch;
import org.secondsite.replicator.PageSet;
import org.secondsite.replicator.VolumeChanges;

/**
 * Writes the epochs of one VM as the COLO exchange that {@link ColoTrace} reads: the first one, which must be a full image, as
 * the initial migration, each later one as a checkpoint. All RAM is one block, each disk another one behind it, so that pages have the
 * numbers that the codec gives them; a range of zeros becomes so many pages of zeros. A full image that comes later is a checkpoint that
 * changes every page.
 *
 * <p>The device state of the first image follows it as a checkpoint without pages, because COLO's migration has no place
 * for it that could be told apart.
 *
 * <p>Not thread-safe. The stream is the caller's.
 */
public final class ColoTraceWriter implements Flushable {
    private static final String RAM = "ram";
    private static final String DISK = "disk/";
    private static final int SECTION = 1;
    private static final int OWNER_TO_STANDBY = 0;
    private static final int STANDBY_TO_OWNER = 1;
    private static final int READY = 0;
    private static final int VERSION = 3;

    /** So many bytes are gathered before a record is written. */
    private static final int RECORD_BYTES = 1 << 20;

    private final DataOutputStream file;
    private final LongSupplier nanoTime;
    private final ByteArrayOutputStream record = new ByteArrayOutputStream(RECORD_BYTES + 2 * PageSet.PAGE_BYTES);
    private final DataOutputStream out = new DataOutputStream(record);
    private final byte[] page = new byte[PageSet.PAGE_BYTES];
    private EpochId last = EpochId.NONE;
    private List<CarriedDisks.Disk> disks = List.of();
    private long epochs;

    /**
     * A new recording.
     *
     * @param file where it goes; buffered by the caller if that is wanted
     * @param nanoTime the clock that dates the records, monotonic nanoseconds
     */
    public ColoTraceWriter(OutputStream file, LongSupplier nanoTime) {
        this.file = new DataOutputStream(file);
        this.nanoTime = nanoTime;
    }

    /** How many epochs were written, the image included. */
    public long epochs() {
        return epochs;
    }

    /** Whether this epoch can be the next one: a full image, or a delta on the one written last, and of the same disks as that. */
    public boolean fits(Epoch epoch) {
        if (last.equals(EpochId.NONE)) {
            return epoch.header().isFull();
        }
        return (epoch.header().isFull() || epoch.header().base().equals(last))
                && epoch.header().disks().disks().equals(disks);
    }

    /**
     * Appends an epoch, which stays the caller's.
     *
     * @throws IllegalArgumentException if it does not {@linkplain #fits fit}
     * @throws IOException if it cannot be written; the recording breaks off there then
     */
    public void write(Epoch epoch) throws IOException {
        if (!fits(epoch)) {
            throw new IllegalArgumentException(epoch + " does not follow " + last);
        }
        if (last.equals(EpochId.NONE)) {
            disks = epoch.header().disks().disks();
            migration(epoch);
            if (epoch.deviceState().length > 0) {
                checkpoint(Optional.empty(), epoch.deviceState());
            }
        } else {
            checkpoint(Optional.of(epoch), epoch.deviceState());
        }
        last = epoch.header().epoch();
        epochs++;
    }

    @Override
    public void flush() throws IOException {
        file.flush();
    }

    private void migration(Epoch image) throws IOException {
        out.writeInt(ColoTrace.QEVM);
        out.writeInt(VERSION);
        out.writeByte(ColoTrace.SECTION_START);
        out.writeInt(SECTION);
        name(RAM);
        out.writeLong(0); // instance and version
        out.writeLong((long) image.header().allPages() * PageSet.PAGE_BYTES | ColoTrace.FLAG_SIZES);
        name(RAM);
        out.writeLong(image.header().ramBytes());
        for (CarriedDisks.Disk disk : disks) {
            name(DISK + disk.name());
            out.writeLong((long) disk.blocks() * PageSet.PAGE_BYTES);
        }
        records(Optional.of(image));
        out.writeByte(ColoTrace.SECTION_FULL);
        record(OWNER_TO_STANDBY);
        out.writeInt(READY);
        record(STANDBY_TO_OWNER);
    }

    private void checkpoint(Optional<Epoch> pages, byte[] deviceState) throws IOException {
        out.writeInt(ColoTrace.REQUEST);
        out.writeInt(ColoTrace.SEND);
        out.writeByte(ColoTrace.SECTION_END);
        out.writeInt(SECTION);
        records(pages);
        out.writeByte(0);
        out.writeInt(ColoTrace.SIZE);
        out.writeLong(deviceState.length);
        out.write(deviceState);
        record(OWNER_TO_STANDBY);
    }

    /** The records of a section, and what ends both. */
    private void records(Optional<Epoch> epoch) throws IOException {
        if (epoch.isPresent()) {
            pages(RAM, epoch.get().pages());
            for (VolumeChanges changes : epoch.get().disks()) {
                String block = DISK + disks.get(changes.volume()).name();
                // First, as it is in the epoch: what is written to a range afterwards counts.
                for (BlockRange range : changes.zeros()) {
                    zeros(block, range);
                }
                pages(block, changes.blocks());
            }
        }
        out.writeLong(ColoTrace.FLAG_END);
        out.writeByte(ColoTrace.FOOTER);
        out.writeInt(SECTION);
    }

    private void zeros(String block, BlockRange range) throws IOException {
        for (int number = range.first(); number < range.end(); number++) {
            head(number, ColoTrace.FLAG_FILL, number == range.first() ? block : null);
            out.writeByte(0);
            recordIfLarge();
        }
    }

    private void pages(String block, PageSet pages) throws IOException {
        for (int i = 0; i < pages.count(); i++) {
            head(pages.number(i), pages.isZero(i) ? ColoTrace.FLAG_FILL : ColoTrace.FLAG_PAGE, i == 0 ? block : null);
            if (pages.isZero(i)) {
                out.writeByte(0);
            } else {
                pages.content(i).asByteBuffer().get(page);
                out.write(page);
            }
            recordIfLarge();
        }
    }

    /** The block is named where it is another one than that of the page before; null where it is the same. */
    private void head(int number, int flags, String block) throws IOException {
        long address = (long) number * PageSet.PAGE_BYTES;
        out.writeLong(address | flags | (block == null ? ColoTrace.FLAG_SAME_BLOCK : 0));
        if (block != null) {
            name(block);
        }
    }

    private void recordIfLarge() throws IOException {
        if (record.size() >= RECORD_BYTES) {
            record(OWNER_TO_STANDBY);
        }
    }

    private void name(String name) throws IOException {
        byte[] ascii = name.getBytes(StandardCharsets.US_ASCII);
        out.writeByte(ascii.length);
        out.write(ascii);
    }

    private void record(int direction) throws IOException {
        file.writeByte(direction);
        file.writeLong(nanoTime.getAsLong());
        file.writeInt(record.size());
        record.writeTo(file);
        record.reset();
    }
}
