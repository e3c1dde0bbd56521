package org.secondsite.bgp.io;

import java.lang.reflect.InvocationHandler;
import java.lang.reflect.Proxy;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Signals of the operating system. The classes for it are of every JDK, but of no specification ({@code jdk.unsupported}),
 * so they are looked for by name, and where they are missing the signal does what it does by itself.
 */
final class Signals {
    private static final Logger LOG = LoggerFactory.getLogger(Signals.class);
    private static final String RELOAD = "USR1";

    private Signals() {}

    /** Has SIGUSR1 run the action, on a thread of its own. */
    static void onReload(Runnable action) {
        try {
            Class<?> signal = Class.forName("sun.misc.Signal");
            Class<?> handler = Class.forName("sun.misc.SignalHandler");
            InvocationHandler run = (proxy, method, arguments) -> switch (method.getName()) {
                case "handle" -> {
                    action.run();
                    yield null;
                }
                case "equals" -> System.identityHashCode(proxy) == System.identityHashCode(arguments[0]);
                case "hashCode" -> System.identityHashCode(proxy);
                default -> "reload";
            };
            Object proxy = Proxy.newProxyInstance(handler.getClassLoader(), new Class<?>[] {handler}, run);
            signal.getMethod("handle", signal, handler)
                    .invoke(null, signal.getConstructor(String.class).newInstance(RELOAD), proxy);
        } catch (ReflectiveOperationException | IllegalArgumentException e) {
            LOG.warn("bgp: SIGUSR1 does not read the configuration again here: {}", e.toString());
        }
    }
}
