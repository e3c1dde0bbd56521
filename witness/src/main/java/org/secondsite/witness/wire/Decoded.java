package org.secondsite.witness.wire;

/** What {@link MessageCodec#decode} found. Input never throws. */
public sealed interface Decoded {
    /** The frame is not complete; nothing was consumed. */
    record NeedMore() implements Decoded {}

    /**
     * A message; exactly its frame was consumed.
     *
     * @param message the message
     */
    record Complete(Message message) implements Decoded {}

    /**
     * The peer does not speak this protocol, or is broken: the connection must be closed.
     *
     * @param code what is wrong
     * @param reason the same in words
     */
    record Reset(Code code, String reason) implements Decoded {}

    /** Why a connection must be closed. */
    enum Code {
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
}
