package org.secondsite.buffer.io;

import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Closes several things although one of them fails. */
final class Closing {
    private static final Logger LOG = LoggerFactory.getLogger(Closing.class);

    private Closing() {}

    /** After a failure, whose suppressed exceptions get those of closing. */
    static void all(Iterable<? extends AutoCloseable> things, Exception cause) {
        for (AutoCloseable thing : things) {
            try {
                thing.close();
            } catch (Exception e) {
                cause.addSuppressed(e);
            }
        }
    }

    /** At the end of a life. */
    static void all(Iterable<? extends AutoCloseable> things) {
        for (AutoCloseable thing : things) {
            try {
                thing.close();
            } catch (Exception e) {
                LOG.warn("closing {} failed", thing, e);
            }
        }
    }
}
