package org.secondsite.replicator;

import java.nio.ByteBuffer;
import java.util.Objects;

/**
 * One complete checkpoint epoch in plain form: the pages that changed since its base, and the whole device state.
 *
 * <p>Immutable, and safe to read from any thread until it is closed. The one who is handed an epoch closes it or hands it
 * on; closing twice does no harm.
 */
public final class Epoch implements AutoCloseable {
    private final EpochHeader header;
    private final PageSet pages;
    private final byte[] deviceState;

    /**
     * Takes over the pages (they are closed with the epoch) and the array (it must not be changed afterwards).
     *
     * @throws IllegalArgumentException if a page lies outside the guest's RAM; the pages stay the caller's then
     */
    public Epoch(EpochHeader header, PageSet pages, byte[] deviceState) {
        this.header = Objects.requireNonNull(header);
        this.pages = Objects.requireNonNull(pages);
        this.deviceState = Objects.requireNonNull(deviceState);
        if (pages.count() > 0 && pages.number(pages.count() - 1) >= header.ramPages()) {
            throw new IllegalArgumentException("page " + pages.number(pages.count() - 1) + " lies outside the "
                    + header.ramPages() + " pages of " + header.vm());
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

    /** The device state, as the hypervisor wrote it. The array itself, not a copy: do not change it. */
    public byte[] deviceState() {
        return deviceState;
    }

    /**
     * A checksum over the plain content: CRC-32C in the upper half, CRC-32 (ISO 3309) in the lower, both over the header's
     * ids, the page numbers with their zero flags, the same checksum of the contents, and the device state. Two independent
     * polynomials make an undetected fault a matter of 2^-64; neither is a defence against an attacker, which TLS is.
     *
     * <p>It is computed when it is asked for, unless the pages were checked as they came ({@link PageSet#checkedBuilder}).
     *
     * @throws IllegalStateException if the epoch was closed
     */
    public long checksum() {
        ContentSum sum = new ContentSum().add(header.canonical());
        pages.addTo(sum);
        return sum.add(ByteBuffer.allocate(Integer.BYTES)
                        .putInt(deviceState.length)
                        .flip())
                .add(deviceState)
                .value();
    }

    /** The size in plain form: contents that are not zero, and the device state. Page numbers are not counted. */
    public long plainBytes() {
        return pages.storedBytes() + deviceState.length;
    }

    @Override
    public void close() {
        pages.close();
    }

    @Override
    public String toString() {
        return header.vm() + " epoch " + header.epoch() + (header.isFull() ? " (full)" : " on " + header.base()) + ", "
                + pages.count() + " pages";
    }
}
