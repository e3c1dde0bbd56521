package org.secondsite.replicator.tunnel;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import java.nio.charset.StandardCharsets;
import java.util.HashMap;
import java.util.Map;
import java.util.Optional;
import org.secondsite.config.EpochId;
import org.secondsite.config.VmId;
import org.secondsite.replicator.Capability;
import org.secondsite.replicator.CarriedDisks;
import org.secondsite.replicator.Dialect;
import org.secondsite.replicator.Epoch;
import org.secondsite.replicator.codec.CodecSettings;

/**
 * The sending half of a session: takes the streams in turn, has a stretch of the current epoch encoded, cuts it into frames, and
 * hands the connections one frame of each stream in turn, as long as one of them takes it; of large epochs only as much as
 * {@link BulkWindow} allows.
 */
final class Outgoing {
    /** With less than this waiting for the connections, a stream's next stretch is encoded. */
    private static final int REFILL_BYTES = 256 << 10;

    /** Streams that the codec has to do at a time: the one that it works at, and the next one. */
    private static final int MAX_ENCODING = 2;

    private final TunnelSession session;
    private final TunnelCodec codec;
    private final TunnelListener listener;
    private final Tally tally;
    private final SendWindow window;
    private final FrameQueue queue = new FrameQueue();

    /** Streams whose stretch is encoded and that wait for the connections, by number. */
    private final Map<Integer, SendWindow.Stream> stretched = new HashMap<>();

    private Bundle bundle;
    private int run;
    private BulkWindow bulk = new BulkWindow();

    /** When a large epoch that waits for its time is looked at. */
    private long pumpDueNanos = Alarm.NEVER;

    private int encoding;
    private long epochsSent;
    private long plainBytesSent;
    private long codedBytesSent;

    Outgoing(
            TunnelSession session,
            TunnelSettings.Limits limits,
            TunnelCodec codec,
            TunnelListener listener,
            Tally tally) {
        this.session = session;
        this.codec = codec;
        this.listener = listener;
        this.tally = tally;
        this.window = new SendWindow(limits.maxInFlightBytes(), codec::free);
    }

    SendWindow window() {
        return window;
    }

    long epochsSent() {
        return epochsSent;
    }

    long plainBytesSent() {
        return plainBytesSent;
    }

    long codedBytesSent() {
        return codedBytesSent;
    }

    /** Takes over an epoch; if that cannot be, it is closed, and the reason returned. */
    Optional<String> offer(Epoch epoch, long now) {
        CarriedDisks disks = epoch.header().disks();
        boolean carried = disks.isEmpty() || bundle == null || carries(bundle.dialect(), disks);
        Optional<String> refusal = carried
                ? window.offer(epoch)
                : Optional.of("the other gateway's version does not carry disks: upgrade it");
        if (refusal.isPresent()) {
            codec.free(epoch);
        } else {
            pump(now);
        }
        return refusal;
    }

    /** The peer says that it holds an epoch. Returns what is wrong with that, or null. */
    Reset acknowledged(TunnelFrame frame, long now) {
        return answered(frame, window.acknowledged(frame.stream(), frame.epoch()), null, now);
    }

    /** The peer says that it will not hold an epoch. Returns what is wrong with that, or null. */
    Reset refused(TunnelFrame frame, long now) {
        SendWindow.Answer answer = window.refused(frame.stream(), frame.epoch());
        return answered(frame, answer, TunnelConnection.printable(frame.payload()), now);
    }

    private Reset answered(TunnelFrame frame, SendWindow.Answer answer, String refusal, long now) {
        switch (answer) {
            case IMPOSSIBLE -> {
                return new Reset(
                        ResetCode.ORDER,
                        frame.type() + " for epoch " + frame.epoch() + " of stream " + frame.stream()
                                + ", which was not sent");
            }
            case IGNORED -> tally.answerIgnored();
            case TAKEN -> {
                VmId vm = window.vm(frame.stream()).orElseThrow();
                if (refusal == null) {
                    listener.acknowledged(vm, frame.epoch());
                } else {
                    listener.refused(vm, frame.epoch(), refusal);
                }
                pump(now);
            }
        }
        return null;
    }

    private static boolean carries(Dialect dialect, CarriedDisks disks) {
        return dialect.has(Capability.DISKS) && (disks.basis().equals(EpochId.NONE) || dialect.has(Capability.RESYNC));
    }

    void discard(VmId vm) {
        Optional<SendWindow.Stream> told = window.discard(vm);
        if (told.isPresent()) {
            int number = told.get().number();
            codec.endEncoding(number);
            queue.discard(number);
            stretched.remove(number);
            if (bundle != null) {
                bundle.write(TunnelFrame.about(FrameType.DISCARD, number, EpochId.NONE));
                bundle.flush();
            }
        }
    }

    /** Starts to send in a new session, with a codec that remembers nothing. */
    SendWindow.Resumed start(Bundle opened, CodecSettings wish, Resume resume) {
        stop();
        bundle = opened;
        run++;
        bulk = new BulkWindow();
        Hello peer = opened.peer();
        codec.startEncoding(peer.codecFor(wish));
        return window.resume(resume, peer.uncommittedBytes(), peer.unfinishedBytes());
    }

