package org.secondsite.openflow.io;

import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.io.InputStream;
import java.net.InetSocketAddress;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import org.secondsite.openflow.ovsdb.Bridge;
import org.secondsite.openflow.ovsdb.DatabaseSession;
import org.secondsite.openflow.ovsdb.JsonTexts;

/** One look into a switch's database, for an operator; the caller's thread waits. */
public final class DatabaseLook {
    private static final ObjectMapper JSON = new ObjectMapper();
    private static final int MAX_MESSAGE_BYTES = 16 << 20;
    private static final int READ_BYTES = 64 << 10;

    private DatabaseLook() {}

    /**
     * Looks.
     *
     * @param timeoutMs for the connection, and for each answer
     * @return what the database says; empty: it has no bridge of this datapath id
     * @throws IOException if it cannot be asked
     */
    public static Optional<Bridge> at(InetSocketAddress address, long datapathId, int timeoutMs) throws IOException {
        DatabaseSession session = new DatabaseSession();
        JsonTexts texts = new JsonTexts(MAX_MESSAGE_BYTES);
        byte[] bytes = new byte[READ_BYTES];
        try (Socket socket = new Socket()) {
            socket.connect(address, timeoutMs);
            socket.setSoTimeout(timeoutMs);
            perform(session.opened(System.nanoTime()), socket);
            InputStream in = socket.getInputStream();
            while (!session.isKnown()) {
                int count = in.read(bytes);
                if (count < 0) {
                    throw new IOException("the database closed the connection");
                }
                for (String text : texts.take(Arrays.copyOf(bytes, count))) {
                    perform(session.received(JSON.readTree(text), System.nanoTime()), socket);
                }
            }
        } catch (JsonTexts.Malformed e) {
            throw new IOException(e.getMessage(), e);
        }
        return session.bridge(datapathId);
    }

    private static void perform(List<DatabaseSession.Effect> effects, Socket socket) throws IOException {
        for (DatabaseSession.Effect effect : effects) {
            switch (effect) {
                case DatabaseSession.Effect.Send(var message) ->
                    socket.getOutputStream().write(message.toString().getBytes(StandardCharsets.UTF_8));
                case DatabaseSession.Effect.Close(String reason) -> throw new IOException(reason);
                case DatabaseSession.Effect.Changed _, DatabaseSession.Effect.Refused _ -> {}
            }
        }
    }
}
