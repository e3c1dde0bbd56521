package org.secondsite.lab.wan.io;

import java.io.BufferedReader;
import java.io.IOException;
import java.io.Writer;
import java.net.StandardProtocolFamily;
import java.net.UnixDomainSocketAddress;
import java.nio.channels.Channels;
import java.nio.channels.ClosedChannelException;
import java.nio.channels.ServerSocketChannel;
import java.nio.channels.SocketChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.function.UnaryOperator;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** A Unix socket that takes command lines and answers each with one line: the result, or {@code error: REASON}. */
public final class WanControl implements AutoCloseable {
    private static final Logger LOG = LoggerFactory.getLogger(WanControl.class);

    private final Path path;
    private final ServerSocketChannel server;
    private final UnaryOperator<String> commands;

    /**
     * Listens; a left-over socket file is replaced.
     *
     * @param commands carries out a line; throws IllegalArgumentException for a wrong one
     */
    public static WanControl open(Path path, UnaryOperator<String> commands) throws IOException {
        Files.deleteIfExists(path);
        ServerSocketChannel server = ServerSocketChannel.open(StandardProtocolFamily.UNIX);
        server.bind(UnixDomainSocketAddress.of(path));
        WanControl control = new WanControl(path, server, commands);
        Thread.ofPlatform().name("wan-control").daemon().start(control::accept);
        return control;
    }

    private WanControl(Path path, ServerSocketChannel server, UnaryOperator<String> commands) {
        this.path = path;
        this.server = server;
        this.commands = commands;
    }

    /**
     * Sends one command to an emulator.
     *
     * @return its answer
     * @throws IOException if nobody listens, or with the emulator's own words if it refused
     */
    public static String ask(Path path, String line) throws IOException {
        try (SocketChannel channel = SocketChannel.open(UnixDomainSocketAddress.of(path));
                Writer writer = Channels.newWriter(channel, StandardCharsets.UTF_8);
                BufferedReader reader = new BufferedReader(Channels.newReader(channel, StandardCharsets.UTF_8))) {
            writer.write(line + "\n");
            writer.flush();
            String answer = reader.readLine();
            if (answer == null) {
                throw new IOException("the WAN emulator closed " + path + " without an answer to: " + line);
            }
            if (answer.startsWith("error: ")) {
                throw new IOException("the WAN emulator refused '" + line + "': " + answer.substring(7));
            }
            return answer;
        }
    }

    private void accept() {
        try {
            while (true) {
                SocketChannel channel = server.accept();
                Thread.ofVirtual().name("wan-control-connection").start(() -> serve(channel));
            }
        } catch (ClosedChannelException e) {
            LOG.debug("control socket closed");
        } catch (IOException e) {
            LOG.error("control socket failed", e);
        }
    }

    private void serve(SocketChannel channel) {
        try (channel;
                Writer writer = Channels.newWriter(channel, StandardCharsets.UTF_8);
                BufferedReader reader = new BufferedReader(Channels.newReader(channel, StandardCharsets.UTF_8))) {
            for (String line = reader.readLine(); line != null; line = reader.readLine()) {
                LOG.info("command: {}", line);
                writer.write(answer(line) + "\n");
                writer.flush();
            }
        } catch (IOException e) {
            LOG.info("control connection ended: {}", e.getMessage());
        }
    }

    private String answer(String line) {
        try {
            return commands.apply(line);
        } catch (IllegalArgumentException e) {
            return "error: " + e.getMessage();
        }
    }

    @Override
    public void close() throws IOException {
        server.close();
        Files.deleteIfExists(path);
    }
}
