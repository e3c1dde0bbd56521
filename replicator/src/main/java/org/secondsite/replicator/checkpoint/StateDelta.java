package org.secondsite.replicator.checkpoint;

import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import java.nio.ByteOrder;
import java.util.Arrays;

/**
 * Takes a device state apart by the one before: pieces that stand in that one, and pieces that do not, in order.
 *
 * <p>Firmware and video memory lie in it, some MiB of which next to nothing changes from epoch to epoch. A field that takes a byte more
 * moves everything behind it, so a piece may stand in the state before at another place: first it is looked for where the last one
 * leads to, then by anchors, some bytes of the state before in regular distances, at any place of this one.
 *
 * <p>The pieces that stand there ascend in both states. So no byte of the state before is used twice, and a receiver's state is never
 * longer than the one before and what was sent.
 */
final class StateDelta {
    /** A shorter piece is not worth two messages. */
    static final int LEAST_BYTES = 128;

    /** What has changed is short, most of the time. */
    private static final int NEAR_BYTES = 512;

    private static final int ANCHOR_STEP = 256;
    private static final int ANCHOR_BYTES = 16;
    private static final int SLOTS_AN_ANCHOR = 4;

    /** The content of an anchor that is there more than once, such as zeros: it leads nowhere. */
    private static final int AMBIGUOUS = -1;

    private static final VarHandle LONG = MethodHandles.byteArrayViewVarHandle(long[].class, ByteOrder.LITTLE_ENDIAN);

    private final byte[] before;
    private final byte[] now;
    private final int longest;

    /** The next byte of this state. */
    private int at;
    /** The first byte of the state before that was not used. */
    private int free;
    /** Where the state before goes on, less {@code at}. */
    private int shift;
    /** What stands behind a piece that was handed out; null if that is not known. */
    private Piece ahead;
    /** By hash, the place of an anchor and one; 0 if there is none; null until it is needed. */
    private int[] anchors;

    /**
     * A piece of this state.
     *
     * @param from where it stands in the state before, negative if it does not
     */
    record Piece(int at, int from, int bytes) {
        boolean isSame() {
            return from >= 0;
        }
    }

    /**
     * Takes {@code now} apart.
     *
     * @param before the state before, empty if there was none
     * @param longest the most bytes of a piece that does not stand in it
     */
    StateDelta(byte[] before, byte[] now, int longest) {
        this.before = before;
        this.now = now;
        this.longest = longest;
    }

    /** The next piece; null at the end. */
    Piece next() {
        if (at == now.length) {
            return null;
        }
        if (ahead == null) {
            ahead = find();
        }
        if (ahead.at() > at) {
            Piece other = new Piece(at, -1, ahead.at() - at);
            at = ahead.at();
            ahead = ahead.bytes() == 0 ? null : ahead;
            return other;
        }
        Piece same = ahead;
        ahead = null;
        at = same.at() + same.bytes();
        free = same.from() + same.bytes();
        shift = same.from() - same.at();
        return same;
    }

    /** The next piece that stands in the state before; one of no bytes, where the search has ended, if there is none until there. */
    private Piece find() {
        int end = Math.min(now.length, at + longest);
        if (free == before.length) {
            return new Piece(end, free, 0);
        }
        for (int here = at; here < Math.min(end, at + NEAR_BYTES); here++) {
            if (stands(here, here + shift)) {
                return whole(here, here + shift);
            }
        }
        if (anchors == null) {
            anchors = anchors();
        }
        for (int here = at; here < end; here++) {
            int place = here + ANCHOR_BYTES > now.length ? 0 : anchors[slot(now, here)];
            if (place > 0 && stands(here, place - 1)) {
                return whole(here, place - 1);
            }
            if (stands(here, here + shift)) {
                return whole(here, here + shift);
            }
        }
        return new Piece(end, free, 0);
    }

    private boolean stands(int here, int there) {
        return there >= free
                && there + LEAST_BYTES <= before.length
                && here + LEAST_BYTES <= now.length
                && (long) LONG.get(before, there) == (long) LONG.get(now, here)
                && same(here, there) >= LEAST_BYTES;
    }

    private int same(int here, int there) {
        int differs = Arrays.mismatch(now, here, now.length, before, there, before.length);
        return differs < 0 ? now.length - here : differs;
    }

    /** With what is the same in front of it. */
    private Piece whole(int here, int there) {
        int bytes = same(here, there);
        int more = 0;
        while (here - more > at && there - more > free && now[here - more - 1] == before[there - more - 1]) {
            more++;
        }
        return new Piece(here - more, there - more, bytes + more);
    }

    private int[] anchors() {
        int count = before.length / ANCHOR_STEP + 1;
        int[] places = new int[Integer.highestOneBit(SLOTS_AN_ANCHOR * count) << 1];
        anchors = places;
        for (int place = 0; place + ANCHOR_BYTES <= before.length; place += ANCHOR_STEP) {
            int slot = slot(before, place);
            int other = places[slot];
            if (other == 0) {
                places[slot] = place + 1;
            } else if (other > 0 && areAlike(place, other - 1)) {
                places[slot] = AMBIGUOUS;
            }
        }
        return places;
    }

    private boolean areAlike(int place, int other) {
        return Arrays.equals(before, place, place + ANCHOR_BYTES, before, other, other + ANCHOR_BYTES);
    }

    private int slot(byte[] state, int place) {
        long first = (long) LONG.get(state, place);
        long second = (long) LONG.get(state, place + Long.BYTES);
        long mixed = (first * 0x9E3779B97F4A7C15L + Long.rotateLeft(second, 29)) * 0xBF58476D1CE4E5B9L;
        return (int) (mixed >>> 32) & anchors.length - 1;
    }
}
