package org.secondsite.replicator.tunnel.io;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.net.InetSocketAddress;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.Random;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.secondsite.config.EpochId;
import org.secondsite.config.GroupId;
import org.secondsite.config.TlsFiles;
import org.secondsite.config.VmId;
import org.secondsite.replicator.Epoch;
import org.secondsite.replicator.EpochHeader;
import org.secondsite.replicator.Epochs;
import org.secondsite.replicator.PageSet;
import org.secondsite.replicator.codec.VersionCounters;
import org.secondsite.replicator.tunnel.PeerMessage;
import org.secondsite.replicator.tunnel.TunnelSettings;

/** Two tunnels on loopback with real TLS; between them, where it matters, a relay that breaks. */
@Tag("slow")
@Timeout(180)
class TlsTunnelTest extends TunnelPair {
    private long takenBefore;
    private int connections = 1;

    @BeforeEach
    void countMemory() {
        takenBefore = PageSet.takenBytes();
    }

    @Override
    @AfterEach
    void closeAll() throws Exception {
        super.closeAll();
        atA.awaitEqual(takenBefore, PageSet::takenBytes);
    }

    @Override
    TunnelSettings settingsA(TlsFiles tls) {
        return super.settingsA(tls).withConnections(connections);
    }

    @Override
    TunnelSettings settingsB(TlsFiles tls, InetSocketAddress connect) {
        return super.settingsB(tls, connect).withConnections(connections);
    }

    @Test
    void carriesEpochsAndAnswersAndMessagesBothWays() throws Exception {
        TlsTunnel a = openA(pki.issue("a"));
        TlsTunnel b = openB(pki.issue("b"), addressA);
        atA.await("both connected", SOON, () -> atA.isConnected() && atB.isConnected());
        atA.answerOn(a);
        atB.answerOn(b);
        Epochs webGuest = new Epochs(WEB, 4000, 1);
        Epochs dbGuest = new Epochs(new VmId("db"), 4000, 2);
        List<Recorder.Received> sentByA = new ArrayList<>();
        List<Recorder.Received> sentByB = new ArrayList<>();
        List<String> commits = new ArrayList<>();
        for (int number = 1; number <= 20; number++) {
            sentByA.add(send(a, webGuest.next(new EpochId(1, number), 600)));
            sentByB.add(send(b, dbGuest.next(new EpochId(4, number), 600)));
            commits.add("web 1/" + number);
        }
        PeerMessage message = standbyState(9);
        a.send(message);
        atB.awaitEqual(sentByA, atB::received);
        atA.awaitEqual(sentByB, atA::received);
        atA.awaitEqual(commits, atA::committed);
        atB.awaitEqual(List.of(message), atB::messages);
        atA.await(
                "status",
                SOON,
                () -> a.status().inFlight().isEmpty() && a.status().rttNanos() > 0);
        assertTrue(a.status().connected());
        assertTrue(
                a.status().counters().codedBytesSent() < a.status().counters().plainBytesSent());
        VersionCounters versions = a.status().versions();
        assertTrue(versions.hits() > 0 && versions.misses() > 0 && versions.heldBytes() > 0, versions.toString());
        a.discard(WEB);
        // The last epoch's counts may have come after its commit.
        atA.await("no memory", SOON, () -> a.status().versions().heldBytes() == 0);
        VersionCounters after = a.status().versions();
        assertTrue(after.hits() >= versions.hits() && after.misses() >= versions.misses(), "lost: " + after);
    }

    @Test
    void controlIsNotHeldUpByAFullImage() throws Exception {
        TlsTunnel a = openA(pki.issue("a"));
        openB(pki.issue("b"), addressA);
        atA.await("connected", SOON, () -> atA.isConnected() && atB.isConnected());
        Epoch image = incompressible(new EpochId(1, 1), EpochId.NONE, 20_000);
        long checksum = image.checksum();
        a.send(image);
        PeerMessage message = standbyState(1);
        a.send(message);
        atB.awaitEqual(List.of(message), atB::messages);
        assertTrue(atB.received().isEmpty(), "the message came before the 80 MB");
        atB.await("the image", SOON, () -> !atB.received().isEmpty());
        assertEquals(checksum, atB.received().get(0).checksum());
    }

