package org.secondsite.replicator.tunnel.io;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.PooledByteBufAllocator;
import io.netty.buffer.Unpooled;
import io.netty.channel.EventLoop;
import java.nio.charset.StandardCharsets;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.RejectedExecutionException;
import org.secondsite.config.EpochId;
import org.secondsite.config.VmId;
import org.secondsite.replicator.Epoch;
import org.secondsite.replicator.codec.CodecBuffers;
import org.secondsite.replicator.codec.CodecSettings;
import org.secondsite.replicator.codec.EpochEncoder;
import org.secondsite.replicator.tunnel.FrameType;
import org.secondsite.replicator.tunnel.Reset;
import org.secondsite.replicator.tunnel.ResetCode;
import org.secondsite.replicator.tunnel.Resume;
import org.secondsite.replicator.tunnel.SendWindow;
import org.secondsite.replicator.tunnel.TunnelFrame;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Moves epochs from the window to the link: takes the streams in turn, has a piece of the current epoch encoded on the codec
 * thread, cuts it into frames, and stops while the link takes no more.
 *
 * <p>All but the encoding runs on the event thread. The codec thread also closes the epochs, after whatever it does with them.
 */
final class EpochSender implements AutoCloseable {
    private static final Logger LOG = LoggerFactory.getLogger(EpochSender.class);

    /** A piece is at least this long, if the epoch is: so small blocks do not become small frames. */
    private static final int PIECE_BYTES = TunnelFrame.MAX_PAYLOAD_BYTES;

    /** Pieces that are encoded ahead of the link. Two keep both threads busy; more would only stand in others' way. */
    private static final int MAX_ENCODING = 2;

    private final EventLoop loop;
    private final ExecutorService codecThread;
    private final CodecBuffers buffers = new CodecBuffers();
    private final SendWindow window;
    private final Map<Integer, EpochEncoder> encoders = new HashMap<>();
    private CodecSettings codec;
    private Link link;
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
            forget(encoders.remove(told.get().number()));
            if (link != null) {
                link.write(TunnelFrame.about(FrameType.DISCARD, told.get().number(), EpochId.NONE));
                link.flush();
            }
        }
    }

    SendWindow window() {
        return window;
    }

    /**
     * Starts to send on a new link, with a codec that remembers nothing.
     *
     * @throws IllegalArgumentException if the peer's word cannot be true
     */
    List<SendWindow.Commit> start(Link opened, CodecSettings agreed, Resume resume) {
        stop();
        List<SendWindow.Commit> commits = window.resume(resume);
        link = opened;
        codec = agreed;
        return commits;
    }

    /** The link is gone. */
    void stop() {
        link = null;
        encoders.values().forEach(this::forget);
        encoders.clear();
        encoding = 0;
    }

    /** Sends as much as the link takes. */
    void pump() {
        while (link != null && encoding < MAX_ENCODING && link.isWritable()) {
            SendWindow.Stream stream = window.poll();
            if (stream == null) {
                return;
            }
            if (stream.open()) {
                ByteBuf name = Unpooled.copiedBuffer(stream.vm().name(), StandardCharsets.US_ASCII);
                link.write(new TunnelFrame(FrameType.OPEN, 0, stream.number(), EpochId.NONE, name));
            }
            encode(link, stream);
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

    private void encode(Link target, SendWindow.Stream stream) {
        encoding++;
        Epoch epoch = stream.current();
        EpochEncoder known = encoders.get(stream.number());
        EpochEncoder encoder = known == null ? new EpochEncoder(codec, buffers) : known;
        encoders.put(stream.number(), encoder);
        codecThread.execute(() -> {
            ByteBuf piece = PooledByteBufAllocator.DEFAULT.directBuffer(2 * PIECE_BYTES);
            boolean first = !encoder.inEpoch();
            boolean last = false;
            try {
                if (first) {
                    encoder.begin(epoch);
                }
                while (!last && piece.readableBytes() < PIECE_BYTES) {
                    last = encoder.next(piece);
                }
            } catch (RuntimeException e) {
                // Usual if the epoch was closed by a discard that overtook this piece: then nobody waits for it.
                LOG.debug("cannot encode {}", epoch, e);
                piece.release();
                piece = null;
            }
            ByteBuf encoded = piece;
            boolean whole = last;
            try {
                loop.execute(() -> send(target, stream, epoch, encoded, first, whole));
            } catch (RejectedExecutionException closed) {
                release(encoded);
            }
        });
    }

    private void send(Link target, SendWindow.Stream stream, Epoch epoch, ByteBuf piece, boolean first, boolean last) {
        if (target != link) {
            release(piece);
            return;
        }
        encoding--;
        if (stream.isDiscarded()) {
            release(piece);
            pump();
            return;
        }
        if (piece == null) {
            link.close(new Reset(ResetCode.EPOCH, epoch + " cannot be encoded"));
            return;
        }
        codedBytesSent += piece.readableBytes();
        int flags = first ? TunnelFrame.FIRST : 0;
        EpochId id = epoch.header().epoch();
        while (piece.readableBytes() > TunnelFrame.MAX_PAYLOAD_BYTES) {
            link.write(new TunnelFrame(
                    FrameType.DATA,
                    flags,
                    stream.number(),
                    id,
                    piece.readRetainedSlice(TunnelFrame.MAX_PAYLOAD_BYTES)));
            flags = 0;
        }
        link.write(
                new TunnelFrame(FrameType.DATA, last ? flags | TunnelFrame.LAST : flags, stream.number(), id, piece));
        if (last) {
            epochsSent++;
            plainBytesSent += epoch.plainBytes();
        }
        window.pieceSent(stream, last);
        // First the next piece for the codec thread, then the encryption of this one, so that both go on at once.
        pump();
        target.flush();
    }

    private static void release(ByteBuf piece) {
        if (piece != null) {
            piece.release();
        }
    }

    /** Ends the memory of a stream, after whatever the codec thread does with it now. */
    private void forget(EpochEncoder encoder) {
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
