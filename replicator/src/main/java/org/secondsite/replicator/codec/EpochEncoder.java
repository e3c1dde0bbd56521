package org.secondsite.replicator.codec;

import com.github.luben.zstd.EndDirective;
import com.github.luben.zstd.Zstd;
import com.github.luben.zstd.ZstdCompressCtx;
import io.netty.buffer.ByteBuf;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.List;
import org.secondsite.config.EpochId;
import org.secondsite.replicator.BlockRange;
import org.secondsite.replicator.CarriedDisks;
import org.secondsite.replicator.Epoch;
import org.secondsite.replicator.EpochHeader;
import org.secondsite.replicator.PageSeries;
import org.secondsite.replicator.PageSet;

/**
 * Turns the epochs of one VM into blocks, a block at a time, so that a large epoch never lies in memory in encoded form. Its
 * counterpart is one {@link EpochDecoder}, which is fed the same blocks in the same order.
 *
 * <p><b>How it shrinks.</b> A page that is equal to the version sent last costs a byte. Of one that differs in few words,
 * these words are sent ({@link PageDelta}); others go as they are. What comes out of that goes through one zstd stream for
 * the VM's whole life on a connection, so that what recurs from epoch to epoch is found again; what does not shrink, such as
 * what the guest has encrypted, goes past it ({@link ShrinkingHope}). The device state is treated the same way.
 *
 * <p><b>What it keeps.</b> The last version of each page within a bound ({@link SentVersions}), and the last device state.
 * Both ends change theirs in step, block by block. After a break both start empty: the first block of a new encoder says so.
 *
 * <p>Used by one thread at a time. An epoch must stay open until its last block is written.
 */
public final class EpochEncoder implements AutoCloseable {
    /** A block of raw pages, with its tables: few are longer. */
    public static final int TYPICAL_BLOCK_BYTES = (EpochBlock.MAX_CODED_PAGES + 1) * PageSet.PAGE_BYTES;

    private static final MemorySegment ZEROS = Arena.global().allocate(PageSet.PAGE_BYTES, PageSet.PAGE_BYTES);

    /** The flush of a block costs zstd a few bytes beyond its bound. */
    private static final int FLUSH_BYTES = 64;

    private final CodecBuffers buffers;
    private final ZstdCompressCtx zstd = new ZstdCompressCtx();
    private final SentVersions versions;
    private final DeviceVersions deviceVersions = new DeviceVersions();

    /** The pages of the block that have content: their index among the epoch's, or -1 - n for the device state's page n. */
    private final int[] coded = new int[EpochBlock.MAX_CODED_PAGES];

    /** Those of them that go as they are. */
    private final int[] raw = new int[EpochBlock.MAX_CODED_PAGES];

    /** Where the versions of these pages were when they were looked up. */
    private final int[] codedSlots = new int[EpochBlock.MAX_CODED_PAGES];

    private final ShrinkingHope hope = new ShrinkingHope();
    private int codedCount;
    private int rawCount;
    private int pageEntries;
    private int deviceEntries;
    private boolean fresh = true;
    private boolean closed;
    private Epoch epoch;
    private PageSeries pages;
    private List<BlockRange> ranges = List.of();
    private int nextRange;
    private boolean begun;
    private int nextPage;
    private int nextDevicePage;
    private int devicePages;

    /** A new stream. The buffers may be shared with other encoders of the same thread. */
    public EpochEncoder(CodecSettings settings, CodecBuffers buffers) {
        this.buffers = buffers;
        versions = new SentVersions(settings.versionBytes());
        zstd.setLevel(settings.level())
                .setWindowLog(settings.windowLog())
                .setMagicless(true)
                .setContentSize(false)
                .setChecksum(false)
                .setDictID(false);
    }

    /** Whether an epoch was begun and is not finished. */
    public boolean inEpoch() {
        return epoch != null;
    }

    /**
     * Starts with an epoch.
     *
     * @throws IllegalStateException if another epoch is not finished
     */
    public void begin(Epoch next) {
        if (epoch != null) {
            throw new IllegalStateException(epoch + " is not finished");
        }
        epoch = next;
        pages = next.series();
        ranges = next.zeros();
        nextRange = 0;
        begun = false;
        nextPage = 0;
        nextDevicePage = 0;
        devicePages = (next.deviceState().length + PageSet.PAGE_BYTES - 1) / PageSet.PAGE_BYTES;
    }

