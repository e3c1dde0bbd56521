package org.secondsite.witness.io.daemon;

import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;

/** A TCP relay on loopback: one direction of a network between two nodes, which a test can cut without closing a connection. */
final class CuttableRelay implements AutoCloseable {
    private final ServerSocket listening = new ServerSocket(0, 50, InetAddress.getLoopbackAddress());
    private final InetSocketAddress target;
    private final Set<Socket> sockets = ConcurrentHashMap.newKeySet();
    private volatile boolean cut;

    CuttableRelay(InetSocketAddress target) throws IOException {
        this.target = target;
        Thread.ofVirtual().start(this::accept);
    }

    InetSocketAddress address() {
        return new InetSocketAddress(listening.getInetAddress(), listening.getLocalPort());
    }

    /** From now on what is sent is lost, and new connections hang: nobody is told. */
    void cut() {
        cut = true;
    }

    /** Connections that lost something are closed, new ones pass. */
    void heal() throws IOException {
        cut = false;
        for (Socket socket : sockets) {
            socket.close();
        }
    }

    private void accept() {
        while (!listening.isClosed()) {
            try {
                Socket from = listening.accept();
                sockets.add(from);
                Thread.ofVirtual().start(() -> relay(from));
            } catch (IOException e) {
                return;
            }
        }
    }

    private void relay(Socket from) {
        try (from;
                Socket to = new Socket()) {
            to.connect(target);
            sockets.add(to);
            Thread back = Thread.ofVirtual().start(() -> pump(to, from));
            pump(from, to);
            back.join();
        } catch (IOException e) {
            // The node is not there; the connection ends.
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }

    private void pump(Socket from, Socket to) {
        byte[] octets = new byte[8192];
        try {
            for (int read = from.getInputStream().read(octets);
                    read >= 0;
                    read = from.getInputStream().read(octets)) {
                if (!cut) {
                    to.getOutputStream().write(octets, 0, read);
                }
            }
            to.close();
        } catch (IOException e) {
            close(to);
            close(from);
        }
    }

    private static void close(Socket socket) {
        try {
            socket.close();
        } catch (IOException e) {
            // It is gone.
        }
    }

    @Override
    public void close() throws IOException {
        listening.close();
        for (Socket socket : sockets) {
            socket.close();
        }
    }
}
