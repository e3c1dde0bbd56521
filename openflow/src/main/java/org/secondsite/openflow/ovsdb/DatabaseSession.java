package org.secondsite.openflow.ovsdb;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/**
 * One connection to a switch's database (RFC 7047): what it has is monitored, so a change is known as soon as it is made.
 *
 * <p>Times are {@link System#nanoTime} values that the caller passes in. Not for use by several threads.
 */
public final class DatabaseSession {
    private static final JsonNodeFactory JSON = JsonNodeFactory.instance;
    private static final String NAME = "Open_vSwitch";
    private static final String MONITOR = "monitor";
    private static final long ECHO_AFTER_NANOS = 2_000_000_000L;
    private static final long DEAD_AFTER_NANOS = 6_000_000_000L;

    /** What a session wants done, in this order. */
    public sealed interface Effect {
        /** Send the message. */
        record Send(JsonNode message) implements Effect {}

        /** What is known has changed: ask {@link #bridge}. */
        record Changed() implements Effect {}

        /** The database has not taken a change. */
        record Refused(String reason) implements Effect {}

        /** End the connection. Nothing follows. */
        record Close(String reason) implements Effect {}
    }

    private final Database database = new Database();
    private List<Effect> effects = new ArrayList<>();
    private boolean isKnown;
    private long heardNanos;
    private boolean echoSent;
    private int lastMend;

    /** The connection is up: asks for all that matters. */
    public List<Effect> opened(long nowNanos) {
        heardNanos = nowNanos;
        ObjectNode requests = JSON.objectNode();
        Database.COLUMNS.forEach((table, columns) -> {
            ArrayNode names = requests.putObject(table).putArray("columns");
            columns.forEach(names::add);
        });
        send(
                MONITOR,
                JSON.textNode(MONITOR),
                JSON.arrayNode().add(NAME).add(MONITOR).add(requests));
        return drain();
    }

    /** A message has arrived. */
    public List<Effect> received(JsonNode message, long nowNanos) {
        heardNanos = nowNanos;
        echoSent = false;
        String method = message.path("method").asText();
        if (method.equals("echo")) {
            // RFC 7047 §4.1.11: the parameters come back as they are.
            ObjectNode reply = JSON.objectNode();
            reply.set("result", message.path("params"));
            reply.putNull("error");
            reply.set("id", message.path("id"));
            effects.add(new Effect.Send(reply));
        } else if (method.equals("update")) {
            take(message.path("params").path(1));
        } else if (message.path("id").asText().equals(MONITOR)) {
            if (message.path("result").isObject()) {
                isKnown = true;
                take(message.path("result"));
            } else {
                effects.add(new Effect.Close("it does not let itself be monitored: " + message.path("error")));
            }
        } else if (message.path("id").asText().equals("mend" + lastMend)) {
            mended(message);
        }
        return drain();
    }

    /** Time has passed. */
    public List<Effect> tick(long nowNanos) {
        if (nowNanos - heardNanos >= DEAD_AFTER_NANOS) {
            effects.add(new Effect.Close("nothing heard for " + DEAD_AFTER_NANOS / 1_000_000 + " ms"));
        } else if (nowNanos - heardNanos >= ECHO_AFTER_NANOS && !echoSent) {
            echoSent = true;
            send("echo", JSON.textNode("echo"), JSON.arrayNode());
        }
        return drain();
    }

    /** Changes the database, all in one transaction. */
    public List<Effect> mend(List<Remedy> remedies) {
        ArrayNode operations = JSON.arrayNode().add(NAME);
        remedies.forEach(remedy -> operations.add(operation(remedy)));
        lastMend++;
        send("transact", JSON.textNode("mend" + lastMend), operations);
        return drain();
    }

    /** What the database says of a bridge; empty: nothing yet, or there is none. */
    public Optional<Bridge> bridge(long datapathId) {
        return database.bridge(datapathId);
    }

    /** Whether the database has told what it has. */
    public boolean isKnown() {
        return isKnown;
    }

    private void take(JsonNode updates) {
        if (database.take(updates)) {
            effects.add(new Effect.Changed());
        } else {
            effects.add(new Effect.Close("it has too many rows"));
        }
    }

    /** RFC 7047 §4.1.3: each operation has its result, and after the one that failed come nulls. */
    private void mended(JsonNode reply) {
        if (!reply.path("result").isArray()) {
            effects.add(new Effect.Refused(reply.path("error").toString()));
        }
        for (JsonNode result : reply.path("result")) {
            if (result.has("error")) {
                effects.add(new Effect.Refused(result.toString()));
                return;
            }
        }
    }

    private static ObjectNode operation(Remedy remedy) {
        return switch (remedy) {
            case Remedy.SetText(String table, String row, String column, String value) -> {
                ObjectNode update = on("update", table, row);
                update.putObject("row").put(column, value);
                yield update;
            }
            case Remedy.SetNumber(String table, String row, String column, long value) -> {
                ObjectNode update = on("update", table, row);
                update.putObject("row").put(column, value);
                yield update;
            }
            case Remedy.SetOption(String bridge, String key, String value) -> {
                ObjectNode mutate = on("mutate", "Bridge", bridge);
                ArrayNode mutations = mutate.putArray("mutations");
                // RFC 7047 §5.1: an insertion leaves a key alone that is there.
                mutations
                        .addArray()
                        .add("other_config")
                        .add("delete")
                        .add(JSON.arrayNode().add("set").add(JSON.arrayNode().add(key)));
                ArrayNode pair = JSON.arrayNode().add(key).add(value);
                mutations
                        .addArray()
                        .add("other_config")
                        .add("insert")
                        .add(JSON.arrayNode().add("map").add(JSON.arrayNode().add(pair)));
                yield mutate;
            }
            case Remedy.RemoveMirror(String bridge, String mirror) -> {
                ObjectNode mutate = on("mutate", "Bridge", bridge);
                mutate.putArray("mutations")
                        .addArray()
                        .add("mirrors")
                        .add("delete")
                        .add(id(mirror));
                yield mutate;
            }
        };
    }

    private static ObjectNode on(String operation, String table, String row) {
        ObjectNode node = JSON.objectNode().put("op", operation).put("table", table);
        node.putArray("where").addArray().add("_uuid").add("==").add(id(row));
        return node;
    }

    private static ArrayNode id(String row) {
        return JSON.arrayNode().add("uuid").add(row);
    }

    private void send(String method, JsonNode id, ArrayNode parameters) {
        ObjectNode message = JSON.objectNode().put("method", method);
        message.set("params", parameters);
        message.set("id", id);
        effects.add(new Effect.Send(message));
    }

    private List<Effect> drain() {
        List<Effect> drained = effects;
        effects = new ArrayList<>();
        return drained;
    }
}
