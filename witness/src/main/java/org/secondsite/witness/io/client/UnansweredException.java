package org.secondsite.witness.io.client;

import java.io.IOException;

/**
 * A question got no answer: whether the change was made is not known, and may be decided even later. A read does not
 * settle that; a newer compare-and-set on the same term does.
 */
public final class UnansweredException extends IOException {
    private static final long serialVersionUID = 1L;

    UnansweredException(String reason) {
        super(reason);
    }
}
