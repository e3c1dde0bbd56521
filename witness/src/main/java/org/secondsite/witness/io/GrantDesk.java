package org.secondsite.witness.io;

import io.netty.channel.EventLoop;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.OptionalLong;
import java.util.TreeMap;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import org.secondsite.config.GroupId;
import org.secondsite.config.OwnershipRecord;
import org.secondsite.config.SiteId;
import org.secondsite.witness.Answer;
import org.secondsite.witness.GrantPolicy;
import org.secondsite.witness.RecordStore;
import org.secondsite.witness.Request;
import org.secondsite.witness.RequestId;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Where requests wait until {@link GrantPolicy} lets them be decided. Also keeps when each site was last heard.
 *
 * <p>Everything runs on one event loop. A site that was not heard yet counts as heard at the start: after a restart of the
 * witness a living owner needs a moment to come back.
 */
final class GrantDesk {
    private static final Logger LOGGER = LoggerFactory.getLogger(GrantDesk.class);

    private final EventLoop loop;
    private final RecordStore store;
    private final GrantPolicy policy;
    private final long startNanos = System.nanoTime();
    private final Map<SiteId, Long> heardNanos = new HashMap<>();
    private final List<Waiting> waiting = new ArrayList<>();
    private long delayed;

    private record Waiting(
            Request.Change change, RequestId id, Object origin, long arrivedNanos, CompletableFuture<Answer> answer) {}

    GrantDesk(EventLoop loop, RecordStore store, GrantPolicy policy) {
        this.loop = loop;
        this.store = store;
        this.policy = policy;
    }

    /** The site's gateway lives. */
    void heard(SiteId site) {
        heardNanos.put(site, System.nanoTime());
    }

    /**
     * Takes a request.
     *
     * @param id of the request
     * @param origin who is to be told; see {@link #forget}
     */
    CompletableFuture<Answer> take(Request.Change change, RequestId id, Object origin) {
        Waiting entry = new Waiting(change, id, origin, System.nanoTime(), new CompletableFuture<>());
        if (!decidedNow(entry)) {
            delayed++;
            LOGGER.info(
                    "{} is still heard: the request of {} for {} waits", "the owner", change.asker(), change.group());
            waiting.add(entry);
        }
        return entry.answer();
    }

    /** Drops what waits for an origin that is gone: a standby that died after asking must not be made owner. */
    void forget(Object origin) {
        waiting.removeIf(entry -> entry.origin().equals(origin));
    }

    /** A group's record has changed: what waits for it may be answered now. */
    void changed(GroupId group) {
        for (Waiting entry : List.copyOf(waiting)) {
            if (entry.change().group().equals(group)) {
                lookAgain(entry);
            }
        }
    }

    /** How long ago each site was heard, in milliseconds. */
    Map<SiteId, Long> heardMs() {
        long now = System.nanoTime();
        Map<SiteId, Long> ages = new TreeMap<>();
        heardNanos.forEach((site, heard) -> ages.put(site, TimeUnit.NANOSECONDS.toMillis(now - heard)));
        return ages;
    }

    /** How many requests had to wait. */
    long delayed() {
        return delayed;
    }

    private void lookAgain(Waiting entry) {
        if (waiting.contains(entry) && decidedNow(entry)) {
            waiting.remove(entry);
        }
    }

    private boolean decidedNow(Waiting entry) {
        long waitNanos = waitNanos(entry);
        if (waitNanos > 0) {
            var _ = loop.schedule(() -> lookAgain(entry), waitNanos, TimeUnit.NANOSECONDS);
            return false;
        }
        var _ = store.submit(entry.change(), entry.id()).whenComplete((answer, failure) -> {
            if (failure == null) {
                entry.answer().complete(answer);
            } else {
                entry.answer().completeExceptionally(failure);
            }
        });
        return true;
    }

    private long waitNanos(Waiting entry) {
        if (!store.leads()) {
            // Another node decides when.
            return 0;
        }
        for (OwnershipRecord current : store.records()) {
            if (current.group().equals(entry.change().group())) {
                long heard = heardNanos.getOrDefault(current.owner(), startNanos);
                return policy.waitNanos(
                        entry.change(), current, entry.arrivedNanos(), OptionalLong.of(heard), System.nanoTime());
            }
        }
        return 0;
    }
}
