package org.secondsite.testing;

import java.io.IOException;
import java.net.BindException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ThreadLocalRandom;

/**
 * TCP ports to listen on later, or twice. None is ephemeral: the kernel would give such a one to some connection meanwhile, and who calls a
 * dead server there again and again may get that very port for its own end, and be connected to itself.
 */
public final class FreePort {
    private static final int FIRST = 10_000;
    private static final int PORTS = 20_000;

    /** Those that were handed out are somebody's, also as long as he does not listen. */
    private static final Set<Integer> HANDED_OUT = ConcurrentHashMap.newKeySet();

    private FreePort() {}

    /**
     * One at which nobody listens now, and that nobody of this process was given before.
     *
     * @throws IOException if the address is none of this machine's
     */
    public static int at(InetAddress address) throws IOException {
        for (int port = FIRST + ThreadLocalRandom.current().nextInt(PORTS); ; port++) {
            try (ServerSocket probe = new ServerSocket()) {
                probe.bind(new InetSocketAddress(address, port));
                if (HANDED_OUT.add(port)) {
                    return port;
                }
            } catch (BindException taken) {
                if (port > FIRST + 2 * PORTS) {
                    throw taken;
                }
            }
        }
    }

    /** One of the loopback address. */
    public static int onLoopback() throws IOException {
        return at(InetAddress.getLoopbackAddress());
    }
}
