package org.secondsite.replicator.disk.io;

import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.nio.ByteBuffer;
import java.nio.file.Path;
import org.secondsite.net.linux.FileCalls;
import org.secondsite.replicator.disk.DiskException;

/**
 * A raw image or a block device, read and written at offsets through the page cache. Calls come from any thread; what is
 * answered is known to the kernel, and survives the death of this process, but not that of the machine before {@link #sync}.
 */
public final class BlockFile implements AutoCloseable {
    private static final int PUNCH = FileCalls.FALLOC_FL_PUNCH_HOLE | FileCalls.FALLOC_FL_KEEP_SIZE;
    private static final int ALLOCATE_ZEROS = FileCalls.FALLOC_FL_ZERO_RANGE | FileCalls.FALLOC_FL_KEEP_SIZE;

    private static final ThreadLocal<FileCalls> CALLS = ThreadLocal.withInitial(FileCalls::new);

    private final Path path;
    private final int descriptor;
    private final long bytes;

    private BlockFile(Path path, int descriptor, long bytes) {
        this.path = path;
        this.descriptor = descriptor;
        this.bytes = bytes;
    }

    /**
     * Opens an image or device that exists.
     *
     * @throws IOException if it cannot be opened
     */
    public static BlockFile open(Path path) throws IOException {
        return open(path, FileCalls.O_RDWR);
    }

    /** The same, to be read only. */
    static BlockFile openToRead(Path path) throws IOException {
        return open(path, FileCalls.O_RDONLY);
    }

    private static BlockFile open(Path path, int mode) throws IOException {
        FileCalls calls = CALLS.get();
        int descriptor = calls.open(path.toString(), mode);
        if (descriptor < 0) {
            throw new IOException(path + ": cannot be opened, errno " + -descriptor);
        }
        long bytes = calls.lseek(descriptor, 0, FileCalls.SEEK_END);
        if (bytes < 0) {
            calls.close(descriptor);
            throw new IOException(path + ": has no size, errno " + -bytes);
        }
        return new BlockFile(path, descriptor, bytes);
    }

    /**
     * Makes a file so long, with room for all of it.
     *
     * @throws IOException if there is no room, or the file cannot be opened
     */
    static void allocate(Path path, long bytes) throws IOException {
        FileCalls calls = CALLS.get();
        int descriptor = calls.open(path.toString(), FileCalls.O_RDWR);
        if (descriptor < 0) {
            throw new IOException(path + ": cannot be opened, errno " + -descriptor);
        }
        try {
            int result = calls.fallocate(descriptor, 0, 0, bytes);
            if (result < 0) {
                throw new DiskException(path + ": " + bytes + " bytes cannot be allocated", -result);
            }
        } finally {
            calls.close(descriptor);
        }
    }

    /** The size in bytes when it was opened. */
    public long bytes() {
        return bytes;
    }

    /**
     * Reads if nothing has to be waited for.
     *
     * @return the bytes that were read, fewer than asked for (0 too) if the rest is not in memory
     */
    int readNow(MemorySegment into, int length, long offset) throws DiskException {
        long got = CALLS.get().preadNow(descriptor, into, length, offset);
        if (got == -FileCalls.EAGAIN || got == -FileCalls.EOPNOTSUPP || got == -FileCalls.EINTR) {
            return 0;
        }
        return (int) checked("read", got);
    }

    /** Reads exactly so many bytes; what lies behind the end reads as zeros. */
    void read(MemorySegment into, int length, long offset) throws DiskException {
        FileCalls calls = CALLS.get();
        int done = 0;
        while (done < length) {
            long got = calls.pread(descriptor, into.asSlice(done), (long) length - done, offset + done);
            if (got == -FileCalls.EINTR) {
                continue;
            }
            if (checked("read", got) == 0) {
                into.asSlice(done, (long) length - done).fill((byte) 0);
                return;
            }
            done += (int) got;
        }
    }

    /** Writes all of it. */
    void write(MemorySegment from, int length, long offset) throws DiskException {
        FileCalls calls = CALLS.get();
        int done = 0;
        while (done < length) {
            long written = calls.pwrite(descriptor, from.asSlice(done), (long) length - done, offset + done);
            if (written != -FileCalls.EINTR) {
                done += (int) checked("write", written);
            }
        }
    }

    /**
     * Makes a range read as zeros.
     *
     * @param allocate whether room is to stay allocated, so that a later write cannot fail for want of it
     */
    void zero(long offset, long length, boolean allocate) throws DiskException {
        int result = CALLS.get().fallocate(descriptor, allocate ? ALLOCATE_ZEROS : PUNCH, offset, length);
        if (result == -FileCalls.EOPNOTSUPP) {
            writeZeros(offset, length);
        } else {
            checked("zero", result);
        }
    }

    private void writeZeros(long offset, long length) throws DiskException {
        MemorySegment zeros = MemorySegment.ofBuffer(ByteBuffer.allocateDirect(1 << 16));
        for (long done = 0; done < length; ) {
            int part = (int) Math.min(zeros.byteSize(), length - done);
            write(zeros, part, offset + done);
            done += part;
        }
    }

    /** Waits until everything that was written is on stable storage. */
    public void sync() throws DiskException {
        checked("fdatasync", CALLS.get().fdatasync(descriptor));
    }

    /**
     * How far what begins at {@code offset} goes on being data, or a hole.
     *
     * @return its length up to {@code limit} bytes, negative if it is a hole
     */
    long extent(long offset, long limit) throws DiskException {
        FileCalls calls = CALLS.get();
        long data = calls.lseek(descriptor, offset, FileCalls.SEEK_DATA);
        if (data == -FileCalls.ENXIO) {
            return -limit;
        }
        if (checked("lseek", data) > offset) {
            return -Math.min(limit, data - offset);
        }
        long hole = checked("lseek", calls.lseek(descriptor, offset, FileCalls.SEEK_HOLE));
        return Math.min(limit, hole - offset);
    }

    private long checked(String what, long result) throws DiskException {
        if (result < 0) {
            throw new DiskException(path + ": " + what + " failed", (int) -result);
        }
        return result;
    }

    @Override
    public void close() {
        CALLS.get().close(descriptor);
    }
}
