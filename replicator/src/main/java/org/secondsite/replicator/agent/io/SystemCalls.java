package org.secondsite.replicator.agent.io;

import static java.lang.foreign.ValueLayout.JAVA_INT;
import static java.lang.foreign.ValueLayout.JAVA_LONG;

import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.Linker;
import java.lang.foreign.MemoryLayout;
import java.lang.foreign.MemorySegment;
import java.lang.invoke.MethodHandle;
import java.nio.charset.StandardCharsets;

/**
 * The system calls that tracking needs and Java does not have, for Linux on x86-64 (FFM, JEP 454). An object belongs to one
 * thread at a time. Numbers: arch/x86/entry/syscalls/syscall_64.tbl.
 */
final class SystemCalls {
    static final int CLOSE = 3;
    static final int IOCTL = 16;
    static final int PREAD64 = 17;
    static final int WAIT4 = 61;
    static final int PTRACE = 101;
    static final int OPENAT = 257;
    static final int USERFAULTFD = 323;
    static final int PIDFD_OPEN = 434;
    static final int PIDFD_GETFD = 438;

    private static final int AT_FDCWD = -100;
    private static final int O_CLOEXEC = 0x80000;

    private static final Linker.Option ERRNO = Linker.Option.captureCallState("errno");
    private static final long ERRNO_OFFSET =
            Linker.Option.captureStateLayout().byteOffset(MemoryLayout.PathElement.groupElement("errno"));
    private static final MethodHandle SYSCALL = handle();

    private final MemorySegment state = Arena.ofAuto().allocate(Linker.Option.captureStateLayout());

    @SuppressWarnings("restricted") // calling C is the purpose; the launcher passes --enable-native-access
    private static MethodHandle handle() {
        Linker linker = Linker.nativeLinker();
        return linker.downcallHandle(
                linker.defaultLookup().findOrThrow("syscall"),
                FunctionDescriptor.of(
                        JAVA_LONG, JAVA_LONG, JAVA_LONG, JAVA_LONG, JAVA_LONG, JAVA_LONG, JAVA_LONG, JAVA_LONG),
                ERRNO,
                Linker.Option.firstVariadicArg(1));
    }

    /** Whether this machine's system calls are the ones that are numbered here. */
    static boolean known() {
        return System.getProperty("os.name").equals("Linux")
                && System.getProperty("os.arch").equals("amd64");
    }

    /** Makes a system call; the answer is what it returned, or {@code -errno}. */
    long call(int number, long a, long b, long c, long d) {
        try {
            long result = (long) SYSCALL.invokeExact(state, (long) number, a, b, c, d, 0L, 0L);
            return result == -1 ? -state.get(JAVA_INT, ERRNO_OFFSET) : result;
        } catch (Throwable impossible) {
            throw new IllegalStateException(impossible);
        }
    }

    /** The answer of a call that has to succeed. */
    static long succeeded(String what, long result) throws IOException {
        if (result < 0) {
            throw new IOException(what + ": errno " + -result);
        }
        return result;
    }

    /** Opens a file for reading and answers its descriptor. */
    int open(String path) throws IOException {
        try (Arena arena = Arena.ofConfined()) {
            long name = arena.allocateFrom(path, StandardCharsets.UTF_8).address();
            return (int) succeeded("open " + path, call(OPENAT, AT_FDCWD, name, O_CLOEXEC, 0));
        }
    }

    int ioctl(String what, int descriptor, long request, MemorySegment argument) throws IOException {
        return (int) succeeded(what, call(IOCTL, descriptor, request, argument.address(), 0));
    }

    void close(int descriptor) {
        if (descriptor >= 0) {
            call(CLOSE, descriptor, 0, 0, 0);
        }
    }
}
