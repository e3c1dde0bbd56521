package org.secondsite.witness.io.client;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.concurrent.CompletableFuture;
import org.secondsite.config.SiteId;
import org.secondsite.witness.NodeStatus;
import org.secondsite.witness.StoreStanding;
import org.secondsite.witness.wire.Message;

/** The pieces of a node's status as they come in. Only on the client's loop. */
final class StatusAnswer {
    /** More pieces than any witness has; a node that sends more is broken. */
    private static final int MAX_PARTS = 10_000;

    private final WitnessLink link;
    private final CompletableFuture<NodeStatus> answer;
    private final List<NodeStatus.Made> records = new ArrayList<>();
    private final Map<SiteId, Long> heardMs = new TreeMap<>();
    private final Map<String, Double> metrics = new LinkedHashMap<>();
    private StoreStanding standing;
    private int parts;

    StatusAnswer(WitnessLink link, CompletableFuture<NodeStatus> answer) {
        this.link = link;
        this.answer = answer;
    }

    WitnessLink link() {
        return link;
    }

    CompletableFuture<NodeStatus> answer() {
        return answer;
    }

    /** Takes a piece; whether it was the last. */
    boolean ends(Message.StatusPart part) {
        if (++parts > MAX_PARTS) {
            answer.completeExceptionally(new UnansweredException("a status without an end"));
            return true;
        }
        switch (part) {
            case Message.StatusNode node -> standing = node.standing();
            case Message.StatusRecord made -> records.add(made.made());
            case Message.StatusHeard heard -> heardMs.put(heard.site(), heard.agoMs());
            case Message.StatusMetric metric -> metrics.put(metric.name(), metric.value());
            case Message.StatusEnd end -> {
                if (standing == null) {
                    answer.completeExceptionally(new UnansweredException("a status that does not say whose"));
                } else {
                    answer.complete(new NodeStatus(standing, List.copyOf(records), heardMs, metrics));
                }
                return true;
            }
        }
        return false;
    }
}
