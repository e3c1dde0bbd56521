package org.secondsite.gateway.group;

import java.util.function.Consumer;
import org.secondsite.config.GroupId;
import org.secondsite.gateway.ownership.OwnershipAction;

/** The switchover of a group that an operator has ordered, one at a time: who is to be told how it ends. */
final class OrderedSwitchover {
    private final GroupId group;
    private final Orders orders;
    private final GroupCounters counters;
    private Consumer<SwitchoverResult> ended;

    OrderedSwitchover(GroupId group, Orders orders, GroupCounters counters) {
        this.group = group;
        this.orders = orders;
        this.counters = counters;
    }

    /** Takes an order; a second one is answered at once. Tells whether it is to be carried out. */
    boolean begins(String reason, Consumer<SwitchoverResult> whenEnded) {
        if (ended != null) {
            orders.give(new SiteOrder.Report(whenEnded, new SwitchoverResult(false, "one is under way")));
            return false;
        }
        ended = whenEnded;
        orders.note(group.name(), "switchover", "ordered: " + reason);
        return true;
    }

    /** It is over, whoever had it begun. */
    void ended(OwnershipAction.SwitchoverEnded end) {
        if (end.done()) {
            counters.switchoverDone();
        } else {
            counters.switchoverFailed();
        }
        orders.note(group.name(), "switchover", (end.done() ? "done: " : "not done: ") + end.reason());
        if (ended != null) {
            orders.give(new SiteOrder.Report(ended, new SwitchoverResult(end.done(), end.reason())));
            ended = null;
        }
    }
}
