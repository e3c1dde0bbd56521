package org.secondsite.replicator.tunnel.io;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.PooledByteBufAllocator;
import io.netty.buffer.Unpooled;
import io.netty.channel.EventLoop;
import java.nio.charset.StandardCharsets;
import java.util.HashMap;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.TimeUnit;
import org.secondsite.config.EpochId;
import org.secondsite.config.VmId;
import org.secondsite.replicator.Epoch;
import org.secondsite.replicator.codec.CodecBuffers;
import org.secondsite.replicator.codec.CodecSettings;
import org.secondsite.replicator.codec.EpochEncoder;
import org.secondsite.replicator.codec.VersionCounters;
import org.secondsite.replicator.tunnel.BulkWindow;
import org.secondsite.replicator.tunnel.FrameQueue;
import org.secondsite.replicator.tunnel.FrameType;
import org.secondsite.replicator.tunnel.Hello;
import org.secondsite.replicator.tunnel.Reset;
import org.secondsite.replicator.tunnel.ResetCode;
import org.secondsite.replicator.tunnel.Resume;
import org.secondsite.replicator.tunnel.SendWindow;
import org.secondsite.replicator.tunnel.TunnelFrame;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Moves epochs from the window to the connections: takes the streams in turn, has a stretch of the current epoch encoded on the codec
 * thread, cuts it into frames, and hands the connections one frame of each stream in turn, as long as one of them takes it; of
 * large epochs only as much as {@link BulkWindow} allows.
 *
 * <p>All but the encoding runs on the event thread. The codec thread also closes the epochs, after whatever it does with them.
 */
final class EpochSender implements AutoCloseable {
    private static final Logger LOG = LoggerFactory.getLogger(EpochSender.class);

    /** A piece is at least this long, if the epoch is: so small blocks do not become small frames. */
    private static final int PIECE_BYTES = TunnelFrame.MAX_PAYLOAD_BYTES;

    /** Room for what is short of a piece, and a block of raw pages. */
    private static final int PIECE_CAPACITY = PIECE_BYTES + EpochEncoder.TYPICAL_BLOCK_BYTES;

    private static final int MIN_PIECE_CAPACITY = 4 << 10;

    /** What the codec thread encodes of one stream before it turns to another: about a millisecond's work. */
    private static final int STRETCH_BYTES = 1 << 20;

    /** With less than this waiting for the link, a stream's next stretch is encoded. */
    private static final int REFILL_BYTES = 256 << 10;

    /** Streams that the codec thread has to do at a time: the one that it works at, and the next one. */
    private static final int MAX_ENCODING = 2;

    private final EventLoop loop;
    private final ExecutorService codecThread;
    private final CodecBuffers buffers = new CodecBuffers();
    private final SendWindow window;
    private final Map<Integer, EpochEncoder> encoders = new HashMap<>();
    private final FrameQueue queue = new FrameQueue();

    /** Streams whose stretch is encoded and that wait for the link, by number. */
    private final Map<Integer, SendWindow.Stream> stretched = new HashMap<>();

    /** What the encoders in use have counted, by stream, and what those before them have. */
    private final Map<Integer, VersionCounters> counted = new HashMap<>();

    private VersionCounters countedBefore = VersionCounters.ZERO;

    private CodecSettings codec;
    private Bundle bundle;
    private BulkWindow bulk = new BulkWindow();

    /** Whether a large epoch waits for its time, and will be looked at then. */
    private boolean pumpDue;

    private int encoding;
    private long epochsSent;
    private long plainBytesSent;
    private long codedBytesSent;

    EpochSender(String name, EventLoop loop, long maxVmBytes) {
        this.loop = loop;
        this.codecThread = Executors.newSingleThreadExecutor(
                Thread.ofPlatform().name(name + "-encode").daemon().factory());
        this.window = new SendWindow(maxVmBytes, this::close);
    }

    /** Takes over an epoch; if that cannot be, it is closed, and the reason returned. */
    Optional<String> offer(Epoch epoch) {
        Optional<String> refusal = window.offer(epoch);
        if (refusal.isPresent()) {
            close(epoch);
        } else {
            pump();
        }
        return refusal;
    }

    void discard(VmId vm) {
        Optional<SendWindow.Stream> told = window.discard(vm);
        if (told.isPresent()) {
            int number = told.get().number();
            forget(number, encoders.remove(number));
            queue.discard(number);
            stretched.remove(number);
            if (bundle != null) {
                bundle.write(TunnelFrame.about(FrameType.DISCARD, number, EpochId.NONE));
                bundle.flush();
            }
        }
    }

    SendWindow window() {
        return window;
    }

    /** Starts to send in a new session, with a codec that remembers nothing. */
    SendWindow.Resumed start(Bundle opened, CodecSettings wish, Hello peer, Resume resume) {
        stop();
        bundle = opened;
        bulk = new BulkWindow();
        codec = peer.codecFor(wish);
        return window.resume(resume, peer.uncommittedBytes(), peer.unfinishedBytes());
    }

    /** The session is over. */
    void stop() {
        bundle = null;
        encoders.forEach(this::forget);
        encoders.clear();
        queue.clear();
        stretched.clear();
        encoding = 0;
    }

    /** Sends as much as the link takes, and has encoded what it will take next. */
    void pump() {
        if (bundle == null) {
            return;
        }
        while (bundle.isWritable()) {
            TunnelFrame frame = next();
            if (frame == null) {
                break;
            }
            boolean large = isLarge(frame.stream());
            if ((frame.flags() & TunnelFrame.LAST) != 0) {
                epochsSent++;
                plainBytesSent += window.wholeSent(frame.stream());
            }
            if (large) {
                boolean ask = bulk.sent(frame.payload().readableBytes(), System.nanoTime());
                bundle.writeLarge(frame);
                if (ask || (frame.flags() & TunnelFrame.LAST) != 0) {
                    bundle.ask();
                }
            } else {
                bundle.write(frame);
            }
            goOn(frame.stream());
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
            encode(bundle, stream);
        }
    }

