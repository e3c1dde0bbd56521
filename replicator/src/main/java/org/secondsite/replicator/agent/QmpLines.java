package org.secondsite.replicator.agent;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.function.Consumer;

/**
 * Cuts what QEMU says over QMP into messages: JSON objects, one a line. Source: QEMU's docs/interop/qmp-spec.
 *
 * <p>Memory: one line of at most {@value #MAX_LINE_BYTES} bytes, and while it is read, the tree of it, which may take some
 * hundred bytes for three of the line.
 */
public final class QmpLines {
    /** The longest line. */
    public static final int MAX_LINE_BYTES = 16 << 20;

    private static final ObjectMapper JSON = new ObjectMapper();

    private final ByteArrayOutputStream line = new ByteArrayOutputStream();
    private final Consumer<ObjectNode> messages;

    /** Whom to give the messages to, in order. */
    public QmpLines(Consumer<ObjectNode> messages) {
        this.messages = messages;
    }

    /**
     * Takes in all remaining bytes.
     *
     * @throws IOException if a line is too long, or is no JSON object; what came before it was given on
     */
    public void feed(ByteBuffer in) throws IOException {
        while (in.hasRemaining()) {
            byte next = in.get();
            if (next == '\n') {
                read(line.toByteArray());
                line.reset();
            } else if (line.size() < MAX_LINE_BYTES) {
                line.write(next);
            } else {
                throw new IOException("a line of more than " + MAX_LINE_BYTES + " bytes");
            }
        }
    }

    private void read(byte[] utf8) throws IOException {
        JsonNode node;
        try {
            node = JSON.readTree(utf8);
        } catch (JsonProcessingException e) {
            throw new IOException("a line that is no JSON: " + e.getOriginalMessage(), e);
        }
        if (node instanceof ObjectNode message) {
            messages.accept(message);
        } else if (!node.isMissingNode()) {
            throw new IOException("a line with a JSON " + node.getNodeType() + " in place of an object");
        }
    }
}
