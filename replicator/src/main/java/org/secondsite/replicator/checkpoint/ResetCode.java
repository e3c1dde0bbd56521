package org.secondsite.replicator.checkpoint;

/** Why a connection cannot go on: the bytes after the fault have no known meaning. */
public enum ResetCode {
    /** A frame is longer or shorter than its type allows. */
    BAD_LENGTH,
    /** No such message type. */
    BAD_TYPE,
    /** A message of the other side, or one that has no place here. */
    BAD_DIRECTION,
    /** Bits that must be zero are not. */
    BAD_RESERVED,
    /** A field has a value that it cannot have. */
    BAD_FIELD
}
