package org.secondsite.replicator.tunnel;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assertions.fail;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.SplittableRandom;
import org.junit.jupiter.api.Test;
import org.secondsite.config.EpochId;
import org.secondsite.config.SiteId;
import org.secondsite.config.VmId;
import org.secondsite.replicator.PageSet;
import org.secondsite.replicator.tunnel.FakeTunnelNetwork.End;

/**
 * Two sessions with the real codec over a network that delays, breaks and loses, by a seed: whatever happens, epochs arrive once,
 * whole and in order, nothing is acknowledged that was not, and in the end everything is there.
 */
class TunnelSessionsTest {
    private static final int SEEDS = 50;
    private static final int STEPS = 400;
    private static final List<VmId> VMS = List.of(new VmId("web"), new VmId("db"), new VmId("mail"));

    @Test
    void epochsArriveOnceWholeAndInOrderWhateverBreaks() {
        long takenBefore = PageSet.takenBytes();
        int sessions = 0;
        int delivered = 0;
        for (long seed = 1; seed <= SEEDS; seed++) {
            FakeTunnelNetwork network = new FakeTunnelNetwork(seed);
            try {
                run(network, new SplittableRandom(seed));
            } catch (AssertionError | RuntimeException e) {
                throw new AssertionError("seed " + seed + ": " + e.getMessage() + "\n" + network.tail(), e);
            }
            sessions += network.end(SessionRig.A).sessions();
            delivered += network.end(SessionRig.A).deliveries()
                    + network.end(SessionRig.B).deliveries();
            network.close();
            assertEquals(takenBefore, PageSet.takenBytes(), "memory lost with seed " + seed);
        }
        assertTrue(sessions > 5 * SEEDS, "it did break: " + sessions + " sessions");
        assertTrue(delivered > 20 * SEEDS, "it did carry epochs: " + delivered);
    }

    private static void run(FakeTunnelNetwork network, SplittableRandom dice) {
        Map<String, Long> numbers = new HashMap<>();
        for (int step = 0; step < STEPS; step++) {
            End end = network.end(dice.nextBoolean() ? SessionRig.A : SessionRig.B);
            VmId vm = VMS.get(dice.nextInt(VMS.size()));
            switch (dice.nextInt(24)) {
                case 0 -> end.discard(vm);
                case 1 -> network.breakOne(dice);
                case 2 -> network.cut(dice.nextInt(600));
                case 3 -> end.withdrawAndAbandon(VMS);
                case 4 -> end.answersOnlyLater(dice.nextInt(300));
                case 5 -> end.refuseNext(vm);
                case 6 -> {
                    if (dice.nextInt(6) == 0) {
                        network.restart(end.site());
                    }
                }
                default -> end.send(vm, numbers.merge(end.site() + " " + vm, 1L, Long::sum));
            }
            network.run(dice.nextInt(40));
        }
        network.mend();
        network.run(1000);
        for (int patience = 0; network.isBusy(); patience++) {
            if (patience == 400) {
                fail("not everything arrived: " + network.state());
            }
            network.run(50);
        }
        for (SiteId site : List.of(SessionRig.A, SessionRig.B)) {
            network.end(site).requireAllThere();
        }
    }

    @Test
    void theSameSeedGivesTheSameRun() {
        List<String> runs = new ArrayList<>();
        for (int i = 0; i < 2; i++) {
            try (FakeTunnelNetwork network = new FakeTunnelNetwork(77)) {
                run(network, new SplittableRandom(77));
                runs.add(network.tail() + network.state());
            }
        }
        assertEquals(runs.get(0), runs.get(1));
    }

    @Test
    void anAcknowledgementTakenBackBeforeItIsHeardIsNeverHeard() {
        try (FakeTunnelNetwork network = new FakeTunnelNetwork(5)) {
            End sender = network.end(SessionRig.A);
            End receiver = network.end(SessionRig.B);
            network.run(1000);
            receiver.answersOnlyLater(50);
            sender.send(VMS.get(0), 1);
            network.run(45);
            network.cut(300);
            network.run(60);
            assertEquals(1, receiver.deliveries());
            receiver.withdrawAndAbandon(VMS);
            network.run(5000);
            assertTrue(sender.session().phase() == TunnelSession.Phase.CONNECTED, "connected again");
            assertEquals(List.of(), sender.acknowledged());
            sender.send(VMS.get(0), 2);
            network.run(1000);
            assertEquals(List.of(new EpochId(2, 2)), sender.acknowledged(), "of the next chain");
        }
    }
}
