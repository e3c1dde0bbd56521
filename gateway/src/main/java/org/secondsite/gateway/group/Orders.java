package org.secondsite.gateway.group;

import java.util.ArrayList;
import java.util.List;

/** The orders that follow from one event, and the time of it, read once for all of them. */
final class Orders {
    private long nowNanos;
    private List<SiteOrder> given = new ArrayList<>();

    /** None yet, at a time. */
    Orders(long nowNanos) {
        this.nowNanos = nowNanos;
    }

    /** An event, at a time. */
    void begin(long atNanos) {
        nowNanos = atNanos;
    }

    /** What was ordered, for the caller to keep; the next event begins without. */
    List<SiteOrder> end() {
        List<SiteOrder> all = given;
        given = new ArrayList<>();
        return all;
    }

    long nowNanos() {
        return nowNanos;
    }

    void give(SiteOrder order) {
        given.add(order);
    }

    void note(String subject, String kind, String text) {
        given.add(new SiteOrder.Note(subject, kind, text));
    }
}
