package org.secondsite.appliance;

import java.io.IOException;
import java.io.PrintWriter;

/**
 * Shows something again and again until nobody reads it any more. A gateway that does not answer for a while, because it is started
 * anew, ends nothing; one that does not answer at first does.
 */
final class StatusWatch {
    /** What is written to. */
    enum Surface {
        /** A terminal: the picture before is written over. */
        TERMINAL,
        /** A pipe or a file: one picture after the other, and no control characters. */
        LINES
    }

    /** Gives the next picture. */
    interface Source {
        /** Lines, each with its end. */
        String next() throws IOException;
    }

    /** Waits until the next picture is due. */
    interface Pause {
        void await() throws InterruptedException;
    }

    /** ECMA-48: the cursor to the first line and column, and behind it to the end of the page. */
    private static final String HOME = "\033[H";

    private static final String CLEAR_LINE = "\033[K";
    private static final String CLEAR_BELOW = "\033[J";

    private final Source source;
    private final PrintWriter out;
    private final Surface surface;
    private final Pause pause;

    StatusWatch(Source source, PrintWriter out, Surface surface, Pause pause) {
        this.source = source;
        this.out = out;
        this.surface = surface;
        this.pause = pause;
    }

    /**
     * Shows, until the reader is gone.
     *
     * @throws IOException if there is no first picture
     * @throws InterruptedException if the thread is interrupted
     */
    void run() throws IOException, InterruptedException {
        String picture = source.next();
        if (surface == Surface.TERMINAL) {
            out.print(HOME + CLEAR_BELOW);
        }
        while (show(picture)) {
            pause.await();
            picture = next();
        }
    }

    private String next() {
        try {
            return source.next();
        } catch (IOException silent) {
            return silent.getMessage() + System.lineSeparator();
        }
    }

    /** Whether somebody still reads it. */
    private boolean show(String picture) {
        if (surface == Surface.TERMINAL) {
            // Line by line, so that nothing flickers.
            out.print(HOME + picture.replace("\n", CLEAR_LINE + "\n") + CLEAR_BELOW);
        } else {
            out.print(picture);
        }
        return !out.checkError();
    }
}
