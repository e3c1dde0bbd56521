package org.secondsite.gateway.group;

import java.util.Optional;
import java.util.function.Consumer;
import org.secondsite.config.GroupId;
import org.secondsite.gateway.ownership.OwnershipAction;
import org.secondsite.gateway.ownership.OwnershipEvent;

/** The switchover of a group that an operator has ordered, one at a time: who is to be told how it ends. */
final class OrderedSwitchover {
    /** A standby says four times a second which record it knows. */
    private static final long PATIENCE_NANOS = 2_000_000_000L;

    private final GroupId group;
    private final Orders orders;
    private final GroupCounters counters;
    private Consumer<SwitchoverResult> ended;
    /** The order that waits for the standby to know the record; null if none does. */
    private String waiting;

    private long deadlineNanos;

    OrderedSwitchover(GroupId group, Orders orders, GroupCounters counters) {
        this.group = group;
        this.orders = orders;
        this.counters = counters;
    }

    /**
     * Takes an order; a second one is answered at once. It is {@link #due} at once, or soon.
     *
     * @return whether it was taken
     */
    boolean begins(String reason, Consumer<SwitchoverResult> whenEnded) {
        if (ended != null) {
            orders.give(new SiteOrder.Report(whenEnded, new SwitchoverResult(false, "one is under way")));
            return false;
        }
        ended = whenEnded;
        waiting = reason;
        deadlineNanos = orders.nowNanos() + PATIENCE_NANOS;
        orders.note(group.name(), "switchover", "ordered: " + reason);
        return true;
    }

    /**
     * The order that is to be carried out now, once.
     *
     * @param mayWait whether it would be refused for what is likely to pass within moments
     */
    Optional<OwnershipEvent> due(boolean mayWait) {
        if (waiting == null || (mayWait && orders.nowNanos() - deadlineNanos < 0)) {
            return Optional.empty();
        }
        OwnershipEvent due = new OwnershipEvent.SwitchoverOrdered(waiting);
        waiting = null;
        return Optional.of(due);
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
