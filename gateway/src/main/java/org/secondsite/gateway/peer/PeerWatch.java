package org.secondsite.gateway.peer;

import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;
import java.util.function.Consumer;
import org.secondsite.config.GatewayConfig;

/**
 * Whether the other gateway is there: heard of late, and reachable by the tunnel.
 *
 * <p>A peer whose tunnel broke and that is not heard beside it either is suspected after four heartbeats: two ways, one
 * of which said that it ended, need no allowance for a busy machine. So a process that died is suspected sooner than a site
 * whose power failed, which says nothing; {@link FailureDetector} decides about that one. It also does about a peer whose
 * tunnel was given up by an end that lives, as on a line so full that TCP stands still: that says nothing of the peer.
 *
 * <p>Before it is suspected of silence the tunnel is asked to read what has come: a heartbeat that waits unread, because the
 * reading thread had no turn, is not missing.
 *
 * <p>A peer that is heard beside the tunnel but whose tunnel stays down is of no use, because no epoch gets to it: after
 * {@link #TUNNEL_PATIENCE_NANOS} it counts as lost. {@link #heard} may be called by any thread; the rest belongs to the
 * conductor's.
 */
public final class PeerWatch {
    /** How long the tunnel may be down while heartbeats beside it still come. */
    static final long TUNNEL_PATIENCE_NANOS = TimeUnit.SECONDS.toNanos(2);

    private static final int MAX_SILENCE_FACTOR = 2;
    private static final int BROKEN_HEARTBEATS = 4;
    private static final long DUTY_CYCLE_NANOS = TimeUnit.MILLISECONDS.toNanos(50);

    private final FailureDetector detector;
    private long brokenNanos;
    private final Consumer<Runnable> reading;
    private final AtomicLong lastHeardNanos = new AtomicLong();
    private final AtomicLong read = new AtomicLong();

    private long seenHeardNanos;
    private long asked;
    private boolean asking;
    private Tunnel tunnel = Tunnel.GIVEN_UP;
    private long tunnelDownNanos;
    private boolean everHeard;
    private boolean up;
    private boolean told;
    private long longestSilenceNanos;
    private long silentSuspicions;
    private long cutOffSuspicions;

    /** How the tunnel is. */
    public enum Tunnel {
        UP,
        /** It ended, perhaps with the peer. */
        BROKEN,
        /** It is down because one of its ends wanted it so, which lived to say it. */
        GIVEN_UP
    }

    /** What a look at the peer came to. */
    public enum Change {
        NONE,
        LOST,
        BACK
    }

    /**
     * A peer that was not heard yet.
     *
     * @param reading runs what it is given when everything of the peer's that had arrived was read, by any thread
     */
    public PeerWatch(GatewayConfig.Tunnel settings, Consumer<Runnable> reading, long nowNanos) {
        this.reading = reading;
        detector = new FailureDetector(bounds(settings), nowNanos);
        brokenNanos = shortestSuspicionNanos(settings);
        tunnelDownNanos = nowNanos;
    }

    private static FailureDetector.Bounds bounds(GatewayConfig.Tunnel settings) {
        long suspectNanos = TimeUnit.MILLISECONDS.toNanos(settings.suspectAfterMs());
        return new FailureDetector.Bounds(
                TimeUnit.MILLISECONDS.toNanos(settings.heartbeatMs()),
                suspectNanos,
                suspectNanos * MAX_SILENCE_FACTOR,
                Math.min(DUTY_CYCLE_NANOS, suspectNanos / 2));
    }

    /** Judges by other settings from now on; what is known of the peer stays. */
    public void set(GatewayConfig.Tunnel settings) {
        detector.set(bounds(settings));
        brokenNanos = shortestSuspicionNanos(settings);
    }

    /** A peer is not suspected before it was silent for so long. */
    private static long shortestSuspicionNanos(GatewayConfig.Tunnel settings) {
        return TimeUnit.MILLISECONDS.toNanos(
                Math.min(settings.suspectAfterMs(), (long) BROKEN_HEARTBEATS * settings.heartbeatMs()));
    }

    /**
     * An owner that stood still for less was not replaced meanwhile: its last heartbeat may be as old as the time between two
     * when the standstill begins.
     */
    public static long harmlessStandstillNanos(GatewayConfig.Tunnel settings) {
        return shortestSuspicionNanos(settings) - TimeUnit.MILLISECONDS.toNanos(settings.heartbeatMs());
    }

    /** Something came that only the living peer can have sent. Any thread. */
    public void heard(long nanoTime) {
        lastHeardNanos.accumulateAndGet(nanoTime, Math::max);
    }

    /** The tunnel came up or went down. */
    public void tunnel(Tunnel changed, long nowNanos) {
        if (tunnelUp() && changed != Tunnel.UP) {
            tunnelDownNanos = nowNanos;
        }
        tunnel = changed;
    }

    /** Looks once per duty cycle. */
    public Change look(long nowNanos) {
        long heard = lastHeardNanos.get();
        if (heard != seenHeardNanos) {
            seenHeardNanos = heard;
            long silence = detector.heard(nowNanos);
            if (everHeard && up) {
                longestSilenceNanos = Math.max(longestSilenceNanos, silence);
            }
            everHeard = true;
        }
        boolean seemsSilent = detector.suspected(nowNanos)
                || (everHeard && tunnel == Tunnel.BROKEN && detector.silenceNanos() > brokenNanos);
        asking &= seemsSilent;
        boolean silent = seemsSilent && everythingRead();
        boolean cutOff = !tunnelUp() && nowNanos - tunnelDownNanos > TUNNEL_PATIENCE_NANOS;
        boolean lost = silent || cutOff;
        if ((up || !told) && lost) {
            up = false;
            told = true;
            if (silent) {
                silentSuspicions++;
            } else {
                cutOffSuspicions++;
            }
            return Change.LOST;
        }
        if (!up && !lost && tunnelUp() && everHeard) {
            up = true;
            told = true;
            return Change.BACK;
        }
        return Change.NONE;
    }

    /** Whether the peer is still silent when everything was read that had come before it was found so. */
    private boolean everythingRead() {
        if (!asking) {
            asking = true;
            long question = ++asked;
            reading.accept(() -> read.accumulateAndGet(question, Math::max));
        }
        return read.get() == asked && lastHeardNanos.get() == seenHeardNanos;
    }

    /** What speaks for a suspicion, in words. */
    public String explain() {
        return detector.explain();
    }

    /** Whether it was heard of late and is reachable by the tunnel. */
    public boolean up() {
        return up;
    }

    /** Whether the tunnel is up. */
    public boolean tunnelUp() {
        return tunnel == Tunnel.UP;
    }

    /** How long the peer has been silent while somebody watched. */
    public long silenceNanos() {
        return detector.silenceNanos();
    }

    /** The longest silence that the peer broke before it was suspected. */
    public long longestSilenceNanos() {
        return longestSilenceNanos;
    }

    /** The silence after which the peer is suspected now. */
    public long suspectAfterNanos() {
        return detector.limitNanos();
    }

    /** How often the peer was suspected because it was silent. */
    public long silentSuspicions() {
        return silentSuspicions;
    }

    /** How often it was suspected because the tunnel stayed down while it was heard. */
    public long cutOffSuspicions() {
        return cutOffSuspicions;
    }

    /** The monotonic time at which the peer was heard last; 0 if never. */
    public long lastHeardNanos() {
        return seenHeardNanos;
    }
}
