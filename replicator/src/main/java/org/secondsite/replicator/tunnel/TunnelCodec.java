package org.secondsite.replicator.tunnel;

import org.secondsite.config.VmId;
import org.secondsite.replicator.Epoch;
import org.secondsite.replicator.codec.CodecSettings;

/**
 * The heavy work of a tunnel, done elsewhere: epochs to pieces and back. Each direction is done in the order of the calls; what
 * comes of them is told to the {@link TunnelSession} later, never before the call returns, with the number of the run for which
 * it was ordered.
 */
public interface TunnelCodec {
    /** From now on epochs are encoded so, by encoders that remember nothing. */
    void startEncoding(CodecSettings settings);

    /** What was encoded is not wanted any more, nor what the encoders remember. */
    void stopEncoding();

    /**
     * Encodes a stretch of the stream's current epoch: {@link TunnelSession#encoded} for each piece, then {@link
     * TunnelSession#stretchEncoded}; or {@link TunnelSession#encodingFailed}.
     */
    void encode(int run, SendWindow.Stream stream);

    /** A stream that is sent is over. */
    void endEncoding(int stream);

    /** From now on epochs are decoded by decoders that remember nothing. */
    void startDecoding();

    /** What was decoded is not wanted any more, nor what the decoders remember. */
    void stopDecoding();

    /** Decodes a piece, which becomes the codec's to release: {@link TunnelSession#decoded}. */
    void decode(int run, VmId vm, TunnelFrame frame);

    /** A stream that is received is over. */
    void endDecoding(int stream);

    /** Closes an epoch, after whatever is done with it now. */
    void free(Epoch epoch);
}