    @Test
    void aRefusalComesBackWithItsReasonAndAFullWindowIsOne() throws Exception {
        TlsTunnel a = openA(pki.issue("a"));
        TlsTunnel b = openB(pki.issue("b"), addressA);
        atA.await("connected", SOON, () -> atA.isConnected() && atB.isConnected());
        Epochs guest = new Epochs(WEB, 100, 1);
        a.send(guest.next(new EpochId(1, 1), 10));
        atB.await("epoch", SOON, () -> !atB.received().isEmpty());
        b.refuse(WEB, new EpochId(1, 1), "the sink is gone");
        atA.awaitEqual(List.of("web 1/1 the sink is gone"), atA::refused);
        a.send(new Epochs(WEB, 100, 2).next(new EpochId(1, 1), 10));
        atA.await("refused", SOON, () -> atA.refused().size() == 2);
        assertTrue(atA.refused().get(1).contains("does not follow"));
    }

    @Test
    void severalConnectionsShareTheEpochs() throws Exception {
        connections = 4;
        TlsTunnel a = openA(pki.issue("a"));
        TlsTunnel b = openB(pki.issue("b"), addressA);
        atB.answerOn(b);
        atA.await(
                "four connections",
                SOON,
                () -> a.status().connections() == 4 && b.status().connections() == 4);
        List<Recorder.Received> sent = new ArrayList<>();
        for (int number = 1; number <= 6; number++) {
            EpochId base = number == 1 ? EpochId.NONE : new EpochId(1, number - 1);
            sent.add(send(a, incompressible(new EpochId(1, number), base, 2000)));
        }
        atB.awaitEqual(sent, atB::received);
        atA.await("all committed", SOON, () -> a.status().inFlight().isEmpty());
        assertEquals(1, atA.connections(), () -> atA.log() + " " + atB.log());
        assertEquals(List.of(), atA.rejections());
    }

    @Test
    void largeEpochsArriveOverSeveralConnectionsAndSmallOnesOvertakeThem() throws Exception {
        connections = 3;
        TlsTunnel a = openA(pki.issue("a"));
        TlsTunnel b = openB(pki.issue("b"), addressA);
        atB.answerOn(b);
        atA.await("three connections", SOON, () -> a.status().connections() == 3);
        send(a, incompressible(new EpochId(1, 1), EpochId.NONE, 20_000));
        a.discard(WEB); // at some moment of its way
        Recorder.Received image = send(a, incompressible(new EpochId(2, 1), EpochId.NONE, 20_000));
        Recorder.Received other = send(a, new Epochs(new VmId("db"), 100, 1).next(new EpochId(1, 1), 10));
        Recorder.Received large = send(a, incompressible(new EpochId(2, 2), new EpochId(2, 1), 8000));
        Recorder.Received small = send(a, incompressible(new EpochId(2, 3), new EpochId(2, 2), 10));
        atB.awaitEqual(List.of(other, image, large, small), atB::received);
        atA.await("all committed", SOON, () -> a.status().inFlight().isEmpty());
        assertEquals(1, atA.connections(), () -> atA.log() + " " + atB.log());
        assertEquals(List.of(), atA.rejections());
    }

