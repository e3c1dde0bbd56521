package org.secondsite.replicator.checkpoint;

import io.netty.buffer.ByteBuf;
import java.nio.ByteBuffer;
import java.util.Arrays;
import java.util.List;
import org.secondsite.config.VmId;
import org.secondsite.net.Decoded;
import org.secondsite.replicator.BlockRange;
import org.secondsite.replicator.Epoch;
import org.secondsite.replicator.EpochHeader;
import org.secondsite.replicator.PageSeries;

/**
 * Puts the parts of an epoch together: BEGIN, then DISK_RANGES, PAGES, DEVICE_STATE and DEVICE_SAME until the counts of BEGIN are reached, END.
 *
 * <p>An epoch comes out only when it is whole and its checksum, computed anew over what was received, is the sender's. Memory
 * grows with what has arrived, never with what was announced: DEVICE_SAME brings each byte of the device state before once at most. Not thread-safe; {@link #close()} drops what is unfinished.
 */
public final class EpochAssembler implements AutoCloseable {
    private static final int FIRST_STATE_BYTES = 64 << 10;

    private final VmId vm;
    private final long ramBytes;

    private CheckpointMessage.Begin begin;
    private PageSeries.Builder pages;
    private byte[] state = new byte[0];
    private int stateBytes;
    /** The device state of the last epoch that was whole. */
    private byte[] before = new byte[0];
    /** How much of it was used. */
    private int usedOfBefore;

    /** An epoch that is whole and right; the caller owns it. */
    public record Arrived(Epoch epoch, long pauseNanos) {}

    /** An assembler for the epochs of one VM with a RAM of {@code ramBytes}. */
    public EpochAssembler(VmId vm, long ramBytes) {
        this.vm = vm;
        this.ramBytes = ramBytes;
    }

    /** Takes the next part. After a refusal the assembler is of no more use. */
    public Decoded<Arrived, String> accept(CheckpointMessage.EpochPart part) {
        if (begin == null && !(part instanceof CheckpointMessage.Begin)) {
            return new Decoded.Refused<>("part of an epoch without its beginning");
        }
        return switch (part) {
            case CheckpointMessage.Begin opened -> begin(opened);
            case CheckpointMessage.DiskRanges batch -> ranges(batch.ranges());
            case CheckpointMessage.Pages batch -> pages(batch);
            case CheckpointMessage.DeviceState chunk -> deviceState(chunk.chunk());
            case CheckpointMessage.DeviceSame same -> same(same);
            case CheckpointMessage.End end -> end(end);
        };
    }

    /** Forgets an unfinished epoch. */
    @Override
    public void close() {
        if (pages != null) {
            pages.close();
            pages = null;
        }
        begin = null;
        state = new byte[0];
        stateBytes = 0;
        usedOfBefore = 0;
    }

    private Decoded<Arrived, String> begin(CheckpointMessage.Begin opened) {
        if (begin != null) {
            return new Decoded.Refused<>("epoch " + opened.header().epoch() + " begins within epoch "
                    + begin.header().epoch());
        }
        EpochHeader header = opened.header();
        if (!header.vm().equals(vm) || header.ramBytes() != ramBytes) {
            return new Decoded.Refused<>("an epoch of " + header.vm() + " with " + header.ramBytes()
                    + " bytes of RAM, not of " + vm + " with " + ramBytes);
        }
        begin = opened;
        pages = new PageSeries.Builder(header);
        state = new byte[Math.min(opened.deviceStateBytes(), Math.max(FIRST_STATE_BYTES, before.length))];
        stateBytes = 0;
        return Decoded.needMore();
    }

    private Decoded<Arrived, String> ranges(List<BlockRange> batch) {
        if (batch.size() > begin.rangeCount() - pages.zeroCount()) {
            return new Decoded.Refused<>("more than the " + begin.rangeCount() + " ranges announced");
        }
        for (BlockRange range : batch) {
            String fault = pages.addZeros(range.first(), range.count());
            if (fault != null) {
                return new Decoded.Refused<>(fault);
            }
        }
        return Decoded.needMore();
    }

