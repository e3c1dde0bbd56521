package org.secondsite.replicator.tunnel.io;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.ArrayList;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.locks.LockSupport;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.secondsite.config.EpochId;
import org.secondsite.config.VmId;
import org.secondsite.replicator.Epoch;
import org.secondsite.replicator.Epochs;
import org.secondsite.replicator.PageSet;

/** Two tunnels of several connections each, epochs both ways all the time, and a relay between them that does harm. */
@Tag("slow")
@Timeout(240)
class TunnelBreaksTest extends TunnelPair {
    private static final List<FaultyRelay.Fault> FAULTS = List.of(FaultyRelay.Fault.values());
    private static final int BREAKS = 50;
    private static final int CONNECTIONS = 3;
    private final AtomicBoolean loading = new AtomicBoolean(true);

    /** A VM that is checkpointed as fast as its window allows, by a thread of its own. */
    private final class Load implements Runnable {
        private final VmId vm;
        private final TlsTunnel tunnel;
        private final Epochs guest;
        private final List<Recorder.Received> sent = new ArrayList<>();

        Load(String name, TlsTunnel tunnel, long seed) {
            this.vm = new VmId(name);
            this.tunnel = tunnel;
            this.guest = new Epochs(vm, 4000, seed);
        }

        @Override
        public void run() {
            for (int number = 1; loading.get(); number++) {
                Epoch epoch = guest.next(new EpochId(1, number), 200);
                sent.add(new Recorder.Received(vm, epoch.header().epoch(), epoch.checksum()));
                tunnel.send(epoch);
                do {
                    LockSupport.parkNanos(10_000_000);
                } while (loading.get() && inFlight() > 8);
            }
        }

        private int inFlight() {
            var mine = tunnel.status().inFlight().get(vm);
            return mine == null ? 0 : mine.epochs();
        }
    }

    @Test
    void fiftyBreaksOfAllKindsUnderLoadResumeWithoutAFullResyncAndApplyNothingTwiceOrInPart() throws Exception {
        timing = FAST;
        long takenBefore = PageSet.takenBytes();
        long seed = 20_261;
        Random random = new Random(seed);
        Map<FaultyRelay.Fault, Integer> done = new EnumMap<>(FaultyRelay.Fault.class);
        try (FaultyRelay relay = new FaultyRelay(addressA);
                TlsTunnel a = TlsTunnel.open(settingsA(pki.issue("a")), atA);
                TlsTunnel b = TlsTunnel.open(
                        settingsB(pki.issue("b"), relay.address()).withConnections(CONNECTIONS), atB)) {
            atA.answerOn(a);
            atB.answerOn(b);
            List<Load> loads =
                    List.of(new Load("web", a, 1), new Load("mail", a, 2), new Load("db", b, 3), new Load("dns", b, 4));
            List<Thread> threads =
                    loads.stream().map(load -> Thread.ofPlatform().start(load)).toList();
            int broken = 0;
            for (int attempt = 0; broken < BREAKS; attempt++) {
                String where = "seed " + seed + ", attempt " + attempt + ", break " + broken + " of " + done;
                assertTrue(attempt < 3 * BREAKS, where);
                atB.await("connected, " + where, SOON, () -> atA.isConnected() && atB.isConnected());
                Thread.sleep(random.nextInt(150));
                FaultyRelay.Fault fault = FAULTS.get(random.nextInt(FAULTS.size()));
                int before = atB.connections();
                // One that hits what is left of an earlier session goes unnoticed, and does not count.
                if (relay.harm(fault, random, 2L * FAST.silenceMs()) && noticed(before)) {
                    done.merge(fault, 1, Integer::sum);
                    broken++;
                }
            }
            loading.set(false);
            for (Thread thread : threads) {
                thread.join();
            }
            for (Load load : loads) {
                Recorder there = load.tunnel.equals(a) ? atB : atA;
                there.awaitEqual(load.sent, () -> there.received().stream()
                        .filter(received -> received.vm().equals(load.vm))
                        .toList());
                assertTrue(load.sent.size() > 2 * BREAKS, "load: " + load.sent.size());
            }
            atA.await(
                    "all committed",
                    SOON,
                    () -> a.status().inFlight().isEmpty()
                            && b.status().inFlight().isEmpty());
            assertEquals(List.of(), atA.refused(), "seed " + seed);
            assertEquals(List.of(), atB.refused(), "seed " + seed);
            assertEquals(FAULTS.size(), done.size(), "all kinds: " + done);
            long breaks = a.status().breaks().values().stream()
                    .mapToLong(Long::longValue)
                    .sum();
            assertEquals(a.status().counters().connections() - 1, breaks, "the last session stands");
        }
        atA.awaitEqual(takenBefore, PageSet::takenBytes);
    }

    private boolean noticed(int connectionsBefore) throws InterruptedException {
        for (int waitedMs = 0; waitedMs < 6 * FAST.silenceMs(); waitedMs += 5) {
            if (atB.connections() > connectionsBefore) {
                return true;
            }
            Thread.sleep(5);
        }
        return false;
    }
}
