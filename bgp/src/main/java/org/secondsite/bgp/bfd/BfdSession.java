package org.secondsite.bgp.bfd;

import java.util.ArrayList;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;
import java.util.OptionalLong;
import java.util.concurrent.TimeUnit;
import java.util.random.RandomGenerator;

/**
 * One session in asynchronous mode, active role (RFC 5880 §6).
 *
 * <p>While it is not Up it sends once a second at most (§6.8.3); when it comes Up the configured pace is announced in a
 * poll sequence. The peer is down when nothing came for its multiplier times the larger of its pace and ours to receive
 * (§6.8.4).
 *
 * <p>Not thread-safe: one thread owns it. Times are nanoseconds of a monotonic clock.
 */
public final class BfdSession {
    /** §6.8.3: not faster than this unless Up. */
    private static final long SLOW_TX_US = TimeUnit.SECONDS.toMicros(1);

    /** State × received state (§6.2, §6.8.6); a pair without an entry changes nothing. AdminDown is left by hand only. */
    private static final Map<BfdState, Map<BfdState, BfdState>> TABLE = Map.of(
            BfdState.DOWN, new EnumMap<>(Map.of(BfdState.DOWN, BfdState.INIT, BfdState.INIT, BfdState.UP)),
            BfdState.INIT,
                    new EnumMap<>(Map.of(
                            BfdState.ADMIN_DOWN, BfdState.DOWN,
                            BfdState.INIT, BfdState.UP,
                            BfdState.UP, BfdState.UP)),
            BfdState.UP, new EnumMap<>(Map.of(BfdState.ADMIN_DOWN, BfdState.DOWN, BfdState.DOWN, BfdState.DOWN)),
            BfdState.ADMIN_DOWN, Map.of());

    private final int localDiscriminator;
    private final BfdSettings settings;
    private final RandomGenerator jitter;
    private List<BfdAction> actions = new ArrayList<>();
    private BfdState state = BfdState.DOWN;
    private BfdDiagnostic diagnostic = BfdDiagnostic.NONE;
    private boolean polling;
    private int remoteDiscriminator;
    private long remoteMinRxUs = 1; // §6.8.1: initially 1
    private long remoteMinTxUs;
    private int remoteMultiplier;
    private OptionalLong detectDeadlineNanos = OptionalLong.empty();
    private long nextSendNanos;

    /**
     * A session that begins to send at once.
     *
     * @param localDiscriminator our number for it: unique here, not 0, not guessable
     */
    public BfdSession(int localDiscriminator, BfdSettings settings, RandomGenerator jitter, long nowNanos) {
        if (localDiscriminator == 0) {
            throw new IllegalArgumentException("discriminator 0 means unknown");
        }
        this.localDiscriminator = localDiscriminator;
        this.settings = settings;
        this.jitter = jitter;
        this.nextSendNanos = nowNanos;
    }

    /** The state now. */
    public BfdState state() {
        return state;
    }

    /** Our number for the session. */
    public int localDiscriminator() {
        return localDiscriminator;
    }

    /** A packet of the peer, found by our discriminator or, if it does not know that yet, by its address. */
    public List<BfdAction> received(BfdPacket packet, long nowNanos) {
        if (packet.yourDiscriminator() != 0 && packet.yourDiscriminator() != localDiscriminator) {
            return List.of();
        }
        long paceBefore = sendIntervalUs();
        remoteDiscriminator = packet.myDiscriminator();
        remoteMinRxUs = packet.requiredMinRxUs();
        remoteMinTxUs = packet.desiredMinTxUs();
        remoteMultiplier = packet.detectMultiplier();
        if (packet.fin()) {
            polling = false;
        }
        BfdState next = TABLE.get(state).get(packet.state());
        if (next != null) {
            BfdDiagnostic why = next == BfdState.DOWN ? BfdDiagnostic.NEIGHBOR_SIGNALED_SESSION_DOWN : diagnostic;
            transition(
                    next,
                    why,
                    packet.state() == BfdState.ADMIN_DOWN,
                    "peer says " + packet.state() + ", " + packet.diagnostic().text());
        }
        restartDetection(nowNanos);
        if (packet.poll()) {
            actions.add(new BfdAction.Send(packet(true))); // §6.8.7: at once, whatever the pace
        }
        if (sendIntervalUs() < paceBefore || next != null) {
            // A faster pace, or news, is not kept back by the timer of the slower one.
            nextSendNanos = Math.min(nextSendNanos, nowNanos);
        }
        return taken();
    }

