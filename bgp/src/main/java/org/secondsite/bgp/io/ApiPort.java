package org.secondsite.bgp.io;

import java.io.FileInputStream;
import java.io.FileOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.io.RandomAccessFile;
import java.net.SocketException;
import java.net.StandardProtocolFamily;
import java.net.UnixDomainSocketAddress;
import java.nio.channels.Channels;
import java.nio.channels.ClosedChannelException;
import java.nio.channels.ServerSocketChannel;
import java.nio.channels.SocketChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.TimeUnit;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Where commands come in beside helpers, in a directory: the named pipes {@code NAME.in} and {@code NAME.out}, which ExaBGP's own
 * {@code exabgpcli} finds and speaks through, and the Unix socket {@code NAME.sock}, on which every connection is a conversation
 * of its own.
 *
 * <p>Whoever may open them may command the speaker: what is made here is the user's own (0600), and pipes that are there already
 * keep the rights that their maker gave them. All of it is removed at the end, but pipes that were there.
 */
final class ApiPort implements AutoCloseable {
    private static final Logger LOG = LoggerFactory.getLogger(ApiPort.class);
    private static final int MAX_CONNECTIONS = 16;
    private static final int MKFIFO_SECONDS = 5;
    private static final int MAX_WORDS = 1000;
    private static final long ACCEPT_AGAIN_MS = 1000;
    private static final String OWN = "rw-------";

    private final LineLimit lines = new LineLimit(LOG);
    private final Conversation conversation;
    private final List<Path> made = new ArrayList<>();
    private final List<AutoCloseable> open = new ArrayList<>();
    private final Map<SocketChannel, AutoCloseable> connections = new ConcurrentHashMap<>();
    private volatile boolean closed;

    /** Serves somebody who writes commands to one stream and reads answers from the other. */
    @FunctionalInterface
    interface Conversation {
        /**
         * Begins to; returns at once.
         *
         * @return to be closed when nothing more is to be written; that waits a moment for the last answers
         */
        AutoCloseable begin(InputStream from, OutputStream to);
    }

    private ApiPort(Conversation conversation) {
        this.conversation = conversation;
    }

    /**
     * Makes the pipes and the socket, and serves whoever comes.
     *
     * @throws IOException if one of them cannot be made, or another process serves the socket
     */
    static ApiPort open(Path directory, String name, Conversation conversation) throws IOException {
        ApiPort port = new ApiPort(conversation);
        try {
            Files.createDirectories(directory);
            port.pipes(directory.resolve(name + ".in"), directory.resolve(name + ".out"));
            port.socket(directory.resolve(name + ".sock"));
            return port;
        } catch (IOException e) {
            port.close();
            throw e;
        }
    }

    /** Both are held open in both directions, so that clients may come and go without an end of file or a broken pipe. */
    private void pipes(Path in, Path out) throws IOException {
        for (Path pipe : List.of(in, out)) {
            if (!Files.exists(pipe)) {
                makePipe(pipe);
                made.add(pipe);
            } else if (Files.isRegularFile(pipe) || Files.isDirectory(pipe)) {
                throw new IOException(pipe + " is there, and is no pipe");
            }
        }
        RandomAccessFile commands = new RandomAccessFile(in.toFile(), "rw");
        open.add(commands);
        RandomAccessFile answers = new RandomAccessFile(out.toFile(), "rw");
        open.add(answers);
        OutputStream end = new FileOutputStream(commands.getFD());
        // A read that waits is not woken by closing: a line of our own does.
        open.addFirst(() -> end.write('\n'));
        open.addFirst(conversation.begin(
                new PipeInput(new FileInputStream(commands.getFD())), new FileOutputStream(answers.getFD())));
    }