    /**
     * Appends the next block.
     *
     * @param out a direct buffer
     * @return whether it was the last one of the epoch
     * @throws IllegalStateException if no epoch was begun, or it was closed meanwhile; the encoder is of no use any more then
     */
    public boolean next(ByteBuf out) {
        if (epoch == null || closed) {
            throw new IllegalStateException("no epoch was begun");
        }
        boolean first = !begun;
        begun = true;
        gather();
        int rangeEntries = Math.min(EpochBlock.MAX_RANGES, ranges.size() - nextRange);
        boolean last =
                nextPage == pages.count() && nextDevicePage == devicePages && nextRange + rangeEntries == ranges.size();
        ByteBuffer plain = buffers.plain().clear();
        if (first) {
            putHead(plain);
        }
        if (hasDisks()) {
            putRanges(plain, rangeEntries);
        }
        putTables(plain);
        putDifferences(plain);
        int flags = (first ? EpochBlock.FIRST : 0)
                | (last ? EpochBlock.LAST : 0)
                | (fresh ? EpochBlock.RESTART : 0)
                | (hasDisks() ? EpochBlock.DISKS : 0);
        if (hope.isLost(rawCount, plain.position(), page -> content(raw[page]))) {
            store(flags, plain.flip(), out);
        } else {
            putEnd(flags, plain);
            compress(flags, plain.flip(), out);
        }
        fresh = false;
        keepVersions();
        if (last) {
            epoch = null;
        }
        return last;
    }

    /** How well the versions serve: pages that had one, that had none, and versions dropped for lack of room. */
    public VersionCounters counters() {
        return new VersionCounters(versions.hits(), versions.misses(), versions.evictions(), versions.heldBytes());
    }

    @Override
    public void close() {
        if (!closed) {
            closed = true;
            epoch = null;
            zstd.close();
            versions.close();
            deviceVersions.close();
        }
    }

    /** Finds out how each page of the next block is coded, and codes the differences. */
    private void gather() {
        buffers.coder().clear();
        ByteBuffer pageTable = buffers.pageTable().clear();
        ByteBuffer deviceTable = buffers.deviceTable().clear();
        codedCount = 0;
        rawCount = 0;
        pageEntries = 0;
        deviceEntries = 0;
        int previous = nextPage == 0 ? -1 : pages.number(nextPage - 1);
        while (nextPage < pages.count() && codedCount < coded.length && pageEntries < EpochBlock.MAX_PAGES) {
            int number = pages.number(nextPage);
            int slot = pages.isZero(nextPage) ? SentVersions.NONE : versions.slot(number);
            PageKind kind = codePage(nextPage, slot);
            VarInt.put(pageTable, (number - previous - 1L) << PageKind.BITS | kind.code());
            note(kind, nextPage, slot);
            previous = number;
            pageEntries++;
            nextPage++;
        }
        if (nextPage < pages.count()) {
            return;
        }
        while (nextDevicePage < devicePages
                && codedCount < coded.length
                && deviceEntries < EpochBlock.MAX_DEVICE_PAGES) {
            PageKind kind = codeDevicePage(nextDevicePage);
            deviceTable.put((byte) kind.code());
            note(kind, -1 - nextDevicePage, SentVersions.NONE);
            deviceEntries++;
            nextDevicePage++;
        }
    }

    private void note(PageKind kind, int index, int slot) {
        if (kind == PageKind.DELTA || kind == PageKind.FRESH || kind == PageKind.RAW) {
            if (kind == PageKind.RAW) {
                raw[rawCount++] = index;
            }
            codedSlots[codedCount] = slot;
            coded[codedCount++] = index;
        }
    }

    private PageKind codePage(int index, int slot) {
        if (pages.isZero(index)) {
            versions.drop(pages.number(index));
            return PageKind.ZERO;
        }
        return slot == SentVersions.NONE
                ? codeFresh(pages.content(index))
                : codeChanged(pages.content(index), versions.chunk(slot), VersionMemory.offset(slot));
    }

    private PageKind codeDevicePage(int page) {
        MemorySegment content = buffers.devicePage(epoch.deviceState(), page);
        if (deviceVersions.has(page)) {
            return codeChanged(content, deviceVersions.chunk(page), deviceVersions.offset(page));
        }
        return codeFresh(content);
    }

    private PageKind codeChanged(MemorySegment content, MemorySegment old, long oldOffset) {
        int differing = buffers.coder().add(content, old, oldOffset);
        return differing == 0 ? PageKind.SAME : differing < 0 ? PageKind.RAW : PageKind.DELTA;
    }

    private PageKind codeFresh(MemorySegment content) {
        int differing = buffers.coder().add(content, ZEROS, 0);
        return differing == 0 ? PageKind.ZERO : differing < 0 ? PageKind.RAW : PageKind.FRESH;
    }

    private void putHead(ByteBuffer plain) {
        EpochHeader header = epoch.header();
        VarInt.put(plain, header.base().term());
        VarInt.put(plain, header.base().number());
        VarInt.put(plain, header.ramPages());
        VarInt.put(plain, pages.count());
        VarInt.put(plain, pages.storedCount());
        VarInt.put(plain, epoch.deviceState().length);
        if (hasDisks()) {
            putDisks(plain, header.disks());
        }
    }

    private boolean hasDisks() {
        return !epoch.header().disks().isEmpty();
    }

