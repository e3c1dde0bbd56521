package org.secondsite.replicator.tunnel;

import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.HashMap;
import java.util.Iterator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.Consumer;
import org.secondsite.config.EpochId;
import org.secondsite.config.VmId;
import org.secondsite.replicator.Epoch;
import org.secondsite.replicator.PageSet;

/**
 * The sending side's memory: per VM the epochs that were handed over and are not known to be held by the peer.
 *
 * <p><b>Streams.</b> The epochs of a VM from one discard to the next are a <em>stream</em>: a chain in which each epoch is a
 * full image or a delta on the one before. A stream has a number that is never used again while this process lives. Answers
 * name the stream, so an answer that is late can never be credited to another chain that happens to use the same epoch ids.
 *
 * <p><b>Order.</b> The epochs of a stream go through three queues: <em>waiting</em>, the first of which is being encoded;
 * <em>encoded</em>, whose bytes wait for the connection; and <em>sent</em>, which the peer may answer. A break puts back into
 * the first queue what the peer does not say it got.
 *
 * <p><b>Room.</b> At most {@code maxVmBytes} of a VM's epochs are on their way to the peer, and at most so many bytes of begun
 * and unfinished epochs of all VMs as the peer takes; of each, an epoch that is alone may be larger. What does not fit yet
 * waits here: a full window is back-pressure, not a fault. How much may wait is the source's credit, which is of the same
 * size: so a source that keeps to it adds to less than {@code maxVmBytes}, and one that does not is refused.
 *
 * <p><b>Fairness.</b> {@link #poll} takes the streams in turn. The caller sends one piece of bounded size and puts the stream
 * back with {@link #again}, so a VM with a huge epoch delays another's by one piece.
 *
 * <p>Not thread-safe; knows no clock and no socket.
 */
public final class SendWindow {
    /** What an answer of the peer amounts to. */
    public enum Answer {
        /** It is about an epoch in the window, which has left it now. */
        TAKEN,
        /** It is about a discarded stream, or an epoch that was answered before: nothing happened. */
        IGNORED,
        /** It is about an epoch that was never completely sent: the peer is wrong. */
        IMPOSSIBLE
    }

    /** The epochs of one VM between two discards. */
    public static final class Stream {
        private final VmId vm;
        private final int number;
        private final Deque<Epoch> sent = new ArrayDeque<>();
        private final Deque<Epoch> encoded = new ArrayDeque<>();
        private final Deque<Epoch> waiting = new ArrayDeque<>();
        private EpochId last = EpochId.NONE;
        private EpochId lastSent = EpochId.NONE;
        /** Of all epochs of the stream. */
        private long bytes;

        /** Of those that are begun, encoded or sent. */
        private long onTheWayBytes;

        /** Whether the first of the waiting ones is begun: room was made for it. */
        private boolean begun;
        /** In the queue, or given out by {@link #poll}. */
        private boolean taken;

        private boolean opened;
        private boolean discarded;

        private Stream(VmId vm, int number) {
            this.vm = vm;
            this.number = number;
        }

        /** The VM. */
        public VmId vm() {
            return vm;
        }

        /** The number on the wire. */
        public int number() {
            return number;
        }

        /** The epoch that is being encoded or is next to be. */
        public Epoch current() {
            return waiting.getFirst();
        }

        /** Whether the chain was given up. */
        public boolean isDiscarded() {
            return discarded;
        }

        /** Whether this is the first call on this connection: the peer must be told the stream's VM. */
        public boolean open() {
            boolean first = !opened;
            opened = true;
            return first;
        }
    }

    /**
     * What of a VM is in the window.
     *
     * @param epochs how many epochs
     * @param bytes their size in plain form
     * @param oldest the oldest of them
     * @param newest the newest of them
     */
    public record InFlight(int epochs, long bytes, EpochId oldest, EpochId newest) {}

    /** An epoch of a VM that the peer holds. */
    public record Commit(VmId vm, EpochId epoch) {}

    /**
     * A chain that was discarded.
     *
     * @param epoch the epoch that it is about
     * @param reason in words
     */
    public record Broken(VmId vm, EpochId epoch, String reason) {}