    private static void makePipe(Path pipe) throws IOException {
        Process mkfifo = new ProcessBuilder("mkfifo", "-m", "600", pipe.toString())
                .redirectErrorStream(true)
                .start();
        try (InputStream said = mkfifo.getInputStream()) {
            String words = new String(said.readNBytes(MAX_WORDS), StandardCharsets.UTF_8);
            if (!mkfifo.waitFor(MKFIFO_SECONDS, TimeUnit.SECONDS) || mkfifo.exitValue() != 0) {
                throw new IOException("no pipe " + pipe + ": " + words.strip());
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new IOException("interrupted", e);
        }
    }

    /** Ends when this port does, and not before. */
    private final class PipeInput extends InputStream {
        private final InputStream pipe;

        PipeInput(InputStream pipe) {
            this.pipe = pipe;
        }

        @Override
        public int read() throws IOException {
            return closed ? -1 : pipe.read();
        }

        @Override
        public int read(byte[] octets, int offset, int length) throws IOException {
            int count = closed ? -1 : pipe.read(octets, offset, length);
            return closed ? -1 : count;
        }
    }

    private void socket(Path path) throws IOException {
        UnixDomainSocketAddress address = UnixDomainSocketAddress.of(path);
        if (Files.exists(path)) {
            try (SocketChannel _ = SocketChannel.open(address)) {
                throw new IOException("another process listens at " + path);
            } catch (SocketException e) {
                LOG.debug("bgp: {} was left behind: {}", path, e.getMessage());
                Files.delete(path);
            }
        }
        ServerSocketChannel server = ServerSocketChannel.open(StandardProtocolFamily.UNIX);
        open.add(server);
        // Nobody sees it before it listens, and before it is the user's own.
        Path unfinished = path.resolveSibling(path.getFileName() + ".new");
        Files.deleteIfExists(unfinished);
        server.bind(UnixDomainSocketAddress.of(unfinished));
        Files.setPosixFilePermissions(unfinished, PosixFilePermissions.fromString(OWN));
        Files.move(unfinished, path, StandardCopyOption.ATOMIC_MOVE);
        made.add(path);
        Thread.ofVirtual().name("bgp-api").start(() -> accept(server));
    }

    private void accept(ServerSocketChannel server) {
        while (!closed) {
            try {
                SocketChannel client = server.accept();
                if (connections.size() >= MAX_CONNECTIONS) {
                    lines.warn("bgp: the command socket has {} connections, one more is refused", MAX_CONNECTIONS);
                    client.close();
                } else {
                    connections.put(client, () -> {});
                    AutoCloseable talk = conversation.begin(Channels.newInputStream(client), new ClosingOutput(client));
                    connections.computeIfPresent(client, (_, _) -> talk);
                }
            } catch (ClosedChannelException e) {
                return;
            } catch (IOException e) {
                lines.warn("bgp: the command socket accepts nobody: {}", e.toString());
                pause();
            }
        }
    }

    private static void pause() {
        try {
            Thread.sleep(ACCEPT_AGAIN_MS);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }

    /** The connection ends with what is written to it. */
    private final class ClosingOutput extends OutputStream {
        private final SocketChannel client;
        private final OutputStream out;

        ClosingOutput(SocketChannel client) {
            this.client = client;
            this.out = Channels.newOutputStream(client);
        }

        @Override
        public void write(int octet) throws IOException {
            out.write(octet);
        }

        @Override
        public void write(byte[] octets, int offset, int length) throws IOException {
            out.write(octets, offset, length);
        }

        @Override
        public void close() throws IOException {
            connections.remove(client);
            client.close();
        }
    }

    @Override
    public void close() {
        closed = true;
        open.forEach(ApiPort::closeQuietly);
        connections.forEach((client, talk) -> {
            closeQuietly(talk);
            closeQuietly(client);
        });
        made.forEach(path -> closeQuietly(() -> Files.deleteIfExists(path)));
    }

    private static void closeQuietly(AutoCloseable what) {
        try {
            what.close();
        } catch (Exception e) {
            LOG.debug("bgp: command port: {}", e.toString());
        }
    }
}
