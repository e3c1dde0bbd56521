package org.secondsite.lab.io;

import static java.lang.foreign.ValueLayout.ADDRESS;
import static java.lang.foreign.ValueLayout.JAVA_INT;

import java.io.IOException;
import java.io.InterruptedIOException;
import java.lang.foreign.Arena;
import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.Linker;
import java.lang.foreign.MemoryLayout;
import java.lang.invoke.MethodHandle;
import java.nio.file.Path;
import java.util.concurrent.Callable;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.FutureTask;

/**
 * Runs code inside a named network namespace. A socket belongs for life to the namespace of the thread that opened it, so
 * opening it there is enough; it may be used from anywhere.
 */
public final class NetworkNamespace {
    private static final int O_RDONLY_CLOEXEC = 0x80000;
    private static final int CLONE_NEWNET = 0x40000000;
    private static final Linker LINKER = Linker.nativeLinker();
    private static final MethodHandle OPEN = call("open", Linker.Option.firstVariadicArg(2), ADDRESS, JAVA_INT);
    private static final MethodHandle SETNS = call("setns", null, JAVA_INT, JAVA_INT);
    private static final MethodHandle CLOSE = call("close", null, JAVA_INT);

    private NetworkNamespace() {}

    @SuppressWarnings("restricted") // calling C is the purpose; the launcher passes --enable-native-access
    private static MethodHandle call(String name, Linker.Option option, MemoryLayout... arguments) {
        FunctionDescriptor descriptor = FunctionDescriptor.of(JAVA_INT, arguments);
        return option == null
                ? LINKER.downcallHandle(LINKER.defaultLookup().findOrThrow(name), descriptor)
                : LINKER.downcallHandle(LINKER.defaultLookup().findOrThrow(name), descriptor, option);
    }

    /** Where {@code ip netns} keeps the name. */
    public static Path path(String namespace) {
        return Path.of("/run/netns", namespace);
    }

    /**
     * Calls in a thread of its own inside the namespace, and waits for it.
     *
     * @throws IOException if the namespace does not exist or may not be entered, or from the body
     */
    public static <T> T call(String namespace, Callable<T> body) throws IOException {
        FutureTask<T> task = new FutureTask<>(() -> {
            enter(namespace);
            return body.call();
        });
        // A platform thread that ends with the call: a pooled or virtual one would carry the namespace elsewhere.
        Thread.ofPlatform().name("in-" + namespace).daemon().start(task);
        try {
            return task.get();
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new InterruptedIOException("interrupted in namespace " + namespace);
        } catch (ExecutionException e) {
            throw e.getCause() instanceof IOException io
                    ? new IOException("in namespace " + namespace + ": " + io.getMessage(), io)
                    : new IOException("in namespace " + namespace, e.getCause());
        }
    }

    private static void enter(String namespace) throws IOException {
        int result;
        try (Arena arena = Arena.ofConfined()) {
            int fd = (int) OPEN.invokeExact(arena.allocateFrom(path(namespace).toString()), O_RDONLY_CLOEXEC);
            result = fd < 0 ? fd : (int) SETNS.invokeExact(fd, CLONE_NEWNET);
            if (fd >= 0) {
                int ignored = (int) CLOSE.invokeExact(fd);
            }
        } catch (Throwable e) {
            throw new IllegalStateException(e);
        }
        if (result < 0) {
            throw new IOException("cannot enter it (does it exist, and is this root?)");
        }
    }
}
