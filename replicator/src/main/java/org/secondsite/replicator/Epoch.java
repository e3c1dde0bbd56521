package org.secondsite.replicator;

import java.nio.ByteBuffer;
import java.util.Objects;
import java.util.zip.CRC32;
import java.util.zip.CRC32C;

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
    private final long checksum;

    /**
     * Takes over the pages (they are closed with the epoch) and the array (it must not be changed afterwards), and computes
     * the checksum.
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
        this.checksum = checksum(header, pages, deviceState);
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
     * ids, the page numbers with their zero flags, the contents and the device state. Two independent polynomials make an
     * undetected fault a matter of 2^-64; neither is a defence against an attacker, which TLS is.
     */
    public long checksum() {
        return checksum;
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

    private static long checksum(EpochHeader header, PageSet pages, byte[] deviceState) {
        CRC32C castagnoli = new CRC32C();
        CRC32 iso = new CRC32();
        ByteBuffer head = header.canonical();
        castagnoli.update(head.duplicate());
        iso.update(head);
        pages.update(castagnoli);
        pages.update(iso);
        byte[] length =
                ByteBuffer.allocate(Integer.BYTES).putInt(deviceState.length).array();
        castagnoli.update(length);
        iso.update(length);
        castagnoli.update(deviceState);
        iso.update(deviceState);
        return castagnoli.getValue() << 32 | iso.getValue();
    }
}
