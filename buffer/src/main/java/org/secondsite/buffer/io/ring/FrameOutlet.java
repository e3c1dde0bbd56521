package org.secondsite.buffer.io.ring;

import java.io.IOException;
import org.secondsite.buffer.ReleaseCursor;

/**
 * The sending end of a port. Of one thread. It copies nothing: what {@link #add} has seen must stay until {@link
 * #send} returns.
 */
public interface FrameOutlet extends AutoCloseable {
    /** How a batch ended. */
    enum Outcome {
        /** All of it has been taken. */
        SENT,
        /** The first frame that has not been taken will be, a little later: a queue is full. */
        BUSY,
        /** The interface is down or gone; the first frame that has not been taken waits until it returns. */
        DOWN,
        /** The first frame that has not been taken never will be: it is too long, or malformed. */
        REFUSED
    }

    /** Puts the cursor's record into the batch. False when the batch is full; the record is not in it then. */
    boolean add(ReleaseCursor cursor);

    /** Sends the batch as far as it goes without waiting, and empties it. {@link #sent} tells how many were taken. */
    Outcome send();

    /** How many frames of the last batch have been taken, from its beginning. */
    int sent();

    /**
     * Binds to the interface anew if another one has its name now.
     *
     * @throws IOException if there is none
     */
    void rebind() throws IOException;

    /** The interface's name, for messages. */
    String name();

    @Override
    void close();
}
