package org.secondsite.buffer;

import java.util.ArrayList;
import java.util.List;
import org.secondsite.config.EpochId;

/** One VM's buffer as one would write it without a thought for speed. {@link EpochBuffer} must behave the same. */
final class ReferenceEpochBuffer {
    /** A frame and its tag. */
    static final class Packet {
        final byte[] bytes;
        final int tag;

        Packet(byte[] bytes, int tag) {
            this.bytes = bytes;
            this.tag = tag;
        }
    }

    private record Epoch(EpochId id, List<Packet> packets) {}

    private final long quotaBytes;
    private final List<Epoch> sealed = new ArrayList<>();
    private List<Packet> open = new ArrayList<>();
    final List<Packet> leaving = new ArrayList<>();
    VmState state = VmState.CLOSED;
    long term;
    EpochId lastSealed = EpochId.NONE;
    EpochId lastCommitted = EpochId.NONE;
    long released;
    long discarded;
    long droppedClosed;
    long droppedQuota;
    long refused;

    ReferenceEpochBuffer(long quotaBytes) {
        this.quotaBytes = quotaBytes;
    }

    Arrival arrive(Packet packet, boolean poolHasRoom) {
        if (state == VmState.CLOSED) {
            droppedClosed++;
            return Arrival.CLOSED;
        }
        if (memoryBytes() + taken(packet) > quotaBytes) {
            droppedQuota++;
            return Arrival.OVER_QUOTA;
        }
        if (!poolHasRoom) {
            return Arrival.NO_ROOM;
        }
        if (state == VmState.PASS) {
            leaving.add(packet);
            return Arrival.PASSED;
        }
        open.add(packet);
        return Arrival.HELD;
    }

    boolean hold(long byTerm) {
        if (!admitted(byTerm)) {
            return false;
        }
        state = VmState.HOLD;
        return true;
    }

    boolean pass(long byTerm) {
        if (!admitted(byTerm)) {
            return false;
        }
        state = VmState.PASS;
        for (Epoch epoch : sealed) {
            leaving.addAll(epoch.packets);
        }
        sealed.clear();
        leaving.addAll(open);
        open.clear();
        return true;
    }

    boolean seal(EpochId id) {
        if (!admitted(id.term())) {
            return false;
        }
        if (id.compareTo(lastSealed) <= 0) {
            refused++;
            return false;
        }
        lastSealed = id;
        if (state == VmState.HOLD) {
            sealed.add(new Epoch(id, open));
            open = new ArrayList<>();
        }
        return true;
    }

    boolean commit(EpochId upTo) {
        if (!admitted(upTo.term())) {
            return false;
        }
        while (!sealed.isEmpty() && sealed.get(0).id.compareTo(upTo) <= 0) {
            Epoch epoch = sealed.remove(0);
            leaving.addAll(epoch.packets);
            lastCommitted = epoch.id;
        }
        return true;
    }

    boolean fence(long byTerm) {
        if (!admitted(byTerm)) {
            return false;
        }
        discarded += held().size();
        sealed.clear();
        open.clear();
        leaving.clear();
        state = VmState.CLOSED;
        return true;
    }

    /** Takes up to {@code most} packets that may leave. */
    List<Packet> drain(int most) {
        List<Packet> left = new ArrayList<>(leaving.subList(0, Math.min(most, leaving.size())));
        leaving.subList(0, left.size()).clear();
        released += left.size();
        return left;
    }

    List<Packet> held() {
        List<Packet> held = new ArrayList<>(leaving);
        for (Epoch epoch : sealed) {
            held.addAll(epoch.packets);
        }
        held.addAll(open);
        return held;
    }

    int sealedEpochs() {
        return sealed.size();
    }

    EpochId oldestSealed() {
        return sealed.isEmpty() ? EpochId.NONE : sealed.get(0).id;
    }

    long memoryBytes() {
        long sum = 0;
        for (Packet packet : held()) {
            sum += taken(packet);
        }
        return sum;
    }

    private static long taken(Packet packet) {
        return 8 + (packet.bytes.length + 7) / 8 * 8L;
    }

    private boolean admitted(long byTerm) {
        if (byTerm < term) {
            refused++;
            return false;
        }
        term = byTerm;
        return true;
    }
}
