package org.secondsite.openflow.ovsdb;

import java.io.ByteArrayOutputStream;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;

/**
 * Cuts a stream into JSON objects, which follow each other without any mark (RFC 7047 §4: JSON-RPC 1.0 over a stream). Only
 * braces, brackets and strings are looked at; whether a text is JSON at all says whoever parses it.
 */
public final class JsonTexts {
    private final int maxBytes;
    private final ByteArrayOutputStream text = new ByteArrayOutputStream();
    private int depth;
    private boolean isInString;
    private boolean isEscaped;

    /**
     * A new stream.
     *
     * @param maxBytes of one text; longer ones end the stream
     */
    public JsonTexts(int maxBytes) {
        this.maxBytes = maxBytes;
    }

    /** A stream that cannot be cut. */
    public static final class Malformed extends Exception {
        private static final long serialVersionUID = 1;

        private Malformed(String message) {
            super(message);
        }
    }

    /**
     * Takes the next bytes, and answers the texts that they complete.
     *
     * @throws Malformed if a text is too long, or something else than an object begins
     */
    public List<String> take(byte[] bytes) throws Malformed {
        List<String> texts = new ArrayList<>();
        for (byte b : bytes) {
            if (depth == 0 && b != '{') {
                if (b == ' ' || b == '\n' || b == '\r' || b == '\t') {
                    continue;
                }
                throw new Malformed("an object begins with byte " + (b & 0xff));
            }
            text.write(b);
            if (text.size() > maxBytes) {
                throw new Malformed("a message is longer than " + maxBytes + " bytes");
            }
            nest(b);
            if (depth == 0) {
                texts.add(text.toString(StandardCharsets.UTF_8));
                text.reset();
            }
        }
        return texts;
    }

    private void nest(byte b) {
        if (isInString) {
            if (isEscaped) {
                isEscaped = false;
            } else if (b == '\\') {
                isEscaped = true;
            } else if (b == '"') {
                isInString = false;
            }
            return;
        }
        switch (b) {
            case '"' -> isInString = true;
            case '{', '[' -> depth++;
            case '}', ']' -> depth--;
            default -> {}
        }
    }
}
