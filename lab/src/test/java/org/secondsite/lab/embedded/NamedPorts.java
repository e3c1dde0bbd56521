package org.secondsite.lab.embedded;

import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.util.HashMap;
import java.util.Map;
import org.secondsite.testing.FreePort;

/** Ports of the loopback address that nobody had, each with a name by which all files of a test have the same one. */
final class NamedPorts {
    private final Map<String, Integer> ports = new HashMap<>();

    int port(String name) {
        return ports.computeIfAbsent(name, _ -> {
            try {
                return FreePort.onLoopback();
            } catch (IOException e) {
                throw new IllegalStateException(e);
            }
        });
    }

    InetSocketAddress address(String name) {
        return new InetSocketAddress(InetAddress.getLoopbackAddress(), port(name));
    }
}
