package org.secondsite.bgp.rib;

import java.net.Inet4Address;
import java.net.InetAddress;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.Set;
import org.secondsite.bgp.wire.AsPath;
import org.secondsite.bgp.wire.AttributeType;
import org.secondsite.bgp.wire.BgpError;
import org.secondsite.bgp.wire.Decoded;
import org.secondsite.bgp.wire.Fault;
import org.secondsite.bgp.wire.Nlri;
import org.secondsite.bgp.wire.PathAttribute;
import org.secondsite.bgp.wire.PathAttributes;
import org.secondsite.bgp.wire.Treatment;
import org.secondsite.bgp.wire.UpdateMessage;

/**
 * Makes of a decoded UPDATE what is to be done with it: the treatment of its faults (RFC 7606), and the rules of RFC 4271
 * that keep a route out though its message is sound.
 *
 * @param localAs our AS; a path with it is a loop
 * @param routerId our BGP identifier; a route that we originated is not taken back (RFC 4456 §8)
 * @param peerAs the AS that an external peer's paths must begin with; empty: not looked at
 * @param ownAddresses never a next hop
 * @param samePeerHost whether the peer is on this very host, where a loopback next hop means something
 */
public record Importer(
        long localAs,
        Optional<Inet4Address> routerId,
        OptionalLong peerAs,
        Set<InetAddress> ownAddresses,
        boolean samePeerHost) {
    private static final int IPV4_OCTETS = 4;
    private static final byte[] MAPPED_PREFIX = {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, -1, -1};
    private static final byte[] BROADCAST = {-1, -1, -1, -1};

    /** Copies the set. */
    public Importer {
        ownAddresses = Set.copyOf(ownAddresses);
    }

    /** Judges a message whose body is an {@link UpdateMessage}. */
    public ReceivedUpdate judge(Decoded.Message message, UpdateMessage update) {
        List<Fault> faults = new ArrayList<>(message.faults());
        firstAsFault(update).ifPresent(faults::add);
        Set<Nlri> withdrawn = new LinkedHashSet<>(update.unreachable());
        if (faults.stream().anyMatch(fault -> fault.treatment() == Treatment.TREAT_AS_WITHDRAW)) {
            withdrawn.addAll(update.reachable());
            return new ReceivedUpdate(
                    PathAttributes.NONE, List.of(), List.copyOf(withdrawn), Map.of(), Optional.empty(), faults);
        }
        PathAttributes attributes = update.attributes()
                .without(AttributeType.MP_REACH_NLRI, AttributeType.MP_UNREACH_NLRI, AttributeType.NEXT_HOP);
        Routes routes = new Routes(attributes);
        update.attributes()
                .get(PathAttribute.NextHop.class)
                .ifPresent(hop -> routes.add(update.announced(), Optional.of(hop.address())));
        update.attributes()
                .get(PathAttribute.MpReach.class)
                .ifPresent(reach -> routes.add(reach.nlri(), nextHop(reach)));
        // RFC 4271 §4.3: what a message both withdraws and announces is announced.
        routes.announced.forEach(route -> withdrawn.remove(route.nlri()));
        withdrawn.addAll(routes.refused.keySet());
        return new ReceivedUpdate(
                attributes, routes.announced, List.copyOf(withdrawn), routes.refused, message.endOfRib(), faults);
    }

    /** RFC 2545 §3: beside an unspecified global address the link-local one is what is meant. */
    private static Optional<InetAddress> nextHop(PathAttribute.MpReach reach) {
        Optional<InetAddress> global = reach.nextHop().map(InetAddress.class::cast);
        return global.filter(InetAddress::isAnyLocalAddress).isPresent()
                        && reach.linkLocal().isPresent()
                ? reach.linkLocal().map(InetAddress.class::cast)
                : global;
    }

    /** RFC 4271 §6.3: the leftmost AS is the peer's; by RFC 7606 §7.2 the routes are withdrawn if not. */
    private Optional<Fault> firstAsFault(UpdateMessage update) {
        Optional<AsPath> path = update.attributes().get(AsPath.class);
        if (peerAs.isEmpty() || path.isEmpty() || update.reachable().isEmpty()) {
            return Optional.empty();
        }
        List<Long> numbers = path.get().numbers();
        if (!numbers.isEmpty() && numbers.getFirst() == peerAs.getAsLong()) {
            return Optional.empty();
        }
        return Optional.of(new Fault(
                AttributeType.AS_PATH.code(),
                Treatment.TREAT_AS_WITHDRAW,
                BgpError.MALFORMED_AS_PATH,
                "the path does not begin with AS " + peerAs.getAsLong()));
    }

    /** The routes of one message. */
    private final class Routes {
        private final PathAttributes attributes;
        private final Optional<RouteRefusal> ofAll;
        private final List<ReceivedRoute> announced = new ArrayList<>();
        private final Map<Nlri, RouteRefusal> refused = new LinkedHashMap<>();

        Routes(PathAttributes attributes) {
            this.attributes = attributes;
            this.ofAll = refusal(attributes);
        }

        void add(List<Nlri> routes, Optional<InetAddress> nextHop) {
            Optional<RouteRefusal> refusal = ofAll.or(() -> nextHop.flatMap(Importer.this::refusal));
            for (Nlri nlri : routes) {
                if (refusal.isPresent()) {
                    refused.put(nlri, refusal.get());
                } else {
                    announced.add(new ReceivedRoute(nlri, nextHop, attributes));
                }
            }
        }
    }

    private Optional<RouteRefusal> refusal(PathAttributes attributes) {
        if (attributes.get(AsPath.class).orElse(AsPath.EMPTY).contains(localAs)) {
            return Optional.of(RouteRefusal.LOOP);
        }
        boolean ours = routerId.isPresent()
                && (attributes
                                .get(PathAttribute.OriginatorId.class)
                                .filter(id -> id.routerId().equals(routerId.get()))
                                .isPresent()
                        || attributes
                                .get(PathAttribute.ClusterList.class)
                                .filter(list -> list.clusters().contains(routerId.get()))
                                .isPresent());
        return ours ? Optional.of(RouteRefusal.REFLECTED) : Optional.empty();
    }

    private Optional<RouteRefusal> refusal(InetAddress nextHop) {
        if (ownAddresses.contains(nextHop)) {
            return Optional.of(RouteRefusal.OWN_NEXT_HOP);
        }
        byte[] octets = nextHop.getAddress();
        boolean impossible = isMapped(octets)
                ? isImpossible(Arrays.copyOfRange(octets, MAPPED_PREFIX.length, octets.length))
                : octets.length == IPV4_OCTETS
                        ? isImpossible(octets)
                        : nextHop.isAnyLocalAddress()
                                || (nextHop.isLoopbackAddress() && !samePeerHost)
                                || nextHop.isMulticastAddress();
        return impossible ? Optional.of(RouteRefusal.IMPOSSIBLE_NEXT_HOP) : Optional.empty();
    }

    /** Of IPv4: this network (RFC 1122 §3.2.1.3 a, b), loopback, multicast, broadcast. */
    private boolean isImpossible(byte[] ipv4) {
        int first = ipv4[0] & 0xff;
        return first == 0
                || (first == 127 && !samePeerHost)
                || (first >= 224 && first < 240)
                || Arrays.equals(ipv4, BROADCAST);
    }

    /** An IPv4 address within IPv6 (RFC 4291 §2.5.5.2), which leads where the IPv4 address does. */
    private static boolean isMapped(byte[] octets) {
        return octets.length > IPV4_OCTETS
                && Arrays.equals(octets, 0, MAPPED_PREFIX.length, MAPPED_PREFIX, 0, MAPPED_PREFIX.length);
    }
}
