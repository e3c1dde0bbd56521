package org.secondsite.witness.io.client;

import java.io.IOException;

/** The witness does not take this question from this client. Nothing was changed, and nothing will be. */
public final class NotServedException extends IOException {
    private static final long serialVersionUID = 1L;

    NotServedException(String reason) {
        super(reason);
    }
}
