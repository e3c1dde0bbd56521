package org.secondsite.bgp.io;

import java.net.InetAddress;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import java.util.function.BooleanSupplier;
import org.secondsite.bgp.rib.ReceivedRoute;
import org.secondsite.bgp.rib.ReceivedUpdate;
import org.secondsite.bgp.session.SessionTransition;
import org.secondsite.bgp.session.SpeakerListener;
import org.secondsite.bgp.wire.Nlri;
import org.secondsite.bgp.wire.Prefix;

/** Remembers what a speaker told, and lets a test wait for it. */
public final class RecordingListener implements SpeakerListener {
    private final List<String> log = new ArrayList<>();
    private static final int PATIENCE_SECONDS = 30;

    private final Map<Nlri, ReceivedRoute> routes = new HashMap<>();
    private final Map<Prefix, Long> announcedNanos = new HashMap<>();
    private final Map<Prefix, Long> withdrawnNanos = new HashMap<>();
    private int established;
    private int downs;
    private boolean kept;
    private String lastDown = "";
    private int updates;
    private boolean bfdUp;
    private long bfdNanos;

    @Override
    public synchronized void established(InetAddress peer) {
        established++;
        note("established " + peer.getHostAddress());
    }

    @Override
    public synchronized void kept(InetAddress peer, long seconds) {
        kept = true;
        note("kept");
    }

    @Override
    public synchronized void down(InetAddress peer, String reason) {
        downs++;
        lastDown = reason;
        if (!kept) {
            routes.clear();
        }
        kept = false;
        note("down " + reason);
    }

    @Override
    public synchronized void updateSent(InetAddress peer, List<Nlri> announced, List<Nlri> withdrawn, long nanoTime) {
        updates++;
        announced.forEach(route -> announcedNanos.put(((Nlri.Unicast) route).prefix(), nanoTime));
        withdrawn.forEach(route -> withdrawnNanos.put(((Nlri.Unicast) route).prefix(), nanoTime));
        note("sent +" + announced.size() + " -" + withdrawn.size());
    }

    @Override
    public synchronized void routesReceived(InetAddress peer, List<ReceivedRoute> announced, List<Nlri> withdrawn) {
        withdrawn.forEach(routes::remove);
        announced.forEach(route -> routes.put(route.nlri(), route));
        note("routes +" + announced.size() + " -" + withdrawn.size());
    }

    @Override
    public synchronized void updateReceived(InetAddress peer, ReceivedUpdate update) {
        note("update " + update);
    }

    @Override
    public synchronized void transition(InetAddress peer, SessionTransition transition) {
        note(transition.toString());
    }

    @Override
    public synchronized void bfd(InetAddress peer, boolean up, String reason, long nanoTime) {
        bfdUp = up;
        bfdNanos = nanoTime;
        note("bfd " + (up ? "up" : "down") + ": " + reason);
    }

    public synchronized boolean bfdUp() {
        return bfdUp;
    }

    public synchronized long bfdNanos() {
        return bfdNanos;
    }

    private void note(String line) {
        log.add(line);
        notifyAll();
    }

    public synchronized int established() {
        return established;
    }

    public synchronized int downs() {
        return downs;
    }

    public synchronized String lastDown() {
        return lastDown;
    }

    public synchronized int updates() {
        return updates;
    }

    public synchronized Map<Nlri, ReceivedRoute> routes() {
        return Map.copyOf(routes);
    }

    public synchronized Map<Prefix, Long> announcedNanos() {
        return Map.copyOf(announcedNanos);
    }

    public synchronized Map<Prefix, Long> withdrawnNanos() {
        return Map.copyOf(withdrawnNanos);
    }

    public synchronized List<String> log() {
        return List.copyOf(log);
    }

    /** Waits until the condition holds, half a minute at least; fails with all that was heard if it does not in time. */
    public synchronized void await(String what, int atLeastSeconds, BooleanSupplier condition)
            throws InterruptedException {
        int seconds = Math.max(atLeastSeconds, PATIENCE_SECONDS);
        long deadline = System.nanoTime() + TimeUnit.SECONDS.toNanos(seconds);
        while (!condition.getAsBoolean()) {
            long leftMs = TimeUnit.NANOSECONDS.toMillis(deadline - System.nanoTime());
            if (leftMs <= 0) {
                throw new AssertionError("not within " + seconds + " s: " + what + "\n" + String.join("\n", log));
            }
            wait(Math.min(leftMs, 50));
        }
    }
}
