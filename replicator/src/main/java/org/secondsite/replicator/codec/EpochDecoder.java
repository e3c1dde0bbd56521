package org.secondsite.replicator.codec;

import com.github.luben.zstd.ZstdDecompressCtx;
import com.github.luben.zstd.ZstdException;
import io.netty.buffer.ByteBuf;
import io.netty.buffer.PooledByteBufAllocator;
import java.lang.foreign.MemorySegment;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import org.secondsite.config.EpochId;
import org.secondsite.config.VmId;
import org.secondsite.net.Decoded;
import org.secondsite.replicator.CarriedDisks;
import org.secondsite.replicator.Epoch;
import org.secondsite.replicator.EpochHeader;
import org.secondsite.replicator.PageSeries;
import org.secondsite.replicator.PageSet;
import org.secondsite.replicator.VolumeChanges;

/**
 * Makes epochs of one VM out of the blocks of an {@link EpochEncoder}, however they are cut.
 *
 * <p>Never throws on what the peer sent, and gives an epoch out only when it is complete and the checksum over its plain
 * content equals the sender's. Memory: one block in coded form, the versions that the sender keeps as well, and what the
 * epoch has so far; the sizes that the peer announces are checked against the limits, and memory is taken only as the bytes
 * arrive.
 *
 * <p>Used by one thread at a time.
 */
public final class EpochDecoder implements AutoCloseable {
    private static final int MIN_DEVICE_CAPACITY = 64 << 10;

    /** Memory for a whole block is taken when this part of it, one in so many bytes, is there to be moved. */
    private static final int TRUSTED_SHARE = 8;

    private final VmId vm;
    private final CodecSettings settings;
    private final CodecBuffers buffers;
    private final long maxEpochBytes;
    private ZstdDecompressCtx zstd;
    private ReceivedVersions versions;
    private DeviceVersions deviceVersions;
    private ByteBuf pending;

    /** The block that is being read, in plain form, from its beginning. */
    private MemorySegment plainSegment = MemorySegment.NULL;

    private EpochId epoch = EpochId.NONE;
    private EpochHeader header;
    private PageSeries.Builder pages;
    private int rangeCount;
    private long rangesEnd;
    private int pageCount;
    private int storedCount;
    private int lastNumber;
    private byte[] device = {};
    private int deviceBytes;
    private int deviceSoFar;
    private boolean broken;

    /**
     * For one stream of a VM.
     *
     * @param settings what the sender's bound on versions and window may be at most
     * @param buffers may be shared with other decoders of the same thread
     * @param maxEpochBytes the largest epoch in plain form that is accepted
     */
    public EpochDecoder(VmId vm, CodecSettings settings, CodecBuffers buffers, long maxEpochBytes) {
        this.vm = vm;
        this.settings = settings;
        this.buffers = buffers;
        this.maxEpochBytes = maxEpochBytes;
    }

    /** Whether an epoch was begun and is not complete. */
    public boolean inEpoch() {
        return header != null || pending != null;
    }

    /** The memory that the unfinished epoch holds, in bytes. */
    public long heldBytes() {
        return pages == null ? 0 : pages.takenBytes() + device.length;
    }

    /** The memory of the versions, in bytes. */
    public long versionBytes() {
        return versions == null ? 0 : versions.heldBytes();
    }

    /**
     * Takes the next bytes of an epoch, all of them up to the epoch's end. Bytes behind the end are malformed.
     *
     * @param id the epoch that they belong to; the same for all bytes of an epoch
     * @return an epoch, the caller's to close, whose checksum was computed from the plain content and found equal; or that more is
     *     needed; or why these bytes are no encoded epoch or do not give what the sender had: this decoder is of no use any more
     */
    public Decoded<Epoch, String> feed(EpochId id, ByteBuf bytes) {
        if (broken) {
            return new Decoded.Refused<>("the decoder met a fault before");
        }
        try {
            if (!inEpoch()) {
                epoch = id;
            } else if (!epoch.equals(id)) {
                throw new MalformedEpochException("epoch " + id + " begins within " + epoch);
            }
            while (bytes.isReadable()) {
                EpochBlock block = fillBlock(bytes);
                Epoch whole = block == null ? null : acceptBlock(block);
                if (whole != null) {
                    if (bytes.isReadable()) {
                        whole.close();
                        throw new MalformedEpochException(bytes.readableBytes() + " bytes behind the end");
                    }
                    return new Decoded.Complete<>(whole);
                }
            }
            return Decoded.needMore();
        } catch (MalformedEpochException e) {
            close();
            return new Decoded.Refused<>(e.getMessage());
        }
    }

