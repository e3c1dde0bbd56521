package org.secondsite.witness.desk;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.OptionalLong;
import java.util.TreeMap;
import java.util.concurrent.TimeUnit;
import java.util.function.Function;
import org.secondsite.config.GroupId;
import org.secondsite.config.OwnershipRecord;
import org.secondsite.config.SiteId;
import org.secondsite.witness.GrantPolicy;
import org.secondsite.witness.Request;

/**
 * Where a standby's request waits while {@link GrantPolicy} says so, and when each site was last heard.
 *
 * <p>A site that was not heard yet counts as heard at the start: after a restart of the witness a living owner needs a moment to
 * come back.
 */
final class WaitingRoom {
    private GrantPolicy policy;
    private final long startNanos;
    private final Map<SiteId, Long> heardNanos = new HashMap<>();
    private final List<Waiting> waiting = new ArrayList<>();

    /** A request that waits, and when to look at it again. */
    record Waiting(DeskClient client, long questionId, Request.Change change, long arrivedNanos, long lookNanos) {}

    WaitingRoom(GrantPolicy policy, long startNanos) {
        this.policy = policy;
        this.startNanos = startNanos;
    }

    /** Another policy, from the next look on. */
    void keepTo(GrantPolicy another) {
        policy = another;
    }

    void heard(SiteId site, long nowNanos) {
        heardNanos.put(site, nowNanos);
    }

    /**
     * Lets a request in if it must wait.
     *
     * @param current the group's record; null if this node does not decide when
     * @return whether it waits
     */
    boolean admit(DeskClient client, long questionId, Request.Change change, OwnershipRecord current, long nowNanos) {
        long waitNanos = waitNanos(change, current, nowNanos, nowNanos);
        return waitNanos > 0 && waiting.add(new Waiting(client, questionId, change, nowNanos, nowNanos + waitNanos));
    }

    /** Drops what waits for a client that is gone. */
    void forget(DeskClient client) {
        waiting.removeIf(entry -> entry.client().equals(client));
    }

    /**
     * Those that need not wait any longer, in the order in which they came.
     *
     * @param changed looks at those of this group only, due or not; null: at those that are due
     * @param records a group's record; null if this node does not decide when
     */
    List<Waiting> released(GroupId changed, Function<GroupId, OwnershipRecord> records, long nowNanos) {
        List<Waiting> released = new ArrayList<>();
        waiting.replaceAll(entry -> {
            GroupId group = entry.change().group();
            if (changed == null ? nowNanos < entry.lookNanos() : !group.equals(changed)) {
                return entry;
            }
            long waitNanos = waitNanos(entry.change(), records.apply(group), entry.arrivedNanos(), nowNanos);
            Waiting looked = new Waiting(
                    entry.client(), entry.questionId(), entry.change(), entry.arrivedNanos(), nowNanos + waitNanos);
            if (waitNanos <= 0) {
                released.add(looked);
            }
            return looked;
        });
        waiting.removeAll(released);
        return released;
    }

    /** When to look again; empty if nothing waits. */
    OptionalLong lookNanos() {
        return waiting.stream().mapToLong(Waiting::lookNanos).min();
    }

    /** How long ago each site was heard, in milliseconds. */
    Map<SiteId, Long> heardMs(long nowNanos) {
        Map<SiteId, Long> ages = new TreeMap<>();
        heardNanos.forEach((site, heard) -> ages.put(site, TimeUnit.NANOSECONDS.toMillis(nowNanos - heard)));
        return ages;
    }

    private long waitNanos(Request.Change change, OwnershipRecord current, long arrivedNanos, long nowNanos) {
        if (current == null) {
            return 0;
        }
        long heard = heardNanos.getOrDefault(current.owner(), startNanos);
        return policy.waitNanos(change, current, arrivedNanos, OptionalLong.of(heard), nowNanos);
    }
}
