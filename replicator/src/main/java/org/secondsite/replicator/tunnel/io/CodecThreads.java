package org.secondsite.replicator.tunnel.io;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.PooledByteBufAllocator;
import io.netty.channel.EventLoop;
import java.util.HashMap;
import java.util.Map;
import java.util.concurrent.Executor;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.TimeUnit;
import org.secondsite.config.EpochId;
import org.secondsite.config.VmId;
import org.secondsite.net.Decoded;
import org.secondsite.net.life.Turn;
import org.secondsite.net.life.io.Life;
import org.secondsite.replicator.Epoch;
import org.secondsite.replicator.codec.CodecBuffers;
import org.secondsite.replicator.codec.CodecSettings;
import org.secondsite.replicator.codec.EpochEncoder;
import org.secondsite.replicator.codec.VersionCounters;
import org.secondsite.replicator.tunnel.EpochAssembler;
import org.secondsite.replicator.tunnel.Reset;
import org.secondsite.replicator.tunnel.SendWindow;
import org.secondsite.replicator.tunnel.TunnelCodec;
import org.secondsite.replicator.tunnel.TunnelFrame;
import org.secondsite.replicator.tunnel.TunnelSession;
import org.secondsite.replicator.tunnel.TunnelSettings;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Two threads that encode and decode, one for each direction, so that heartbeats and answers never wait for compression. The one
 * that encodes also closes the epochs, after whatever it does with them.
 *
 * <p>All calls, and all that is told to the session, are on the event thread.
 */
final class CodecThreads implements TunnelCodec, AutoCloseable {
    private static final Logger LOG = LoggerFactory.getLogger(CodecThreads.class);

    /** A piece is at least this long, if the epoch is: so small blocks do not become small frames. */
    private static final int PIECE_BYTES = TunnelFrame.MAX_PAYLOAD_BYTES;

    /** Room for what is short of a piece, and a block of raw pages. */
    private static final int PIECE_CAPACITY = PIECE_BYTES + EpochEncoder.TYPICAL_BLOCK_BYTES;

    private static final int MIN_PIECE_CAPACITY = 4 << 10;

    /** What is encoded of one stream before another has its turn: about a millisecond's work. */
    private static final int STRETCH_BYTES = 1 << 20;

    /** The memory of an image of many GiB is given back in one piece, which may take seconds. */
    private static final long GIVE_BACK_NANOS = TimeUnit.SECONDS.toNanos(30);

    private final EventLoop loop;
    private final TunnelSettings.Limits limits;
    private final Life life;
    private final ExecutorService encodeThread;
    private final ExecutorService decodeThread;
    private final Turn encodeTurn;
    private final Turn decodeTurn;
    private final CodecBuffers encodeBuffers = new CodecBuffers();
    private final CodecBuffers decodeBuffers = new CodecBuffers();
    private final Map<Integer, EpochEncoder> encoders = new HashMap<>();

    /** What the encoders in use have counted, by stream, and what those before them have. */
    private final Map<Integer, VersionCounters> counted = new HashMap<>();

    private VersionCounters countedBefore = VersionCounters.ZERO;
    private CodecSettings settings;
    private EpochAssembler assembler;
    private TunnelSession session;

    CodecThreads(String name, EventLoop loop, TunnelSettings.Limits limits, Life life) {
        this.loop = loop;
        this.limits = limits;
        this.life = life;
        this.encodeThread = thread(name + "-encode", life);
        this.decodeThread = thread(name + "-decode", life);
        this.encodeTurn = life.watched(name + "-encode", encodeThread);
        this.decodeTurn = life.watched(name + "-decode", decodeThread);
    }

    private static ExecutorService thread(String name, Life life) {
        return Executors.newSingleThreadExecutor(Thread.ofPlatform()
                .name(name)
                .daemon()
                .uncaughtExceptionHandler(life::uncaught)
                .factory());
    }

    /** Whom to tell. Before anything else. */
    void answerTo(TunnelSession told) {
        session = told;
    }

    /** How well the versions of all streams serve; of streams that ended, without the memory that they gave back. */
    VersionCounters versions() {
        return counted.values().stream().reduce(countedBefore, VersionCounters::plus);
    }

    // ---- encoding

    @Override
    public void startEncoding(CodecSettings wanted) {
        settings = wanted;
    }

    @Override
    public void stopEncoding() {
        encoders.forEach(this::forget);
        encoders.clear();
    }

