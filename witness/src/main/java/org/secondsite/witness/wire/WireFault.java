package org.secondsite.witness.wire;

/** Why a frame is none of this protocol, and its connection must be closed. */
public enum WireFault {
    /** A frame without a type. */
    EMPTY_FRAME,
    /** A frame longer than {@link MessageCodec#MAX_FRAME_OCTETS}. */
    FRAME_TOO_LONG,
    /** A type that this version does not know. */
    UNKNOWN_TYPE,
    /** A hello without the magic number. */
    BAD_MAGIC,
    /** A field that goes beyond its frame. */
    FIELD_OVERRUN,
    /** A name that is none. */
    BAD_NAME,
    /** A text that is too long or not UTF-8. */
    BAD_TEXT,
    /** A set of sites that is empty, too large or has one twice. */
    BAD_SET,
    /** A record that cannot be. */
    BAD_RECORD,
    /** Octets of the frame that no field claims. */
    TRAILING_OCTETS
}