    /** The session is over. */
    void stop() {
        queue.clear();
        stretched.clear();
        encoding = 0;
        pumpDueNanos = Alarm.NEVER;
        if (bundle != null) {
            bundle = null;
            codec.stopEncoding();
        }
    }

    /** Sends as much as the connections take, and has encoded what they will take next. */
    void pump(long now) {
        if (bundle == null) {
            return;
        }
        while (bundle.takesMore()) {
            TunnelFrame frame = next(now);
            if (frame == null) {
                break;
            }
            send(frame, now);
        }
        bundle.flush();
        while (encoding < MAX_ENCODING) {
            SendWindow.Stream stream = window.poll();
            if (stream == null) {
                return;
            }
            if (stream.open()) {
                ByteBuf name = Unpooled.copiedBuffer(stream.vm().name(), StandardCharsets.US_ASCII);
                bundle.write(new TunnelFrame(FrameType.OPEN, 0, stream.number(), EpochId.NONE, name));
            }
            encoding++;
            codec.encode(run, stream);
        }
    }

    private void send(TunnelFrame frame, long now) {
        boolean large = isLarge(frame.stream());
        boolean last = (frame.flags() & TunnelFrame.LAST) != 0;
        if (last) {
            epochsSent++;
            plainBytesSent += window.wholeSent(frame.stream());
        }
        if (large) {
            boolean ask = bulk.sent(frame.payload().readableBytes(), now);
            bundle.writeLarge(frame);
            if (ask || last) {
                bundle.ask(now);
            }
        } else {
            bundle.write(frame);
        }
        refill(frame.stream());
    }

    /** The next frame for the connections, or null: of a large epoch only when it is its time. */
    private TunnelFrame next(long now) {
        long waitNanos = bulk.waitNanos(now);
        if (waitNanos == 0) {
            return queue.poll();
        }
        TunnelFrame small = queue.poll(number -> !isLarge(number));
        if (small == null && !queue.isEmpty()) {
            if (waitNanos == Long.MAX_VALUE) {
                bundle.ask(now); // the room may have become less than what nobody asked about
            } else if (pumpDueNanos == Alarm.NEVER) {
                pumpDueNanos = now + waitNanos;
                session.due(pumpDueNanos);
            }
        }
        return small;
    }

    private boolean isLarge(int number) {
        return window.nextBytes(number) >= BulkWindow.LARGE_BYTES;
    }

    void tick(long now) {
        if (pumpDueNanos != Alarm.NEVER && now - pumpDueNanos >= 0) {
            pumpDueNanos = Alarm.NEVER;
            pump(now);
        }
    }

    long dueNanos() {
        return pumpDueNanos;
    }

    /** Bytes of large epochs are there. */
    void arrived(long bytes, long roundTripNanos, long now) {
        bulk.arrived(bytes, roundTripNanos, now);
        pump(now);
    }

    /** A round trip on the first connection took so long. */
    void roundTrip(long nanos, long now) {
        bulk.roundTrip(nanos, now);
    }

    /** Gives a stream its turn again when its stretch is encoded and little of it waits for the connections. */
    private void refill(int number) {
        if (queue.bytes(number) < REFILL_BYTES) {
            SendWindow.Stream stream = stretched.remove(number);
            if (stream != null) {
                window.again(stream);
            }
        }
    }

    private boolean isPresent(int ofRun) {
        return bundle != null && ofRun == run;
    }

    void encoded(int ofRun, SendWindow.Stream stream, EpochId id, ByteBuf piece, int flags, long now) {
        if (!isPresent(ofRun) || stream.isDiscarded()) {
            piece.release();
            return;
        }
        codedBytesSent += piece.readableBytes();
        int left = flags;
        while (piece.readableBytes() > TunnelFrame.MAX_PAYLOAD_BYTES) {
            ByteBuf part = piece.readRetainedSlice(TunnelFrame.MAX_PAYLOAD_BYTES);
            queue.add(new TunnelFrame(FrameType.DATA, left & ~TunnelFrame.LAST, stream.number(), id, part));
            left &= ~TunnelFrame.FIRST;
        }
        queue.add(new TunnelFrame(FrameType.DATA, left, stream.number(), id, piece));
        if ((flags & TunnelFrame.LAST) != 0) {
            window.wholeEncoded(stream);
        }
        pump(now);
    }

    void stretchEncoded(int ofRun, SendWindow.Stream stream, long now) {
        if (!isPresent(ofRun)) {
            return;
        }
        encoding--;
        if (!stream.isDiscarded()) {
            stretched.put(stream.number(), stream);
            refill(stream.number());
        }
        pump(now);
    }

    /** Returns whether anybody waits for the epoch: one that a discard closed while it was encoded nobody does. */
    boolean encodingFailed(int ofRun, SendWindow.Stream stream, long now) {
        if (!isPresent(ofRun)) {
            return false;
        }
        if (stream.isDiscarded()) {
            encoding--;
            pump(now);
            return false;
        }
        bundle.close(new Reset(ResetCode.EPOCH, stream.current() + " cannot be encoded"), now);
        return true;
    }

    /** Frees every epoch. */
    void close() {
        stop();
        window.clear();
    }
}
