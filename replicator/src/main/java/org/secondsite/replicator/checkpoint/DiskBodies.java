package org.secondsite.replicator.checkpoint;

import io.netty.buffer.ByteBuf;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import org.secondsite.config.Durability;
import org.secondsite.config.EpochId;
import org.secondsite.replicator.BlockRange;
import org.secondsite.replicator.CarriedDisks;
import org.secondsite.replicator.CopyProgress;
import org.secondsite.replicator.VolumeChanges;

/** What messages say about disks, as {@link CheckpointCodec} has it on the wire. */
final class DiskBodies {
    private static final int RANGE_BYTES = 2 * Integer.BYTES;

    private DiskBodies() {}

    /** Added to the count where a basis follows. */
    private static final int WITH_BASIS = 16;

    /** count u8, 16 more with a basis | of each: name length u8, ASCII, bytes u64 | missing blocks u64 | basis, 16 bytes. */
    static CarriedDisks disks(CheckpointCodec.Body body) {
        int first = body.u8();
        boolean hasBasis = first > WITH_BASIS;
        int count = hasBasis ? first - WITH_BASIS : first;
        if (count > VolumeChanges.MAX_VOLUMES) {
            throw new IllegalArgumentException(count + " disks");
        }
        List<CarriedDisks.Disk> disks = new ArrayList<>();
        for (int i = 0; i < count; i++) {
            String name = body.ascii();
            disks.add(new CarriedDisks.Disk(name, body.positiveLong()));
        }
        CarriedDisks carried = new CarriedDisks(disks, body.nonNegative());
        return hasBasis ? carried.upon(body.epoch()) : carried;
    }

    static void disks(CarriedDisks carried, ByteBuf out) {
        boolean hasBasis = !carried.basis().equals(EpochId.NONE);
        out.writeByte(carried.disks().size() + (hasBasis ? WITH_BASIS : 0));
        for (CarriedDisks.Disk disk : carried.disks()) {
            out.writeByte(disk.name().length());
            out.writeCharSequence(disk.name(), StandardCharsets.US_ASCII);
            out.writeLong(disk.bytes());
        }
        out.writeLong(carried.missingBlocks());
        if (hasBasis) {
            out.writeLong(carried.basis().term()).writeLong(carried.basis().number());
        }
    }

    /** disks | durability u8, 0 disk, 1 memory. */
    static CheckpointMessage.Disks disksHere(CheckpointCodec.Body body) {
        return new CheckpointMessage.Disks(disks(body), body.flag() ? Durability.MEMORY : Durability.DISK);
    }

    static void disksHere(CheckpointMessage.Disks here, ByteBuf out) {
        disks(here.disks(), out);
        out.writeBoolean(here.durability() == Durability.MEMORY);
    }

    /** count u16 | of each: first u32, count u32. */
    static CheckpointMessage.DiskRanges ranges(CheckpointCodec.Body body) {
        int count = body.u16();
        if (count < 1 || count > Limits.BATCH_RANGES) {
            throw new IllegalArgumentException(count + " ranges in a batch");
        }
        List<BlockRange> ranges = new ArrayList<>(count);
        for (int i = 0; i < count; i++) {
            ranges.add(new BlockRange(body.u32(), body.u32()));
        }
        return new CheckpointMessage.DiskRanges(ranges);
    }

    static void ranges(CheckpointMessage.DiskRanges batch, ByteBuf out) {
        out.ensureWritable(Short.BYTES + batch.ranges().size() * RANGE_BYTES);
        out.writeShort(batch.ranges().size());
        batch.ranges().forEach(range -> out.writeInt(range.first()).writeInt(range.count()));
    }

    /** count u8 | of each: missing blocks u32 | limit u64. */
    static CheckpointMessage.CopyAt copyAt(CheckpointCodec.Body body) {
        int count = body.u8();
        if (count > VolumeChanges.MAX_VOLUMES) {
            throw new IllegalArgumentException("a copy of " + count + " disks");
        }
        List<Integer> missing = new ArrayList<>(count);
        for (int i = 0; i < count; i++) {
            missing.add(body.u32());
        }
        return new CheckpointMessage.CopyAt(new CopyProgress(missing, body.nonNegative()));
    }

    static void copyAt(CheckpointMessage.CopyAt at, ByteBuf out) {
        out.writeByte(at.progress().missingBlocks().size());
        at.progress().missingBlocks().forEach(out::writeInt);
        out.writeLong(at.progress().limitBytesPerSecond());
    }
}
