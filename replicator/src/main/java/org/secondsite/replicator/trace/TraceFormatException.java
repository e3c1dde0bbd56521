package org.secondsite.replicator.trace;

import java.io.IOException;

/** A recording that does not follow its format. */
public final class TraceFormatException extends IOException {
    private static final long serialVersionUID = 1L;

    /** With where and what. */
    public TraceFormatException(String reason) {
        super(reason);
    }
}