    /** Frees everything. What is fed afterwards is malformed. */
    @Override
    public void close() {
        broken = true;
        forgetEpoch();
        releasePending();
        forgetVersions();
    }

    /** Moves bytes until a whole block is pending; null if there are not enough. */
    private EpochBlock fillBlock(ByteBuf bytes) throws MalformedEpochException {
        if (pending == null) {
            pending = PooledByteBufAllocator.DEFAULT.directBuffer(
                    1024, EpochBlock.HEADER_BYTES + EpochBlock.MAX_CODED_BYTES);
        }
        move(bytes, EpochBlock.HEADER_BYTES - pending.readableBytes());
        if (pending.readableBytes() < EpochBlock.HEADER_BYTES) {
            return null;
        }
        EpochBlock block = EpochBlock.read(pending.duplicate());
        int end = EpochBlock.HEADER_BYTES + block.codedBytes();
        if (pending.capacity() < end && bytes.readableBytes() >= end / TRUSTED_SHARE) {
            pending.capacity(end); // at once, where growing step by step would move what is there
        }
        move(bytes, end - pending.readableBytes());
        return pending.readableBytes() == end ? block : null;
    }

    private void move(ByteBuf bytes, int wanted) {
        if (wanted > 0) {
            pending.writeBytes(bytes, Math.min(wanted, bytes.readableBytes()));
        }
    }

    /** Takes in a whole block; returns the epoch if it was its last one. */
    private Epoch acceptBlock(EpochBlock block) throws MalformedEpochException {
        if (block.isRestart()) {
            restart();
        } else if (zstd == null) {
            throw new MalformedEpochException("a stream without a beginning");
        }
        if (block.isFirst() == (header != null)) {
            throw new MalformedEpochException(header == null ? "an epoch without a beginning" : "begins twice");
        }
        ByteBuffer plain = decompress(block);
        plainSegment = MemorySegment.ofBuffer(plain);
        Epoch whole = acceptPlain(block, plain);
        releasePending(); // only now: a stored block was read where it lies
        return whole;
    }

    private Epoch acceptPlain(EpochBlock block, ByteBuffer plain) throws MalformedEpochException {
        if (block.isFirst()) {
            readHead(plain, block.hasDisks());
        }
        if (block.hasDisks() == header.disks().isEmpty()) {
            throw new MalformedEpochException("a block that does not know whether the VM has disks");
        }
        if (block.hasDisks()) {
            readRanges(plain);
        }
        readForgotten(plain);
        readContents(plain);
        if (block.isLast()) {
            return finish(plain);
        }
        if (plain.hasRemaining()) {
            throw new MalformedEpochException(plain.remaining() + " bytes behind a block");
        }
        return null;
    }

    private void restart() throws MalformedEpochException {
        if (header != null) {
            throw new MalformedEpochException("begins anew within an epoch");
        }
        forgetVersions();
        zstd = new ZstdDecompressCtx().setMagicless(true).setLongMax(settings.windowLog());
        versions = new ReceivedVersions(settings.versionBytes());
        deviceVersions = new DeviceVersions();
    }

