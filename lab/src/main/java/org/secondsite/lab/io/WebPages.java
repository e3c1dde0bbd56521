package org.secondsite.lab.io;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Random;

/** The pages of the web guest: more than its memory, each of its own content, so that one is never taken for another. */
final class WebPages {
    static final int NUMBER = 1024;
    static final int BYTES = 96 << 10;

    private WebPages() {}

    /** Writes all of them. */
    static void write(Path directory) throws IOException {
        for (int page = 0; page < NUMBER; page++) {
            Files.write(directory.resolve(name(page)), content(page));
        }
    }

    /** A page's file, and its path at the server. */
    static String name(int page) {
        return page + ".bin";
    }

    /** What a page consists of. */
    static byte[] content(int page) {
        byte[] content = new byte[BYTES];
        new Random(page).nextBytes(content);
        return content;
    }
}
