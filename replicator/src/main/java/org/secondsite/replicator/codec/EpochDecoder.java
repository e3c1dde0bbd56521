package org.secondsite.replicator.codec;

import com.github.luben.zstd.ZstdDecompressCtx;
import com.github.luben.zstd.ZstdException;
import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import java.nio.ByteBuffer;
import java.util.Arrays;
import org.secondsite.config.EpochId;
import org.secondsite.config.VmId;
import org.secondsite.replicator.Epoch;
import org.secondsite.replicator.EpochHeader;
import org.secondsite.replicator.PageSet;

/**
 * Makes epochs of one VM out of the blocks of an {@link EpochEncoder}, however they are cut.
 *
 * <p>Never throws on what the peer sent, and gives an epoch out only when it is complete and the checksum over its plain
 * content equals the sender's. Memory: one block in coded and in plain form, and what the epoch has so far; the sizes that
 * the peer announces are checked against the limit, and memory is taken only as the bytes arrive.
 *
 * <p>Used by one thread at a time.
 */
public final class EpochDecoder implements AutoCloseable {
    private static final int MIN_DEVICE_CAPACITY = 64 << 10;

    private final VmId vm;
    private final long maxEpochBytes;
    private final ZstdDecompressCtx zstd = new ZstdDecompressCtx();
    private final ByteBuffer coded = ByteBuffer.allocateDirect(EpochBlock.HEADER_BYTES + EpochBlock.MAX_PLAIN_BYTES);
    private final ByteBuffer plain = ByteBuffer.allocateDirect(EpochBlock.MAX_PLAIN_BYTES);

    private EpochId epoch = EpochId.NONE;
    private EpochBlock block;
    private EpochHeader header;
    private PageSet.Builder pages;
    private int pageCount;
    private int storedCount;
    private int storedSoFar;
    private byte[] device = {};
    private int deviceBytes;
    private int deviceSoFar;
    private boolean broken;

    /**
     * For one VM.
     *
     * @param maxEpochBytes the largest epoch in plain form that is accepted
     */
    public EpochDecoder(VmId vm, long maxEpochBytes) {
        this.vm = vm;
        this.maxEpochBytes = maxEpochBytes;
        zstd.setMagicless(true);
    }

    /** Whether an epoch was begun and is not complete. */
    public boolean inEpoch() {
        return header != null || coded.position() > 0;
    }

    /** The memory that the unfinished epoch holds, in bytes. */
    public long heldBytes() {
        return pages == null ? 0 : pages.takenBytes() + device.length;
    }

    /**
     * Takes the next bytes of an epoch, all of them up to the epoch's end. Bytes behind the end are malformed.
     *
     * @param id the epoch that they belong to; the same for all bytes of an epoch
     */
    public Decoding feed(EpochId id, ByteBuf bytes) {
        if (broken) {
            return new Decoding.Malformed("the decoder met a fault before");
        }
        try {
            if (!inEpoch()) {
                epoch = id;
            } else if (!epoch.equals(id)) {
                throw new MalformedEpochException("epoch " + id + " begins within " + epoch);
            }
            while (fillBlock(bytes)) {
                Epoch whole = acceptBlock();
                if (whole != null) {
                    if (bytes.isReadable()) {
                        whole.close();
                        throw new MalformedEpochException(bytes.readableBytes() + " bytes behind the end");
                    }
                    return new Decoding.Whole(whole);
                }
            }
            return Decoding.NeedMore.INSTANCE;
        } catch (MalformedEpochException e) {
            broken = true;
            close();
            return new Decoding.Malformed(e.getMessage());
        }
    }

    /** Frees what an unfinished epoch holds. */
    @Override
    public void close() {
        broken = true;
        forgetEpoch();
        zstd.close();
    }

    /** Moves bytes until a block is whole in {@link #coded}; false if there are not enough. */
    private boolean fillBlock(ByteBuf bytes) throws MalformedEpochException {
        if (block == null) {
            move(bytes, EpochBlock.HEADER_BYTES - coded.position());
            if (coded.position() < EpochBlock.HEADER_BYTES) {
                return false;
            }
            block = EpochBlock.read(Unpooled.wrappedBuffer(coded.duplicate().flip()));
        }
        int end = EpochBlock.HEADER_BYTES + block.codedBytes();
        move(bytes, end - coded.position());
        return coded.position() == end;
    }

    private void move(ByteBuf bytes, int wanted) {
        int length = Math.min(wanted, bytes.readableBytes());
        coded.limit(coded.position() + length);
        bytes.readBytes(coded);
        coded.limit(coded.capacity());
    }

    private Epoch acceptBlock() throws MalformedEpochException {
        ByteBuffer content = content();
        EpochBlock.Kind kind = block.kind();
        block = null;
        coded.clear();
        if ((kind == EpochBlock.Kind.HEAD) == (header != null)) {
            throw new MalformedEpochException(kind + (header == null ? " before a HEAD" : " within an epoch"));
        }
        return switch (kind) {
            case HEAD -> {
                readHead(content);
                yield null;
            }
            case PAGES -> {
                readPages(content);
                yield null;
            }
            case DEVICE -> {
                readDevice(content);
                yield null;
            }
            case END -> finish(content);
        };
    }

