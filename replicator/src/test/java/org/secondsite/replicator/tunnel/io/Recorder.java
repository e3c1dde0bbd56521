package org.secondsite.replicator.tunnel.io;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.function.BooleanSupplier;
import java.util.function.Supplier;
import org.secondsite.config.EpochId;
import org.secondsite.config.VmId;
import org.secondsite.replicator.Epoch;
import org.secondsite.replicator.tunnel.PeerMessage;
import org.secondsite.replicator.tunnel.Reset;
import org.secondsite.replicator.tunnel.ResetCode;
import org.secondsite.replicator.tunnel.Tunnel;
import org.secondsite.replicator.tunnel.TunnelListener;

/** A listener that writes down what it is told, and answers epochs if asked to. */
final class Recorder implements TunnelListener {
    /** An epoch as it was received: its checksum stands for its content, which was proved against it. */
    record Received(VmId vm, EpochId epoch, long checksum) {}

    private final List<String> log = new ArrayList<>();
    private final List<Received> received = new ArrayList<>();
    private final List<PeerMessage> messages = new ArrayList<>();
    private final List<String> committed = new ArrayList<>();
    private final List<String> refused = new ArrayList<>();
    private final List<ResetCode> rejections = new ArrayList<>();
    private boolean connected;
    private int connections;
    private long heard;
    private Tunnel answering;

    /** From now on every epoch is committed on that tunnel as soon as it comes. */
    synchronized void answerOn(Tunnel tunnel) {
        answering = tunnel;
    }

    @Override
    public synchronized void connected() {
        assertTrue(!connected, "connected twice");
        connected = true;
        connections++;
        note("connected");
    }

    @Override
    public synchronized void disconnected(Reset reset) {
        assertTrue(connected, "disconnected before connected");
        connected = false;
        note("disconnected: " + reset);
    }

    @Override
    public synchronized void peerHeard(long nanoTime) {
        heard++;
    }

    @Override
    public synchronized void message(PeerMessage message) {
        messages.add(message);
        notifyAll();
    }

    @Override
    public synchronized void epochReceived(Epoch epoch) {
        try (epoch) {
            received.add(new Received(epoch.header().vm(), epoch.header().epoch(), epoch.checksum()));
            if (answering != null) {
                answering.acknowledge(epoch.header().vm(), epoch.header().epoch());
            }
        }
        notifyAll();
    }

    @Override
    public synchronized void acknowledged(VmId vm, EpochId epoch) {
        committed.add(vm + " " + epoch);
        notifyAll();
    }

    @Override
    public synchronized void refused(VmId vm, EpochId epoch, String reason) {
        refused.add(vm + " " + epoch + " " + reason);
        notifyAll();
    }

    @Override
    public synchronized void rejected(ResetCode code, String reason) {
        rejections.add(code);
        note("rejected " + code + ": " + reason);
    }

    synchronized boolean isConnected() {
        return connected;
    }

    synchronized int connections() {
        return connections;
    }

    synchronized long heard() {
        return heard;
    }

    synchronized List<Received> received() {
        return List.copyOf(received);
    }

    synchronized List<PeerMessage> messages() {
        return List.copyOf(messages);
    }

    synchronized List<String> committed() {
        return List.copyOf(committed);
    }

    synchronized List<String> refused() {
        return List.copyOf(refused);
    }

    synchronized List<ResetCode> rejections() {
        return List.copyOf(rejections);
    }

    synchronized List<String> log() {
        return List.copyOf(log);
    }

    /** Waits until the condition holds, and fails after the time. */
    synchronized void await(String what, Duration atMost, BooleanSupplier condition) throws InterruptedException {
        long end = System.nanoTime() + atMost.toNanos();
        while (!condition.getAsBoolean()) {
            long leftMs = (end - System.nanoTime()) / 1_000_000;
            assertTrue(leftMs > 0, () -> "not seen within " + atMost + ": " + what + "; log " + log);
            wait(Math.min(leftMs, 20));
        }
    }

    <T> void awaitEqual(T expected, Supplier<T> actual) throws InterruptedException {
        long end = System.nanoTime() + Duration.ofSeconds(20).toNanos();
        while (!expected.equals(actual.get()) && System.nanoTime() < end) {
            synchronized (this) {
                wait(5);
            }
        }
        assertEquals(expected, actual.get(), () -> "log " + log());
    }

    private void note(String what) {
        log.add(what);
        notifyAll();
    }
}
