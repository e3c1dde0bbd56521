package org.secondsite.lab.client.io;

import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.io.UncheckedIOException;
import java.io.Writer;
import java.net.InetSocketAddress;
import java.net.StandardSocketOptions;
import java.nio.ByteBuffer;
import java.nio.channels.SelectionKey;
import java.nio.channels.Selector;
import java.nio.channels.SocketChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.List;
import java.util.Locale;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.stream.Collectors;
import org.secondsite.lab.client.ClientVerdict;
import org.secondsite.lab.client.CounterStream;
import org.secondsite.lab.client.CounterStream.Kind;

/**
 * The client that is in nobody's pocket: a process in the client namespace with plain TCP connections, which writes down every
 * number it got and when.
 *
 * <pre>
 *   LabClient ADDRESS[,…] ECHO-INTERVAL-MS RECORD-FILE {echo|tick|records PORT CONNECTIONS}…
 *
 *   stdout   {"event":"connected"}                     once all connections are made
 *   stdin    after NANOS    the first number that came after that time: {"event":"after","nanoTime":…,"kind":…,…} or nanoTime 0
 *            recorded       the highest number of a record so far: {"event":"recorded","number":…}
 *            silent NANOS   how many connections without a fault have got nothing since that time: {"event":"silent","connections":…}
 *            (the end)      ends without a verdict
 *            stop           ends when every connection has got one more number, or after 20 s without; the last line is
 *                           the verdict: {"event":"verdict",…}
 *   record   {"t":NANOS,"k":"echo","c":INDEX,"n":NUMBER}, one line a number
 * </pre>
 *
 * Connections of a kind go to the addresses in turn. Times are {@code System.nanoTime()}, which on Linux is CLOCK_MONOTONIC, the same
 * for every process of the machine. An echo connection sends its next line an interval after it got the last answer, so at most one answer is outstanding.
 */
public final class LabClient {
    private static final long CONNECT_LIMIT_NANOS = 15_000_000_000L;
    /** Longer than TCP waits before it tries again, after a failover of some seconds. */
    private static final long SILENCE_NANOS = 20_000_000_000L;

    private static final byte[] LINE = "next please\n".getBytes(StandardCharsets.US_ASCII);
    private static final ObjectMapper JSON = new ObjectMapper();

    private final Selector selector = Selector.open();
    private final List<Peer> peers = new ArrayList<>();
    private final Deque<Peer> toSend = new ArrayDeque<>(); // echo connections by the time of their next line
    private final ConcurrentLinkedQueue<String> commands = new ConcurrentLinkedQueue<>();
    private final List<long[]> arrivals = new ArrayList<>(); // nanoTime, position in peers, number
    private final ByteBuffer buffer = ByteBuffer.allocateDirect(16 << 10);
    private final long intervalNanos;
    private final Writer record;
    private int connecting;

    /** A connection and what is known of it. */
    private static final class Peer {
        final InetSocketAddress target;
        final CounterStream stream;
        SocketChannel channel;
        String refusal = "no answer";
        long sendAtNanos;

        Peer(InetSocketAddress target, CounterStream stream) {
            this.target = target;
            this.stream = stream;
        }
    }

    private LabClient(long intervalNanos, Writer record) throws IOException {
        this.intervalNanos = intervalNanos;
        this.record = record;
    }

    /** Runs until it is told to stop, or its standard input ends. */
    public static void main(String[] arguments) throws IOException {
        if (arguments.length < 6 || arguments.length % 3 != 0) {
            throw new IllegalArgumentException(
                    "ADDRESS[,…] ECHO-INTERVAL-MS RECORD-FILE {echo|tick|records PORT CONNECTIONS}…");
        }
        try (Writer record = Files.newBufferedWriter(Path.of(arguments[2]))) {
            LabClient client = new LabClient(Long.parseLong(arguments[1]) * 1_000_000, record);
            Thread.ofPlatform().name("commands").daemon().start(client::readCommands);
            for (int i = 3; i < arguments.length; i += 3) {
                Kind kind = Kind.valueOf(arguments[i].toUpperCase(Locale.ROOT));
                client.open(kind, arguments[0], arguments[i + 1], Integer.parseInt(arguments[i + 2]));
            }
            client.run();
        }
    }