    /**
     * What a resume amounts to.
     *
     * @param commits the commits that are news
     * @param broken chains that were discarded
     */
    public record Resumed(List<Commit> commits, List<Broken> broken) {}

    private long maxVmBytes;

    /** What a source may have been told of; one that is told of less keeps to it only from then on. */
    private long mostVmBytes;

    private long peerVmBytes = Long.MAX_VALUE;
    private long peerUnfinishedBytes = Long.MAX_VALUE;
    private long unfinishedBytes;
    private final Consumer<Epoch> freed;
    private final Map<VmId, Stream> byVm = new LinkedHashMap<>();
    private final Map<Integer, Stream> byNumber = new HashMap<>();
    private final Deque<Stream> ready = new ArrayDeque<>();
    private int lastNumber;

    /**
     * An empty window.
     *
     * @param maxVmBytes the bound for each VM, in plain form; a single epoch may be larger
     * @param freed is given every epoch that leaves the window, and closes it
     */
    public SendWindow(long maxVmBytes, Consumer<Epoch> freed) {
        this.maxVmBytes = maxVmBytes;
        mostVmBytes = maxVmBytes;
        this.freed = freed;
    }

    /** Another bound for each VM, on what is begun from now on. What waits here already is sent all the same. */
    public void bound(long vmBytes) {
        maxVmBytes = vmBytes;
        mostVmBytes = Math.max(mostVmBytes, vmBytes);
    }

    /**
     * Takes an epoch for sending.
     *
     * @return why it cannot be taken, which leaves it to the caller; or empty
     */
    public Optional<String> offer(Epoch epoch) {
        VmId vm = epoch.header().vm();
        Stream stream = byVm.get(vm);
        if (stream == null) {
            if (byVm.size() == Resume.MAX_STREAMS) {
                return Optional.of("the tunnel already carries " + Resume.MAX_STREAMS + " VMs");
            }
            stream = new Stream(vm, ++lastNumber);
            byVm.put(vm, stream);
            byNumber.put(stream.number, stream);
        } else if (epoch.header().epoch().atMost(stream.last)) {
            return Optional.of("epoch " + epoch.header().epoch() + " does not follow " + stream.last);
        } else if (!epoch.header().isFull() && !epoch.header().base().equals(stream.last)) {
            return Optional.of("a delta on " + epoch.header().base() + " does not fit behind " + stream.last);
        }
        if (stream.bytes >= mostVmBytes) {
            return Optional.of(
                    "the window of " + mostVmBytes + " bytes was full before: the source ignores its credit");
        }
        if (cost(epoch) > peerUnfinishedBytes) {
            return Optional.of(tooLarge(epoch));
        }
        stream.last = epoch.header().epoch();
        stream.bytes += epoch.plainBytes();
        stream.waiting.addLast(epoch);
        enqueue(stream);
        return Optional.empty();
    }

    /**
     * Forgets the VM's chain.
     *
     * @return the stream, if the peer was told of it on this connection
     */
    public Optional<Stream> discard(VmId vm) {
        Stream stream = byVm.remove(vm);
        if (stream == null) {
            return Optional.empty();
        }
        byNumber.remove(stream.number);
        ready.remove(stream);
        stream.discarded = true;
        unfinishedBytes -= unfinishedBytes(stream);
        stream.sent.forEach(freed);
        stream.encoded.forEach(freed);
        stream.waiting.forEach(freed);
        stream.sent.clear();
        stream.encoded.clear();
        stream.waiting.clear();
        return stream.opened ? Optional.of(stream) : Optional.empty();
    }

    /**
     * The stream whose turn it is to send a piece, or null. Not given out until {@link #again}.
     *
     * <p>A begun epoch goes on in any case. While the epoch whose turn it is to be begun does not fit, no other is begun: so
     * those on their way end, and a large one does not wait for ever.
     */
    public Stream poll() {
        boolean mayBegin = true;
        for (Iterator<Stream> turns = ready.iterator(); turns.hasNext(); ) {
            Stream stream = turns.next();
            if (!stream.begun && mayBegin) {
                long cost = cost(stream.current());
                mayBegin = unfinishedBytes == 0 || unfinishedBytes + cost <= peerUnfinishedBytes;
                if (mayBegin) {
                    unfinishedBytes += cost;
                    stream.onTheWayBytes += stream.current().plainBytes();
                    stream.begun = true;
                }
            }
            if (stream.begun) {
                turns.remove();
                return stream;
            }
        }
        return null;
    }