    private ByteBuffer decompress(EpochBlock block) throws MalformedEpochException {
        ByteBuffer coded = pending.nioBuffer(EpochBlock.HEADER_BYTES, block.codedBytes());
        if (block.isStored()) {
            return coded;
        }
        ByteBuffer plain = buffers.plain().clear().limit(block.plainBytes());
        try {
            while (coded.hasRemaining()) {
                int before = coded.remaining() + plain.remaining();
                boolean frameEnds = zstd.decompressDirectByteBufferStream(plain, coded);
                if (frameEnds || before == coded.remaining() + plain.remaining()) {
                    throw new MalformedEpochException("a block does not hold " + block.plainBytes() + " bytes");
                }
            }
        } catch (ZstdException e) {
            throw new MalformedEpochException("zstd: " + e.getMessage());
        }
        if (plain.hasRemaining()) {
            throw new MalformedEpochException("a block of " + block.plainBytes() + " bytes gave " + plain.position());
        }
        return plain.flip();
    }

    private void readHead(ByteBuffer in, boolean hasDisks) throws MalformedEpochException {
        EpochId base = new EpochId(VarInt.get(in), VarInt.get(in));
        if (base.compareTo(epoch) >= 0) {
            throw new MalformedEpochException(epoch + " cannot be a delta on " + base);
        }
        int ramPages = VarInt.get(in, Integer.MAX_VALUE, "pages of RAM");
        long ramBytes = (long) ramPages * PageSet.PAGE_BYTES;
        if (!EpochHeader.isRamSize(ramBytes)) {
            throw new MalformedEpochException(ramBytes + " bytes of RAM");
        }
        pageCount = VarInt.get(in, Integer.MAX_VALUE, "pages");
        storedCount = VarInt.get(in, pageCount, "pages with content");
        deviceBytes = VarInt.get(in, Integer.MAX_VALUE, "bytes of device state");
        if ((long) storedCount * PageSet.PAGE_BYTES + deviceBytes > maxEpochBytes) {
            throw new MalformedEpochException(storedCount + " stored pages and " + deviceBytes
                    + " bytes of device state are more than " + maxEpochBytes + " bytes");
        }
        rangeCount = 0;
        CarriedDisks disks = hasDisks ? readDisks(in) : CarriedDisks.NONE;
        try {
            header = new EpochHeader(vm, epoch, base, ramBytes, disks);
        } catch (IllegalArgumentException tooLarge) {
            throw new MalformedEpochException(tooLarge.getMessage());
        }
        if (pageCount > header.allPages()) {
            throw new MalformedEpochException(pageCount + " pages of " + header.allPages());
        }
        pages = new PageSeries.Builder(header);
        rangesEnd = ramPages;
        lastNumber = -1;
        deviceSoFar = 0;
        device = new byte[Math.min(deviceBytes, MIN_DEVICE_CAPACITY)];
    }

    private CarriedDisks readDisks(ByteBuffer in) throws MalformedEpochException {
        int first = VarInt.get(in, EpochBlock.WITH_BASIS + VolumeChanges.MAX_VOLUMES, "disks");
        boolean hasBasis = first > EpochBlock.WITH_BASIS;
        int count = hasBasis ? first - EpochBlock.WITH_BASIS : first;
        List<CarriedDisks.Disk> disks = new ArrayList<>();
        try {
            for (int i = 0; i < count; i++) {
                byte[] name = new byte[VarInt.get(in, CarriedDisks.Disk.MAX_NAME_BYTES, "bytes of a name")];
                if (name.length > in.remaining()) {
                    throw new MalformedEpochException("the name of a disk is cut off");
                }
                in.get(name);
                disks.add(new CarriedDisks.Disk(new String(name, StandardCharsets.US_ASCII), VarInt.get(in)));
            }
            CarriedDisks carried = new CarriedDisks(disks, VarInt.get(in));
            if (hasBasis) {
                carried = carried.upon(new EpochId(VarInt.get(in), VarInt.get(in)));
            }
            rangeCount = VarInt.get(in, Integer.MAX_VALUE, "ranges of zeros");
            return carried;
        } catch (IllegalArgumentException impossible) {
            throw new MalformedEpochException(impossible.getMessage());
        }
    }

