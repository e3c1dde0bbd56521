package org.secondsite.replicator.tunnel;

/** The kinds of frames, and what each may look like. */
public enum FrameType {
    /** The first frame in each direction: {@link Hello}. */
    HELLO(1, 0, false, 1, Limit.CONTROL_BYTES),
    /** The second one: {@link Resume}. */
    RESUME(2, 0, false, 4, Limit.DATA_BYTES),
    /** A sign of life, or the question whether what went before it is there: the sender's clock, u64 nanoseconds. */
    HEARTBEAT(3, 0, false, 8, 8),
    /** Its answer: the same 8 bytes back. */
    ECHO(4, 0, false, 8, 8),
    /** A {@link PeerMessage}. */
    MESSAGE(5, 0, false, 1, Limit.DATA_BYTES),
    /** The stream carries the epochs of the VM with the name in the payload; it replaces the VM's earlier stream. */
    OPEN(6, 0, true, 1, 63),
    /** The chain of the stream is discarded. */
    DISCARD(7, 0, true, 0, 0),
    /** A piece of the encoded epoch that term and epoch name. */
    DATA(8, TunnelFrame.FIRST | TunnelFrame.LAST, true, 1, Limit.DATA_BYTES),
    /** The sender of this frame holds the epoch that term and epoch name, and all earlier ones of the stream. */
    ACKNOWLEDGED(9, 0, true, 0, 0),
    /** The sender of this frame will not hold the epoch; the payload says why, UTF-8. */
    REFUSED(10, 0, true, 0, Limit.CONTROL_BYTES),
    /** The connection ends: code u8, then why, UTF-8. */
    GOODBYE(11, 0, false, 1, Limit.CONTROL_BYTES);

    /** Payload sizes. */
    static final class Limit {
        static final int CONTROL_BYTES = 4096;
        static final int DATA_BYTES = 64 << 10;

        private Limit() {}
    }

    private static final FrameType[] BY_CODE = new FrameType[16];

    static {
        for (FrameType value : values()) {
            BY_CODE[value.code] = value;
        }
    }

    private final int code;
    private final int allowedFlags;
    private final boolean onStream;
    private final int minPayloadBytes;
    private final int maxPayloadBytes;

    FrameType(int code, int allowedFlags, boolean onStream, int minPayloadBytes, int maxPayloadBytes) {
        this.code = code;
        this.allowedFlags = allowedFlags;
        this.onStream = onStream;
        this.minPayloadBytes = minPayloadBytes;
        this.maxPayloadBytes = maxPayloadBytes;
    }

    /** Whether frames of this type are numbered, and may come over any of the connections. */
    public boolean isSequenced() {
        return this == OPEN || this == DISCARD || this == DATA;
    }

    int code() {
        return code;
    }

    /** The type with that number, or null. */
    static FrameType of(int code) {
        return code < BY_CODE.length ? BY_CODE[code] : null;
    }

    /** What is wrong with a frame of this type, in words, or null. */
    String fault(int flags, int stream, long sequence, int payloadBytes) {
        if (sequence < 0 || (sequence != 0) != isSequenced()) {
            return this + " at place " + sequence;
        }
        if ((flags & ~allowedFlags) != 0) {
            return this + " with flags " + flags;
        }
        if ((stream != 0) != onStream) {
            return this + " on stream " + stream;
        }
        if (payloadBytes < minPayloadBytes || payloadBytes > maxPayloadBytes) {
            return this + " with " + payloadBytes + " bytes";
        }
        return null;
    }
}