    /** The next frame for the connections, or null: of a large epoch only when it is its time. */
    private TunnelFrame next() {
        long waitNanos = bulk.waitNanos(System.nanoTime());
        if (waitNanos == 0) {
            return queue.poll();
        }
        TunnelFrame small = queue.poll(number -> !isLarge(number));
        if (small == null && !queue.isEmpty()) {
            if (waitNanos == Long.MAX_VALUE) {
                bundle.ask(); // the room may have become less than what nobody asked about
            } else if (!pumpDue) {
                pumpDue = true;
                var _ = loop.schedule(this::pumpAgain, waitNanos, TimeUnit.NANOSECONDS);
            }
        }
        return small;
    }

    private void pumpAgain() {
        pumpDue = false;
        pump();
    }

    private boolean isLarge(int number) {
        return window.nextBytes(number) >= BulkWindow.LARGE_BYTES;
    }

    /** Bytes of large epochs are there. */
    void arrived(long bytes, long roundTripNanos) {
        bulk.arrived(bytes, roundTripNanos, System.nanoTime());
        pump();
    }

    /** A round trip on the first connection took so long. */
    void roundTrip(long nanos) {
        bulk.roundTrip(nanos, System.nanoTime());
    }

    /** Gives a stream its turn again when its stretch is encoded and little of it waits for the bundle. */
    private void goOn(int number) {
        if (queue.bytes(number) < REFILL_BYTES) {
            SendWindow.Stream stream = stretched.remove(number);
            if (stream != null) {
                window.again(stream);
            }
        }
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

    /** How well the versions of all streams serve; of streams that ended, without the memory that they gave back. */
    VersionCounters versions() {
        return counted.values().stream().reduce(countedBefore, VersionCounters::plus);
    }

    private void encode(Bundle target, SendWindow.Stream stream) {
        encoding++;
        Epoch epoch = stream.current();
        EpochEncoder encoder = encoders.computeIfAbsent(stream.number(), number -> new EpochEncoder(codec, buffers));
        codecThread.execute(() -> {
            boolean last = false;
            for (int bytes = 0; !last && bytes < STRETCH_BYTES; ) {
                ByteBuf piece = PooledByteBufAllocator.DEFAULT.directBuffer(
                        Math.clamp(epoch.plainBytes(), MIN_PIECE_CAPACITY, PIECE_CAPACITY));
                boolean first = !encoder.inEpoch();
                try {
                    last = encodePiece(encoder, epoch, piece);
                } catch (RuntimeException e) {
                    piece.release();
                    post(() -> failed(target, stream, epoch, e), () -> {});
                    return;
                }
                bytes += piece.readableBytes();
                int flags = (first ? TunnelFrame.FIRST : 0) | (last ? TunnelFrame.LAST : 0);
                post(() -> enqueue(target, stream, epoch.header().epoch(), piece, flags), piece::release);
            }
            VersionCounters counters = encoder.counters();
            post(
                    () -> {
                        if (encoder.equals(encoders.get(stream.number()))) {
                            counted.put(stream.number(), counters);
                        }
                        stretchEnded(target, stream);
                    },
                    () -> {});
        });
    }

    private static boolean encodePiece(EpochEncoder encoder, Epoch epoch, ByteBuf piece) {
        if (!encoder.inEpoch()) {
            encoder.begin(epoch);
        }
        boolean last = false;
        while (!last && piece.readableBytes() < PIECE_BYTES) {
            last = encoder.next(piece);
        }
        return last;
    }

    private void enqueue(Bundle target, SendWindow.Stream stream, EpochId id, ByteBuf piece, int flags) {
        if (target != bundle || stream.isDiscarded()) {
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
        pump();
    }

    private void stretchEnded(Bundle target, SendWindow.Stream stream) {
        if (target != bundle) {
            return;
        }
        encoding--;
        if (!stream.isDiscarded()) {
            stretched.put(stream.number(), stream);
            goOn(stream.number());
        }
        pump();
    }

    private void failed(Bundle target, SendWindow.Stream stream, Epoch epoch, RuntimeException cause) {
        if (target == bundle && !stream.isDiscarded()) {
            LOG.warn("{} cannot be encoded; the session is reset", epoch, cause);
            bundle.close(new Reset(ResetCode.EPOCH, epoch + " cannot be encoded"));
            return;
        }
        // Usual if the epoch was closed by a discard that overtook this stretch: then nobody waits for it.
        LOG.debug("{} was not encoded", epoch, cause);
        if (target == bundle) {
            encoding--;
            pump();
        }
    }

    /** Hands something to the event thread, or does the alternative if that has ended. */
    private void post(Runnable command, Runnable otherwise) {
        try {
            loop.execute(command);
        } catch (RejectedExecutionException closed) {
            otherwise.run();
        }
    }

    /** Ends the memory of a stream, after whatever the codec thread does with it now. */
    private void forget(int number, EpochEncoder encoder) {
        VersionCounters last = counted.remove(number);
        if (last != null) {
            countedBefore = countedBefore.plus(new VersionCounters(last.hits(), last.misses(), last.evictions(), 0));
        }
        if (encoder != null) {
            codecThread.execute(encoder::close);
        }
    }

    private void close(Epoch epoch) {
        codecThread.execute(epoch::close);
    }

    /** Frees every epoch; the codec thread ends when it has done so. */
    @Override
    public void close() {
        stop();
        window.clear();
        codecThread.shutdown();
    }
}