    private void readRanges(ByteBuffer in) throws MalformedEpochException {
        int count = VarInt.get(
                in, Math.min(EpochBlock.MAX_RANGES, rangeCount - pages.zeroCount()), "ranges of zeros in a block");
        for (int i = 0; i < count; i++) {
            long first = rangesEnd + VarInt.get(in, Integer.MAX_VALUE, "as a distance");
            int blocks = VarInt.get(in, Integer.MAX_VALUE, "blocks of zeros");
            if (first + blocks > header.allPages()) {
                throw new MalformedEpochException(blocks + " zeros at " + first + " of " + header.allPages());
            }
            String fault = pages.addZeros((int) first, blocks);
            if (fault != null) {
                throw new MalformedEpochException(fault);
            }
            rangesEnd = first + blocks;
        }
    }

    private void readForgotten(ByteBuffer in) throws MalformedEpochException {
        int count = VarInt.get(in, EpochBlock.MAX_FORGOTTEN, "forgotten pages");
        long page = -1;
        for (int i = 0; i < count; i++) {
            page += 1 + VarInt.get(in, Integer.MAX_VALUE, "as a distance");
            if (page > Integer.MAX_VALUE) {
                throw new MalformedEpochException("forgets page " + page);
            }
            versions.drop((int) page);
        }
    }

    /** The two tables are read twice: first to find where the contents begin, then with them. */
    private void readContents(ByteBuffer in) throws MalformedEpochException {
        int pageEntries = VarInt.get(in, Math.min(EpochBlock.MAX_PAGES, pageCount - pages.count()), "pages in a block");
        ByteBuffer pageTable = in.duplicate();
        int rawCount = 0;
        for (int i = 0; i < pageEntries; i++) {
            rawCount += PageKind.of((int) VarInt.get(in) & PageKind.MASK) == PageKind.RAW ? 1 : 0;
        }
        int deviceLeft = (deviceBytes - deviceSoFar + PageSet.PAGE_BYTES - 1) / PageSet.PAGE_BYTES;
        int deviceEntries =
                VarInt.get(in, Math.min(EpochBlock.MAX_DEVICE_PAGES, deviceLeft), "device pages in a block");
        ByteBuffer deviceTable = in.duplicate();
        for (int i = 0; i < deviceEntries; i++) {
            rawCount += PageKind.of((int) VarInt.get(in)) == PageKind.RAW ? 1 : 0;
        }
        int controlBytes = VarInt.get(in, EpochBlock.MAX_PLAIN_BYTES, "bytes of controls");
        int smallBytes = VarInt.get(in, EpochBlock.MAX_PLAIN_BYTES, "bytes of small differences");
        int literalBytes = VarInt.get(in, EpochBlock.MAX_PLAIN_BYTES / Long.BYTES, "words") * Long.BYTES;
        long streamBytes = (long) controlBytes + smallBytes + literalBytes;
        if (in.remaining() < streamBytes + (long) rawCount * PageSet.PAGE_BYTES) {
            throw new MalformedEpochException("the contents of a block are cut off");
        }
        MemorySegment streams = plainSegment.asSlice(in.position(), streamBytes);
        PageDelta.Decoder deltas = new PageDelta.Decoder(streams, controlBytes, smallBytes, literalBytes);
        in.position(in.position() + (int) streamBytes);
        for (int i = 0; i < pageEntries; i++) {
            readPage(VarInt.get(pageTable), deltas, in);
        }
        for (int i = 0; i < deviceEntries; i++) {
            readDevicePage(PageKind.of((int) VarInt.get(deviceTable)), deltas, in);
        }
        if (!deltas.isExhausted()) {
            throw new MalformedEpochException("differences of no page");
        }
    }

