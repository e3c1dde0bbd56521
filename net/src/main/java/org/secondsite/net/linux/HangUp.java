package org.secondsite.net.linux;

import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.Linker;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.lang.invoke.MethodHandle;
import java.lang.invoke.MethodHandleProxies;
import java.lang.invoke.MethodHandles;
import java.lang.invoke.MethodType;
import java.lang.reflect.InvocationTargetException;

/**
 * SIGHUP, by which daemons are told to read their files again (daemon(7)). Unhandled, it ends a Java process. The JDK has a handler of
 * signals in {@code jdk.unsupported}, which is exported, but which the compiler warns of: it is found by its name. It leaves a signal
 * alone that was ignored when the process began, as nohup(1) has it; whoever asks for it here wants it nevertheless.
 */
public final class HangUp {
    private static final int SIGHUP = 1;

    /** SIG_DFL of signal(2). */
    private static final MemorySegment DEFAULT = MemorySegment.NULL;

    private HangUp() {}

    /**
     * From now on the task runs at each SIGHUP, on a thread of its own, instead of what was done before.
     *
     * @throws IllegalStateException if this JVM has no handlers of signals
     */
    public static void then(Runnable task) {
        doNotIgnore();
        try {
            Class<?> signal = Class.forName("sun.misc.Signal");
            Class<?> handler = Class.forName("sun.misc.SignalHandler");
            MethodHandle run = MethodHandles.lookup()
                    .findVirtual(Runnable.class, "run", MethodType.methodType(void.class))
                    .bindTo(task);
            Object handles =
                    MethodHandleProxies.asInterfaceInstance(handler, MethodHandles.dropArguments(run, 0, signal));
            signal.getMethod("handle", signal, handler)
                    .invoke(null, signal.getConstructor(String.class).newInstance("HUP"), handles);
        } catch (ClassNotFoundException
                | NoSuchMethodException
                | InstantiationException
                | IllegalAccessException
                | InvocationTargetException e) {
            throw new IllegalStateException("SIGHUP cannot be handled here", e);
        }
    }

    @SuppressWarnings("restricted")
    private static void doNotIgnore() {
        Linker linker = Linker.nativeLinker();
        MethodHandle signal = linker.downcallHandle(
                linker.defaultLookup().findOrThrow("signal"),
                FunctionDescriptor.of(ValueLayout.ADDRESS, ValueLayout.JAVA_INT, ValueLayout.ADDRESS));
        try {
            MemorySegment _ = (MemorySegment) signal.invokeExact(SIGHUP, DEFAULT);
        } catch (Throwable e) {
            throw new IllegalStateException("signal(2) cannot be called", e);
        }
    }
}