    /** {@code stream.current()} is encoded to its end; the next one may be begun. */
    public void wholeEncoded(Stream stream) {
        if (!stream.discarded) {
            stream.encoded.addLast(stream.waiting.removeFirst());
            stream.begun = false;
        }
    }

    /**
     * The last byte of the stream's oldest encoded epoch is handed to the connection: from now on the peer may answer it.
     *
     * @return the epoch's size in plain form
     * @throws IllegalStateException if no epoch of the stream is encoded
     */
    public long wholeSent(int number) {
        Stream stream = byNumber.get(number);
        if (stream == null || stream.encoded.isEmpty()) {
            throw new IllegalStateException("no epoch of stream " + number + " is encoded");
        }
        Epoch whole = stream.encoded.removeFirst();
        stream.sent.addLast(whole);
        unfinishedBytes -= cost(whole);
        stream.lastSent = whole.header().epoch();
        return whole.plainBytes();
    }

    /** The size in plain form of the epoch that the stream's next piece for the connection belongs to, 0 if there is none. */
    public long nextBytes(int number) {
        Stream stream = byNumber.get(number);
        if (stream == null) {
            return 0;
        }
        Epoch next = stream.encoded.isEmpty() ? stream.waiting.peekFirst() : stream.encoded.getFirst();
        return next == null ? 0 : next.plainBytes();
    }

    /** A stream that {@link #poll} gave out gets its turn again, if there is anything left of it to send. */
    public void again(Stream stream) {
        if (!stream.discarded) {
            stream.taken = false;
            enqueue(stream);
        }
    }

    /** The peer says that it holds the epoch and those before it in the stream. */
    public Answer acknowledged(int number, EpochId epoch) {
        Stream stream = byNumber.get(number);
        if (stream == null) {
            return number > lastNumber ? Answer.IMPOSSIBLE : Answer.IGNORED;
        }
        if (!epoch.atMost(stream.lastSent)) {
            return Answer.IMPOSSIBLE;
        }
        Answer answer = acknowledged(stream, epoch);
        enqueue(stream);
        return answer;
    }

    private Answer acknowledged(Stream stream, EpochId epoch) {
        if (stream.sent.stream().noneMatch(entry -> entry.header().epoch().equals(epoch))) {
            return Answer.IGNORED;
        }
        while (!stream.sent.isEmpty() && stream.sent.getFirst().header().epoch().atMost(epoch)) {
            free(stream, stream.sent.removeFirst());
        }
        return Answer.TAKEN;
    }

    /** The peer says that it will not hold the epoch. It will say so of those that build on it as well. */
    public Answer refused(int number, EpochId epoch) {
        Stream stream = byNumber.get(number);
        if (stream == null) {
            return number > lastNumber ? Answer.IMPOSSIBLE : Answer.IGNORED;
        }
        if (!epoch.atMost(stream.lastSent)) {
            return Answer.IMPOSSIBLE;
        }
        Optional<Epoch> entry = stream.sent.stream()
                .filter(candidate -> candidate.header().epoch().equals(epoch))
                .findFirst();
        entry.ifPresent(found -> {
            stream.sent.remove(found);
            free(stream, found);
            enqueue(stream);
        });
        return entry.isPresent() ? Answer.TAKEN : Answer.IGNORED;
    }

    /** The VM of a stream that was not discarded. */
    public Optional<VmId> vm(int number) {
        return Optional.ofNullable(byNumber.get(number)).map(Stream::vm);
    }

