package org.secondsite.gateway.group;

import java.util.List;
import org.secondsite.config.OwnershipRecord;
import org.secondsite.config.SiteId;
import org.secondsite.witness.Answer;

/** What a {@link SiteCore} has ordered, and what comes of it. */
final class GivenOrders {
    private GivenOrders() {}

    /** Those of a kind. */
    static <T> List<T> ordered(Class<T> type, List<SiteOrder> orders) {
        return plain(orders).stream().filter(type::isInstance).map(type::cast).toList();
    }

    /** Without the addresses of those for another gateway. */
    static List<Object> plain(List<SiteOrder> orders) {
        return orders.stream()
                .map(order ->
                        order instanceof SiteOrder.Towards(SiteId _, SiteOrder.ToPeer what) ? what : (Object) order)
                .toList();
    }

    /** The witness grants what it was asked for last. */
    static SiteEvent.Answered granted(List<SiteOrder> orders) {
        return granted(ordered(SiteOrder.Ask.class, orders).getLast(), 1);
    }

    /** The witness grants this, so many terms above the one that it was asked about. */
    static SiteEvent.Answered granted(SiteOrder.Ask ask, int terms) {
        return new SiteEvent.Answered(
                ask,
                new Answer.Granted(new OwnershipRecord(
                        ask.group(), ask.expectedTerm() + terms, ask.expectedTerm(), ask.owner(), ask.inSync())));
    }
}
