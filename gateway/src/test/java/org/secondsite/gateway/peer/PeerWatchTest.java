package org.secondsite.gateway.peer;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.secondsite.config.GatewayConfig;

/** When the other gateway counts as lost, on a clock of its own. */
class PeerWatchTest {
    private static final long TICK = TimeUnit.MILLISECONDS.toNanos(5);
    private static final long BEAT = TimeUnit.MILLISECONDS.toNanos(50);
    private static final InetSocketAddress NOWHERE = new InetSocketAddress(InetAddress.getLoopbackAddress(), 1);

    private final Deque<Runnable> unread = new ArrayDeque<>();
    private final PeerWatch watch =
            new PeerWatch(new GatewayConfig.Tunnel(NOWHERE, NOWHERE, 50, 400, 1 << 20), this::reading, 0);
    private boolean readerHasTurn = true;
    private long now;

    private void reading(Runnable done) {
        if (readerHasTurn) {
            done.run();
        } else {
            unread.add(done);
        }
    }

    /** Heartbeats at intervals of 30 to 170 ms: those of a machine with too much to do. */
    private void beIrregularlyHeard() {
        watch.tunnel(PeerWatch.Tunnel.UP, now);
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
        return silenceUntilLost(new ArrayDeque<>());
    }

    private long silenceUntilLost(Deque<Runnable> waiting) {
        long start = now;
        while (watch.look(now) != PeerWatch.Change.LOST) {
            now += TICK;
            waiting.forEach(Runnable::run);
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
    void otherSettingsCountFromTheNextLookOn() {
        beIrregularlyHeard();
        watch.set(new GatewayConfig.Tunnel(NOWHERE, NOWHERE, 50, 2000, 1 << 20));
        long millis = silenceUntilLost();
        assertTrue(millis > 2000 && millis <= 2005, millis + " ms");
    }

    @Test
    void silenceWithABrokenTunnelIsGivenFourHeartbeats() {
        beIrregularlyHeard();
        watch.tunnel(PeerWatch.Tunnel.BROKEN, now);
        assertEquals(205, silenceUntilLost());
    }

    @Test
    void silenceWithATunnelThatALivingEndGaveUpIsSilenceAlone() {
        beIrregularlyHeard();
        watch.tunnel(PeerWatch.Tunnel.GIVEN_UP, now);
        long millis = silenceUntilLost();
        assertTrue(millis > 400 && millis <= 805, millis + " ms");
    }

    @Test
    void heartbeatThatWaitsUnreadIsNotMissing() {
        beIrregularlyHeard();
        readerHasTurn = false;
        for (long end = now + 20 * BEAT; now < end; now += TICK) {
            assertEquals(PeerWatch.Change.NONE, watch.look(now));
        }
        assertEquals(1, unread.size());
        watch.heard(now);
        unread.remove().run();
        assertEquals(PeerWatch.Change.NONE, watch.look(now));
        assertTrue(silenceUntilLost(unread) > 400);
    }

    @Test
    void silenceIsOneWhenEverythingWasRead() {
        beIrregularlyHeard();
        readerHasTurn = false;
        for (long end = now + 20 * BEAT; now < end; now += TICK) {
            assertEquals(PeerWatch.Change.NONE, watch.look(now));
        }
        unread.remove().run();
        assertEquals(PeerWatch.Change.LOST, watch.look(now));
    }

    @Test
    void aTunnelThatComesBackAtOnceIsNoLoss() {
        beIrregularlyHeard();
        watch.tunnel(PeerWatch.Tunnel.BROKEN, now);
        for (int beat = 0; beat < 10; beat++) {
            for (long next = now + BEAT; now < next; now += TICK) {
                assertEquals(PeerWatch.Change.NONE, watch.look(now));
            }
            watch.heard(now);
        }
        watch.tunnel(PeerWatch.Tunnel.UP, now);
        assertEquals(PeerWatch.Change.NONE, watch.look(now));
    }
}
