package org.secondsite.gateway.group;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.secondsite.gateway.group.GivenOrders.plain;

import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.secondsite.config.EpochId;
import org.secondsite.config.SiteId;
import org.secondsite.config.VmId;
import org.secondsite.replicator.Epoch;

/** The way of an epoch at a standby, from received to applied, as orders. */
class ReplicaStreamTest {
    private static final VmId VM = new VmId("vm1");
    private static final long WINDOW_BYTES = 1 << 20;
    private static final int BACKLOG = 16;

    private final StillAgent agent = new StillAgent(VM);
    private final Orders orders = new Orders(0).towards(new SiteId("b"));
    private final ReplicaStream stream = new ReplicaStream(VM, orders, WINDOW_BYTES);

    private static EpochId id(long number) {
        return new EpochId(3, number);
    }

    private String keep(EpochId id, EpochId base) {
        return stream.keep(agent, StillAgent.epoch(VM, id, base));
    }

    private List<EpochId> acknowledged() {
        List<EpochId> acknowledged = new ArrayList<>();
        for (Object order : plain(orders.end())) {
            if (order instanceof SiteOrder.Acknowledge acknowledge) {
                acknowledged.add(acknowledge.epoch());
            }
        }
        return acknowledged;
    }

    @Test
    void keepsWhatContinuesItsImageAndAcknowledgesItAfterTheAgentWasGivenIt() {
        Epoch full = StillAgent.epoch(VM, id(1), EpochId.NONE);
        assertNull(stream.keep(agent, full));
        assertEquals(
                List.of(new SiteOrder.Apply(agent, full), new SiteOrder.Acknowledge(VM, id(1))), plain(orders.end()));
        assertNull(keep(id(2), id(1)));
        assertEquals(id(2), stream.held());
    }

    @Test
    void aGapIsRefusedAndNothingOfItIsKept() {
        keep(id(1), EpochId.NONE);
        orders.end();
        assertEquals("it builds on 3/2, but 3/1 is held", keep(id(3), id(2)));
        assertEquals(List.of(), plain(orders.end()));
        assertEquals(id(1), stream.held());
    }

    @Test
    void anImageThatIsNotNewerIsRefused() {
        keep(id(5), EpochId.NONE);
        assertEquals("it is a full image not newer than 3/5", keep(id(5), EpochId.NONE));
        assertNull(keep(id(6), EpochId.NONE));
    }

    @Test
    void acknowledgesNoFasterThanTheAgentApplies() {
        keep(id(1), EpochId.NONE);
        for (int number = 2; number <= BACKLOG + 2; number++) {
            keep(id(number), id(number - 1));
        }
        assertEquals(id(BACKLOG), acknowledged().getLast());
        assertEquals(id(BACKLOG + 2), stream.held(), "it is kept all the same");
        stream.applied(id(1));
        assertEquals(List.of(), acknowledged());
        stream.applied(id(2));
        assertEquals(List.of(id(BACKLOG + 1), id(BACKLOG + 2)), acknowledged());
    }

    @Test
    void whoHasAskedToTakeOverAcknowledgesNothingMore() {
        keep(id(1), EpochId.NONE);
        for (int number = 2; number <= BACKLOG + 2; number++) {
            keep(id(number), id(number - 1));
        }
        orders.end();
        stream.stopAcknowledging();
        assertEquals(
                List.of(new SiteOrder.Withdraw(VM)),
                plain(orders.end()),
                "what the owner has not heard it must not hear");
        stream.applied(id(BACKLOG + 2));
        assertEquals(List.of(), acknowledged());
        assertTrue(stream.holdsImage());
    }

    @Test
    void aLostImageTakesItsAcknowledgementsWithIt() {
        keep(id(1), EpochId.NONE);
        orders.end();
        stream.forget();
        assertEquals(List.of(new SiteOrder.Withdraw(VM)), plain(orders.end()));
        assertFalse(stream.holdsImage());
        assertEquals("it builds on 3/1, but 0/0 is held", keep(id(2), id(1)));
    }
}
