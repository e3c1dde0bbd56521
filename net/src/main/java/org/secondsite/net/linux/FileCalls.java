package org.secondsite.net.linux;

import static java.lang.foreign.ValueLayout.ADDRESS;
import static java.lang.foreign.ValueLayout.JAVA_INT;
import static java.lang.foreign.ValueLayout.JAVA_LONG;

import java.lang.foreign.Arena;
import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.Linker;
import java.lang.foreign.MemoryLayout;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.SymbolLookup;
import java.lang.invoke.MethodHandle;

/**
 * The calls on files that a volume needs and Java does not have: reading only what is in memory, punching holes, asking for
 * holes (FFM, JEP 454; Linux on 64-bit machines, where off_t has 64 bits).
 *
 * <p>A call answers what the function returned, or {@code -errno}. An object belongs to one thread at a time, because it owns the
 * place where errno is kept. Nothing is allocated by pread, pwrite and preadv2.
 */
public final class FileCalls {
    public static final int EAGAIN = 11;
    public static final int EINTR = 4;
    public static final int EOPNOTSUPP = 95;
    public static final int ENXIO = 6;

    public static final int O_RDONLY = 0;
    public static final int O_RDWR = 2;
    public static final int O_CLOEXEC = 0x80000;

    public static final int SEEK_END = 2;
    public static final int SEEK_DATA = 3;
    public static final int SEEK_HOLE = 4;

    public static final int FALLOC_FL_KEEP_SIZE = 1;
    public static final int FALLOC_FL_PUNCH_HOLE = 2;
    public static final int FALLOC_FL_ZERO_RANGE = 16;

    private static final int RWF_NOWAIT = 8;

    private static final Linker LINKER = Linker.nativeLinker();
    private static final SymbolLookup LOOKUP = LINKER.defaultLookup();
    private static final Linker.Option ERRNO = Linker.Option.captureCallState("errno");
    private static final long ERRNO_OFFSET =
            Linker.Option.captureStateLayout().byteOffset(MemoryLayout.PathElement.groupElement("errno"));

    private static final MethodHandle OPEN = variadicOpen();
    private static final MethodHandle CLOSE = handle("close", FunctionDescriptor.of(JAVA_INT, JAVA_INT));
    private static final MethodHandle PREAD =
            handle("pread", FunctionDescriptor.of(JAVA_LONG, JAVA_INT, ADDRESS, JAVA_LONG, JAVA_LONG));
    private static final MethodHandle PWRITE =
            handle("pwrite", FunctionDescriptor.of(JAVA_LONG, JAVA_INT, ADDRESS, JAVA_LONG, JAVA_LONG));
    private static final MethodHandle PREADV2 =
            handle("preadv2", FunctionDescriptor.of(JAVA_LONG, JAVA_INT, ADDRESS, JAVA_INT, JAVA_LONG, JAVA_INT));
    private static final MethodHandle FALLOCATE =
            handle("fallocate", FunctionDescriptor.of(JAVA_INT, JAVA_INT, JAVA_INT, JAVA_LONG, JAVA_LONG));
    private static final MethodHandle FDATASYNC = handle("fdatasync", FunctionDescriptor.of(JAVA_INT, JAVA_INT));
    private static final MethodHandle LSEEK =
            handle("lseek", FunctionDescriptor.of(JAVA_LONG, JAVA_INT, JAVA_LONG, JAVA_INT));

    private final MemorySegment state = Arena.ofAuto().allocate(Linker.Option.captureStateLayout());
    /** {@code struct iovec}: address, length. */
    private final MemorySegment vector = Arena.ofAuto().allocate(16, 8);

    @SuppressWarnings("restricted") // calling C is the purpose; the launcher passes --enable-native-access
    private static MethodHandle handle(String name, FunctionDescriptor type) {
        return LINKER.downcallHandle(LOOKUP.findOrThrow(name), type, ERRNO);
    }

    @SuppressWarnings("restricted") // as above
    private static MethodHandle variadicOpen() {
        return LINKER.downcallHandle(
                LOOKUP.findOrThrow("open"),
                FunctionDescriptor.of(JAVA_INT, ADDRESS, JAVA_INT),
                ERRNO,
                Linker.Option.firstVariadicArg(2));
    }

    /** Opens a file that exists. */
    public int open(String path, int flags) {
        try (Arena arena = Arena.ofConfined()) {
            return (int) result((int) OPEN.invokeExact(state, arena.allocateFrom(path), flags | O_CLOEXEC));
        } catch (Throwable e) {
            throw unexpected(e);
        }
    }

    /** Closes it. */
    public void close(int descriptor) {
        try {
            int ignored = (int) CLOSE.invokeExact(state, descriptor);
        } catch (Throwable e) {
            throw unexpected(e);
        }
    }

    /** Reads at an offset. */
    public long pread(int descriptor, MemorySegment into, long bytes, long offset) {
        try {
            return result((long) PREAD.invokeExact(state, descriptor, into, bytes, offset));
        } catch (Throwable e) {
            throw unexpected(e);
        }
    }

    /** Reads what is in memory; fewer bytes than asked for, or {@code -EAGAIN}, when the disk would have to be waited for. */
    public long preadNow(int descriptor, MemorySegment into, long bytes, long offset) {
        vector.set(JAVA_LONG, 0, into.address());
        vector.set(JAVA_LONG, 8, bytes);
        try {
            return result((long) PREADV2.invokeExact(state, descriptor, vector, 1, offset, RWF_NOWAIT));
        } catch (Throwable e) {
            throw unexpected(e);
        }
    }

    /** Writes at an offset. */
    public long pwrite(int descriptor, MemorySegment from, long bytes, long offset) {
        try {
            return result((long) PWRITE.invokeExact(state, descriptor, from, bytes, offset));
        } catch (Throwable e) {
            throw unexpected(e);
        }
    }

    /** Allocates, zeroes or punches a range, as the mode says. */
    public int fallocate(int descriptor, int mode, long offset, long bytes) {
        try {
            return (int) result((int) FALLOCATE.invokeExact(state, descriptor, mode, offset, bytes));
        } catch (Throwable e) {
            throw unexpected(e);
        }
    }

    /** Waits until what was written is on stable storage. */
    public int fdatasync(int descriptor) {
        try {
            return (int) result((int) FDATASYNC.invokeExact(state, descriptor));
        } catch (Throwable e) {
            throw unexpected(e);
        }
    }

    /** Where the end, the next data or the next hole is. */
    public long lseek(int descriptor, long offset, int whence) {
        try {
            return result((long) LSEEK.invokeExact(state, descriptor, offset, whence));
        } catch (Throwable e) {
            throw unexpected(e);
        }
    }

    private long result(long returned) {
        return returned == -1 ? -state.get(JAVA_INT, ERRNO_OFFSET) : returned;
    }

    private static IllegalStateException unexpected(Throwable e) {
        return new IllegalStateException(e);
    }
}
