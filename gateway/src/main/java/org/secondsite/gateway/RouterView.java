package org.secondsite.gateway;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.IOException;
import java.net.InetAddress;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.function.Function;
import org.secondsite.bgp.exabgp.AddressText;
import org.secondsite.bgp.exabgp.EventJson;
import org.secondsite.bgp.io.BgpSpeaker;
import org.secondsite.bgp.rib.ReceivedRoute;
import org.secondsite.bgp.session.NeighborSettings;
import org.secondsite.bgp.session.SessionStatus;
import org.secondsite.bgp.wire.Nlri;
import org.secondsite.bgp.wire.PathAttribute;
import org.secondsite.bgp.wire.PathAttributes;
import org.secondsite.metrics.Scrape;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Shows an operator the BGP sessions and their routes: the management command {@code bgp}. */
final class RouterView {
    private static final Logger LOG = LoggerFactory.getLogger(RouterView.class);
    private static final int ANSWER_TIMEOUT_MS = 10_000;
    private static final int METRICS_TIMEOUT_MS = 1000;
    private static final ObjectMapper JSON = new ObjectMapper();

    private final BgpSpeaker speaker;

    RouterView(BgpSpeaker speaker) {
        this.speaker = speaker;
    }

    /** The sessions, for metrics, which do without them when the speaker does not answer at once. */
    void measure(Scrape scrape) throws InterruptedException {
        try {
            RouterMetrics.read(speaker.status().get(METRICS_TIMEOUT_MS, TimeUnit.MILLISECONDS), scrape);
        } catch (ExecutionException | TimeoutException e) {
            LOG.debug("metrics without the BGP sessions: {}", e.toString());
        }
    }

    /** {@code {"command": "bgp", "what": "neighbors" | "rib" | "routes"}}. */
    JsonNode answer(JsonNode request) throws IOException, InterruptedException {
        String what = request.path("what").asText();
        ObjectNode answer = JSON.createObjectNode();
        ArrayNode list = answer.putArray(what);
        switch (what) {
            case "neighbors" -> await(speaker.status()).forEach(status -> neighbor(status, list.addObject()));
            case "rib" -> {
                for (SessionStatus session : await(speaker.status())) {
                    Map<Nlri, PathAttributes> sent = ask(speaker::sentRoutes, session.peer(), Map.of());
                    sent.forEach((nlri, attributes) ->
                            route(session.peer(), nlri, nextHop(attributes), attributes, list.addObject()));
                }
            }
            case "routes" -> {
                for (SessionStatus session : await(speaker.status())) {
                    for (ReceivedRoute route : ask(speaker::receivedRoutes, session.peer(), List.of())) {
                        route(session.peer(), route.nlri(), route.nextHop(), route.attributes(), list.addObject());
                    }
                }
            }
            default -> throw new IOException("'" + what + "' is none of neighbors, rib, routes");
        }
        return answer;
    }

    private void neighbor(SessionStatus status, ObjectNode out) {
        long as = speaker.settings()
                .neighbor(status.peer())
                .map(NeighborSettings::remoteAs)
                .orElse(0L);
        out.put("peer", status.peer().getHostAddress())
                .put("as", as)
                .put("state", status.state().text())
                .put("sent", status.sentPrefixes())
                .put("pending", status.pendingPrefixes())
                .put("received", status.receivedRoutes())
                .put("unexportable", status.unexportableRoutes())
                .put("failedAttempts", status.failedAttempts())
                .put("upSeconds", TimeUnit.NANOSECONDS.toSeconds(status.upNanos()))
                .put("messagesSent", status.messages().sent())
                .put("messagesReceived", status.messages().received());
        ObjectNode refused = out.putObject("refused");
        status.refusedRoutes()
                .forEach((reason, count) -> refused.put(reason.name().toLowerCase(Locale.ROOT), count));
        status.terms().ifPresent(terms -> {
            out.put("holdTimeSeconds", terms.holdTimeSeconds());
            ArrayNode families = out.putArray("families");
            terms.traits().families().stream().map(Object::toString).sorted().forEach(families::add);
        });
    }

    private static Optional<? extends InetAddress> nextHop(PathAttributes attributes) {
        Optional<PathAttribute.NextHop> hop = attributes.get(PathAttribute.NextHop.class);
        return hop.isPresent()
                ? hop.map(PathAttribute.NextHop::address)
                : attributes.get(PathAttribute.MpReach.class).flatMap(PathAttribute.MpReach::nextHop);
    }

    private static void route(
            InetAddress peer,
            Nlri nlri,
            Optional<? extends InetAddress> nextHop,
            PathAttributes attributes,
            ObjectNode out) {
        out.put("peer", peer.getHostAddress())
                .put("route", AddressText.of(nlri))
                .put("family", nlri.family().toString())
                .put("nextHop", nextHop.map(InetAddress::getHostAddress).orElse("none"));
        out.set("attributes", JSON.valueToTree(EventJson.attributes(attributes, EventJson.Form.FOUR)));
    }

    /** A neighbour that has parted meanwhile has none. */
    private static <T> T ask(Function<InetAddress, CompletableFuture<T>> question, InetAddress peer, T none)
            throws IOException, InterruptedException {
        CompletableFuture<T> answer;
        try {
            answer = question.apply(peer);
        } catch (IllegalArgumentException e) {
            LOG.debug("bgp {}: {}", peer.getHostAddress(), e.getMessage());
            return none;
        }
        return await(answer);
    }

    private static <T> T await(CompletableFuture<T> answer) throws IOException, InterruptedException {
        try {
            return answer.get(ANSWER_TIMEOUT_MS, TimeUnit.MILLISECONDS);
        } catch (ExecutionException e) {
            throw new IOException(e.getCause().getMessage(), e.getCause());
        } catch (TimeoutException e) {
            throw new IOException("the BGP speaker did not answer within " + ANSWER_TIMEOUT_MS + " ms", e);
        }
    }
}
