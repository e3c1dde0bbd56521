package org.secondsite.bgp.wire;

/** What a fault in an UPDATE message does, weakest first (RFC 7606 §2). */
public enum Treatment {
    /** The attribute is ignored, the routes stand. */
    ATTRIBUTE_DISCARD,
    /** The routes that the message announces are withdrawn. */
    TREAT_AS_WITHDRAW,
    /** The session is reset. */
    SESSION_RESET
}
