package org.secondsite.replicator.checkpoint;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.ByteBufAllocator;
import io.netty.buffer.Unpooled;
import java.util.List;
import org.secondsite.replicator.BlockRange;
import org.secondsite.replicator.Epoch;
import org.secondsite.replicator.PageSeries;
import org.secondsite.replicator.PageSet;

/**
 * Takes an epoch apart: the frames BEGIN, DISK_RANGES, PAGES, DEVICE_STATE, DEVICE_SAME and END, one after the other, made when they are asked for, so
 * that no more of them lie in memory than the connection takes.
 */
public final class EpochFrames {
    private final Epoch epoch;
    private final long pauseNanos;
    private final PageSeries pages;
    private final List<BlockRange> ranges;
    private int nextRange;
    private Stage stage = Stage.BEGIN;
    private int nextPage;
    private final StateDelta state;
    private StateDelta.Piece nextOfState;

    private enum Stage {
        BEGIN,
        RANGES,
        PAGES,
        DEVICE_STATE,
        END,
        DONE
    }

    /** The frames of an epoch, which must stay open until they are made; its device state as it is. */
    public EpochFrames(Epoch epoch, long pauseNanos) {
        this(epoch, pauseNanos, new byte[0]);
    }

    /**
     * The same with what is new of its device state alone.
     *
     * @param stateBefore the device state of the epoch that was sent before on the same connection, empty if there was none
     */
    public EpochFrames(Epoch epoch, long pauseNanos, byte[] stateBefore) {
        this.state = new StateDelta(stateBefore, epoch.deviceState(), Limits.DEVICE_CHUNK_BYTES);
        this.epoch = epoch;
        this.pauseNanos = pauseNanos;
        this.pages = epoch.series();
        this.ranges = epoch.zeros();
    }

    /** The next frame; null after END. The caller owns it. */
    public ByteBuf next(ByteBufAllocator allocator) {
        if (stage == Stage.RANGES && nextRange == ranges.size()) {
            stage = Stage.PAGES;
        }
        if (stage == Stage.PAGES && nextPage == pages.count()) {
            stage = Stage.DEVICE_STATE;
        }
        if (stage == Stage.DEVICE_STATE) {
            nextOfState = state.next();
            stage = nextOfState == null ? Stage.END : stage;
        }
        return switch (stage) {
            case BEGIN -> {
                stage = Stage.RANGES;
                yield small(
                        allocator,
                        new CheckpointMessage.Begin(
                                epoch.header(), pages.count(), ranges.size(), epoch.deviceState().length));
            }
            case RANGES -> {
                int end = Math.min(ranges.size(), nextRange + Limits.BATCH_RANGES);
                List<BlockRange> batch = ranges.subList(nextRange, end);
                nextRange = end;
                yield small(allocator, new CheckpointMessage.DiskRanges(batch));
            }
            case PAGES -> pages(allocator);
            case DEVICE_STATE -> deviceState(allocator);
            case END -> {
                stage = Stage.DONE;
                yield small(allocator, new CheckpointMessage.End(epoch.header().epoch(), epoch.checksum(), pauseNanos));
            }
            case DONE -> null;
        };
    }

    private ByteBuf pages(ByteBufAllocator allocator) {
        int count = Math.min(Limits.BATCH_PAGES, pages.count() - nextPage);
        int stored = 0;
        for (int i = nextPage; i < nextPage + count; i++) {
            stored += pages.isZero(i) ? 0 : 1;
        }
        int bodyBytes = Integer.BYTES * (1 + count) + stored * PageSet.PAGE_BYTES;
        ByteBuf frame = allocator.directBuffer(CheckpointCodec.HEADER_BYTES + bodyBytes);
        CheckpointCodec.header(MessageType.PAGES, bodyBytes, frame);
        frame.writeInt(count);
        for (int i = nextPage; i < nextPage + count; i++) {
            frame.writeInt(CheckpointMessage.Pages.entry(pages.number(i), pages.isZero(i)));
        }
        for (int i = nextPage; i < nextPage + count; i++) {
            if (!pages.isZero(i)) {
                frame.writeBytes(pages.content(i).asByteBuffer());
            }
        }
        nextPage += count;
        return frame;
    }

    private ByteBuf deviceState(ByteBufAllocator allocator) {
        StateDelta.Piece piece = nextOfState;
        if (piece.isSame()) {
            return small(allocator, new CheckpointMessage.DeviceSame(piece.from(), piece.bytes()));
        }
        ByteBuf frame = allocator.directBuffer(CheckpointCodec.HEADER_BYTES + piece.bytes());
        CheckpointCodec.encode(
                new CheckpointMessage.DeviceState(
                        Unpooled.wrappedBuffer(epoch.deviceState(), piece.at(), piece.bytes())),
                frame);
        return frame;
    }

    private static ByteBuf small(ByteBufAllocator allocator, CheckpointMessage message) {
        ByteBuf frame = allocator.directBuffer(128);
        CheckpointCodec.encode(message, frame);
        return frame;
    }
}
