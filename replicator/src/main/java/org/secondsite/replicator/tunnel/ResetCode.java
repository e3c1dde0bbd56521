package org.secondsite.replicator.tunnel;

/** Why a connection is ended, as it stands on the wire in GOODBYE. */
public enum ResetCode {
    /** An orderly end. */
    CLOSED(1),
    /** A frame's checksum is wrong. */
    CORRUPT(2),
    /** A frame has a length, type or flag that cannot be. */
    FRAMING(3),
    /** A payload does not follow its layout. */
    PAYLOAD(4),
    /** A frame came that has no place in the order of things. */
    ORDER(5),
    /** An encoded epoch is malformed, or not what the sender had. */
    EPOCH(6),
    /** No version of the protocol is spoken by both ends. */
    VERSION(7),
    /** The certificate is not that of the configured peer, or the peer wants to talk to another site. */
    IDENTITY(8),
    /** A newer connection of the same peer took the place. */
    REPLACED(9),
    /** Nothing was heard for too long. */
    SILENCE(10),
    /** The TLS handshake failed for another reason than the peer's certificate, or did not end in time. */
    HANDSHAKE(11),
    /** The network closed the connection. */
    BROKEN(12),
    /** The peer's certificate is expired, or not valid yet. */
    EXPIRED(13),
    /** The peer showed no certificate of the configured authority. */
    FOREIGN(14),
    /** The peer's certificate is revoked, or this end's own is. */
    REVOKED(15);

    private static final ResetCode[] BY_CODE = new ResetCode[16];

    static {
        for (ResetCode value : values()) {
            BY_CODE[value.code] = value;
        }
    }

    private final int code;

    ResetCode(int code) {
        this.code = code;
    }

    /**
     * Whether an end of this kind may be the last that is ever heard of the peer. Every other one is the judgement of an end
     * about the connection, and says nothing of its process.
     */
    public boolean mayBeTheLast() {
        return this == CLOSED || this == BROKEN;
    }

    /** The number on the wire. */
    public int code() {
        return code;
    }

    /** The reason with that number; {@link #CLOSED} for one that a newer peer may know. */
    public static ResetCode of(int code) {
        return code > 0 && code < BY_CODE.length && BY_CODE[code] != null ? BY_CODE[code] : CLOSED;
    }
}
