package org.secondsite.gateway;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.secondsite.config.GatewayConfig;

/** When the other gateway counts as lost, on a clock of its own. */
class PeerWatchTest {
    private static final long TICK = TimeUnit.MILLISECONDS.toNanos(5);
    private static final long BEAT = TimeUnit.MILLISECONDS.toNanos(50);
    private static final InetSocketAddress NOWHERE = new InetSocketAddress(InetAddress.getLoopbackAddress(), 1);

    private final PeerWatch watch = new PeerWatch(new GatewayConfig.Tunnel(NOWHERE, NOWHERE, 50, 400, 1 << 20), 0);
    private long now;

    /** Heartbeats at intervals of 30 to 170 ms: those of a machine with too much to do. */
    private void beIrregularlyHeard() {
        watch.tunnel(true, now);
        for (int beat = 0; beat < 60; beat++) {
            watch.heard(now);
            long next = now + BEAT * (beat % 3 == 0 ? 17 : 3) / 5;
            while (now < next) {
                PeerWatch.Change change = watch.look(now);
                assertTrue(change != PeerWatch.Change.LOST, "suspected while it lives");
                now += TICK;
            }
        }
        watch.heard(now);
        watch.look(now);
    }

    private long silenceUntilLost() {
        long start = now;
        while (watch.look(now) != PeerWatch.Change.LOST) {
            now += TICK;
        }
        return TimeUnit.NANOSECONDS.toMillis(now - start);
    }

    @Test
    void silenceAloneIsGivenTheTimeThatABusyMachineNeeds() {
        beIrregularlyHeard();
        long millis = silenceUntilLost();
        assertTrue(millis > 400 && millis <= 805, millis + " ms");
    }

    @Test
    void silenceWithABrokenTunnelIsGivenFourHeartbeats() {
        beIrregularlyHeard();
        watch.tunnel(false, now);
        assertEquals(205, silenceUntilLost());
    }

    @Test
    void aTunnelThatComesBackAtOnceIsNoLoss() {
        beIrregularlyHeard();
        watch.tunnel(false, now);
        for (int beat = 0; beat < 10; beat++) {
            for (long next = now + BEAT; now < next; now += TICK) {
                assertEquals(PeerWatch.Change.NONE, watch.look(now));
            }
            watch.heard(now);
        }
        watch.tunnel(true, now);
        assertEquals(PeerWatch.Change.NONE, watch.look(now));
    }
}
