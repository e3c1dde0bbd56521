package org.secondsite.lab.io;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.BufferedReader;
import java.io.IOException;
import java.net.UnixDomainSocketAddress;
import java.nio.ByteBuffer;
import java.nio.channels.Channels;
import java.nio.channels.SocketChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;

/** The second monitor of the lab's QEMU, as an operator would use it. */
final class GuestMonitor implements AutoCloseable {
    private static final ObjectMapper JSON = new ObjectMapper();

    /** For longer than a checkpoint and the interval to the next one. */
    private static final int LOOKS = 150;

    private static final int LOOK_MS = 10;

    private final SocketChannel channel;
    private final BufferedReader in;

    GuestMonitor(Path socket) throws IOException {
        channel = SocketChannel.open(UnixDomainSocketAddress.of(socket));
        in = new BufferedReader(Channels.newReader(channel, StandardCharsets.UTF_8));
        in.readLine();
        execute("qmp_capabilities");
    }

    JsonNode execute(String command) throws IOException {
        ByteBuffer line = StandardCharsets.UTF_8.encode(JSON.createObjectNode().put("execute", command) + "\n");
        while (line.hasRemaining()) {
            channel.write(line);
        }
        for (String answer = in.readLine(); answer != null; answer = in.readLine()) {
            JsonNode node = JSON.readTree(answer);
            if (node.has("return")) {
                return node.get("return");
            }
            if (node.has("error")) {
                throw new IOException(command + ": " + node.at("/error/desc").asText());
            }
        }
        throw new IOException("the monitor was closed");
    }

    /**
     * Pauses the guest as an operator would, and makes sure that it stays so: a stop that comes within a checkpoint is undone
     * at its end, for QEMU tells nobody that it was asked. One look is not enough either, for a guest that runs is found
     * paused in every checkpoint.
     */
    void pause() throws IOException {
        Waiting.until("the guest to stay paused", 30, () -> {
            execute("stop");
            return staysPaused();
        });
    }

    private boolean staysPaused() throws IOException {
        for (int look = 0; look < LOOKS; look++) {
            if (runs()) {
                return false;
            }
            Waiting.pause(LOOK_MS);
        }
        return true;
    }

    /** Whether the guest runs; a stopped one is paused, or between checkpoints "postmigrate". */
    boolean runs() throws IOException {
        return execute("query-status").path("running").asBoolean();
    }

    /** At how many of a hundred looks, spread over some time, the guest ran. */
    int runsPercent(int overMs) throws IOException {
        int ran = 0;
        for (int look = 0; look < 100; look++) {
            ran += runs() ? 1 : 0;
            Waiting.pause(overMs / 100);
        }
        return ran;
    }

    @Override
    public void close() throws IOException {
        channel.close();
    }
}