    private void open(Kind kind, String addresses, String port, int count) throws IOException {
        String[] all = addresses.split(",", -1);
        for (int i = 0; i < count; i++) {
            InetSocketAddress target = new InetSocketAddress(all[i % all.length], Integer.parseInt(port));
            peers.add(new Peer(target, new CounterStream(kind, i, System.nanoTime())));
            connecting++;
            connect(peers.size() - 1);
        }
    }

    private void connect(int position) throws IOException {
        Peer peer = peers.get(position);
        peer.channel = SocketChannel.open();
        peer.channel.configureBlocking(false);
        peer.channel.setOption(StandardSocketOptions.TCP_NODELAY, true);
        peer.channel.register(selector, SelectionKey.OP_CONNECT, position);
        peer.channel.connect(peer.target);
    }

    /** A router that has no route for a moment says so, which ends an attempt at once: the next one may do. */
    private void finishConnect(int position, SelectionKey key) throws IOException {
        Peer peer = peers.get(position);
        try {
            peer.channel.finishConnect();
        } catch (IOException refused) {
            peer.refusal = String.valueOf(refused.getMessage());
            peer.channel.close();
            connect(position);
            return;
        }
        key.interestOps(SelectionKey.OP_READ);
        connected(peer);
    }

    private void readCommands() {
        try (BufferedReader reader = new BufferedReader(new InputStreamReader(System.in, StandardCharsets.UTF_8))) {
            for (String line = reader.readLine(); line != null; line = reader.readLine()) {
                commands.add(line);
                selector.wakeup();
            }
        } catch (IOException e) {
            System.err.println("standard input failed: " + e.getMessage());
        }
        commands.add("end"); // whoever started this is gone
        selector.wakeup();
    }

    private void run() throws IOException {
        long connectLimitNanos = System.nanoTime() + CONNECT_LIMIT_NANOS;
        long stopNanos = 0;
        while (stopNanos == 0 || (isAnySilentSince(stopNanos) && System.nanoTime() - stopNanos < SILENCE_NANOS)) {
            String command = commands.poll();
            if (command != null && command.equals("end")) {
                return;
            }
            if (command != null && command.equals("stop")) {
                stopNanos = stopNanos == 0 ? System.nanoTime() : stopNanos;
            } else if (command != null) {
                answer(command);
            }
            if (connecting > 0 && System.nanoTime() > connectLimitNanos) {
                throw new IOException(connecting + " connections were not made in time: " + missing());
            }
            selector.select(this::ready, waitMillis());
            sendDue(System.nanoTime());
        }
        long nowNanos = System.nanoTime();
        peers.forEach(peer -> peer.stream.end(nowNanos));
        print(verdict(ClientVerdict.of(peers.stream().map(peer -> peer.stream).toList(), stopNanos)));
    }

    private String missing() {
        return peers.stream()
                .filter(peer -> !peer.channel.isConnected())
                .map(peer -> peer.stream.kind() + " from " + localAddress(peer.channel) + ": " + peer.refusal)
                .collect(Collectors.joining(", "));
    }

    private static String localAddress(SocketChannel channel) {
        try {
            return String.valueOf(channel.getLocalAddress());
        } catch (IOException closed) {
            return "nowhere";
        }
    }

    private boolean isAnySilentSince(long nanoTime) {
        return silentSince(nanoTime) > 0;
    }

    private long silentSince(long nanoTime) {
        return peers.stream()
                .filter(peer -> peer.stream.fault().isEmpty() && peer.stream.lastNanos() <= nanoTime)
                .count();
    }

    private long waitMillis() {
        if (toSend.isEmpty()) {
            return 500;
        }
        return Math.clamp((toSend.getFirst().sendAtNanos - System.nanoTime()) / 1_000_000, 1, 500);
    }

