package org.secondsite.bgp.fsm;

import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.stream.Collectors;
import org.secondsite.bgp.wire.AddressFamily;
import org.secondsite.bgp.wire.BgpError;
import org.secondsite.bgp.wire.Capability;
import org.secondsite.bgp.wire.NotificationMessage;
import org.secondsite.bgp.wire.Octets;
import org.secondsite.bgp.wire.OpenMessage;
import org.secondsite.bgp.wire.SessionTraits;

/** Our OPEN, and what follows from the peer's (RFC 4271 §4.2 and §6.2, RFC 5492). */
final class Negotiation {
    private static final int IPV6 = 2;

    private final FsmSettings settings;

    Negotiation(FsmSettings settings) {
        this.settings = settings;
    }

    /** The outcome of a peer's OPEN. */
    sealed interface Outcome {
        record Agreed(Negotiated terms) implements Outcome {}

        record Refused(NotificationMessage notification, String reason) implements Outcome {}
    }

    OpenMessage open() {
        Offer offer = settings.offer();
        List<Capability> capabilities = new ArrayList<>();
        offer.families().forEach(family -> capabilities.add(new Capability.Multiprotocol(family)));
        capabilities.add(new Capability.RouteRefresh());
        capabilities.add(new Capability.EnhancedRouteRefresh());
        if (offer.extendedMessages()) {
            capabilities.add(new Capability.ExtendedMessage());
        }
        if (offer.fourOctetAs()) {
            capabilities.add(new Capability.FourOctetAs(settings.localAs()));
        }
        List<Capability.AddPath.Direction> directions = offer.families().stream()
                .map(family -> new Capability.AddPath.Direction(family, addPathMode(family)))
                .filter(direction -> direction.mode() != 0)
                .toList();
        if (!directions.isEmpty()) {
            capabilities.add(new Capability.AddPath(directions));
        }
        List<AddressFamily> extendedNextHops = offer.families().stream()
                .filter(offer.extendedNextHops()::contains)
                .toList();
        if (!extendedNextHops.isEmpty()) {
            capabilities.add(new Capability.ExtendedNextHop(extendedNextHops));
        }
        capabilities.addAll(offer.further());
        int fieldAs = settings.localAs() > 0xffff ? OpenMessage.AS_TRANS : (int) settings.localAs();
        return new OpenMessage(fieldAs, settings.holdTimeSeconds(), settings.routerId(), capabilities);
    }

    private int addPathMode(AddressFamily family) {
        return (settings.offer().addPathReceive().contains(family) ? Capability.AddPath.RECEIVE : 0)
                | (settings.offer().addPathSend().contains(family) ? Capability.AddPath.SEND : 0);
    }

    Outcome judge(OpenMessage open) {
        if (open.as() != settings.remoteAs()) {
            return refused(BgpError.BAD_PEER_AS, "peer is of AS " + open.as() + ", expected " + settings.remoteAs());
        }
        boolean external = settings.remoteAs() != settings.localAs();
        if (!external && open.routerId().equals(settings.routerId())) {
            // RFC 6286 §2.1: within an AS the identifiers differ.
            return refused(BgpError.BAD_BGP_IDENTIFIER, "peer has our BGP identifier");
        }
        Set<AddressFamily> families = commonFamilies(open);
        if (families.isEmpty()) {
            Capability.Multiprotocol wanted =
                    new Capability.Multiprotocol(settings.offer().families().getFirst());
            // RFC 5492 §5: the data field lists the capabilities that are missing.
            Octets data = Octets.of(
                    1,
                    4,
                    wanted.family().afi() >>> 8,
                    wanted.family().afi(),
                    0,
                    wanted.family().safi());
            return new Outcome.Refused(
                    NotificationMessage.of(BgpError.UNSUPPORTED_CAPABILITY, data), "no address family in common");
        }
        SessionTraits traits = new SessionTraits(
                external,
                settings.offer().fourOctetAs()
                        && open.capability(Capability.FourOctetAs.class).isPresent(),
                settings.offer().extendedMessages()
                        && open.capability(Capability.ExtendedMessage.class).isPresent(),
                settings.offer().asSets(),
                families,
                addPath(open, Capability.AddPath.SEND, settings.offer().addPathReceive(), families),
                addPath(open, Capability.AddPath.RECEIVE, settings.offer().addPathSend(), families),
                extendedNextHop(open, families));
        return new Outcome.Agreed(new Negotiated(
                traits,
                Math.min(open.holdTimeSeconds(), settings.holdTimeSeconds()),
                open.capability(Capability.RouteRefresh.class).isPresent(),
                open.capability(Capability.EnhancedRouteRefresh.class).isPresent(),
                open));
    }

    /** RFC 4760 §8; a peer that names no family at all speaks IPv4 unicast. */
    private Set<AddressFamily> commonFamilies(OpenMessage open) {
        Set<AddressFamily> offered = open.capabilities().stream()
                .filter(Capability.Multiprotocol.class::isInstance)
                .map(capability -> ((Capability.Multiprotocol) capability).family())
                .collect(Collectors.toSet());
        if (offered.isEmpty()) {
            offered = Set.of(AddressFamily.IPV4_UNICAST);
        }
        return settings.offer().families().stream().filter(offered::contains).collect(Collectors.toSet());
    }

    /** The families in which the peer's mode has the bit, among those that we want it in. */
    private static Set<AddressFamily> addPath(
            OpenMessage open, int bit, Set<AddressFamily> wanted, Set<AddressFamily> families) {
        return open.capability(Capability.AddPath.class).stream()
                .flatMap(addPath -> addPath.directions().stream())
                .filter(direction -> (direction.mode() & bit) != 0)
                .map(Capability.AddPath.Direction::family)
                .filter(wanted::contains)
                .filter(families::contains)
                .collect(Collectors.toSet());
    }

    /**
     * RFC 8950 §4. No document has IPv6 routes with IPv4 next hops: ExaBGP sends and takes them as soon as the capability is in both
     * OPEN messages, whatever families it names.
     */
    private Set<AddressFamily> extendedNextHop(OpenMessage open, Set<AddressFamily> families) {
        Optional<Capability.ExtendedNextHop> its = open.capability(Capability.ExtendedNextHop.class);
        return settings.offer().extendedNextHops().stream()
                .filter(families::contains)
                .filter(family -> its.filter(
                                capability -> capability.families().contains(family) || family.afi() == IPV6)
                        .isPresent())
                .collect(Collectors.toSet());
    }

    private static Outcome refused(BgpError error, String reason) {
        return new Outcome.Refused(NotificationMessage.of(error), reason);
    }
}
