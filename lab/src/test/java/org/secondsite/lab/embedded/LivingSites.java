package org.secondsite.lab.embedded;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.MissingNode;
import java.io.IOException;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.TimeUnit;
import java.util.function.Supplier;
import org.secondsite.config.GroupId;
import org.secondsite.config.SiteId;
import org.secondsite.config.VmId;

/** The sites that live now, and the outside clients, which reach whatever site runs their VM. */
final class LivingSites implements AutoCloseable {
    private static final int CONNECTIONS = 10;
    private static final int ANSWERS = 50;
    private static final int PATIENCE_SECONDS = 90;
    private static final int POLL_MS = 20;

    private final Map<SiteId, RingSite> alive = new ConcurrentHashMap<>();
    private final List<EmbeddedClient> clients = new CopyOnWriteArrayList<>();
    private final List<String> ends = new CopyOnWriteArrayList<>();

    /** What is waited for. */
    @FunctionalInterface
    interface Fact {
        boolean holds() throws IOException;
    }

    /** The element that has this name; missing if none has. */
    static JsonNode named(JsonNode list, String key, String name) {
        for (JsonNode one : list) {
            if (one.path(key).asText().equals(name)) {
                return one;
            }
        }
        return MissingNode.getInstance();
    }

    void begun(RingSite site) {
        alive.put(site.self(), site);
    }

    RingSite at(SiteId site) {
        return alive.get(site);
    }

    /** A site that no client reaches any more, and that is the caller's to close. */
    RingSite cutOff(SiteId site) {
        return alive.remove(site);
    }

    /** The ending of every gateway: none is to end. */
    void end(String reason, Supplier<String> details) {
        ends.add(reason + ": " + details.get());
    }

    /** A client of a VM, which does not ask yet. */
    EmbeddedClient client(VmId vm) {
        int mark = clients.size();
        EmbeddedClient client = new EmbeddedClient(
                CONNECTIONS, request -> alive.values().forEach(site -> site.deliver(vm, mark, request)));
        clients.add(client);
        return client;
    }

    /** A frame leaves a site; its last byte says whose it is. */
    void leaves(byte[] frame) {
        clients.get(frame[Conversations.FRAME_BYTES - 1]).receive(frame);
    }

    void until(String what, Fact fact) throws IOException, InterruptedException {
        long deadline = System.nanoTime() + TimeUnit.SECONDS.toNanos(PATIENCE_SECONDS);
        while (!fact.holds()) {
            assertEquals(List.of(), ends);
            assertTrue(
                    System.nanoTime() - deadline < 0, "no " + what + " within " + PATIENCE_SECONDS + " s: " + states());
            Thread.sleep(POLL_MS);
        }
    }

    /** What each living site says of its groups. */
    private String states() throws IOException {
        StringBuilder all = new StringBuilder();
        for (RingSite site : alive.values()) {
            site.status().path("groups").forEach(group -> all.append(site.self())
                    .append(' ')
                    .append(group.path("name").asText())
                    .append(' ')
                    .append(group.path("state").asText())
                    .append(": ")
                    .append(group.path("reason").asText())
                    .append("; "));
        }
        return all.toString();
    }

    void awaitProtection(GroupId group) throws IOException, InterruptedException {
        until("protection of " + group, () -> {
            for (RingSite site : alive.values()) {
                if (site.is(group, "PROTECTED")) {
                    return true;
                }
            }
            return false;
        });
    }

    /** Some of each of these clients. */
    void awaitAnswers(List<EmbeddedClient> asking) throws IOException, InterruptedException {
        for (EmbeddedClient client : asking) {
            long enough = client.tally().answers() + ANSWERS;
            until("answers", () -> client.tally().answers() >= enough);
        }
    }

    void requireNoneBroken() {
        for (EmbeddedClient client : clients) {
            assertEquals(0, client.tally().broken(), client.tally().toString());
        }
        assertEquals(List.of(), ends);
    }

    @Override
    public void close() {
        clients.forEach(EmbeddedClient::close);
        alive.values().forEach(RingSite::close);
    }
}