    @Test
    void bothEndsSendWithTheCongestionControlThatTheyAreGiven() throws Exception {
        Optional<String> reno = Optional.of("reno");
        closeLater(TlsTunnel.open(
                new TunnelSettings(A, B, addressA, addressB, pki.issue("a"))
                        .withTiming(timing)
                        .withCongestion(reno),
                atA));
        closeLater(TlsTunnel.open(settingsB(pki.issue("b"), addressA).withCongestion(reno), atB));
        atA.await("connected", SOON, () -> atA.isConnected() && atB.isConnected());
        for (String end : List.of("sport", "dport")) {
            Process sockets = new ProcessBuilder("ss", "-tinH", end + " = :" + addressA.getPort())
                    .redirectErrorStream(true)
                    .start();
            String shown = new String(sockets.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
            assertTrue(shown.contains(" reno "), shown);
        }
    }

    @Test
    void aFullWindowIsBackPressureAtBothEndsAndNeverARefusal() throws Exception {
        TunnelSettings.Limits small = new TunnelSettings.Limits(1 << 20, 64 << 20);
        TlsTunnel a = closeLater(TlsTunnel.open(
                new TunnelSettings(A, B, addressA, addressB, pki.issue("a"))
                        .withTiming(timing)
                        .withLimits(new TunnelSettings.Limits(8 << 20, 64 << 20)),
                atA));
        TlsTunnel b =
                closeLater(TlsTunnel.open(settingsB(pki.issue("b"), addressA).withLimits(small), atB));
        atA.await("connected", SOON, () -> atA.isConnected() && atB.isConnected());
        List<Recorder.Received> sent = new ArrayList<>();
        sent.add(send(a, incompressible(new EpochId(1, 1), EpochId.NONE, 1000)));
        for (int number = 2; number <= 5; number++) {
            sent.add(send(a, incompressible(new EpochId(1, number), new EpochId(1, number - 1), 100)));
        }
        atB.awaitEqual(sent.subList(0, 1), atB::received);
        Thread.sleep(200);
        assertEquals(1, atB.received().size(), "the image alone is more than B takes at a time");
        b.acknowledge(WEB, new EpochId(1, 1));
        atB.awaitEqual(sent.subList(0, 3), atB::received);
        Thread.sleep(200);
        assertEquals(3, atB.received().size(), "a third delta does not fit");
        atB.answerOn(b);
        b.acknowledge(WEB, new EpochId(1, 2));
        b.acknowledge(WEB, new EpochId(1, 3));
        atB.awaitEqual(sent, atB::received);
        assertEquals(List.of(), atA.refused());
        assertEquals(1, atA.connections(), () -> atA.log() + " " + atB.log());
    }

    @Test
    void whatIsSentWhileThePeerIsAwayArrivesWhenItComes() throws Exception {
        TlsTunnel a = openA(pki.issue("a"));
        Epochs guest = new Epochs(WEB, 1000, 1);
        List<Recorder.Received> sent = new ArrayList<>();
        for (int number = 1; number <= 5; number++) {
            sent.add(send(a, guest.next(new EpochId(1, number), 100)));
        }
        TlsTunnel b = openB(pki.issue("b"), addressA);
        atB.answerOn(b);
        atB.awaitEqual(sent, atB::received);
        atA.await("all committed", SOON, () -> a.status().inFlight().isEmpty());
    }

    @Test
    void breaksAtRandomMomentsLoseNothingAndDeliverNothingTwice() throws Exception {
        TlsTunnel a = openA(pki.issue("a"));
        FaultyRelay relay = closeLater(new FaultyRelay(addressA));
        TlsTunnel b = openB(pki.issue("b"), relay.address());
        atA.answerOn(a);
        atB.answerOn(b);
        Random random = new Random(7);
        Epochs webGuest = new Epochs(WEB, 8000, 7);
        Epochs dbGuest = new Epochs(new VmId("db"), 8000, 8);
        List<Recorder.Received> web = new ArrayList<>();
        List<Recorder.Received> db = new ArrayList<>();
        for (int number = 1; number <= 120; number++) {
            web.add(send(a, webGuest.next(new EpochId(1, number), 300)));
            db.add(send(b, dbGuest.next(new EpochId(1, number), 300)));
            if (number % 5 == 0) {
                atA.await("connected again", SOON, () -> atA.isConnected());
                Thread.sleep(random.nextInt(40));
                if (random.nextBoolean()) {
                    relay.cut();
                } else {
                    relay.reset();
                }
            }
        }
        atB.awaitEqual(web, atB::received);
        atA.awaitEqual(db, atA::received);
        atA.await(
                "all committed",
                SOON,
                () -> a.status().inFlight().isEmpty() && b.status().inFlight().isEmpty());
        assertTrue(atA.connections() > 15, "it did break: " + atA.connections());
    }

    @Test
    void aWithdrawnAnswerIsNotRepeatedAfterABreak() throws Exception {
        TlsTunnel a = openA(pki.issue("a"));
        FaultyRelay relay = closeLater(new FaultyRelay(addressA));
        TlsTunnel b = openB(pki.issue("b"), relay.address());
        Recorder.Received first = send(a, new Epochs(WEB, 100, 1).next(new EpochId(1, 1), 10));
        atB.awaitEqual(List.of(first), atB::received);
        relay.refuse(true);
        relay.cut();
        atB.await("gone", SOON, () -> !atB.isConnected());
        b.acknowledge(WEB, new EpochId(1, 1));
        b.withdraw(WEB);
        relay.refuse(false);
        atB.await("reconnected", SOON, atB::isConnected);
        PeerMessage after = standbyState(1);
        b.send(after);
        atA.awaitEqual(List.of(after), atA::messages);
        assertEquals(List.of(), atA.committed());
        a.discard(WEB);
        atB.answerOn(b);
        send(a, new Epochs(WEB, 100, 2).next(new EpochId(2, 1), 10));
        atA.awaitEqual(List.of("web 2/1"), atA::committed);
    }

    @Test
    void anAbandonedConnectionIsReplacedByANewOne() throws Exception {
        TlsTunnel a = openA(pki.issue("a"));
        openB(pki.issue("b"), addressA);
        atA.await("connected", SOON, () -> atA.isConnected() && atB.isConnected());
        a.abandon("nothing was heard");
        atA.await("connected again", SOON, () -> atA.connections() == 2 && atB.connections() == 2);
    }

    @Test
    void anEpochDeliveredBeforeABreakAndCommittedAfterItIsNotDeliveredTwice() throws Exception {
        TlsTunnel a = openA(pki.issue("a"));
        FaultyRelay relay = closeLater(new FaultyRelay(addressA));
        TlsTunnel b = openB(pki.issue("b"), relay.address());
        Epochs guest = new Epochs(WEB, 100, 1);
        Recorder.Received first = send(a, guest.next(new EpochId(1, 1), 10));
        atB.awaitEqual(List.of(first), atB::received);
        relay.cut();
        atA.await("reconnected", SOON, () -> atA.connections() == 2 && atA.isConnected());
        Recorder.Received second = send(a, guest.next(new EpochId(1, 2), 10));
        atB.awaitEqual(List.of(first, second), atB::received);
        b.acknowledge(WEB, new EpochId(1, 1));
        atA.awaitEqual(List.of("web 1/1"), atA::committed);
        relay.refuse(true);
        relay.cut();
        atB.await("gone", SOON, () -> !atB.isConnected());
        b.acknowledge(WEB, new EpochId(1, 2));
        relay.refuse(false);
        atA.awaitEqual(List.of("web 1/1", "web 1/2"), atA::committed);
        assertEquals(2, atB.received().size());
    }

    @Test
    void aBlackHoleIsNoticedBySilenceAndBlocksNothing() throws Exception {
        timing = FAST;
        TlsTunnel a = openA(pki.issue("a"));
        FaultyRelay relay = closeLater(new FaultyRelay(addressA));
        TlsTunnel b = openB(pki.issue("b"), relay.address());
        atB.answerOn(b);
        atA.await("connected", SOON, () -> atA.isConnected() && atB.isConnected());
        relay.swallow(true);
        long start = System.nanoTime();
        Epochs guest = new Epochs(WEB, 8000, 1);
        List<Recorder.Received> sent = new ArrayList<>();
        for (int number = 1; number <= 50; number++) {
            sent.add(send(a, guest.next(new EpochId(1, number), 100)));
        }
        atA.await("silence", SOON, () -> !atA.isConnected());
        long tookMs = (System.nanoTime() - start) / 1_000_000;
        assertTrue(tookMs >= FAST.silenceMs() / 2, "too soon: " + tookMs + " ms");
        assertTrue(atA.log().get(1).contains("SILENCE"), atA.log().toString());
        relay.swallow(false);
        relay.cut();
        atB.awaitEqual(sent, atB::received);
    }

    @Test
    void aConnectionThatStandsStillIsKeptWhileThePeerIsHeardBesideIt() throws Exception {
        timing = new TunnelSettings.Timing(50, 1500, 20, 100);
        TlsTunnel a = openA(pki.issue("a"));
        FaultyRelay relay = closeLater(new FaultyRelay(addressA).withDatagrams());
        TlsTunnel b = openB(pki.issue("b"), relay.address());
        atA.await("connected", SOON, () -> atA.isConnected() && atB.isConnected());
        awaitBeacons(a, b);
        relay.harm(FaultyRelay.Fault.STALL, new Random(1), 2L * timing.silenceMs());
        Recorder.Received sent = send(a, new Epochs(WEB, 100, 1).next(new EpochId(1, 1), 10));
        atB.awaitEqual(List.of(sent), atB::received);
        assertEquals(1, atA.connections(), atA.log().toString());
        assertEquals(1, atB.connections(), atB.log().toString());
    }

    @Test
    void aConnectionThatStandsStillForLongIsGivenUpAlsoWhileThePeerIsHeardBesideIt() throws Exception {
        timing = FAST;
        TlsTunnel a = openA(pki.issue("a"));
        FaultyRelay relay = closeLater(new FaultyRelay(addressA).withDatagrams());
        TlsTunnel b = openB(pki.issue("b"), relay.address());
        atA.await("connected", SOON, () -> atA.isConnected() && atB.isConnected());
        awaitBeacons(a, b);
        relay.swallow(true);
        long start = System.nanoTime();
        atA.await("silence", SOON, () -> !atA.isConnected());
        long tookMs = (System.nanoTime() - start) / 1_000_000;
        assertTrue(tookMs >= FAST.patienceMs() - 2L * FAST.heartbeatMs(), "too soon: " + tookMs + " ms");
        assertTrue(atA.log().get(1).contains("SILENCE"), atA.log().toString());
    }

    private void awaitBeacons(TlsTunnel... ends) throws Exception {
        for (TlsTunnel end : ends) {
            atA.await("beacons", SOON, () -> end.status().counters().beaconsHeard() > 2);
        }
    }

    @Test
    void aRestartedReceiverGetsTheWholeWindowAgain() throws Exception {
        TlsTunnel a = openA(pki.issue("a"));
        TlsFiles tls = pki.issue("b");
        TlsTunnel b = openB(tls, addressA);
        Epochs guest = new Epochs(WEB, 100, 1);
        Recorder.Received first = send(a, guest.next(new EpochId(1, 1), 10));
        Recorder.Received second = send(a, guest.next(new EpochId(1, 2), 10));
        atB.awaitEqual(List.of(first, second), atB::received);
        b.acknowledge(WEB, new EpochId(1, 1));
        atA.awaitEqual(List.of("web 1/1"), atA::committed);
        b.close();
        Recorder again = new Recorder();
        TlsTunnel restarted = closeLater(TlsTunnel.open(settingsB(tls, addressA), again));
        again.awaitEqual(List.of(second), again::received);
        restarted.acknowledge(WEB, new EpochId(1, 2));
        atA.awaitEqual(List.of("web 1/1", "web 1/2"), atA::committed);
    }

    @Test
    void aDiscardedChainIsNotCreditedWithLateCommits() throws Exception {
        TlsTunnel a = openA(pki.issue("a"));
        TlsTunnel b = openB(pki.issue("b"), addressA);
        Recorder.Received old = send(a, new Epochs(WEB, 100, 1).next(new EpochId(1, 1), 10));
        atB.awaitEqual(List.of(old), atB::received);
        a.discard(WEB);
        Recorder.Received fresh = send(a, new Epochs(WEB, 100, 2).next(new EpochId(1, 1), 10));
        atB.awaitEqual(List.of(old, fresh), atB::received);
        b.acknowledge(WEB, new EpochId(1, 1));
        PeerMessage after = standbyState(1);
        b.send(after);
        atA.awaitEqual(List.of(after), atA::messages);
        assertEquals(List.of(), atA.committed(), "that answer was for the epoch of the old chain");
        b.acknowledge(WEB, new EpochId(1, 1));
        atA.awaitEqual(List.of("web 1/1"), atA::committed);
    }

    @Test
    void beaconsGoOnWhileTheTunnelIsBroken() throws Exception {
        openA(pki.issue("a"));
        FaultyRelay relay = closeLater(new FaultyRelay(addressA));
        TunnelSettings settings = settingsB(pki.issue("b"), relay.address());
        closeLater(TlsTunnel.open(settings, atB));
        atA.await("connected", SOON, () -> atA.isConnected() && atB.isConnected());
        relay.refuse(true);
        relay.cut();
        atB.await("gone", SOON, () -> !atB.isConnected());
        long heard = atB.heard();
        atB.await("A's beacons", SOON, () -> atB.heard() > heard + 5);
        assertFalse(atB.isConnected());
    }

    private static Recorder.Received send(TlsTunnel tunnel, Epoch epoch) {
        Recorder.Received sent =
                new Recorder.Received(epoch.header().vm(), epoch.header().epoch(), epoch.checksum());
        tunnel.send(epoch);
        return sent;
    }

    private static PeerMessage standbyState(long burnedTerm) {
        return new PeerMessage.StandbyState(new GroupId("shop"), true, 1, burnedTerm, "");
    }

    private static Epoch incompressible(EpochId id, EpochId base, int pages) {
        PageSet.Builder builder = PageSet.builder();
        Random random = new Random(3);
        byte[] page = new byte[PageSet.PAGE_BYTES];
        for (int number = 0; number < pages; number++) {
            random.nextBytes(page);
            builder.add(number, ByteBuffer.wrap(page));
        }
        return new Epoch(new EpochHeader(WEB, id, base, 20_000L * PageSet.PAGE_BYTES), builder.build(), new byte[10]);
    }
}