    @Override
    public void endEncoding(int stream) {
        forget(stream, encoders.remove(stream));
    }

    /** Ends the memory of a stream, after whatever is encoded of it now. */
    private void forget(int stream, EpochEncoder encoder) {
        VersionCounters last = counted.remove(stream);
        if (last != null) {
            countedBefore = countedBefore.plus(new VersionCounters(last.hits(), last.misses(), last.evictions(), 0));
        }
        if (encoder != null) {
            giveBack(encodeThread, encodeTurn, encoder::close);
        }
    }

    @Override
    public void encode(int run, SendWindow.Stream stream) {
        Epoch epoch = stream.current();
        EpochEncoder encoder =
                encoders.computeIfAbsent(stream.number(), number -> new EpochEncoder(settings, encodeBuffers));
        encodeThread.execute(() -> encodeStretch(run, stream, epoch, encoder));
    }

    /** On the encoding thread. */
    private void encodeStretch(int run, SendWindow.Stream stream, Epoch epoch, EpochEncoder encoder) {
        EpochId id = epoch.header().epoch();
        boolean last = false;
        for (int bytes = 0; !last && bytes < STRETCH_BYTES; ) {
            ByteBuf piece = PooledByteBufAllocator.DEFAULT.directBuffer(
                    Math.clamp(epoch.plainBytes(), MIN_PIECE_CAPACITY, PIECE_CAPACITY));
            boolean first = !encoder.inEpoch();
            try {
                last = encodePiece(encoder, epoch, piece);
            } catch (RuntimeException e) {
                piece.release();
                post(() -> failed(run, stream, epoch, e), () -> {});
                return;
            }
            bytes += piece.readableBytes();
            int flags = (first ? TunnelFrame.FIRST : 0) | (last ? TunnelFrame.LAST : 0);
            post(() -> session.encoded(run, stream, id, piece, flags, System.nanoTime()), piece::release);
        }
        VersionCounters counters = encoder.counters();
        post(
                () -> {
                    if (encoder.equals(encoders.get(stream.number()))) {
                        counted.put(stream.number(), counters);
                    }
                    session.stretchEncoded(run, stream, System.nanoTime());
                },
                () -> {});
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

    private void failed(int run, SendWindow.Stream stream, Epoch epoch, RuntimeException cause) {
        if (session.encodingFailed(run, stream, System.nanoTime())) {
            LOG.warn("{} cannot be encoded; the session is reset", epoch, cause);
        } else {
            // Usual if the epoch was closed by a discard that overtook this stretch: then nobody waits for it.
            LOG.debug("{} was not encoded", epoch, cause);
        }
    }

    @Override
    public void free(Epoch epoch) {
        giveBack(encodeThread, encodeTurn, epoch::close);
    }

    // ---- decoding

    @Override
    public void startDecoding() {
        assembler = new EpochAssembler(limits.codec(), decodeBuffers, limits.maxEpochBytes());
    }

    @Override
    public void stopDecoding() {
        giveBack(decodeThread, decodeTurn, assembler::close);
    }

    @Override
    public void endDecoding(int stream) {
        EpochAssembler from = assembler;
        giveBack(decodeThread, decodeTurn, () -> from.discard(stream));
    }

    @Override
    public void decode(int run, VmId vm, TunnelFrame frame) {
        EpochAssembler into = assembler;
        int bytes = frame.payload().readableBytes();
        decodeThread.execute(() -> {
            Decoded<Epoch, Reset> result;
            try {
                result = into.accept(vm, frame);
            } finally {
                frame.payload().release();
            }
            post(() -> session.decoded(run, frame.stream(), bytes, result, System.nanoTime()), () -> {
                if (result instanceof Decoded.Complete<Epoch, Reset>(Epoch epoch)) {
                    epoch.close();
                }
            });
        });
    }

    private static void giveBack(Executor thread, Turn turn, Runnable memory) {
        thread.execute(() -> {
            turn.mayTake(GIVE_BACK_NANOS);
            memory.run();
            turn.asUsual();
        });
    }

    /** Hands something to the event thread, or does the alternative if that has ended. */
    private void post(Runnable command, Runnable otherwise) {
        try {
            loop.execute(command);
        } catch (RejectedExecutionException closed) {
            otherwise.run();
        }
    }

    /** Both threads end when they have done what they were given. */
    @Override
    public void close() {
        life.left(encodeTurn);
        life.left(decodeTurn);
        encodeThread.shutdown();
        decodeThread.shutdown();
    }
}