    private void readPage(long entry, PageDelta.Decoder deltas, ByteBuffer raws) throws MalformedEpochException {
        long number = lastNumber + 1L + (entry >>> PageKind.BITS);
        if (number >= header.allPages()) {
            throw new MalformedEpochException("page " + number + " of " + header.allPages());
        }
        int page = (int) number;
        lastNumber = page;
        PageKind kind = PageKind.of((int) entry & PageKind.MASK);
        if (kind == PageKind.ZERO) {
            versions.drop(page);
            pages.addZero(page);
            return;
        }
        if (pages.storedCount() == storedCount) {
            throw new MalformedEpochException("more than " + storedCount + " pages with content");
        }
        int slot = kind == PageKind.SAME || kind == PageKind.DELTA ? versions.slot(page) : versions.slotToFill(page);
        MemorySegment chunk = versions.chunk(slot);
        long offset = VersionMemory.offset(slot);
        fill(kind, chunk, offset, deltas, raws);
        pages.add(page, chunk, offset);
    }

    private void readDevicePage(PageKind kind, PageDelta.Decoder deltas, ByteBuffer raws)
            throws MalformedEpochException {
        int page = deviceSoFar / PageSet.PAGE_BYTES;
        if ((kind == PageKind.SAME || kind == PageKind.DELTA) && !deviceVersions.has(page)) {
            throw new MalformedEpochException("no version of page " + page + " of the device state is kept");
        }
        deviceVersions.slotToFill(page);
        MemorySegment chunk = deviceVersions.chunk(page);
        long offset = deviceVersions.offset(page);
        fill(kind, chunk, offset, deltas, raws);
        int length = Math.min(PageSet.PAGE_BYTES, deviceBytes - deviceSoFar);
        if (deviceSoFar + length > device.length) {
            device = Arrays.copyOf(device, Math.min(deviceBytes, Math.max(deviceSoFar + length, 2 * device.length)));
        }
        MemorySegment.copy(chunk, offset, MemorySegment.ofArray(device), deviceSoFar, length);
        deviceSoFar += length;
    }

    private void fill(PageKind kind, MemorySegment chunk, long offset, PageDelta.Decoder deltas, ByteBuffer raws)
            throws MalformedEpochException {
        switch (kind) {
            case SAME -> {
                // It is there already.
            }
            case ZERO -> chunk.asSlice(offset, PageSet.PAGE_BYTES).fill((byte) 0);
            case DELTA -> deltas.apply(chunk, offset);
            case FRESH -> {
                chunk.asSlice(offset, PageSet.PAGE_BYTES).fill((byte) 0);
                deltas.apply(chunk, offset);
            }
            case RAW -> {
                MemorySegment.copy(plainSegment, raws.position(), chunk, offset, PageSet.PAGE_BYTES);
                raws.position(raws.position() + PageSet.PAGE_BYTES);
            }
        }
    }

    private Epoch finish(ByteBuffer in) throws MalformedEpochException {
        if (in.remaining() != Long.BYTES) {
            throw new MalformedEpochException(in.remaining() + " bytes in place of a checksum");
        }
        if (pages.zeroCount() != rangeCount) {
            throw new MalformedEpochException("ends with " + pages.zeroCount() + " of " + rangeCount + " ranges");
        }
        if (pages.count() != pageCount || pages.storedCount() != storedCount || deviceSoFar != deviceBytes) {
            throw new MalformedEpochException("ends with " + pages.count() + " of " + pageCount + " pages and "
                    + deviceSoFar + " of " + deviceBytes + " bytes of device state");
        }
        Epoch whole = pages.build(device);
        pages = null;
        forgetEpoch();
        long announced = in.getLong();
        long found = whole.checksum();
        if (found != announced) {
            whole.close();
            throw new MalformedEpochException("the content of epoch " + epoch + " has checksum "
                    + Long.toHexString(found) + ", the sender's has " + Long.toHexString(announced));
        }
        return whole;
    }

    private void forgetEpoch() {
        if (pages != null) {
            pages.close();
            pages = null;
        }
        header = null;
        device = new byte[0];
    }

    private void forgetVersions() {
        if (zstd != null) {
            zstd.close();
            versions.close();
            deviceVersions.close();
            zstd = null;
            versions = null;
            deviceVersions = null;
        }
    }

    private void releasePending() {
        if (pending != null) {
            pending.release();
            pending = null;
        }
    }
}
