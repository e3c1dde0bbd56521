package org.secondsite.bgp.session;

import java.util.EnumSet;
import java.util.HashSet;
import java.util.List;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.Set;
import java.util.concurrent.TimeUnit;
import org.secondsite.bgp.fsm.Event;
import org.secondsite.bgp.fsm.Negotiated;
import org.secondsite.bgp.rib.AdjRibIn;
import org.secondsite.bgp.wire.AddressFamily;
import org.secondsite.bgp.wire.BgpError;
import org.secondsite.bgp.wire.Capability;
import org.secondsite.bgp.wire.NotificationMessage;

/**
 * Keeps the routes of a peer that restarts (RFC 4724 §4.2): when its connection breaks without a word, and both ends have said so in
 * their OPEN, its routes stay as stale ones for the time that it asked for. When it is back, those of families whose
 * forwarding it did not preserve go at once, and others when its End-of-RIB has come and they have not.
 *
 * <p>A NOTIFICATION, silence for the hold time and a path that BFD calls dead are no restarts, unless both ends have said that they
 * are (RFC 8538 §4): then only a Hard Reset is none, in which what ends a session for good is wrapped. Not thread-safe.
 */
final class PeerRestart {
    /** No peer takes longer to send its routes. */
    private static final long MAX_STALE_SECONDS = 360;

    /** Cease subcodes that end a session for longer than a moment (RFC 8538 §5.1), and a path that is dead (RFC 9384). */
    private static final Set<BgpError> FOR_GOOD = EnumSet.of(
            BgpError.MAXIMUM_NUMBER_OF_PREFIXES_REACHED,
            BgpError.ADMINISTRATIVE_SHUTDOWN,
            BgpError.PEER_DE_CONFIGURED,
            BgpError.BFD_DOWN);

    private OptionalLong deadlineNanos = OptionalLong.empty();
    private long staleSinceNanos;

    /** What the peer asked for, if we help. */
    private static Optional<Capability.GracefulRestart> asked(NeighborSettings settings, Negotiated terms) {
        boolean weHelp = restart(settings.options().offer().further()).isPresent();
        return restart(terms.peerOpen().capabilities()).filter(_ -> weHelp);
    }

    /** Whether the peer may restart and have its routes kept. */
    static boolean isAgreed(NeighborSettings settings, Negotiated terms) {
        return asked(settings, terms).isPresent();
    }

    private static Optional<Capability.GracefulRestart> restart(List<Capability> capabilities) {
        return capabilities.stream()
                .filter(Capability.GracefulRestart.class::isInstance)
                .map(Capability.GracefulRestart.class::cast)
                .findFirst();
    }

    /** Whether routes outlast a NOTIFICATION (RFC 8538 §4): the N bit is in both OPEN messages. */
    private static boolean outlastWords(NeighborSettings settings, Negotiated terms) {
        return asked(settings, terms)
                .filter(Capability.GracefulRestart::notification)
                .flatMap(_ -> restart(settings.options().offer().further()))
                .filter(Capability.GracefulRestart::notification)
                .isPresent();
    }

    /** What is said to the peer in place of the notification (RFC 8538 §3.1). */
    static NotificationMessage said(NeighborSettings settings, Negotiated terms, NotificationMessage word) {
        return outlastWords(settings, terms) && FOR_GOOD.stream().anyMatch(word::is) ? word.asHardReset() : word;
    }

    /**
     * Whether routes stay when a session ends so.
     *
     * @param word the NOTIFICATION that was sent or received
     */
    static boolean keeps(NeighborSettings settings, Negotiated terms, Event event, Optional<NotificationMessage> word) {
        boolean asks = asked(settings, terms)
                .filter(peer ->
                        peer.restartTimeSeconds() > 0 && !peer.families().isEmpty())
                .isPresent();
        boolean broken = event == Event.TCP_CONNECTION_FAILS && word.isEmpty();
        boolean told = word.isPresent() && !word.get().is(BgpError.HARD_RESET) && outlastWords(settings, terms);
        return asks && (broken || told);
    }

    /** The session has ended, and its routes stay; returns those that are gone nevertheless. */
    AdjRibIn.Changes lost(NeighborSettings settings, Negotiated terms, AdjRibIn rib, long nowNanos) {
        Capability.GracefulRestart peer = asked(settings, terms).orElseThrow();
        // RFC 8538 §4.1: what is stale already stays too, but not for ever.
        boolean again = deadlineNanos.isPresent() && outlastWords(settings, terms) && rib.hasStale();
        staleSinceNanos = again ? staleSinceNanos : nowNanos;
        long ends = nowNanos + TimeUnit.SECONDS.toNanos(peer.restartTimeSeconds());
        long last = staleSinceNanos + TimeUnit.SECONDS.toNanos(MAX_STALE_SECONDS);
        deadlineNanos = OptionalLong.of(again && ends - last > 0 ? last : ends);
        Set<AddressFamily> families = new HashSet<>();
        peer.families().forEach(preserved -> families.add(preserved.family()));
        AdjRibIn.Changes older = again ? AdjRibIn.Changes.NONE : rib.dropStale(_ -> true);
        return older.and(rib.keepStale(families));
    }

    /** The session is back; returns the routes that are gone. */
    AdjRibIn.Changes resumed(NeighborSettings settings, Negotiated terms, AdjRibIn rib, long nowNanos) {
        if (deadlineNanos.isEmpty()) {
            return AdjRibIn.Changes.NONE;
        }
        long since = outlastWords(settings, terms) ? staleSinceNanos : nowNanos;
        deadlineNanos = OptionalLong.of(since + TimeUnit.SECONDS.toNanos(MAX_STALE_SECONDS));
        Set<AddressFamily> preserved = new HashSet<>();
        asked(settings, terms).ifPresent(peer -> peer.families().stream()
                .filter(Capability.GracefulRestart.PreservedFamily::forwardingPreserved)
                .forEach(family -> preserved.add(family.family())));
        return rib.dropStale(family -> !preserved.contains(family));
    }

    /** All routes of the family were sent; returns those that are gone. */
    AdjRibIn.Changes endOfRib(AddressFamily family, AdjRibIn rib) {
        return deadlineNanos.isEmpty() ? AdjRibIn.Changes.NONE : rib.dropStale(family::equals);
    }

    /** Whether nothing is kept any longer. */
    boolean isOver(long nowNanos) {
        return deadlineNanos.isPresent() && nowNanos - deadlineNanos.getAsLong() >= 0;
    }

    /** What is stale is gone. */
    AdjRibIn.Changes expire(AdjRibIn rib) {
        forget();
        return rib.dropStale(_ -> true);
    }

    /** Nothing is kept. */
    void forget() {
        deadlineNanos = OptionalLong.empty();
    }

    /** How long until {@link #isOver}; far away when never. */
    long untilNanos(long nowNanos) {
        return deadlineNanos.isPresent() ? Math.max(0, deadlineNanos.getAsLong() - nowNanos) : Long.MAX_VALUE;
    }
}
