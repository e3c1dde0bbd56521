package org.secondsite.replicator.tunnel;

import java.util.HashMap;
import java.util.Map;
import org.secondsite.config.VmId;
import org.secondsite.net.Decoded;
import org.secondsite.replicator.Epoch;
import org.secondsite.replicator.codec.CodecBuffers;
import org.secondsite.replicator.codec.CodecSettings;
import org.secondsite.replicator.codec.EpochDecoder;

/**
 * Puts the epochs of one connection together again. Only whole epochs whose content is proved by their checksum come out.
 *
 * <p>The pieces of an epoch come in order on its stream, the first and the last one marked; those of different streams mix.
 * What belongs to an epoch that the connection's end cut off is freed with the assembler.
 *
 * <p>Not thread-safe; never throws on what the peer sent.
 */
public final class EpochAssembler implements AutoCloseable {
    private final CodecSettings codec;
    private final CodecBuffers buffers;
    private final long maxBytes;
    private final Map<Integer, EpochDecoder> decoders = new HashMap<>();

    /**
     * For a new connection.
     *
     * @param codec bounds on the versions and the history that the peer's codec may make this end keep
     * @param buffers working memory, not used by another thread
     * @param maxBytes the most that all unfinished epochs together may hold, in plain form
     */
    public EpochAssembler(CodecSettings codec, CodecBuffers buffers, long maxBytes) {
        this.codec = codec;
        this.buffers = buffers;
        this.maxBytes = maxBytes;
    }

    /**
     * Takes a DATA frame of an open stream. Does not release its payload.
     *
     * @return the epoch, which belongs to the caller now, if this completes one; or why the connection must end
     */
    public Decoded<Epoch, Reset> accept(VmId vm, TunnelFrame frame) {
        boolean first = (frame.flags() & TunnelFrame.FIRST) != 0;
        boolean last = (frame.flags() & TunnelFrame.LAST) != 0;
        EpochDecoder decoder =
                decoders.computeIfAbsent(frame.stream(), stream -> new EpochDecoder(vm, codec, buffers, maxBytes));
        if (first == decoder.inEpoch()) {
            return fault(ResetCode.ORDER, vm, frame, first ? "begins within another" : "has no beginning");
        }
        return switch (decoder.feed(frame.epoch(), frame.payload())) {
            case Decoded.Refused<Epoch, String>(String reason) -> fault(ResetCode.EPOCH, vm, frame, reason);
            case Decoded.Complete<Epoch, String>(Epoch epoch) -> {
                if (!last) {
                    epoch.close();
                    yield fault(ResetCode.ORDER, vm, frame, "ends before its last piece");
                }
                yield new Decoded.Complete<>(epoch);
            }
            case Decoded.NeedMore<Epoch, String>() -> {
                if (last) {
                    yield fault(ResetCode.EPOCH, vm, frame, "is incomplete at its last piece");
                }
                yield heldBytes() > maxBytes
                        ? fault(ResetCode.EPOCH, vm, frame, "makes unfinished epochs exceed " + maxBytes + " bytes")
                        : Decoded.needMore();
            }
        };
    }

    /** Forgets a stream. */
    public void discard(int stream) {
        EpochDecoder decoder = decoders.remove(stream);
        if (decoder != null) {
            decoder.close();
        }
    }

    /** The memory that unfinished epochs hold. */
    public long heldBytes() {
        return decoders.values().stream().mapToLong(EpochDecoder::heldBytes).sum();
    }

    @Override
    public void close() {
        decoders.values().forEach(EpochDecoder::close);
        decoders.clear();
    }

    private static Decoded<Epoch, Reset> fault(ResetCode code, VmId vm, TunnelFrame frame, String what) {
        return new Decoded.Refused<>(new Reset(code, "epoch " + frame.epoch() + " of " + vm + " " + what));
    }
}