    /** The block's plain content. */
    private ByteBuffer content() throws MalformedEpochException {
        if (block.coding() == EpochBlock.Coding.PLAIN) {
            return coded.duplicate().flip().position(EpochBlock.HEADER_BYTES);
        }
        int length;
        try {
            length = zstd.decompressDirectByteBuffer(
                    plain, 0, block.plainBytes(), coded, EpochBlock.HEADER_BYTES, block.codedBytes());
        } catch (ZstdException e) {
            throw new MalformedEpochException("zstd: " + e.getMessage());
        }
        if (length != block.plainBytes()) {
            throw new MalformedEpochException("a block of " + block.plainBytes() + " bytes gave " + length);
        }
        return plain.duplicate().clear().limit(length);
    }

    private void readHead(ByteBuffer in) throws MalformedEpochException {
        if (in.remaining() != EpochBlock.HEAD_BYTES) {
            throw new MalformedEpochException("a HEAD of " + in.remaining() + " bytes");
        }
        int generation = in.getInt();
        int reserved = in.getInt();
        long baseTerm = in.getLong();
        long baseNumber = in.getLong();
        long ramBytes = in.getLong();
        pageCount = in.getInt();
        storedCount = in.getInt();
        deviceBytes = in.getInt();
        reserved |= in.getInt();
        if (reserved != 0 || generation != 0) {
            throw new MalformedEpochException("reserved bits are set, or generation " + generation);
        }
        if (baseTerm < 0 || baseNumber < 0 || new EpochId(baseTerm, baseNumber).compareTo(epoch) >= 0) {
            throw new MalformedEpochException(epoch + " cannot be a delta on " + baseTerm + "/" + baseNumber);
        }
        if (!EpochHeader.isRamSize(ramBytes)) {
            throw new MalformedEpochException(ramBytes + " bytes of RAM");
        }
        if (pageCount < 0 || pageCount > ramBytes / PageSet.PAGE_BYTES || storedCount < 0 || storedCount > pageCount) {
            throw new MalformedEpochException(pageCount + " pages, " + storedCount + " of them stored");
        }
        if (deviceBytes < 0 || (long) storedCount * PageSet.PAGE_BYTES + deviceBytes > maxEpochBytes) {
            throw new MalformedEpochException(storedCount + " stored pages and " + deviceBytes
                    + " bytes of device state are more than " + maxEpochBytes + " bytes");
        }
        header = new EpochHeader(vm, epoch, new EpochId(baseTerm, baseNumber), ramBytes);
        pages = PageSet.builder();
        storedSoFar = 0;
        deviceSoFar = 0;
        device = new byte[Math.min(deviceBytes, MIN_DEVICE_CAPACITY)];
    }

    private void readPages(ByteBuffer in) throws MalformedEpochException {
        if (in.remaining() < Short.BYTES) {
            throw new MalformedEpochException("PAGES of " + in.remaining() + " bytes");
        }
        int count = in.getShort() & 0xffff;
        if (count == 0 || count > EpochBlock.MAX_PAGES || count > pageCount - pages.count()) {
            throw new MalformedEpochException(count + " pages after " + pages.count() + " of " + pageCount);
        }
        ByteBuffer table = in.duplicate();
        for (int i = 0; i < count; i++) {
            VarInt.get(in);
        }
        for (int i = 0; i < count; i++) {
            long entry = VarInt.get(table);
            long number = pages.lastNumber() + 1L + (entry >>> 1);
            if (number >= header.ramPages()) {
                throw new MalformedEpochException("page " + number + " of " + header.ramPages());
            }
            if ((entry & 1) != 0) {
                pages.addZero((int) number);
            } else if (in.remaining() < PageSet.PAGE_BYTES || storedSoFar == storedCount) {
                throw new MalformedEpochException("no content for page " + number);
            } else {
                pages.add((int) number, in);
                storedSoFar++;
            }
        }
        if (in.hasRemaining()) {
            throw new MalformedEpochException(in.remaining() + " bytes behind the pages");
        }
    }

    private void readDevice(ByteBuffer in) throws MalformedEpochException {
        int length = in.remaining();
        if (length == 0 || length > deviceBytes - deviceSoFar) {
            throw new MalformedEpochException(
                    length + " bytes of device state after " + deviceSoFar + " of " + deviceBytes);
        }
        if (deviceSoFar + length > device.length) {
            device = Arrays.copyOf(device, Math.min(deviceBytes, Math.max(deviceSoFar + length, 2 * device.length)));
        }
        in.get(device, deviceSoFar, length);
        deviceSoFar += length;
    }

    private Epoch finish(ByteBuffer in) throws MalformedEpochException {
        if (in.remaining() != EpochBlock.END_BYTES) {
            throw new MalformedEpochException("an END of " + in.remaining() + " bytes");
        }
        if (pages.count() != pageCount || storedSoFar != storedCount || deviceSoFar != deviceBytes) {
            throw new MalformedEpochException("ends with " + pages.count() + " of " + pageCount + " pages and "
                    + deviceSoFar + " of " + deviceBytes + " bytes of device state");
        }
        Epoch whole = new Epoch(header, pages.build(), device);
        pages = null;
        forgetEpoch();
        long announced = in.getLong();
        if (whole.checksum() != announced) {
            whole.close();
            throw new MalformedEpochException("the content of epoch " + epoch + " has checksum "
                    + Long.toHexString(whole.checksum()) + ", the sender's has " + Long.toHexString(announced));
        }
        return whole;
    }

    private void forgetEpoch() {
        if (pages != null) {
            pages.close();
            pages = null;
        }
        header = null;
        block = null;
        device = new byte[0];
        coded.clear();
    }
}
