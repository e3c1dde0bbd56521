package org.secondsite.replicator.agent.io;

import java.io.DataInputStream;
import java.io.DataOutputStream;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.List;

/** Stands between an agent and its gateway, and counts what the device state of each epoch takes on the wire. */
final class StateTap implements AutoCloseable {
    private static final int DEVICE_STATE = 12;
    private static final int END = 13;
    private static final int DEVICE_SAME = 37;
    private static final int HEADER_BYTES = 8;

    private final InetSocketAddress gateway;
    private final ServerSocket listener = new ServerSocket(0, 5, InetAddress.getLoopbackAddress());
    private final List<Integer> epochs = new ArrayList<>();

    StateTap(InetSocketAddress gateway) throws IOException {
        this.gateway = gateway;
        Thread.ofVirtual().start(this::serve);
    }

    InetSocketAddress address() {
        return (InetSocketAddress) listener.getLocalSocketAddress();
    }

    /** Of each epoch so far the bytes of its device state, with their frames. */
    List<Integer> epochs() {
        synchronized (epochs) {
            return List.copyOf(epochs);
        }
    }

    private void serve() {
        try {
            while (true) {
                Socket agent = listener.accept();
                Socket beyond = new Socket(gateway.getAddress(), gateway.getPort());
                agent.setTcpNoDelay(true);
                beyond.setTcpNoDelay(true);
                Thread.ofVirtual().start(() -> copy(beyond, agent));
                Thread.ofVirtual().start(() -> count(agent, beyond));
            }
        } catch (IOException closed) {
            // Nobody is served any more.
        }
    }

    private static void copy(Socket from, Socket to) {
        try (from;
                to) {
            from.getInputStream().transferTo(to.getOutputStream());
        } catch (IOException closed) {
            // So is the other end.
        }
    }

    private void count(Socket from, Socket to) {
        int state = 0;
        try (from;
                to) {
            DataInputStream in = new DataInputStream(from.getInputStream());
            DataOutputStream out = new DataOutputStream(to.getOutputStream());
            while (true) {
                byte[] header = in.readNBytes(HEADER_BYTES);
                if (header.length < HEADER_BYTES) {
                    return;
                }
                int bytes = ByteBuffer.wrap(header).getInt();
                int type = header[4];
                out.write(header);
                out.write(in.readNBytes(bytes));
                state += type == DEVICE_STATE || type == DEVICE_SAME ? HEADER_BYTES + bytes : 0;
                if (type == END) {
                    synchronized (epochs) {
                        epochs.add(state);
                    }
                    state = 0;
                }
            }
        } catch (IOException closed) {
            // So is the other end.
        }
    }

    @Override
    public void close() throws IOException {
        listener.close();
    }
}
