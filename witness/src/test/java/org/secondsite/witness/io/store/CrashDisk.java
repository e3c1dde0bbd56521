package org.secondsite.witness.io.store;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.Arrays;
import java.util.HashMap;
import java.util.Map;
import java.util.Random;

/**
 * A disk in memory whose power is cut at a given operation. What was not forced survives in part: a prefix of the octets,
 * or the length with some sectors unwritten; a rename that was not forced happened or did not.
 */
final class CrashDisk implements Disk {
    private static final int SECTOR_OCTETS = 512;

    private final Random random;
    private final Map<String, Content> names = new HashMap<>();
    private Map<String, Content> forcedNames = new HashMap<>();
    private int operationsLeft;
    private boolean off;

    /** A file's octets as a running process sees them, and as they surely survive. */
    private static final class Content {
        private byte[] seen = {};
        private byte[] forced = {};
    }

    CrashDisk(Random random) {
        this.random = random;
    }

    /** The power is cut at the n-th operation that changes something, counted from 1; never if 0. */
    void cutAt(int operation) {
        operationsLeft = operation;
        off = false;
    }

    boolean isOff() {
        return off;
    }

    /** What is there when the power comes back. */
    void powerOn() {
        Map<String, Content> survived = random.nextBoolean() ? new HashMap<>(names) : new HashMap<>(forcedNames);
        for (Content content : survived.values()) {
            content.seen = survivor(content);
            content.forced = content.seen;
        }
        names.clear();
        names.putAll(survived);
        forcedNames = new HashMap<>(survived);
        off = false;
        operationsLeft = 0;
    }

    private byte[] survivor(Content content) {
        int forced = content.forced.length;
        int seen = content.seen.length;
        if (seen <= forced) {
            return random.nextBoolean() ? content.seen : content.forced;
        }
        byte[] octets = Arrays.copyOf(content.seen, forced + random.nextInt(seen - forced + 1));
        if (random.nextBoolean()) {
            octets = content.seen.clone();
            for (int from = forced; from < seen; ) {
                int end = Math.min(seen, (from / SECTOR_OCTETS + 1) * SECTOR_OCTETS);
                if (random.nextBoolean()) {
                    Arrays.fill(octets, from, end, (byte) 0);
                }
                from = end;
            }
        }
        return octets;
    }

    private void operation() throws IOException {
        if (off || --operationsLeft == 0) {
            off = true;
            throw new IOException("the power is off");
        }
    }

    @Override
    public boolean exists(String name) {
        return names.containsKey(name);
    }

    @Override
    public byte[] read(String name, int limitOctets) {
        return names.get(name).seen.clone();
    }

    @Override
    public Appender create(String name) throws IOException {
        operation();
        Content content = new Content();
        names.put(name, content);
        return appender(content);
    }

    @Override
    public Appender append(String name) throws IOException {
        operation();
        return appender(names.get(name));
    }

    private Appender appender(Content content) {
        return new Appender() {
            @Override
            public void write(ByteBuffer octets) throws IOException {
                byte[] more = new byte[octets.remaining()];
                octets.get(more);
                int at = content.seen.length;
                content.seen = Arrays.copyOf(content.seen, at + more.length);
                System.arraycopy(more, 0, content.seen, at, more.length);
                operation();
            }

            @Override
            public void force() throws IOException {
                operation();
                content.forced = content.seen.clone();
            }

            @Override
            public void truncate(long lengthOctets) throws IOException {
                content.seen = Arrays.copyOf(content.seen, (int) lengthOctets);
                operation();
            }

            @Override
            public void close() {
                // Nothing to give back.
            }
        };
    }

    @Override
    public void rename(String from, String to) throws IOException {
        names.put(to, names.remove(from));
        operation();
    }

    @Override
    public void forceNames() throws IOException {
        operation();
        forcedNames = new HashMap<>(names);
    }

    @Override
    public void close() {
        // It goes on to exist, as a disk does.
    }
}
