package org.secondsite.bgp.session;

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
import org.secondsite.bgp.wire.Capability;

/**
 * Keeps the routes of a peer that restarts (RFC 4724 §4.2): when its connection breaks without a word, and both ends have said so in
 * their OPEN, its routes stay as stale ones for the time that it asked for. When it is back, those of families whose
 * forwarding it did not preserve go at once, and others when its End-of-RIB has come and they have not.
 *
 * <p>A NOTIFICATION, silence for the hold time and a path that BFD calls dead are no restarts. Not thread-safe.
 */
final class PeerRestart {
    /** No peer takes longer to send its routes. */
    private static final long MAX_STALE_SECONDS = 360;

    private OptionalLong deadlineNanos = OptionalLong.empty();

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

    /**
     * The session has ended by the event.
     *
     * @return the routes that are gone nevertheless; empty: all are
     */
    Optional<AdjRibIn.Changes> lost(
            NeighborSettings settings, Negotiated terms, Event event, AdjRibIn rib, long nowNanos) {
        deadlineNanos = OptionalLong.empty();
        Optional<Capability.GracefulRestart> asked = asked(settings, terms)
                .filter(peer ->
                        peer.restartTimeSeconds() > 0 && !peer.families().isEmpty());
        if (event != Event.TCP_CONNECTION_FAILS || asked.isEmpty()) {
            return Optional.empty();
        }
        deadlineNanos =
                OptionalLong.of(nowNanos + TimeUnit.SECONDS.toNanos(asked.get().restartTimeSeconds()));
        Set<AddressFamily> families = new HashSet<>();
        asked.get().families().forEach(preserved -> families.add(preserved.family()));
        return Optional.of(rib.keepStale(families));
    }

    /** The session is back; returns the routes that are gone. */
    AdjRibIn.Changes resumed(NeighborSettings settings, Negotiated terms, AdjRibIn rib, long nowNanos) {
        if (deadlineNanos.isEmpty()) {
            return AdjRibIn.Changes.NONE;
        }
        deadlineNanos = OptionalLong.of(nowNanos + TimeUnit.SECONDS.toNanos(MAX_STALE_SECONDS));
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
