package org.secondsite.testing;

import static java.lang.foreign.ValueLayout.ADDRESS;
import static java.lang.foreign.ValueLayout.JAVA_INT;

import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.Linker;
import java.lang.invoke.MethodHandle;
import java.nio.file.Path;
import java.util.concurrent.Callable;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.FutureTask;
import java.util.concurrent.TimeUnit;

/**
 * Runs code of this JVM inside a named network namespace. The namespace belongs to the thread, and threads that it starts inherit it: a
 * server opened so has its event loop, and with it all of its sockets, in there.
 */
@SuppressWarnings("restricted") // open(2) and setns(2), of the calling thread
public final class NetworkNamespace {
    private static final int O_RDONLY = 0;
    private static final int CLONE_NEWNET = 0x4000_0000;
    private static final long LIMIT_SECONDS = 60;
    private static final Linker LINKER = Linker.nativeLinker();
    private static final MethodHandle OPEN = LINKER.downcallHandle(
            LINKER.defaultLookup().findOrThrow("open"),
            FunctionDescriptor.of(JAVA_INT, ADDRESS, JAVA_INT),
            Linker.Option.firstVariadicArg(2));
    private static final MethodHandle SETNS = LINKER.downcallHandle(
            LINKER.defaultLookup().findOrThrow("setns"), FunctionDescriptor.of(JAVA_INT, JAVA_INT, JAVA_INT));
    private static final MethodHandle CLOSE = LINKER.downcallHandle(
            LINKER.defaultLookup().findOrThrow("close"), FunctionDescriptor.of(JAVA_INT, JAVA_INT));

    private NetworkNamespace() {}

    /**
     * Calls in a thread of its own inside the namespace, and waits for it, a minute at most.
     *
     * @throws Exception what the task throws
     */
    public static <T> T call(String name, Callable<T> task) throws Exception {
        FutureTask<T> inside = new FutureTask<>(() -> {
            enter(name);
            return task.call();
        });
        Thread.ofPlatform().daemon().name("in-" + name).start(inside);
        try {
            return inside.get(LIMIT_SECONDS, TimeUnit.SECONDS);
        } catch (ExecutionException e) {
            if (e.getCause() instanceof Exception cause) {
                throw cause;
            }
            if (e.getCause() instanceof Error error) {
                throw error;
            }
            throw e;
        }
    }

    private static void enter(String name) throws IOException {
        int entered;
        try (Arena arena = Arena.ofConfined()) {
            String path = Path.of("/run/netns", name).toString();
            int descriptor = (int) OPEN.invokeExact(arena.allocateFrom(path), O_RDONLY);
            entered = descriptor < 0 ? descriptor : (int) SETNS.invokeExact(descriptor, CLONE_NEWNET);
            if (descriptor >= 0) {
                int ignored = (int) CLOSE.invokeExact(descriptor);
            }
        } catch (Throwable e) {
            throw new IllegalStateException(e);
        }
        if (entered != 0) {
            throw new IOException("cannot enter namespace " + name + " (does it exist, and is this root?)");
        }
    }
}
