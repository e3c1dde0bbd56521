package org.secondsite.gateway.group;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.secondsite.config.GroupId;
import org.secondsite.gateway.ownership.OwnershipAction;
import org.secondsite.gateway.ownership.OwnershipEvent;

class OrderedSwitchoverTest {
    private static final OwnershipEvent ORDERED = new OwnershipEvent.SwitchoverOrdered("maintenance");

    private final Orders orders = new Orders(0);
    private final OrderedSwitchover switchover = new OrderedSwitchover(new GroupId("web"), orders, new GroupCounters());
    private final List<SwitchoverResult> told = new ArrayList<>();

    @Test
    void orderIsDueOnceAndAtOnceWhenNothingNeedBeWaitedFor() {
        assertEquals(Optional.empty(), switchover.due(false));
        assertTrue(switchover.begins("maintenance", told::add));
        assertEquals(Optional.of(ORDERED), switchover.due(false));
        assertEquals(Optional.empty(), switchover.due(false));
    }

    @Test
    void orderWaitsForTheStandbyToKnowTheRecordAndTwoSecondsAtMost() {
        switchover.begins("maintenance", told::add);
        orders.begin(1_999_999_999L);
        assertEquals(Optional.empty(), switchover.due(true));
        orders.begin(2_000_000_000L);
        assertEquals(Optional.of(ORDERED), switchover.due(true));
    }

    @Test
    void secondOrderIsAnsweredAtOnceAlsoWhileTheFirstWaits() {
        switchover.begins("maintenance", told::add);
        assertEquals(Optional.empty(), switchover.due(true));
        assertFalse(switchover.begins("again", told::add));
        assertEquals(Optional.of(ORDERED), switchover.due(false));
        switchover.ended(new OwnershipAction.SwitchoverEnded(true, "handed over"));
        assertTrue(switchover.begins("back", told::add));
    }
}