    private Decoded<Arrived, String> pages(CheckpointMessage.Pages batch) {
        int count = batch.count();
        if (pages.count() + count > begin.pageCount()) {
            return new Decoded.Refused<>("more than the " + begin.pageCount() + " pages announced");
        }
        if (batch.number(0) <= pages.lastNumber()
                || batch.number(count - 1) >= begin.header().allPages()) {
            return new Decoded.Refused<>("pages " + batch.number(0) + " to " + batch.number(count - 1) + " after page "
                    + pages.lastNumber() + " of " + begin.header().allPages());
        }
        ByteBuf body = batch.body();
        int offset = batch.contentsOffset();
        ByteBuffer contents = body.nioBuffer(offset, body.writerIndex() - offset);
        for (int i = 0; i < count; i++) {
            if (batch.isZero(i)) {
                pages.addZero(batch.number(i));
            } else {
                pages.add(batch.number(i), contents);
            }
        }
        return Decoded.needMore();
    }

    private Decoded<Arrived, String> deviceState(ByteBuf chunk) {
        int bytes = chunk.readableBytes();
        if (bytes > begin.deviceStateBytes() - stateBytes) {
            return tooMuchState();
        }
        makeRoom(bytes);
        chunk.getBytes(chunk.readerIndex(), state, stateBytes, bytes);
        stateBytes += bytes;
        return Decoded.needMore();
    }

    private Decoded<Arrived, String> same(CheckpointMessage.DeviceSame same) {
        int from = same.from();
        int bytes = same.bytes();
        if (bytes > begin.deviceStateBytes() - stateBytes) {
            return tooMuchState();
        }
        if (from < usedOfBefore || bytes > before.length - from) {
            return new Decoded.Refused<>(bytes + " bytes from " + from + " of the device state before, of which "
                    + usedOfBefore + " of " + before.length + " were used");
        }
        makeRoom(bytes);
        System.arraycopy(before, from, state, stateBytes, bytes);
        stateBytes += bytes;
        usedOfBefore = from + bytes;
        return Decoded.needMore();
    }

    private Decoded<Arrived, String> tooMuchState() {
        return new Decoded.Refused<>("more than the " + begin.deviceStateBytes() + " bytes of device state announced");
    }

    private void makeRoom(int bytes) {
        if (stateBytes + bytes > state.length) {
            int grown = (int) Math.min(begin.deviceStateBytes(), Math.max(2L * state.length, stateBytes + bytes));
            state = Arrays.copyOf(state, grown);
        }
    }

    private Decoded<Arrived, String> end(CheckpointMessage.End end) {
        EpochHeader header = begin.header();
        if (!end.epoch().equals(header.epoch())) {
            return new Decoded.Refused<>("epoch " + header.epoch() + " ends as epoch " + end.epoch());
        }
        if (pages.zeroCount() != begin.rangeCount()) {
            return new Decoded.Refused<>("epoch " + header.epoch() + " ends with " + pages.zeroCount() + " of "
                    + begin.rangeCount() + " ranges of zeros");
        }
        if (pages.count() != begin.pageCount() || stateBytes != begin.deviceStateBytes()) {
            return new Decoded.Refused<>("epoch " + header.epoch() + " ends with " + pages.count() + " of "
                    + begin.pageCount() + " pages and " + stateBytes + " of " + begin.deviceStateBytes()
                    + " bytes of device state");
        }
        byte[] deviceState = state.length == stateBytes ? state : Arrays.copyOf(state, stateBytes);
        Epoch epoch = pages.build(deviceState);
        pages = null;
        close();
        long found = epoch.checksum();
        if (found != end.checksum()) {
            epoch.close();
            return new Decoded.Refused<>("epoch " + header.epoch() + " has the checksum " + Long.toHexString(found)
                    + ", its sender says " + Long.toHexString(end.checksum()));
        }
        before = deviceState;
        return new Decoded.Complete<>(new Arrived(epoch, end.pauseNanos()));
    }
}
