package org.secondsite.bgp.session;

import java.net.Inet4Address;
import java.net.Inet6Address;
import java.net.InetAddress;
import java.util.HashSet;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.Set;
import org.secondsite.bgp.fsm.Negotiated;
import org.secondsite.bgp.fsm.Side;
import org.secondsite.bgp.rib.Exporter;
import org.secondsite.bgp.rib.Importer;

/**
 * A session that stands, and what follows from it for routes in both directions.
 *
 * @param side the connection that it is on
 * @param self our address in it
 * @param terms what was agreed on
 */
record Ends(Side side, InetAddress self, Negotiated terms) {
    /** How routes are told. */
    Exporter exporter(long localAs, NeighborSettings settings, boolean retiring) {
        Optional<InetAddress> other = settings.options().otherSelf();
        return new Exporter(
                localAs,
                terms.traits().external(),
                Optional.of(self)
                        .filter(Inet4Address.class::isInstance)
                        .or(() -> other)
                        .filter(Inet4Address.class::isInstance)
                        .map(Inet4Address.class::cast),
                Optional.of(self)
                        .filter(Inet6Address.class::isInstance)
                        .or(() -> other)
                        .filter(Inet6Address.class::isInstance)
                        .map(Inet6Address.class::cast),
                terms.traits().extendedNextHop(),
                retiring);
    }

    /** How routes are taken. */
    Importer importer(long localAs, SpeakerSettings speaker, NeighborSettings settings) {
        Set<InetAddress> own = new HashSet<>(Set.of(self));
        settings.options().otherSelf().ifPresent(own::add);
        return new Importer(
                localAs,
                Optional.of(speaker.routerId()),
                terms.traits().external() ? OptionalLong.of(settings.remoteAs()) : OptionalLong.empty(),
                own,
                settings.address().isLoopbackAddress());
    }
}
