package org.secondsite.replicator.tunnel.io;

import io.netty.channel.EventLoop;
import java.nio.charset.StandardCharsets;
import java.util.Optional;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.RejectedExecutionException;
import org.secondsite.config.EpochId;
import org.secondsite.config.VmId;
import org.secondsite.replicator.Epoch;
import org.secondsite.replicator.codec.CodecBuffers;
import org.secondsite.replicator.tunnel.EpochAssembler;
import org.secondsite.replicator.tunnel.FrameQueue;
import org.secondsite.replicator.tunnel.ReceiveLedger;
import org.secondsite.replicator.tunnel.Reset;
import org.secondsite.replicator.tunnel.ResetCode;
import org.secondsite.replicator.tunnel.TunnelFrame;
import org.secondsite.replicator.tunnel.TunnelSettings;

/**
 * Moves epochs from the connections to the listener: pieces go to the codec thread, a frame of each stream in turn, so that a
 * small epoch does not wait for a large one that came before it; whole epochs come back, and the ledger notes them on the event
 * thread at the moment at which the listener gets them, so that no break can come between.
 *
 * <p>All but the decoding runs on the event thread.
 */
final class EpochReceiver implements AutoCloseable {
    /** More pieces than this that wait for the codec thread stop the reading from them. */
    private static final int MAX_BACKLOG_BYTES = 32 << 20;

    /** Frames that the codec thread has to do at a time: the one that it works at, and enough for it not to wait. */
    private static final int MAX_DECODING = 4;

    /** Gets whole epochs, on the event thread. */
    interface Sink {
        void epochReceived(Epoch epoch);
    }

    private final EventLoop loop;
    private final TunnelSettings.Limits limits;
    private final Sink sink;
    private final ExecutorService codecThread;
    private final CodecBuffers buffers = new CodecBuffers();
    private final FrameQueue queue = new FrameQueue();
    private final ReceiveLedger ledger;
    private Bundle bundle;
    private EpochAssembler assembler;
    private long backlogBytes;
    private int decoding;
    private long epochsReceived;

    EpochReceiver(String name, EventLoop loop, TunnelSettings.Limits limits, Sink sink) {
        this.loop = loop;
        this.limits = limits;
        this.sink = sink;
        this.ledger = new ReceiveLedger(limits.maxInFlightBytes());
        this.codecThread = Executors.newSingleThreadExecutor(
                Thread.ofPlatform().name(name + "-decode").daemon().factory());
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
        assembler = new EpochAssembler(limits.codec(), buffers, limits.maxEpochBytes());
    }

    /** The session is over. */
    void stop() {
        bundle = null;
        queue.clear();
        backlogBytes = 0;
        decoding = 0;
        if (assembler != null) {
            codecThread.execute(assembler::close);
            assembler = null;
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

    void discard(TunnelFrame frame) {
        int stream = frame.stream();
        ledger.discard(stream);
        done(queue.bytes(stream));
        queue.discard(stream);
        EpochAssembler from = assembler;
        codecThread.execute(() -> from.discard(stream));
    }

    Reset data(TunnelFrame frame) {
        if (ledger.vm(frame.stream()).isEmpty()) {
            return new Reset(ResetCode.ORDER, "DATA on stream " + frame.stream() + ", which is not open");
        }
        frame.payload().retain();
        queue.add(frame);
        backlogBytes += frame.payload().readableBytes();
        if (backlogBytes > MAX_BACKLOG_BYTES) {
            bundle.setReading(false);
        }
        feed();
        return null;
    }

    private void feed() {
        while (decoding < MAX_DECODING && !queue.isEmpty()) {
            decode(queue.poll());
        }
    }

    private void decode(TunnelFrame frame) {
        decoding++;
        VmId vm = ledger.vm(frame.stream()).orElseThrow();
        Bundle from = bundle;
        EpochAssembler into = assembler;
        int bytes = frame.payload().readableBytes();
        codecThread.execute(() -> {
            EpochAssembler.Result result;
            try {
                result = into.accept(vm, frame);
            } finally {
                frame.payload().release();
            }
            try {
                loop.execute(() -> accept(from, frame.stream(), bytes, result));
            } catch (RejectedExecutionException closed) {
                if (result instanceof EpochAssembler.Result.Whole(Epoch epoch)) {
                    epoch.close();
                }
            }
        });
    }

    /** So many bytes wait no longer. */
    private void done(long bytes) {
        boolean paused = backlogBytes > MAX_BACKLOG_BYTES;
        backlogBytes -= bytes;
        if (paused && backlogBytes <= MAX_BACKLOG_BYTES) {
            bundle.setReading(true);
        }
    }

    private void accept(Bundle from, int stream, int bytes, EpochAssembler.Result result) {
        if (from == bundle) {
            decoding--;
            done(bytes);
            feed();
        }
        switch (result) {
            case EpochAssembler.Result.Incomplete() -> {
                // The rest is to come.
            }
            case EpochAssembler.Result.Fault(Reset reset) -> {
                if (from == bundle) {
                    from.close(reset);
                }
            }
            case EpochAssembler.Result.Whole(Epoch epoch) -> deliver(from, stream, epoch);
        }
    }

    private void deliver(Bundle from, int stream, Epoch epoch) {
        EpochId id = epoch.header().epoch();
        if (from != bundle || ledger.vm(stream).isEmpty()) {
            epoch.close();
            return;
        }
        Optional<String> fault = ledger.deliver(stream, id, epoch.plainBytes());
        if (fault.isEmpty()) {
            epochsReceived++;
            sink.epochReceived(epoch);
        } else {
            epoch.close();
            from.close(new Reset(ResetCode.ORDER, "epoch " + id + " of stream " + stream + ": " + fault.get()));
        }
    }

    @Override
    public void close() {
        stop();
        codecThread.shutdown();
    }
}
