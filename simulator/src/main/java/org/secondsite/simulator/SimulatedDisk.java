package org.secondsite.simulator;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.ByteBufUtil;
import io.netty.buffer.Unpooled;
import java.util.Arrays;
import java.util.OptionalLong;
import java.util.SplittableRandom;
import org.secondsite.witness.wire.LogCodec;

/**
 * One append-only file on a disk that keeps what was forced, and of what was written later only some part when the power
 * fails: nothing, all, a beginning, or sectors of it with zeros where others should be.
 */
final class SimulatedDisk {
    private static final int SECTOR_BYTES = 512;

    private final SplittableRandom dice;
    private byte[] content = new byte[0];
    private int forcedBytes;

    SimulatedDisk(SplittableRandom dice) {
        this.dice = dice;
    }

    byte[] read() {
        return content.clone();
    }

    void append(byte[] bytes) {
        int at = content.length;
        content = Arrays.copyOf(content, at + bytes.length);
        System.arraycopy(bytes, 0, content, at, bytes.length);
    }

    void force() {
        forcedBytes = content.length;
    }

    void truncate(int lengthBytes) {
        content = Arrays.copyOf(content, lengthBytes);
        forcedBytes = Math.min(forcedBytes, lengthBytes);
    }

    /** Another disk is put in, with this on it. */
    void replace(byte[] bytes) {
        content = bytes.clone();
        forcedBytes = content.length;
    }

    /** A log of the witness goes back to an earlier moment. Returns the last term that is left; empty if none was there. */
    OptionalLong goBack(int percentOfEntries) {
        LogCodec.Scan.Legible all = legible(content);
        int kept = 1 + percentOfEntries * (all.entries().size() - 1) / 100;
        if (all.entries().isEmpty()) {
            return OptionalLong.empty();
        }
        ByteBuf copy = Unpooled.buffer();
        LogCodec.encodeFileHeader(copy);
        all.entries().subList(0, kept).forEach(entry -> LogCodec.encode(entry, copy));
        replace(ByteBufUtil.getBytes(copy));
        return OptionalLong.of(all.entries().get(kept - 1).record().term());
    }

    /** What was there before the damage, if there is any: only a planted fault lets the power's failure reach what is behind. */
    private static LogCodec.Scan.Legible legible(byte[] content) {
        return switch (LogCodec.scan(Unpooled.wrappedBuffer(content))) {
            case LogCodec.Scan.Legible all -> all;
            case LogCodec.Scan.Damaged damaged -> legible(Arrays.copyOf(content, damaged.offset()));
        };
    }

    /** How much of the file would survive any crash. */
    int forcedBytes() {
        return forcedBytes;
    }

    /** The power fails. */
    void crash() {
        int loose = content.length - forcedBytes;
        if (loose == 0) {
            return;
        }
        switch (dice.nextInt(4)) {
            case 0 -> truncate(forcedBytes);
            case 1 -> truncate(forcedBytes + dice.nextInt(loose));
            case 2 -> zeroOneSector();
            default -> {}
        }
        forcedBytes = content.length;
    }

    /** The file got its length, and one sector's share of the new bytes was never written. */
    private void zeroOneSector() {
        int sector = dice.nextInt(forcedBytes / SECTOR_BYTES, (content.length - 1) / SECTOR_BYTES + 1);
        int from = Math.max(forcedBytes, sector * SECTOR_BYTES);
        Arrays.fill(content, from, Math.min(content.length, (sector + 1) * SECTOR_BYTES), (byte) 0);
    }
}
