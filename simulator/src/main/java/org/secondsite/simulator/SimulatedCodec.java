package org.secondsite.simulator;

import static org.secondsite.simulator.SimulatedTime.MILLI;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import java.util.HashMap;
import java.util.Map;
import java.util.SplittableRandom;
import org.secondsite.config.VmId;
import org.secondsite.net.Decoded;
import org.secondsite.replicator.Epoch;
import org.secondsite.replicator.codec.CodecSettings;
import org.secondsite.replicator.tunnel.Reset;
import org.secondsite.replicator.tunnel.ResetCode;
import org.secondsite.replicator.tunnel.SendWindow;
import org.secondsite.replicator.tunnel.TunnelCodec;
import org.secondsite.replicator.tunnel.TunnelFrame;
import org.secondsite.replicator.tunnel.TunnelSession;

/**
 * The codec threads of one end of the tunnel: an epoch is encoded to one, two or three pieces that name it, and is whole at the
 * other end when each of them came in its turn. Each direction does one thing after the other.
 */
final class SimulatedCodec implements TunnelCodec {
    private static final int MAX_PIECES = 3;

    private final World world;
    private final SimulatedProcess process;
    private final SplittableRandom dice;

    /** The epochs that pieces name: one map for both ends. */
    private final Map<Long, Epoch> named;

    /** By stream, the piece of the unfinished epoch that comes next. */
    private final Map<Integer, Integer> expected = new HashMap<>();

    private TunnelSession session;
    private long encodedAtNanos;
    private long decodedAtNanos;

    SimulatedCodec(World world, SimulatedProcess process, SplittableRandom dice, Map<Long, Epoch> named) {
        this.world = world;
        this.process = process;
        this.dice = dice;
        this.named = named;
    }

    void answerTo(TunnelSession told) {
        session = told;
    }

    private long now() {
        return world.time().nowNanos();
    }

    // ---- encoding

    @Override
    public void startEncoding(CodecSettings settings) {
        encodedAtNanos = now();
    }

    @Override
    public void stopEncoding() {
        // What is still to come is known by its run.
    }

    @Override
    public void endEncoding(int stream) {
        // Nothing is remembered of a stream.
    }

    @Override
    public void encode(int run, SendWindow.Stream stream) {
        Epoch epoch = stream.current();
        long name = named.size() + 1L;
        named.put(name, epoch);
        int pieces = dice.nextInt(1, MAX_PIECES + 1);
        for (int i = 0; i < pieces; i++) {
            int flags = (i == 0 ? TunnelFrame.FIRST : 0) | (i == pieces - 1 ? TunnelFrame.LAST : 0);
            ByteBuf piece = Unpooled.buffer(Long.BYTES + 1).writeLong(name).writeByte(i);
            encodedLater(() -> session.encoded(run, stream, epoch.header().epoch(), piece, flags, now()));
        }
        encodedLater(() -> session.stretchEncoded(run, stream, now()));
    }

    private void encodedLater(Runnable done) {
        encodedAtNanos = Math.max(now(), encodedAtNanos) + dice.nextLong(MILLI / 3);
        process.later(encodedAtNanos - now(), done);
    }

    @Override
    public void free(Epoch epoch) {
        epoch.close();
    }

    // ---- decoding

    @Override
    public void startDecoding() {
        expected.clear();
        decodedAtNanos = now();
    }

    @Override
    public void stopDecoding() {
        expected.clear();
    }

    @Override
    public void endDecoding(int stream) {
        expected.remove(stream);
    }

    @Override
    public void decode(int run, VmId vm, TunnelFrame frame) {
        Decoded<Epoch, Reset> result = assemble(frame);
        int bytes = frame.payload().readableBytes();
        decodedAtNanos = Math.max(now(), decodedAtNanos) + dice.nextLong(MILLI / 3);
        process.later(decodedAtNanos - now(), () -> session.decoded(run, frame.stream(), bytes, result, now()));
    }

    private Decoded<Epoch, Reset> assemble(TunnelFrame frame) {
        Epoch epoch = named.get(frame.payload().getLong(0));
        int piece = frame.payload().getByte(Long.BYTES);
        Integer next = expected.remove(frame.stream());
        boolean first = (frame.flags() & TunnelFrame.FIRST) != 0;
        boolean inTurn = first ? next == null && piece == 0 : next != null && piece == next;
        if (!inTurn || !epoch.header().epoch().equals(frame.epoch())) {
            return new Decoded.Refused<>(
                    new Reset(ResetCode.EPOCH, "piece " + piece + " of epoch " + frame.epoch() + " is out of turn"));
        }
        if ((frame.flags() & TunnelFrame.LAST) != 0) {
            return new Decoded.Complete<>(epoch);
        }
        expected.put(frame.stream(), piece + 1);
        return Decoded.needMore();
    }
}
