package org.secondsite.net.linux;

import static java.lang.foreign.ValueLayout.ADDRESS;
import static java.lang.foreign.ValueLayout.JAVA_INT;
import static java.lang.foreign.ValueLayout.JAVA_LONG;

import java.lang.foreign.Arena;
import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.Linker;
import java.lang.foreign.MemorySegment;
import java.lang.invoke.MethodHandle;

/**
 * What a process that holds keys and guests' RAM lets nobody else of the machine have: files that it makes, and its own memory.
 *
 * <p>Its file mode creation mask is 077 (umask(2)), so no file, directory or socket is open to others for a moment, whoever in the process
 * makes it. It leaves no core dump: by its limit (setrlimit(2), RLIMIT_CORE), which its children inherit, and by not being dumpable
 * (prctl(2), PR_SET_DUMPABLE), because the limit does not hold for dumps that are piped to a program (core(5)). A process that
 * is not dumpable cannot be traced or read by other processes of its user either, unless they have CAP_SYS_PTRACE.
 */
public final class Confinement {
    private static final int OTHERS_AND_GROUP = 0077;
    private static final int RLIMIT_CORE = 4;
    private static final int PR_SET_DUMPABLE = 4;

    private static final Linker LINKER = Linker.nativeLinker();

    private Confinement() {}

    /**
     * Confines this process, for good. To be called before it makes its first file.
     *
     * @throws IllegalStateException if the kernel refuses
     */
    public static void enter() {
        try (Arena arena = Arena.ofConfined()) {
            int _ = (int)
                    call("umask", FunctionDescriptor.of(JAVA_INT, JAVA_INT)).invokeExact(OTHERS_AND_GROUP);
            // struct rlimit: the limit and how far it may be raised again.
            MemorySegment none = arena.allocateFrom(JAVA_LONG, 0, 0);
            require("setrlimit(RLIMIT_CORE)", (int)
                    call("setrlimit", FunctionDescriptor.of(JAVA_INT, JAVA_INT, ADDRESS))
                            .invokeExact(RLIMIT_CORE, none));
            require("prctl(PR_SET_DUMPABLE)", (int) call(
                            "prctl",
                            FunctionDescriptor.of(JAVA_INT, JAVA_INT, JAVA_LONG, JAVA_LONG, JAVA_LONG, JAVA_LONG),
                            Linker.Option.firstVariadicArg(1))
                    .invokeExact(PR_SET_DUMPABLE, 0L, 0L, 0L, 0L));
        } catch (IllegalStateException refused) {
            throw refused;
        } catch (Throwable e) {
            throw new IllegalStateException("this process cannot keep its memory and files to itself", e);
        }
    }

    private static void require(String call, int answer) {
        if (answer != 0) {
            throw new IllegalStateException(call + " is refused: this process would not keep its memory to itself");
        }
    }

    @SuppressWarnings("restricted") // the signatures above are those of the C library
    private static MethodHandle call(String name, FunctionDescriptor type, Linker.Option... options) {
        return LINKER.downcallHandle(LINKER.defaultLookup().findOrThrow(name), type, options);
    }
}