    /**
     * A new connection begins: what the peer did not get whole on earlier ones is sent again. A chain of which the peer
     * claims to have got what was never sent is discarded: one of the two ends is wrong about it.
     *
     * @param resume the peer's word
     * @param vmBytes what the peer takes of one VM and has not answered, in plain form
     * @param unfinished what all unfinished epochs may take at the peer
     */
    public Resumed resume(Resume resume, long vmBytes, long unfinished) {
        peerVmBytes = vmBytes;
        peerUnfinishedBytes = unfinished;
        unfinishedBytes = 0;
        Map<Integer, Resume.Position> positions = new HashMap<>();
        resume.positions().forEach(position -> positions.put(position.stream(), position));
        List<Commit> commits = new ArrayList<>();
        List<Broken> broken = new ArrayList<>();
        ready.clear();
        for (Stream stream : List.copyOf(byVm.values())) {
            stream.opened = false;
            stream.taken = false;
            stream.begun = false;
            Resume.Position position = positions.getOrDefault(
                    stream.number, new Resume.Position(stream.number, EpochId.NONE, EpochId.NONE));
            if (!position.delivered().atMost(stream.lastSent)) {
                String claim = "the peer claims to have this epoch, which was never sent";
                giveUp(stream, new Broken(stream.vm, position.delivered(), claim), broken);
                continue;
            }
            if (acknowledged(stream, position.acknowledged()) == Answer.TAKEN) {
                commits.add(new Commit(stream.vm, position.acknowledged()));
            }
            while (!stream.encoded.isEmpty()) {
                stream.waiting.addFirst(stream.encoded.removeLast());
            }
            while (!stream.sent.isEmpty()
                    && !stream.sent.getLast().header().epoch().atMost(position.delivered())) {
                stream.waiting.addFirst(stream.sent.removeLast());
            }
            stream.lastSent = position.delivered();
            stream.onTheWayBytes =
                    stream.sent.stream().mapToLong(Epoch::plainBytes).sum();
            Optional<Epoch> tooLarge = stream.waiting.stream()
                    .filter(epoch -> cost(epoch) > peerUnfinishedBytes)
                    .findFirst();
            if (tooLarge.isPresent()) {
                Epoch epoch = tooLarge.get();
                giveUp(stream, new Broken(stream.vm, epoch.header().epoch(), tooLarge(epoch)), broken);
            } else {
                enqueue(stream);
            }
        }
        return new Resumed(commits, broken);
    }

    private void giveUp(Stream stream, Broken why, List<Broken> broken) {
        // Nothing of it is unfinished at the peer: the connection is new.
        stream.encoded.forEach(freed);
        stream.encoded.clear();
        broken.add(why);
        discard(stream.vm);
    }

    /** What is in the window, by VM. VMs of which nothing is in it are left out. */
    public Map<VmId, InFlight> inFlight() {
        Map<VmId, InFlight> result = new LinkedHashMap<>();
        for (Stream stream : byVm.values()) {
            List<Epoch> all = new ArrayList<>(stream.sent);
            all.addAll(stream.encoded);
            all.addAll(stream.waiting);
            if (!all.isEmpty()) {
                EpochId oldest = all.getFirst().header().epoch();
                EpochId newest = all.getLast().header().epoch();
                result.put(stream.vm, new InFlight(all.size(), stream.bytes, oldest, newest));
            }
        }
        return result;
    }

    /** Forgets everything. */
    public void clear() {
        List.copyOf(byVm.keySet()).forEach(this::discard);
    }

    private void enqueue(Stream stream) {
        if (!stream.taken && !stream.waiting.isEmpty() && (stream.begun || fits(stream))) {
            stream.taken = true;
            ready.addLast(stream);
        }
    }

    private boolean fits(Stream stream) {
        long bytes = stream.current().plainBytes();
        return stream.onTheWayBytes == 0 || stream.onTheWayBytes + bytes <= Math.min(maxVmBytes, peerVmBytes);
    }

    private void free(Stream stream, Epoch epoch) {
        stream.bytes -= epoch.plainBytes();
        stream.onTheWayBytes -= epoch.plainBytes();
        freed.accept(epoch);
    }

    private static long unfinishedBytes(Stream stream) {
        long bytes = stream.begun ? cost(stream.current()) : 0;
        for (Epoch epoch : stream.encoded) {
            bytes += cost(epoch);
        }
        return bytes;
    }

    /** What an unfinished epoch may take at the peer, which keeps its pages in whole chunks. */
    private static long cost(Epoch epoch) {
        return epoch.plainBytes() + PageSet.CHUNK_BYTES;
    }

    private String tooLarge(Epoch epoch) {
        return "an epoch of " + epoch.plainBytes() + " bytes, the peer takes " + peerUnfinishedBytes;
    }
}
