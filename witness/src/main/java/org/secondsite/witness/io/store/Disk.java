package org.secondsite.witness.io.store;

import java.io.IOException;
import java.nio.ByteBuffer;

/** One directory, with just the operations that {@link FileRecordStore} needs, so that a test can cut the power between any two. */
interface Disk extends AutoCloseable {
    /** Whether the file is there. */
    boolean exists(String name);

    /** Reads a whole file, or refuses one longer than {@code limitOctets}. */
    byte[] read(String name, int limitOctets) throws IOException;

    /** Opens an empty file to append to, in the place of one that may be there. */
    Appender create(String name) throws IOException;

    /** Opens a file to append to, which must be there. */
    Appender append(String name) throws IOException;

    /** Replaces {@code to} by {@code from} in one step; durable after {@link #forceNames}. */
    void rename(String from, String to) throws IOException;

    /** Makes creations and renames durable. */
    void forceNames() throws IOException;

    @Override
    void close() throws IOException;

    /** An open file. */
    interface Appender extends AutoCloseable {
        /** Writes all of {@code octets} at the end. */
        void write(ByteBuffer octets) throws IOException;

        /** Makes content and length durable. */
        void force() throws IOException;

        /** Cuts the file. */
        void truncate(long lengthOctets) throws IOException;

        @Override
        void close() throws IOException;
    }
}
