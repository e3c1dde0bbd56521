package org.secondsite.replicator.tunnel.io;

import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.locks.LockSupport;

/** Relays TCP to a fixed target, and breaks it on demand: by cutting, by RST, or by swallowing everything. */
final class CuttingRelay implements AutoCloseable {
    private final ServerSocket server = new ServerSocket(0, 16, InetAddress.getLoopbackAddress());
    private final InetSocketAddress target;
    private final Set<Socket> sockets = ConcurrentHashMap.newKeySet();
    private volatile boolean swallowing;
    private volatile boolean refusing;

    CuttingRelay(InetSocketAddress target) throws IOException {
        this.target = target;
        Thread.ofVirtual().name("relay-accept").start(this::acceptAll);
    }

    InetSocketAddress address() {
        return (InetSocketAddress) server.getLocalSocketAddress();
    }

    /** Ends every connection in order. */
    void cut() {
        sockets.forEach(CuttingRelay::closeQuietly);
    }

    /** Ends every connection with RST. */
    void reset() {
        for (Socket socket : sockets) {
            try {
                socket.setSoLinger(true, 0);
            } catch (IOException e) {
                // It is closed already.
            }
            closeQuietly(socket);
        }
    }

    /** Takes everything and passes nothing on, as a black hole does, or stops doing so. */
    void swallow(boolean on) {
        swallowing = on;
    }

    /** Turns new connections away, or stops doing so. */
    void refuse(boolean on) {
        refusing = on;
    }

    private void acceptAll() {
        while (!server.isClosed()) {
            try {
                Socket in = server.accept();
                if (refusing) {
                    in.close();
                    continue;
                }
                Socket out = new Socket(target.getAddress(), target.getPort());
                sockets.add(in);
                sockets.add(out);
                Thread.ofVirtual().start(() -> pass(in, out));
                Thread.ofVirtual().start(() -> pass(out, in));
            } catch (IOException e) {
                // The target is not there, or the relay is closed: both show at the other end.
            }
        }
    }

    private void pass(Socket from, Socket to) {
        byte[] bytes = new byte[64 << 10];
        try {
            InputStream in = from.getInputStream();
            OutputStream out = to.getOutputStream();
            for (int length = in.read(bytes); length >= 0; length = in.read(bytes)) {
                if (!swallowing) {
                    out.write(bytes, 0, length);
                }
            }
        } catch (IOException e) {
            // A cut: the other direction ends with it.
        }
        while (swallowing && !server.isClosed()) {
            // A black hole does not tell either end that the other one has hung up.
            LockSupport.parkNanos(10_000_000);
        }
        closeQuietly(from);
        closeQuietly(to);
        sockets.remove(from);
        sockets.remove(to);
    }

    private static void closeQuietly(Socket socket) {
        try {
            socket.close();
        } catch (IOException e) {
            // It is gone, which is what was wanted.
        }
    }

    @Override
    public void close() throws IOException {
        server.close();
        cut();
    }
}
