package org.secondsite.replicator.codec;

import io.netty.buffer.ByteBuf;
import java.lang.foreign.MemorySegment;
import java.nio.ByteBuffer;
import org.secondsite.replicator.Epoch;
import org.secondsite.replicator.EpochHeader;
import org.secondsite.replicator.PageSet;

/**
 * Turns the epochs of one VM into blocks, a block at a time, so that a large epoch never lies in memory in encoded form. Its
 * counterpart is one {@link EpochDecoder}, which is fed the same epochs in the same order.
 *
 * <p>Used by one thread at a time. The epoch must stay open until its last block is written, or {@link #abandon} is called.
 */
public final class EpochEncoder {
    private enum Stage {
        IDLE,
        HEAD,
        PAGES,
        DEVICE,
        END
    }

    private final BlockCompressor compressor;
    private final int generation;
    private Stage stage = Stage.IDLE;
    private Epoch epoch;
    private int nextPage;
    private int nextDeviceByte;

    /** Compresses with the given compressor, which may be shared with other encoders of the same thread. */
    public EpochEncoder(BlockCompressor compressor) {
        this.compressor = compressor;
        this.generation = 0;
    }

    /** Whether an epoch was begun and is not finished. */
    public boolean inEpoch() {
        return stage != Stage.IDLE;
    }

    /**
     * Starts with an epoch.
     *
     * @throws IllegalStateException if another epoch is not finished
     */
    public void begin(Epoch next) {
        if (stage != Stage.IDLE) {
            throw new IllegalStateException(epoch + " is not finished");
        }
        epoch = next;
        nextPage = 0;
        nextDeviceByte = 0;
        stage = Stage.HEAD;
    }

    /**
     * Appends the next block.
     *
     * @param out a direct buffer
     * @return whether it was the last one of the epoch
     * @throws IllegalStateException if no epoch was begun, or it was closed meanwhile
     */
    public boolean next(ByteBuf out) {
        switch (stage) {
            case IDLE -> throw new IllegalStateException("no epoch was begun");
            case HEAD -> writeHead(out);
            case PAGES -> writePages(out);
            case DEVICE -> writeDevice(out);
            case END -> {
                new EpochBlock(EpochBlock.Kind.END, EpochBlock.Coding.PLAIN, EpochBlock.END_BYTES, EpochBlock.END_BYTES)
                        .write(out);
                out.writeLong(epoch.checksum());
                abandon();
                return true;
            }
        }
        if (stage == Stage.PAGES && nextPage == epoch.pages().count()) {
            stage = Stage.DEVICE;
        }
        if (stage == Stage.DEVICE && nextDeviceByte == epoch.deviceState().length) {
            stage = Stage.END;
        }
        return false;
    }

    /** Forgets the epoch that was begun, if any. The decoder must be given up then, too. */
    public void abandon() {
        epoch = null;
        stage = Stage.IDLE;
    }

    private void writeHead(ByteBuf out) {
        EpochHeader header = epoch.header();
        new EpochBlock(EpochBlock.Kind.HEAD, EpochBlock.Coding.PLAIN, EpochBlock.HEAD_BYTES, EpochBlock.HEAD_BYTES)
                .write(out);
        out.writeInt(generation);
        out.writeInt(0);
        out.writeLong(header.base().term());
        out.writeLong(header.base().number());
        out.writeLong(header.ramBytes());
        out.writeInt(epoch.pages().count());
        out.writeInt(epoch.pages().storedCount());
        out.writeInt(epoch.deviceState().length);
        out.writeInt(0);
        stage = Stage.PAGES;
    }

    private void writePages(ByteBuf out) {
        PageSet pages = epoch.pages();
        int first = nextPage;
        int stored = 0;
        int end = first;
        while (end < pages.count() && end - first < EpochBlock.MAX_PAGES) {
            if (!pages.isZero(end)) {
                if (stored == EpochBlock.MAX_STORED_PAGES) {
                    break;
                }
                stored++;
            }
            end++;
        }
        ByteBuffer plain = compressor.plain();
        plain.putShort((short) (end - first));
        int previous = first == 0 ? -1 : pages.number(first - 1);
        for (int i = first; i < end; i++) {
            VarInt.put(plain, (long) (pages.number(i) - previous - 1) << 1 | (pages.isZero(i) ? 1 : 0));
            previous = pages.number(i);
        }
        MemorySegment target = MemorySegment.ofBuffer(plain.duplicate().clear());
        int at = plain.position();
        for (int i = first; i < end; i++) {
            if (!pages.isZero(i)) {
                MemorySegment.copy(pages.content(i), 0, target, at, PageSet.PAGE_BYTES);
                at += PageSet.PAGE_BYTES;
            }
        }
        plain.position(at);
        compressor.writeBlock(EpochBlock.Kind.PAGES, out);
        nextPage = end;
    }

    private void writeDevice(ByteBuf out) {
        byte[] device = epoch.deviceState();
        int length = Math.min(EpochBlock.MAX_DEVICE_BYTES, device.length - nextDeviceByte);
        compressor.plain().put(device, nextDeviceByte, length);
        compressor.writeBlock(EpochBlock.Kind.DEVICE, out);
        nextDeviceByte += length;
    }
}
