package org.secondsite.gateway.group;

import java.util.ArrayDeque;
import java.util.Deque;
import java.util.List;
import java.util.Locale;
import java.util.OptionalLong;
import org.secondsite.config.VmId;
import org.secondsite.replicator.CopyProgress;
import org.secondsite.replicator.PageSet;

/**
 * How far a copy of a VM's disks is that goes over several epochs. It is written over the standby's images in place, so from its
 * first epoch until it is complete nothing can be started from them, whatever becomes of the copy.
 *
 * <p>Both gateways know it by the heads of the epochs; the owner's agent says besides how it stands with each disk.
 */
public final class DiskCopy {
    /** What is known of it. */
    public enum Phase {
        /** There is none, or it is complete. */
        NONE,
        /** The standby's images are being written over. */
        UNDER_WAY,
        /** They were being written over, and nobody goes on. */
        BROKEN_OFF
    }

    private static final String KIND = "disk-copy";
    private static final int MAX_SAMPLES = 16;
    private static final long SPACING_NANOS = 500_000_000L;
    private static final long MIN_SPAN_NANOS = 1_000_000_000L;
    private static final int QUARTERS = 4;

    private final VmId vm;
    private final Orders orders;
    private Phase phase = Phase.NONE;
    private long startNanos;
    private long totalBytes;
    private long leftBytes;
    private int quartersTold;
    private CopyProgress ofEach;

    /** How much was left at some moments, oldest first. */
    private record Sample(long nanos, long leftBytes) {}

    private final Deque<Sample> samples = new ArrayDeque<>();

    DiskCopy(VmId vm, Orders orders) {
        this.vm = vm;
        this.orders = orders;
    }

    /** A chain of epochs begins or ends: what was not complete is no more gone on with. */
    void breakOff() {
        ofEach = null;
        samples.clear();
        if (phase == Phase.UNDER_WAY) {
            phase = Phase.BROKEN_OFF;
            note("broken off, " + bytes(leftBytes)
                    + " left: the standby's disks are of no use until a copy is complete");
        }
    }

    /** An epoch brings a part, and so many blocks are missing then; more than none. */
    void at(long missingBlocks) {
        long now = orders.nowNanos();
        leftBytes = missingBlocks * PageSet.PAGE_BYTES;
        if (phase != Phase.UNDER_WAY) {
            phase = Phase.UNDER_WAY;
            startNanos = now;
            totalBytes = leftBytes;
            quartersTold = 0;
            note("the standby's disks are written over, at most " + bytes(leftBytes)
                    + "; until that is done nothing can be started from them");
        }
        totalBytes = Math.max(totalBytes, leftBytes);
        if (samples.isEmpty() || now - samples.getLast().nanos() >= SPACING_NANOS) {
            samples.addLast(new Sample(now, leftBytes));
            if (samples.size() > MAX_SAMPLES) {
                samples.removeFirst();
            }
        }
        int quarters = (int) ((totalBytes - leftBytes) * QUARTERS / totalBytes);
        if (quarters > quartersTold) {
            quartersTold = quarters;
            note(100 * quarters / QUARTERS + " %: " + this);
        }
    }

    /** The standby's disks are a whole epoch. */
    void complete() {
        if (phase == Phase.UNDER_WAY) {
            note("complete, after " + (orders.nowNanos() - startNanos) / 1_000_000 + " ms");
        }
        phase = Phase.NONE;
        leftBytes = 0;
        totalBytes = 0;
        ofEach = null;
        samples.clear();
    }

    /** The owner's agent says how it stands with each disk. */
    void told(CopyProgress progress) {
        ofEach = progress;
    }

    private void note(String text) {
        orders.note(vm.name(), KIND, text);
    }

    /** Why nothing can be started from the standby's disks; empty if nothing is against it as far as this copy goes. */
    public String obstacle() {
        return switch (phase) {
            case NONE -> "";
            case UNDER_WAY -> "the disks of " + vm + " are being written over: " + this;
            case BROKEN_OFF -> "a copy of the disks of " + vm + " was broken off";
        };
    }

    /** What is known of it. */
    public Phase phase() {
        return phase;
    }

    /** What may still have to be brought. */
    public long leftBytes() {
        return leftBytes;
    }

    /** What had to be brought when it began. */
    public long totalBytes() {
        return totalBytes;
    }

    /** How fast what is left gets less, by the last seconds; 0 if it does not, or that is not known yet. */
    public long bytesPerSecond() {
        if (phase != Phase.UNDER_WAY || samples.isEmpty()) {
            return 0;
        }
        Sample oldest = samples.getFirst();
        long span = orders.nowNanos() - oldest.nanos();
        return span < MIN_SPAN_NANOS ? 0 : Math.max(0, (long) ((oldest.leftBytes() - leftBytes) * 1e9 / span));
    }

    /** In how many seconds it is complete if it goes on so; empty if that is not known. */
    public OptionalLong secondsLeft() {
        long rate = bytesPerSecond();
        return rate == 0 ? OptionalLong.empty() : OptionalLong.of((leftBytes + rate - 1) / rate);
    }

    /** What may still have to be brought of each disk, in the order of their index; empty if the agent does not say so. */
    public List<Long> leftOfEach() {
        return ofEach == null || phase != Phase.UNDER_WAY
                ? List.of()
                : ofEach.missingBlocks().stream()
                        .map(blocks -> (long) blocks * PageSet.PAGE_BYTES)
                        .toList();
    }

    /** What it may bring in a second, 0 if that is not limited, or not known. */
    public long limitBytesPerSecond() {
        return ofEach == null ? 0 : ofEach.limitBytesPerSecond();
    }

    /** How far it is, for an operator. */
    @Override
    public String toString() {
        String rate = bytesPerSecond() == 0 ? "" : ", " + bytes(bytesPerSecond()) + "/s";
        String time = secondsLeft().isPresent() ? ", about " + secondsLeft().getAsLong() + " s" : "";
        return bytes(leftBytes) + " of " + bytes(totalBytes) + " left" + rate + time;
    }

    private static String bytes(long bytes) {
        return bytes < 1L << 30
                ? String.format(Locale.ROOT, "%.1f MiB", bytes / (double) (1 << 20))
                : String.format(Locale.ROOT, "%.1f GiB", bytes / (double) (1 << 30));
    }
}