    /** Sends and detects what is due. */
    public List<BfdAction> tick(long nowNanos) {
        if (isOverdue(nowNanos)) {
            detectDeadlineNanos = OptionalLong.empty();
            if (state == BfdState.INIT || state == BfdState.UP) {
                transition(BfdState.DOWN, BfdDiagnostic.CONTROL_DETECTION_TIME_EXPIRED, false, "nothing heard in time");
                nextSendNanos = nowNanos;
            }
            remoteDiscriminator = 0; // §6.8.1: a peer that was silent for a detection time may have restarted
        }
        if (nowNanos - nextSendNanos >= 0 && remoteMinRxUs != 0) {
            actions.add(new BfdAction.Send(packet(false)));
            nextSendNanos = nowNanos + jittered(sendIntervalUs());
        }
        return taken();
    }

    /** Whether {@link #tick} would find that nothing was heard of the peer in time. */
    public boolean isOverdue(long nowNanos) {
        return detectDeadlineNanos.isPresent() && nowNanos - detectDeadlineNanos.getAsLong() >= 0;
    }

    /** Takes the session down on purpose; the peer shall not read a failure into it (§6.8.16). */
    public List<BfdAction> shutDown() {
        transition(BfdState.ADMIN_DOWN, BfdDiagnostic.ADMINISTRATIVELY_DOWN, true, "shut down");
        actions.add(new BfdAction.Send(packet(false)));
        return taken();
    }

    /** How long until {@link #tick} has something to do. */
    public long untilNextNanos(long nowNanos) {
        long until = remoteMinRxUs == 0 ? TimeUnit.SECONDS.toNanos(1) : nextSendNanos - nowNanos;
        if (detectDeadlineNanos.isPresent()) {
            until = Math.min(until, detectDeadlineNanos.getAsLong() - nowNanos);
        }
        return Math.max(0, until);
    }

    /** After how long a silence the peer is down, 0 while nothing was heard of it. */
    public long detectionTimeUs() {
        return remoteMultiplier * Math.max(settings.requiredMinRxUs(), remoteMinTxUs);
    }

    private void restartDetection(long nowNanos) {
        detectDeadlineNanos = OptionalLong.of(nowNanos + TimeUnit.MICROSECONDS.toNanos(detectionTimeUs()));
    }

    private void transition(BfdState next, BfdDiagnostic why, boolean onPurpose, String reason) {
        if (next == state) {
            return;
        }
        BfdState previous = state;
        state = next;
        diagnostic = next == BfdState.UP ? BfdDiagnostic.NONE : why;
        polling = next == BfdState.UP; // the pace changes from slow to configured: §6.8.3 asks for a poll sequence
        actions.add(new BfdAction.Changed(previous, next, diagnostic, onPurpose, reason));
    }

    private BfdPacket packet(boolean fin) {
        return new BfdPacket(
                state,
                diagnostic,
                polling && !fin, // §6.5: never both
                fin,
                false,
                settings.detectMultiplier(),
                localDiscriminator,
                remoteDiscriminator,
                desiredMinTxUs(),
                settings.requiredMinRxUs());
    }

    private long desiredMinTxUs() {
        return state == BfdState.UP ? settings.desiredMinTxUs() : Math.max(SLOW_TX_US, settings.desiredMinTxUs());
    }

    private long sendIntervalUs() {
        return Math.max(desiredMinTxUs(), remoteMinRxUs);
    }

    /** §6.8.7: 75% to 100%, and with a multiplier of 1 no more than 90%. */
    private long jittered(long us) {
        double least = 0.75;
        double most = settings.detectMultiplier() == 1 ? 0.9 : 1.0;
        return (long) (TimeUnit.MICROSECONDS.toNanos(us) * (least + (most - least) * jitter.nextDouble()));
    }

    private List<BfdAction> taken() {
        List<BfdAction> taken = List.copyOf(actions);
        actions = new ArrayList<>();
        return taken;
    }
}
