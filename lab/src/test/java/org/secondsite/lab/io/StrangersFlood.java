package org.secondsite.lab.io;

import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.List;
import java.util.concurrent.atomic.AtomicInteger;
import org.secondsite.lab.plan.Site;
import org.secondsite.lab.plan.Topology;
import org.secondsite.lab.plan.WitnessNode;

/**
 * A stranger at every port of a site's gateway and of the witness: connections that say nothing, half handshakes, garbage, and single bytes,
 * as many as a thread for each port makes, with the last {@value #HELD} of each held open. Plain sockets.
 */
class StrangersFlood implements AutoCloseable {
    private static final int PORTS = 6;
    private static final int HELD = 150;
    private static final int CONNECT_MS = 1000;

    /** A record of TLS (RFC 8446 §5.1) that announces a ClientHello and ends in its midst. */
    private static final byte[] HALF_HANDSHAKE = {22, 3, 1, 2, 0, 1, 0, 1, (byte) 0xfc, 3, 3, 7, 7, 7};

    private static final byte[] GARBAGE = "\0\0\1\0GET / \u00ff".repeat(60).getBytes(StandardCharsets.ISO_8859_1);
    private static final byte[][] WORDS = {{}, HALF_HANDSHAKE, GARBAGE, {0}, {22, 3}};

    private final List<Thread> threads = new ArrayList<>();
    private final AtomicInteger made = new AtomicInteger();
    private volatile boolean over;

    private StrangersFlood() {}

    StrangersFlood(Lab lab, Site site) {
        String gateway = Topology.gateway(lab.name(), site);
        String host = Topology.hypervisor(lab.name(), site);
        WitnessNode witness = WitnessNode.of(lab.name(), 1).getFirst();
        at(host, site.gatewayHostAddress(), 7600);
        at(host, site.gatewayHostAddress(), 6653);
        at(gateway, site.wanAddress(), 7400);
        at(gateway, site.uplinkAddress(), 179);
        at(gateway, "127.0.0.1", 9464);
        at(witness.namespace(), witness.address(), WitnessNode.LISTEN_PORT);
    }

    /** As many, as fast, at ports that accept and close, and are nobody's: what such a flood costs the machine by itself. */
    static final class AtNobody extends StrangersFlood {
        private final List<ServerSocket> nobodys = new ArrayList<>();

        AtNobody(Lab lab) throws IOException {
            String namespace = lab.clientNamespace();
            for (int port = 0; port < PORTS; port++) {
                ServerSocket nobody = NetworkNamespace.call(
                        namespace, () -> new ServerSocket(0, 50, InetAddress.getLoopbackAddress()));
                nobodys.add(nobody);
                Thread.ofPlatform().daemon().name("nobody").start(() -> turnAway(nobody));
                at(namespace, "127.0.0.1", nobody.getLocalPort());
            }
        }

        private static void turnAway(ServerSocket nobody) {
            while (!nobody.isClosed()) {
                try {
                    nobody.accept().close();
                } catch (IOException over) {
                    // It was closed, or the stranger was gone.
                }
            }
        }

        @Override
        public void close() throws IOException {
            super.close();
            for (ServerSocket nobody : nobodys) {
                nobody.close();
            }
        }
    }

    final void at(String namespace, String address, int port) {
        InetSocketAddress target = new InetSocketAddress(address, port);
        threads.add(Thread.ofPlatform().daemon().name("stranger-" + port).start(() -> {
            try {
                NetworkNamespace.call(namespace, () -> {
                    flood(target);
                    return null;
                });
            } catch (IOException e) {
                throw new IllegalStateException(e);
            }
        }));
    }

    private void flood(InetSocketAddress target) throws IOException {
        Deque<Socket> held = new ArrayDeque<>();
        try {
            for (int i = 0; !over; i++) {
                Socket socket = new Socket();
                held.addLast(socket);
                try {
                    socket.connect(target, CONNECT_MS);
                    socket.getOutputStream().write(WORDS[i % WORDS.length]);
                    made.incrementAndGet();
                } catch (IOException refused) {
                    // It was cut, or not let in.
                }
                if (held.size() > HELD) {
                    held.removeFirst().close();
                }
            }
        } finally {
            for (Socket socket : held) {
                socket.close();
            }
        }
    }

    /** How many connections were made. */
    int made() {
        return made.get();
    }

    @Override
    public void close() throws IOException {
        over = true;
        try {
            for (Thread thread : threads) {
                thread.join();
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new IOException(e);
        }
    }
}
