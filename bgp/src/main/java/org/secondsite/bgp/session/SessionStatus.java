package org.secondsite.bgp.session;

import java.net.InetAddress;
import java.util.Map;
import java.util.Optional;
import org.secondsite.bgp.fsm.Negotiated;
import org.secondsite.bgp.fsm.State;
import org.secondsite.bgp.rib.RouteRefusal;
import org.secondsite.bgp.wire.Treatment;

/**
 * A picture of one session.
 *
 * @param peer the neighbour
 * @param state the state of the connection that is further on
 * @param terms what was negotiated, while the session stands
 * @param failedAttempts sessions and attempts that failed since the start (ConnectRetryCounter)
 * @param sentPrefixes prefixes that the neighbour has been told
 * @param pendingPrefixes prefixes that it still has to be told
 * @param receivedRoutes routes that it announced
 * @param refusedRoutes how many announced routes a rule kept out since the start, by the rule
 * @param faultyUpdates how many UPDATE messages since the start had a fault, by the strongest thing that it did (RFC 7606 §2)
 * @param unexportableRoutes routes that are desired but cannot be announced to it
 * @param upNanos for how long the session stands; 0 if it does not
 * @param messages what was sent and received
 */
public record SessionStatus(
        InetAddress peer,
        State state,
        Optional<Negotiated> terms,
        int failedAttempts,
        int sentPrefixes,
        int pendingPrefixes,
        int receivedRoutes,
        Map<RouteRefusal, Long> refusedRoutes,
        Map<Treatment, Long> faultyUpdates,
        int unexportableRoutes,
        long upNanos,
        MessageCounts messages) {
    /** Copies the maps. */
    public SessionStatus {
        refusedRoutes = Map.copyOf(refusedRoutes);
        faultyUpdates = Map.copyOf(faultyUpdates);
    }

    /** The same with what the owner of its connections knows. */
    public SessionStatus with(long standsForNanos, MessageCounts counted) {
        return new SessionStatus(
                peer,
                state,
                terms,
                failedAttempts,
                sentPrefixes,
                pendingPrefixes,
                receivedRoutes,
                refusedRoutes,
                faultyUpdates,
                unexportableRoutes,
                standsForNanos,
                counted);
    }
}
