package org.secondsite.gateway.group;

import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import org.secondsite.config.SiteId;

/**
 * The orders that follow from one event, and the time of it, read once for all of them. What the groups of one pair of sites order for the
 * other gateway is addressed to it.
 */
final class Orders {
    private final Turn turn;
    private final Optional<SiteId> peer;

    /** What all pairs of a gateway share. */
    private static final class Turn {
        private long nowNanos;
        private List<SiteOrder> given = new ArrayList<>();
    }

    /** None yet, at a time; of a gateway as a whole. */
    Orders(long nowNanos) {
        this(new Turn(), Optional.empty());
        begin(nowNanos);
    }

    private Orders(Turn turn, Optional<SiteId> peer) {
        this.turn = turn;
        this.peer = peer;
    }

    /** The same orders, given by what is between this site and another one. */
    Orders towards(SiteId other) {
        return new Orders(turn, Optional.of(other));
    }

    /** An event, at a time. */
    void begin(long atNanos) {
        turn.nowNanos = atNanos;
    }

    /** What was ordered, for the caller to keep; the next event begins without. */
    List<SiteOrder> end() {
        List<SiteOrder> all = turn.given;
        turn.given = new ArrayList<>();
        return all;
    }

    long nowNanos() {
        return turn.nowNanos;
    }

    void give(SiteOrder order) {
        turn.given.add(order);
    }

    /** Orders something of the tunnel to the other site. */
    void give(SiteOrder.ToPeer order) {
        give(new SiteOrder.Towards(peer.orElseThrow(), order));
    }

    void note(String subject, String kind, String text) {
        give(new SiteOrder.Note(subject, kind, text));
    }
}