    private void ready(SelectionKey key) {
        int position = (int) key.attachment();
        Peer peer = peers.get(position);
        try {
            if (key.isConnectable()) {
                finishConnect(position, key);
            } else if (key.isReadable()) {
                read(position, peer);
            }
        } catch (IOException e) {
            peer.stream.broken(String.valueOf(e.getMessage()));
        }
        if (peer.stream.fault().isPresent()) {
            key.cancel();
        }
    }

    private void connected(Peer peer) {
        if (peer.stream.kind() == Kind.ECHO) {
            toSend.addLast(peer);
        }
        if (--connecting == 0) {
            print(JSON.createObjectNode().put("event", "connected"));
        }
    }

    private void read(int position, Peer peer) throws IOException {
        buffer.clear();
        if (peer.channel.read(buffer) < 0) {
            peer.stream.broken("closed by the other side");
            return;
        }
        long nowNanos = System.nanoTime();
        peer.stream.accept(buffer.flip(), nowNanos, (stream, number, atNanos) -> {
            arrivals.add(new long[] {atNanos, position, number});
            write(stream, number, atNanos);
            if (stream.kind() == Kind.ECHO) {
                peer.sendAtNanos = atNanos + intervalNanos;
                toSend.addLast(peer);
            }
        });
    }

    private void sendDue(long nowNanos) {
        while (!toSend.isEmpty() && toSend.getFirst().sendAtNanos <= nowNanos) {
            Peer peer = toSend.removeFirst();
            try {
                // One short line is outstanding at most: it always fits into the socket's buffer.
                peer.channel.write(ByteBuffer.wrap(LINE));
            } catch (IOException e) {
                peer.stream.broken(String.valueOf(e.getMessage()));
            }
        }
    }

    private void write(CounterStream stream, long number, long nanoTime) {
        try {
            record.write("{\"t\":" + nanoTime + ",\"k\":\"" + name(stream.kind()) + "\",\"c\":" + stream.index()
                    + ",\"n\":" + number + "}\n");
        } catch (IOException e) {
            throw new UncheckedIOException("cannot write the record", e);
        }
    }

    private void answer(String command) {
        if (command.equals("recorded")) {
            List<CounterStream> streams =
                    peers.stream().map(peer -> peer.stream).toList();
            print(JSON.createObjectNode().put("event", "recorded").put("number", ClientVerdict.recorded(streams)));
            return;
        }
        if (command.startsWith("silent ")) {
            long silent = silentSince(Long.parseLong(command.substring("silent ".length())));
            print(JSON.createObjectNode().put("event", "silent").put("connections", silent));
            return;
        }
        if (!command.startsWith("after ")) {
            print(JSON.createObjectNode().put("event", "error").put("reason", "unknown command " + command));
            return;
        }
        long afterNanos = Long.parseLong(command.substring("after ".length()));
        ObjectNode answer = JSON.createObjectNode().put("event", "after").put("nanoTime", 0L);
        // Arrivals are in the order of time.
        for (long[] arrival : arrivals) {
            if (arrival[0] > afterNanos) {
                CounterStream stream = peers.get((int) arrival[1]).stream;
                answer.put("nanoTime", arrival[0])
                        .put("kind", name(stream.kind()))
                        .put("connection", stream.index())
                        .put("number", arrival[2]);
                break;
            }
        }
        print(answer);
    }

    private static ObjectNode verdict(ClientVerdict verdict) {
        ObjectNode node = JSON.createObjectNode()
                .put("event", "verdict")
                .put("nothingLost", verdict.nothingLost())
                .put("connections", verdict.connections())
                .put("received", verdict.received())
                .put("recorded", verdict.recorded())
                .put("silent", verdict.silent())
                .put("longestGapNanos", verdict.longestGapNanos())
                .put("longestGapFromNanos", verdict.longestGapFromNanos());
        verdict.faults().forEach(node.putArray("faults")::add);
        return node;
    }

    private static String name(Kind kind) {
        return kind.name().toLowerCase(Locale.ROOT);
    }

    private static void print(ObjectNode line) {
        System.out.println(line);
        System.out.flush();
    }
}
