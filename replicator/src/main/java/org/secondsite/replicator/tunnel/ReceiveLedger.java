package org.secondsite.replicator.tunnel;

import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.HashMap;
import java.util.Iterator;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.secondsite.config.EpochId;
import org.secondsite.config.VmId;

/**
 * The receiving side's memory: per stream of the peer how far it was delivered and how far it was answered. It outlives
 * connections, so that a break costs no epoch and delivers none twice; it is emptied when the peer's process is another one.
 *
 * <p>Not thread-safe; knows no clock and no socket.
 */
public final class ReceiveLedger {
    /** A stream of the peer. */
    private static final class Stream {
        private final VmId vm;
        private final int number;
        private EpochId delivered = EpochId.NONE;
        private EpochId acknowledged = EpochId.NONE;
        private long unansweredBytes;

        private Stream(VmId vm, int number) {
            this.vm = vm;
            this.number = number;
        }
    }

    /** An epoch that was given to the listener and not answered yet. */
    private record Unanswered(Stream stream, EpochId epoch, long bytes) {}

    private long maxVmBytes;

    private final Map<Integer, Stream> byNumber = new HashMap<>();
    private final Map<VmId, Stream> byVm = new HashMap<>();
    private final Map<VmId, Deque<Unanswered>> unanswered = new HashMap<>();
    private long incarnation;
    private boolean known;

    /**
     * An empty ledger.
     *
     * @param maxVmBytes what the peer may have delivered of a VM without an answer, in plain form; a single epoch may be larger
     */
    public ReceiveLedger(long maxVmBytes) {
        this.maxVmBytes = maxVmBytes;
    }

    /** The peer said hello. If it is another process than before, nothing that was noted of the earlier one counts. */
    public void hello(long peerIncarnation) {
        if (!known || incarnation != peerIncarnation) {
            byNumber.clear();
            byVm.clear();
            known = true;
            incarnation = peerIncarnation;
        }
    }

    /** Another bound, which the peer was told of, on what it may deliver of a VM without an answer. */
    public void bound(long vmBytes) {
        maxVmBytes = vmBytes;
    }

    /** What the peer is told. */
    public Resume resume() {
        List<Resume.Position> positions = new ArrayList<>();
        byNumber.values()
                .forEach(stream ->
                        positions.add(new Resume.Position(stream.number, stream.delivered, stream.acknowledged)));
        return new Resume(positions);
    }

    /**
     * The peer begins, or after a break continues, a stream.
     *
     * @return why that cannot be, or empty
     */
    public Optional<String> open(int number, VmId vm) {
        Stream present = byVm.get(vm);
        if (present != null && present.number == number) {
            return Optional.empty();
        }
        if (byNumber.containsKey(number)) {
            return Optional.of("stream " + number + " is of " + byNumber.get(number).vm + ", not of " + vm);
        }
        if (present != null && present.number > number) {
            return Optional.of("stream " + number + " of " + vm + " is older than stream " + present.number);
        }
        if (present == null && byVm.size() == Resume.MAX_STREAMS) {
            return Optional.of("more than " + Resume.MAX_STREAMS + " streams");
        }
        if (present != null) {
            byNumber.remove(present.number);
        }
        Stream opened = new Stream(vm, number);
        byNumber.put(number, opened);
        byVm.put(vm, opened);
        return Optional.empty();
    }

    /** The peer gave a stream up. */
    public void discard(int number) {
        Stream stream = byNumber.remove(number);
        if (stream != null) {
            byVm.remove(stream.vm);
        }
    }

    /** The VM of an open stream. */
    public Optional<VmId> vm(int number) {
        return Optional.ofNullable(byNumber.get(number)).map(stream -> stream.vm);
    }

    /**
     * A whole epoch arrived.
     *
     * @param bytes its size in plain form
     * @return why it must not be given out: the stream is not open, the epoch does not follow what was delivered, or the peer
     *     ignores the window; or empty
     */
    public Optional<String> deliver(int number, EpochId epoch, long bytes) {
        Stream stream = byNumber.get(number);
        if (stream == null) {
            return Optional.of("it is not open");
        }
        if (epoch.atMost(stream.delivered)) {
            return Optional.of("it came already");
        }
        if (stream.unansweredBytes > 0 && stream.unansweredBytes + bytes > maxVmBytes) {
            return Optional.of("the window of " + maxVmBytes + " bytes is full");
        }
        stream.delivered = epoch;
        stream.unansweredBytes += bytes;
        unanswered.computeIfAbsent(stream.vm, vm -> new ArrayDeque<>()).addLast(new Unanswered(stream, epoch, bytes));
        return Optional.empty();
    }

    /**
     * The listener holds the epoch and those delivered before it.
     *
     * @return the stream on which to say so; empty if there is nobody to tell: the epoch is not one that waits for an answer,
     *     or its stream is gone
     */
    public Optional<Integer> acknowledge(VmId vm, EpochId epoch) {
        Unanswered answered = answer(vm, epoch, true);
        if (answered == null || byNumber.get(answered.stream().number) != answered.stream()) {
            return Optional.empty();
        }
        answered.stream().acknowledged = epoch;
        return Optional.of(answered.stream().number);
    }

    /** What the peer was told of the VM's epochs is not repeated to it after a break. */
    public void withdraw(VmId vm) {
        Stream stream = byVm.get(vm);
        if (stream != null) {
            stream.acknowledged = EpochId.NONE;
        }
    }

    /** The listener will not hold the epoch. Returns as {@link #acknowledge}. */
    public Optional<Integer> refuse(VmId vm, EpochId epoch) {
        Unanswered answered = answer(vm, epoch, false);
        return answered == null || byNumber.get(answered.stream().number) != answered.stream()
                ? Optional.empty()
                : Optional.of(answered.stream().number);
    }

    /**
     * Takes out the oldest one with that id. Ids may repeat after a discard or a restart of the peer; answers come in the
     * order of delivery, so the oldest is meant.
     */
    private Unanswered answer(VmId vm, EpochId epoch, boolean andEarlier) {
        Deque<Unanswered> waiting = unanswered.getOrDefault(vm, new ArrayDeque<>());
        int earlier = 0;
        for (Iterator<Unanswered> all = waiting.iterator(); all.hasNext(); earlier++) {
            Unanswered candidate = all.next();
            if (candidate.epoch().equals(epoch)) {
                all.remove();
                candidate.stream().unansweredBytes -= candidate.bytes();
                for (int i = 0; andEarlier && i < earlier; i++) {
                    Unanswered implied = waiting.removeFirst();
                    implied.stream().unansweredBytes -= implied.bytes();
                }
                return candidate;
            }
        }
        return null;
    }
}
