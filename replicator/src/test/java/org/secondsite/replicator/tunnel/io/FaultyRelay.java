package org.secondsite.replicator.tunnel.io;

import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.net.DatagramPacket;
import java.net.DatagramSocket;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.locks.LockSupport;

/**
 * Relays TCP to a fixed target, and harms what it relays on demand: all connections alike, or one chosen at random. Datagrams
 * go unharmed, if they are relayed.
 */
final class FaultyRelay implements AutoCloseable {
    /** A way for a connection to go wrong. */
    enum Fault {
        /** Both ends are closed in order. */
        CUT,
        /** Both ends get RST. */
        RESET,
        /** A bit of what passes next is flipped. */
        CORRUPTION,
        /** One direction is swallowed; neither end is told. */
        HALF_OPEN,
        /** Nothing is read or passed on for some time, as with a stopped process: what is sent piles up. */
        STALL
    }

    /** What a relayed connection is like at present. */
    private static final class Pair {
        private final Socket in;
        private final Socket out;
        private volatile boolean harmed;
        private volatile boolean corrupting;
        private volatile Socket swallowedFrom;
        private volatile long stalledUntilNanos = System.nanoTime();

        private Pair(Socket in, Socket out) {
            this.in = in;
            this.out = out;
        }
    }

    private final ServerSocket server = new ServerSocket(0, 64, InetAddress.getLoopbackAddress());
    private final InetSocketAddress target;
    private final List<Pair> pairs = new CopyOnWriteArrayList<>();
    private volatile boolean swallowing;
    private volatile boolean refusing;
    private DatagramSocket datagrams;

    FaultyRelay(InetSocketAddress target) throws IOException {
        this.target = target;
        Thread.ofVirtual().name("relay-accept").start(this::acceptAll);
    }

    InetSocketAddress address() {
        return (InetSocketAddress) server.getLocalSocketAddress();
    }

    /** Also relays datagrams to the target, from the same port number. */
    FaultyRelay withDatagrams() throws IOException {
        datagrams = new DatagramSocket(address());
        Thread.ofVirtual().name("relay-datagrams").start(this::passDatagrams);
        return this;
    }

    private void passDatagrams() {
        DatagramPacket packet = new DatagramPacket(new byte[1500], 1500);
        while (!datagrams.isClosed()) {
            try {
                packet.setLength(1500);
                datagrams.receive(packet);
                packet.setSocketAddress(target);
                datagrams.send(packet);
            } catch (IOException e) {
                // The target is not there, or the relay is closed: as with any datagram.
            }
        }
    }

    /** Ends every connection in order. */
    void cut() {
        pairs.forEach(this::close);
    }

    /** Ends every connection with RST. */
    void reset() throws IOException {
        for (Pair pair : pairs) {
            reset(pair);
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

    /**
     * Harms one of the connections.
     *
     * @return whether there was one
     */
    boolean harm(Fault fault, Random random, long stallMs) throws IOException {
        List<Pair> all = new ArrayList<>(pairs);
        all.removeIf(pair -> pair.harmed);
        if (all.isEmpty()) {
            return false;
        }
        Pair pair = all.get(random.nextInt(all.size()));
        pair.harmed = true;
        switch (fault) {
            case CUT -> close(pair);
            case RESET -> reset(pair);
            case CORRUPTION -> pair.corrupting = true;
            case HALF_OPEN -> pair.swallowedFrom = random.nextBoolean() ? pair.in : pair.out;
            case STALL -> pair.stalledUntilNanos = System.nanoTime() + stallMs * 1_000_000;
        }
        return true;
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
                Pair pair = new Pair(in, out);
                pairs.add(pair);
                Thread.ofVirtual().start(() -> pass(pair, in, out));
                Thread.ofVirtual().start(() -> pass(pair, out, in));
            } catch (IOException e) {
                // The target is not there, or the relay is closed: both show at the other end.
            }
        }
    }

    private void pass(Pair pair, Socket from, Socket to) {
        byte[] bytes = new byte[64 << 10];
        try {
            InputStream in = from.getInputStream();
            OutputStream out = to.getOutputStream();
            for (int length = in.read(bytes); length >= 0; length = in.read(bytes)) {
                while (pair.stalledUntilNanos - System.nanoTime() > 0) {
                    LockSupport.parkNanos(5_000_000);
                }
                if (pair.corrupting) {
                    pair.corrupting = false;
                    bytes[length / 2] ^= 4;
                }
                if (!swallowing && !from.equals(pair.swallowedFrom)) {
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
        close(pair);
    }

    private void reset(Pair pair) throws IOException {
        if (!pair.in.isClosed() && !pair.out.isClosed()) {
            pair.in.setSoLinger(true, 0);
            pair.out.setSoLinger(true, 0);
        }
        close(pair);
    }

    private void close(Pair pair) {
        pairs.remove(pair);
        for (Socket socket : List.of(pair.in, pair.out)) {
            try {
                socket.close();
            } catch (IOException e) {
                // It is gone, which is what was wanted.
            }
        }
    }

    @Override
    public void close() throws IOException {
        server.close();
        if (datagrams != null) {
            datagrams.close();
        }
        cut();
    }
}
