package org.secondsite.replicator.trace;

import java.io.EOFException;
import java.io.IOException;
import java.io.InputStream;
import java.util.Arrays;

/**
 * One direction of a recorded exchange, as one stream of bytes.
 *
 * <pre>
 * record: | direction u8: 0 from owner to standby, 1 back | nanoseconds u64 | length u32 | bytes |
 * </pre>
 *
 * <p>Of the way back only its first message is of use: it parts the initial migration from the checkpoints.
 */
final class RecordedBytes {
    private static final int MAX_RECORD_BYTES = 1 << 28;
    private static final int FIRST_BYTES = 64 << 10;

    private final InputStream in;
    private byte[] record = {};
    private int at;
    private boolean answered;

    RecordedBytes(InputStream in) {
        this.in = in;
    }

    /** Whether the standby has answered before the byte that is read next. */
    boolean isAnswered() throws IOException {
        fill();
        return answered;
    }

    /** Whether there is another byte. */
    boolean hasNext() throws IOException {
        return fill();
    }

    int u8() throws IOException {
        if (!fill()) {
            throw new EOFException("the recording ends");
        }
        return record[at++] & 0xff;
    }

    int u16() throws IOException {
        return u8() << 8 | u8();
    }

    int u32() throws IOException {
        return u16() << 16 | u16();
    }

    long u64() throws IOException {
        return (long) u32() << 32 | (u32() & 0xffff_ffffL);
    }

    /** The next bytes. Memory is taken as they come, not on the word of who announced them. */
    byte[] bytes(int length) throws IOException {
        byte[] bytes = new byte[Math.min(length, FIRST_BYTES)];
        int done = 0;
        while (done < length) {
            if (!fill()) {
                throw new EOFException("the recording ends");
            }
            if (done == bytes.length) {
                bytes = Arrays.copyOf(bytes, (int) Math.min(length, 2L * bytes.length));
            }
            int part = Math.min(bytes.length - done, record.length - at);
            System.arraycopy(record, at, bytes, done, part);
            at += part;
            done += part;
        }
        return bytes;
    }

    void skip(long length) throws IOException {
        for (long left = length; left > 0; ) {
            if (!fill()) {
                throw new EOFException("the recording ends");
            }
            int part = (int) Math.min(left, record.length - at);
            at += part;
            left -= part;
        }
    }

    private boolean fill() throws IOException {
        while (at == record.length) {
            int direction = in.read();
            if (direction < 0) {
                return false;
            }
            byte[] head = in.readNBytes(12);
            if (head.length < 12) {
                return false;
            }
            int length = 0;
            for (int i = 8; i < 12; i++) {
                length = length << 8 | (head[i] & 0xff);
            }
            if (direction > 1 || length < 0 || length > MAX_RECORD_BYTES) {
                throw new TraceFormatException("a record of direction " + direction + " and " + length + " bytes");
            }
            byte[] content = in.readNBytes(length);
            if (content.length < length) {
                return false;
            }
            if (direction == 1) {
                answered = true;
            } else {
                record = content;
                at = 0;
            }
        }
        return true;
    }
}
