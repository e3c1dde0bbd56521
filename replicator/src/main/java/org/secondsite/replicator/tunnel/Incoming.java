package org.secondsite.replicator.tunnel;

import java.nio.charset.StandardCharsets;
import java.util.Optional;
import org.secondsite.config.EpochId;
import org.secondsite.config.VmId;
import org.secondsite.net.Decoded;
import org.secondsite.replicator.Epoch;

/**
 * The receiving half of a session: pieces go to the codec, a frame of each stream in turn, so that a small epoch does not wait
 * for a large one that came before it; whole epochs come back, and the ledger notes them at the moment at which the listener gets
 * them, so that no break can come between.
 */
final class Incoming {
    /** More pieces than this that wait for the codec stop the reading from the peer. */
    private static final int MAX_BACKLOG_BYTES = 32 << 20;

    /** Frames that the codec has to do at a time: the one that it works at, and enough for it not to wait. */
    private static final int MAX_DECODING = 4;

    private final TunnelCodec codec;
    private final TunnelListener listener;
    private final FrameQueue queue = new FrameQueue();
    private final ReceiveLedger ledger;
    private Bundle bundle;
    private int run;
    private long backlogBytes;
    private int decoding;
    private long epochsReceived;

    Incoming(TunnelSettings.Limits limits, TunnelCodec codec, TunnelListener listener) {
        this.codec = codec;
        this.listener = listener;
        this.ledger = new ReceiveLedger(limits.maxInFlightBytes());
    }

    ReceiveLedger ledger() {
        return ledger;
    }

    long epochsReceived() {
        return epochsReceived;
    }

    /** A new session takes the place of the one before; nothing that is left of that one will be delivered. */
    void start(Bundle opened) {
        stop();
        bundle = opened;
        run++;
        codec.startDecoding();
    }

    /** The session is over. */
    void stop() {
        queue.clear();
        backlogBytes = 0;
        decoding = 0;
        if (bundle != null) {
            bundle = null;
            codec.stopDecoding();
        }
    }

    Reset open(TunnelFrame frame) {
        try {
            VmId vm = new VmId(frame.payload().toString(StandardCharsets.US_ASCII));
            return ledger.open(frame.stream(), vm)
                    .map(reason -> new Reset(ResetCode.ORDER, reason))
                    .orElse(null);
        } catch (IllegalArgumentException e) {
            return new Reset(ResetCode.PAYLOAD, e.getMessage());
        }
    }

    void discard(TunnelFrame frame, long now) {
        int stream = frame.stream();
        ledger.discard(stream);
        done(queue.bytes(stream), now);
        queue.discard(stream);
        codec.endDecoding(stream);
    }

    Reset data(TunnelFrame frame, long now) {
        if (ledger.vm(frame.stream()).isEmpty()) {
            return new Reset(ResetCode.ORDER, "DATA on stream " + frame.stream() + ", which is not open");
        }
        frame.payload().retain();
        queue.add(frame);
        backlogBytes += frame.payload().readableBytes();
        if (backlogBytes > MAX_BACKLOG_BYTES) {
            bundle.setReading(false, now);
        }
        feed();
        return null;
    }

    private void feed() {
        while (decoding < MAX_DECODING && !queue.isEmpty()) {
            TunnelFrame frame = queue.poll();
            decoding++;
            codec.decode(run, ledger.vm(frame.stream()).orElseThrow(), frame);
        }
    }

    /** So many bytes wait no longer. */
    private void done(long bytes, long now) {
        boolean paused = backlogBytes > MAX_BACKLOG_BYTES;
        backlogBytes -= bytes;
        if (paused && backlogBytes <= MAX_BACKLOG_BYTES) {
            bundle.setReading(true, now);
        }
    }

    void decoded(int ofRun, int stream, int bytes, Decoded<Epoch, Reset> result, long now) {
        boolean present = bundle != null && ofRun == run;
        if (present) {
            decoding--;
            done(bytes, now);
            feed();
        }
        switch (result) {
            case Decoded.NeedMore<Epoch, Reset>() -> {
                // The rest is to come.
            }
            case Decoded.Refused<Epoch, Reset>(Reset reset) -> {
                if (present) {
                    bundle.close(reset, now);
                }
            }
            case Decoded.Complete<Epoch, Reset>(Epoch epoch) -> {
                if (present && ledger.vm(stream).isPresent()) {
                    deliver(stream, epoch, now);
                } else {
                    epoch.close();
                }
            }
        }
    }

    private void deliver(int stream, Epoch epoch, long now) {
        EpochId id = epoch.header().epoch();
        Optional<String> fault = ledger.deliver(stream, id, epoch.plainBytes());
        if (fault.isEmpty()) {
            epochsReceived++;
            listener.epochReceived(epoch);
        } else {
            epoch.close();
            bundle.close(new Reset(ResetCode.ORDER, "epoch " + id + " of stream " + stream + ": " + fault.get()), now);
        }
    }
}
