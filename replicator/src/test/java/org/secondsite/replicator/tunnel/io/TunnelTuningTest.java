package org.secondsite.replicator.tunnel.io;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.secondsite.config.EpochId;
import org.secondsite.replicator.Epoch;
import org.secondsite.replicator.Epochs;
import org.secondsite.replicator.tunnel.TunnelSettings;

/** A tunnel whose settings change while epochs go through it. */
@Tag("slow")
@Timeout(60)
class TunnelTuningTest extends TunnelPair {
    private final Epochs guest = new Epochs(WEB, 4000, 1);
    private final List<Recorder.Received> sent = new ArrayList<>();
    private TlsTunnel a;
    private TlsTunnel b;

    @BeforeEach
    void open() throws Exception {
        a = openA(pki.issue("a"));
        b = openB(pki.issue("b"), addressA);
        atB.answerOn(b);
        atA.await("connected", SOON, () -> atA.isConnected() && atB.isConnected());
    }

    private void send(int count) {
        for (int i = 0; i < count; i++) {
            Epoch epoch = guest.next(new EpochId(1, sent.size() + 1L), 600);
            sent.add(new Recorder.Received(WEB, epoch.header().epoch(), epoch.checksum()));
            a.send(epoch);
        }
    }

    private void requireAllCommitted() throws Exception {
        atB.awaitEqual(sent, atB::received);
        atA.awaitEqual(sent.stream().map(one -> "web " + one.epoch()).toList(), atA::committed);
        assertEquals(List.of(), atA.refused());
        assertEquals(List.of(), atA.rejections());
    }

    @Test
    void anotherTimingTouchesNoConnection() throws Exception {
        send(10);
        TunnelSettings.Timing slower = new TunnelSettings.Timing(100, 1000, 20, 100);
        a.tune(a.settings().withTiming(slower)).get();
        b.tune(b.settings().withTiming(slower)).get();
        long heard = atB.heard();
        atB.await("heartbeats by the new time", SOON, () -> atB.heard() > heard + 5);
        send(10);
        requireAllCommitted();
        assertEquals(1, atA.connections());
        assertEquals(1, atB.connections());
    }

    @Test
    void moreConnectionsAndAnotherWindowLoseNoEpoch() throws Exception {
        send(10);
        b.tune(b.settings().withConnections(3).withCongestion(Optional.of("reno")))
                .get();
        send(10);
        atA.await("three connections", SOON, () -> a.status().connections() == 3);
        a.tune(a.settings().withLimits(new TunnelSettings.Limits(4 << 20, 64 << 20)))
                .get();
        send(10);
        requireAllCommitted();
        atA.await(
                "connected again",
                SOON,
                () -> atA.connections() == 3 && a.status().connections() == 3);
        assertTrue(atB.log().stream().anyMatch(line -> line.contains("other settings")), () -> atB.log()
                .toString());
        b.tune(b.settings().withConnections(1)).get();
        atA.await(
                "one connection",
                SOON,
                () -> a.status().connected() && a.status().connections() == 1);
        send(5);
        requireAllCommitted();
    }

    @Test
    void whatTheKernelDoesNotKnowChangesNothing() throws Exception {
        TunnelSettings unknown = a.settings().withCongestion(Optional.of("nosuch"));
        IOException refused = assertThrows(IOException.class, () -> a.tune(unknown));
        assertTrue(refused.getMessage().contains("'nosuch'"), refused.getMessage());
        assertFalse(a.settings().congestion().isPresent());
        send(3);
        requireAllCommitted();
        assertEquals(1, atA.connections());
    }
}
