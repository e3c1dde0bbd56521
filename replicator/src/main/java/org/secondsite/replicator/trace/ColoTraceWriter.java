package org.secondsite.replicator.trace;

import java.io.ByteArrayOutputStream;
import java.io.DataOutputStream;
import java.io.Flushable;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.charset.StandardCharsets;
import java.util.function.LongSupplier;
import org.secondsite.config.EpochId;
import org.secondsite.replicator.Epoch;
import org.secondsite.replicator.PageSet;

/**
 * Writes the epochs of one VM as the COLO exchange that {@link ColoTrace} reads: the first one, which must be a full image, as
 * the initial migration, each later one as a checkpoint. All RAM is one block; a full image that comes later is a checkpoint
 * that changes every page.
 *
 * <p>The device state of the first image follows it as a checkpoint without pages, because COLO's migration has no place
 * for it that could be told apart.
 *
 * <p>Not thread-safe. The stream is the caller's.
 */
public final class ColoTraceWriter implements Flushable {
    private static final String BLOCK = "ram";
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

    /** Whether this epoch can be the next one: a full image, or a delta on the one written last. */
    public boolean fits(Epoch epoch) {
        return epoch.header().isFull()
                || (!last.equals(EpochId.NONE) && epoch.header().base().equals(last));
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
            migration(epoch);
            if (epoch.deviceState().length > 0) {
                checkpoint(PageSet.empty(), epoch.deviceState());
            }
        } else {
            checkpoint(epoch.pages(), epoch.deviceState());
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
        name(BLOCK);
        out.writeLong(0); // instance and version
        out.writeLong(image.header().ramBytes() | ColoTrace.FLAG_SIZES);
        name(BLOCK);
        out.writeLong(image.header().ramBytes());
        records(image.pages());
        out.writeByte(ColoTrace.SECTION_FULL);
        record(OWNER_TO_STANDBY);
        out.writeInt(READY);
        record(STANDBY_TO_OWNER);
    }

    private void checkpoint(PageSet pages, byte[] deviceState) throws IOException {
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
    private void records(PageSet pages) throws IOException {
        for (int i = 0; i < pages.count(); i++) {
            long address = (long) pages.number(i) * PageSet.PAGE_BYTES;
            long sameBlock = i > 0 ? ColoTrace.FLAG_SAME_BLOCK : 0;
            out.writeLong(address | sameBlock | (pages.isZero(i) ? ColoTrace.FLAG_FILL : ColoTrace.FLAG_PAGE));
            if (i == 0) {
                name(BLOCK);
            }
            if (pages.isZero(i)) {
                out.writeByte(0);
            } else {
                pages.content(i).asByteBuffer().get(page);
                out.write(page);
            }
            if (record.size() >= RECORD_BYTES) {
                record(OWNER_TO_STANDBY);
            }
        }
        out.writeLong(ColoTrace.FLAG_END);
        out.writeByte(ColoTrace.FOOTER);
        out.writeInt(SECTION);
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
