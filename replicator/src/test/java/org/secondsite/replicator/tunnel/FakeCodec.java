package org.secondsite.replicator.tunnel;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.PooledByteBufAllocator;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.HashMap;
import java.util.Map;
import org.secondsite.config.VmId;
import org.secondsite.net.Decoded;
import org.secondsite.replicator.Epoch;
import org.secondsite.replicator.codec.CodecBuffers;
import org.secondsite.replicator.codec.CodecSettings;
import org.secondsite.replicator.codec.EpochEncoder;

/** The real encoders and decoders, one job after the other for each direction, in a test's own time. */
final class FakeCodec implements TunnelCodec {
    private static final int PIECE_CAPACITY = TunnelFrame.MAX_PAYLOAD_BYTES + EpochEncoder.TYPICAL_BLOCK_BYTES;

    private final FakeTunnelNetwork.End end;
    private final CodecBuffers encodeBuffers = new CodecBuffers();
    private final CodecBuffers decodeBuffers = new CodecBuffers();
    private final Map<Integer, EpochEncoder> encoders = new HashMap<>();
    private final Deque<Runnable> encoding = new ArrayDeque<>();
    private final Deque<Runnable> decoding = new ArrayDeque<>();
    private TunnelSession session;
    private CodecSettings settings;
    private EpochAssembler assembler;

    FakeCodec(FakeTunnelNetwork.End end) {
        this.end = end;
    }

    void answerTo(TunnelSession told) {
        session = told;
    }

    private void later(Deque<Runnable> jobs, Runnable job) {
        jobs.addLast(job);
        end.codecLater(() -> {
            Runnable next = jobs.pollFirst();
            if (next != null) {
                next.run();
            }
        });
    }

    @Override
    public void startEncoding(CodecSettings wanted) {
        settings = wanted;
    }

    @Override
    public void stopEncoding() {
        encoders.values().forEach(encoder -> later(encoding, encoder::close));
        encoders.clear();
    }

    @Override
    public void endEncoding(int stream) {
        EpochEncoder encoder = encoders.remove(stream);
        if (encoder != null) {
            later(encoding, encoder::close);
        }
    }

    @Override
    public void encode(int run, SendWindow.Stream stream) {
        Epoch epoch = stream.current();
        EpochEncoder encoder =
                encoders.computeIfAbsent(stream.number(), number -> new EpochEncoder(settings, encodeBuffers));
        later(encoding, () -> encodeEpoch(run, stream, epoch, encoder));
    }

    private void encodeEpoch(int run, SendWindow.Stream stream, Epoch epoch, EpochEncoder encoder) {
        boolean last = false;
        try {
            encoder.begin(epoch);
            for (boolean first = true; !last; first = false) {
                ByteBuf piece = PooledByteBufAllocator.DEFAULT.directBuffer(PIECE_CAPACITY);
                last = encoder.next(piece);
                int flags = (first ? TunnelFrame.FIRST : 0) | (last ? TunnelFrame.LAST : 0);
                session.encoded(run, stream, epoch.header().epoch(), piece, flags, end.now());
            }
        } catch (IllegalStateException closed) {
            session.encodingFailed(run, stream, end.now());
            return;
        }
        session.stretchEncoded(run, stream, end.now());
    }

    @Override
    public void free(Epoch epoch) {
        later(encoding, epoch::close);
    }

    @Override
    public void startDecoding() {
        assembler = new EpochAssembler(CodecSettings.DEFAULT, decodeBuffers, 64 << 20);
    }

    @Override
    public void stopDecoding() {
        EpochAssembler over = assembler;
        later(decoding, over::close);
    }

    @Override
    public void endDecoding(int stream) {
        EpochAssembler from = assembler;
        later(decoding, () -> from.discard(stream));
    }

    @Override
    public void decode(int run, VmId vm, TunnelFrame frame) {
        EpochAssembler into = assembler;
        int bytes = frame.payload().readableBytes();
        later(decoding, () -> {
            Decoded<Epoch, Reset> result;
            try {
                result = into.accept(vm, frame);
            } finally {
                frame.payload().release();
            }
            session.decoded(run, frame.stream(), bytes, result, end.now());
        });
    }

    /** Does what is left. */
    void close() {
        while (!encoding.isEmpty()) {
            encoding.removeFirst().run();
        }
        while (!decoding.isEmpty()) {
            decoding.removeFirst().run();
        }
    }
}
