package org.secondsite.replicator.checkpoint;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertSame;

import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.secondsite.config.EpochId;
import org.secondsite.config.VmId;
import org.secondsite.replicator.Epoch;
import org.secondsite.replicator.EpochHeader;
import org.secondsite.replicator.PageSet;

class ReplicaQueueTest {
    private static final VmId VM = new VmId("vm1");

    private final ReplicaQueue queue = new ReplicaQueue();

    private static Epoch epoch(long number) {
        EpochId base = number == 1 ? EpochId.NONE : new EpochId(2, number - 1);
        return new Epoch(new EpochHeader(VM, new EpochId(2, number), base, 1 << 20), PageSet.empty(), new byte[0]);
    }

    private void given(int epochs) {
        for (int i = 1; i <= epochs; i++) {
            queue.apply(epoch(i));
        }
    }

    private void shipped(long number) {
        ReplicaQueue.Ship next =
                assertInstanceOf(ReplicaQueue.Ship.class, queue.next().orElseThrow());
        assertEquals(number, next.epoch().header().epoch().number());
        next.epoch().close();
    }

    @Test
    void epochsGoOutInTheirOrderFourAheadOfTheAnswers() {
        given(6);
        for (int i = 1; i <= 4; i++) {
            shipped(i);
        }
        assertEquals(Optional.empty(), queue.next());
        queue.answered();
        shipped(5);
        assertEquals(Optional.empty(), queue.next());
        queue.answered();
        shipped(6);
        queue.drop();
    }

    @Test
    void activationWaitsForEveryAnswerAndGoesOutOnce() {
        given(2);
        queue.activate(new EpochId(2, 2));
        shipped(1);
        shipped(2);
        queue.answered();
        assertEquals(Optional.empty(), queue.next());
        queue.answered();
        assertEquals(Optional.of(new ReplicaQueue.Activate(new EpochId(2, 2))), queue.next());
        assertEquals(Optional.empty(), queue.next());
    }

    @Test
    void whatIsDroppedIsNeverSent() {
        Epoch kept = epoch(1);
        Epoch dropped = epoch(2);
        queue.apply(kept);
        queue.apply(dropped);
        assertSame(kept, ((ReplicaQueue.Ship) queue.next().orElseThrow()).epoch());
        queue.drop();
        assertEquals(Optional.empty(), queue.next());
        kept.close();
    }
}
