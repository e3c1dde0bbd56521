package org.secondsite.appliance;

import java.util.Map;
import java.util.OptionalLong;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import org.secondsite.config.OwnershipRecord;
import org.secondsite.config.SiteId;
import org.secondsite.witness.NodeStatus;
import org.secondsite.witness.io.client.WitnessClient;

/** What the gateways of a group did with a record that an operator has forced: whether they say that they know its term. */
final class TakenIn {
    private static final int PATIENCE_MS = 3_000;
    private static final int LOOK_MS = 100;

    private final OwnershipRecord forced;
    private final Set<SiteId> sites = new TreeSet<>();

    /**
     * Of one change.
     *
     * @param before the record until then
     * @param forced the record since
     */
    TakenIn(OwnershipRecord before, OwnershipRecord forced) {
        this.forced = forced;
        sites.addAll(before.inSync());
        sites.add(before.owner());
        sites.add(forced.owner());
    }

    /** Waits for a moment until all have taken it in; by site, what is known in words. */
    Map<SiteId, String> await(WitnessClient client) throws InterruptedException {
        long end = System.nanoTime() + TimeUnit.MILLISECONDS.toNanos(PATIENCE_MS);
        Map<SiteId, String> words = look(client);
        while (words.values().stream().anyMatch(each -> !each.equals(words())) && System.nanoTime() < end) {
            Thread.sleep(LOOK_MS);
            words = look(client);
        }
        return words;
    }

    private String words() {
        return "its gateway has taken in term " + forced.term();
    }

    private Map<SiteId, String> look(WitnessClient client) throws InterruptedException {
        Map<SiteId, String> words = new TreeMap<>();
        Map<SiteId, Long> heard = new TreeMap<>();
        Map<SiteId, Long> known = new TreeMap<>();
        for (CompletableFuture<NodeStatus> answer : client.status().values()) {
            try {
                NodeStatus node = answer.get(PATIENCE_MS, TimeUnit.MILLISECONDS);
                node.heardMs().forEach((site, ms) -> heard.merge(site, ms, Math::min));
                node.knownTerms().forEach((site, term) -> known.merge(site, term, Math::max));
            } catch (ExecutionException | TimeoutException e) {
                // Another node may know.
            }
        }
        for (SiteId site : sites) {
            OptionalLong ago = heard.containsKey(site) ? OptionalLong.of(heard.get(site)) : OptionalLong.empty();
            words.put(site, known.getOrDefault(site, 0L) >= forced.term() ? words() : notYet(ago));
        }
        return words;
    }

    private static String notYet(OptionalLong heardMs) {
        return "its gateway does not know of it yet"
                + (heardMs.isPresent()
                        ? "; it was heard " + heardMs.getAsLong() + " ms ago"
                        : "; it was never heard by this witness")
                + ": see to it that it is cut off, or runs";
    }
}
