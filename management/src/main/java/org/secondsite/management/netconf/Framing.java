package org.secondsite.management.netconf;

import java.io.ByteArrayOutputStream;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.Optional;

/**
 * Where messages end in a stream (RFC 6242 §4.2 and §4.3): at first at {@code ]]>]]>}, and in chunks once both have said that they know
 * base:1.1.
 *
 * <pre>
 * LF '#' SIZE LF octets … LF '#' '#' LF
 * </pre>
 */
final class Framing {
    /** Octets of one message at most: as many as a gateway's file may have. */
    static final int MAX_MESSAGE = 4 << 20;

    private static final byte[] END = "]]>]]>".getBytes(StandardCharsets.US_ASCII);

    /** What there is no end of. */
    static final class BrokenException extends Exception {
        private static final long serialVersionUID = 1;

        BrokenException(String message) {
            super(message);
        }
    }

    private enum Expects {
        TEXT,
        LINE_FEED,
        HASH,
        SIZE,
        DIGITS,
        DATA,
        LAST_LINE_FEED
    }

    private Expects expects = Expects.TEXT;
    private byte[] input = new byte[0];
    private int position;
    private byte[] message = new byte[512];
    private int length;
    private long chunk;

    /** From the next message on there are chunks. */
    void chunked() {
        expects = Expects.LINE_FEED;
    }

    private boolean isChunked() {
        return expects != Expects.TEXT;
    }

    /** Octets came. Those before them have been asked for with {@link #next}. */
    void add(byte[] octets) {
        byte[] rest = Arrays.copyOfRange(input, position, input.length + octets.length);
        System.arraycopy(octets, 0, rest, input.length - position, octets.length);
        input = rest;
        position = 0;
    }

    /**
     * The next message that is whole; empty: more has to come first.
     *
     * @throws BrokenException if none will be: the stream is of no use any more
     */
    Optional<byte[]> next() throws BrokenException {
        while (position < input.length) {
            if (expects == Expects.DATA) {
                int count = (int) Math.min(chunk, input.length - position);
                append(input, position, count);
                position += count;
                chunk -= count;
                if (chunk == 0) {
                    expects = Expects.LINE_FEED;
                }
            } else if (step(input[position++])) {
                byte[] whole = Arrays.copyOf(message, length);
                length = 0;
                return Optional.of(whole);
            }
        }
        return Optional.empty();
    }

    /** Whether that octet ends a message. */
    private boolean step(byte octet) throws BrokenException {
        switch (expects) {
            case TEXT -> {
                append(new byte[] {octet}, 0, 1);
                if (length >= END.length && Arrays.equals(message, length - END.length, length, END, 0, END.length)) {
                    length -= END.length;
                    return true;
                }
            }
            case LINE_FEED -> expects = required(octet, '\n', Expects.HASH);
            case HASH -> expects = required(octet, '#', Expects.SIZE);
            case SIZE -> {
                if (octet == '#') {
                    if (length == 0) {
                        throw new BrokenException("a message has a chunk at least");
                    }
                    expects = Expects.LAST_LINE_FEED;
                } else {
                    // RFC 6242 §4.2: no leading zero, and no chunk without octets.
                    chunk = digit(octet, '1');
                    expects = Expects.DIGITS;
                }
            }
            case DIGITS -> {
                if (octet == '\n') {
                    expects = Expects.DATA;
                } else {
                    chunk = chunk * 10 + digit(octet, '0');
                    bound(length + chunk);
                }
            }
            case LAST_LINE_FEED -> {
                expects = required(octet, '\n', Expects.LINE_FEED);
                return true;
            }
            case DATA -> throw new IllegalStateException("data are taken as they are");
        }
        return false;
    }

    private static Expects required(byte octet, char wanted, Expects then) throws BrokenException {
        if (octet != wanted) {
            throw new BrokenException("octet %d stands where a chunk has %d (RFC 6242 section 4.2)"
                    .formatted(octet & 0xff, (int) wanted));
        }
        return then;
    }

    private static int digit(byte octet, char lowest) throws BrokenException {
        if (octet < lowest || octet > '9') {
            throw new BrokenException(
                    "octet %d stands in the size of a chunk (RFC 6242 section 4.2)".formatted(octet & 0xff));
        }
        return octet - '0';
    }

    private void append(byte[] from, int at, int count) throws BrokenException {
        bound((long) length + count);
        if (length + count > message.length) {
            message = Arrays.copyOf(message, Math.max(length + count, message.length * 2));
        }
        System.arraycopy(from, at, message, length, count);
        length += count;
    }

    private static void bound(long octets) throws BrokenException {
        if (octets > MAX_MESSAGE + END.length) {
            throw new BrokenException("a message has more than " + MAX_MESSAGE + " octets");
        }
    }

    /** A message as it goes out. */
    byte[] framed(String text) {
        byte[] octets = text.getBytes(StandardCharsets.UTF_8);
        ByteArrayOutputStream out = new ByteArrayOutputStream(octets.length + 32);
        if (isChunked()) {
            out.writeBytes(("\n#" + octets.length + "\n").getBytes(StandardCharsets.US_ASCII));
            out.writeBytes(octets);
            out.writeBytes("\n##\n".getBytes(StandardCharsets.US_ASCII));
        } else {
            out.writeBytes(octets);
            out.writeBytes(END);
        }
        return out.toByteArray();
    }
}