    private void putDisks(ByteBuffer plain, CarriedDisks carried) {
        boolean hasBasis = !carried.basis().equals(EpochId.NONE);
        VarInt.put(plain, carried.disks().size() + (hasBasis ? EpochBlock.WITH_BASIS : 0));
        for (CarriedDisks.Disk disk : carried.disks()) {
            byte[] name = disk.name().getBytes(StandardCharsets.US_ASCII);
            VarInt.put(plain, name.length);
            plain.put(name);
            VarInt.put(plain, disk.bytes());
        }
        VarInt.put(plain, carried.missingBlocks());
        if (hasBasis) {
            VarInt.put(plain, carried.basis().term());
            VarInt.put(plain, carried.basis().number());
        }
        VarInt.put(plain, ranges.size());
    }

    private void putRanges(ByteBuffer plain, int entries) {
        VarInt.put(plain, entries);
        int end = nextRange == 0
                ? epoch.header().ramPages()
                : ranges.get(nextRange - 1).end();
        for (int i = 0; i < entries; i++) {
            BlockRange range = ranges.get(nextRange++);
            VarInt.put(plain, range.first() - end);
            VarInt.put(plain, range.count());
            end = range.end();
        }
    }

    private void putTables(ByteBuffer plain) {
        int forgotten = Math.min(versions.forgottenCount(), EpochBlock.MAX_FORGOTTEN);
        VarInt.put(plain, forgotten);
        int previous = -1;
        for (int i = 0; i < forgotten; i++) {
            int page = versions.nextForgotten();
            VarInt.put(plain, page - previous - 1L);
            previous = page;
        }
        VarInt.put(plain, pageEntries);
        plain.put(buffers.pageTable().flip());
        VarInt.put(plain, deviceEntries);
        plain.put(buffers.deviceTable().flip());
    }

    private void putDifferences(ByteBuffer plain) {
        PageDelta.Coder coder = buffers.coder();
        VarInt.put(plain, coder.controlBytes());
        VarInt.put(plain, coder.smallBytes());
        VarInt.put(plain, coder.literalBytes() / Long.BYTES);
        plain.put(coder.controls(), 0, coder.controlBytes());
        plain.put(coder.smalls(), 0, coder.smallBytes());
        plain.put(coder.literals(), 0, coder.literalBytes());
    }

    /** The raw pages, and the checksum if it is the last block. */
    private void putEnd(int flags, ByteBuffer to) {
        MemorySegment memory = MemorySegment.ofBuffer(to); // from its position
        for (int i = 0; i < rawCount; i++) {
            MemorySegment.copy(content(raw[i]), 0, memory, (long) i * PageSet.PAGE_BYTES, PageSet.PAGE_BYTES);
        }
        to.position(to.position() + rawCount * PageSet.PAGE_BYTES);
        if ((flags & EpochBlock.LAST) != 0) {
            to.putLong(epoch.checksum());
        }
    }

    private MemorySegment content(int index) {
        return index >= 0 ? pages.content(index) : buffers.devicePage(epoch.deviceState(), -1 - index);
    }

    /** Puts the raw pages where they are to go, not into the buffer of the block first. */
    private void store(int flags, ByteBuffer plain, ByteBuf out) {
        boolean last = (flags & EpochBlock.LAST) != 0;
        int endBytes = rawCount * PageSet.PAGE_BYTES + (last ? Long.BYTES : 0);
        int bytes = plain.remaining() + endBytes;
        out.ensureWritable(EpochBlock.HEADER_BYTES + bytes);
        new EpochBlock(flags | EpochBlock.STORED, bytes, bytes).write(out);
        out.writeBytes(plain);
        putEnd(flags, out.nioBuffer(out.writerIndex(), endBytes));
        out.writerIndex(out.writerIndex() + endBytes);
    }

    private void compress(int flags, ByteBuffer plain, ByteBuf out) {
        int plainBytes = plain.remaining();
        int start = out.writerIndex();
        int room = (int) Zstd.compressBound(plainBytes) + FLUSH_BYTES;
        out.ensureWritable(EpochBlock.HEADER_BYTES + room);
        ByteBuffer target = out.nioBuffer(start + EpochBlock.HEADER_BYTES, room);
        while (!zstd.compressDirectByteBufferStream(target, plain, EndDirective.FLUSH)) {
            if (!target.hasRemaining()) {
                throw new IllegalStateException("zstd exceeds its own bound on " + plainBytes + " bytes");
            }
        }
        new EpochBlock(flags, plainBytes, target.position()).write(out);
        out.writerIndex(start + EpochBlock.HEADER_BYTES + target.position());
        hope.tried(plainBytes, target.position());
    }

    private void keepVersions() {
        for (int i = 0; i < codedCount; i++) {
            int index = coded[i];
            if (index >= 0) {
                versions.put(pages.number(index), codedSlots[i], pages.content(index));
            }
        }
        versions.settle();
        for (int page = nextDevicePage - deviceEntries; page < nextDevicePage; page++) {
            deviceVersions.put(page, buffers.devicePage(epoch.deviceState(), page));
        }
    }
}
