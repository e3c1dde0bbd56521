package org.secondsite.bgp.exabgp;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.ByteBufUtil;
import io.netty.buffer.Unpooled;
import java.net.Inet4Address;
import java.net.Inet6Address;
import java.net.InetAddress;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.Set;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.secondsite.bgp.rib.AdjRibOut;
import org.secondsite.bgp.rib.Exporter;
import org.secondsite.bgp.rib.Importer;
import org.secondsite.bgp.rib.ReceivedUpdate;
import org.secondsite.bgp.rib.RouteAttributes;
import org.secondsite.bgp.wire.AddressFamily;
import org.secondsite.bgp.wire.Decoded;
import org.secondsite.bgp.wire.MessageDecoder;
import org.secondsite.bgp.wire.MessageEncoder;
import org.secondsite.bgp.wire.Nlri;
import org.secondsite.bgp.wire.Prefix;
import org.secondsite.bgp.wire.SessionTraits;
import org.secondsite.bgp.wire.UpdateMessage;

/**
 * Messages between hex and text as in a session, but without one: {@code secondsite bgp decode} and {@code encode}. What a
 * message means and what a command makes is decided by the same code as in a session.
 *
 * @param localAs our AS; 0: not known
 * @param peerAs the peer's AS; empty: some other than ours
 * @param twoOctetAs whether the session has AS numbers of two octets
 * @param addPath whether prefixes have path identifiers, both ways
 * @param asSets whether routes with AS sets are taken
 * @param families that the session has
 * @param ipv4Self our end of the session, and next hop self of IPv4 routes
 * @param ipv6Self the same of IPv6; without either a decoded route with a loopback next hop is shown as in a session within a host, and
 *     beside it that another session would refuse it
 */
public record MessageText(
        long localAs,
        OptionalLong peerAs,
        boolean twoOctetAs,
        boolean addPath,
        boolean asSets,
        Set<AddressFamily> families,
        Optional<Inet4Address> ipv4Self,
        Optional<Inet6Address> ipv6Self) {
    /** Families whose routes are read, and those that are shown as octets: of IP, layer 2, link state and opaque, whatever the SAFI. */
    public static final Set<AddressFamily> ALL_FAMILIES = IntStream.of(1, 2, 25, 16_388, 16_397)
            .boxed()
            .flatMap(afi -> IntStream.rangeClosed(1, 255).mapToObj(safi -> new AddressFamily(afi, safi)))
            .collect(Collectors.toUnmodifiableSet());

    private static final Set<AddressFamily> EITHER_NEXT_HOP =
            Set.of(AddressFamily.IPV4_UNICAST, AddressFamily.IPV6_UNICAST);

    /** Copies the set. */
    public MessageText {
        families = Set.copyOf(families);
    }

    /** With an external peer, everything understood. */
    public static MessageText ofExternalSession(long localAs) {
        return new MessageText(
                localAs, OptionalLong.empty(), false, false, false, ALL_FAMILIES, Optional.empty(), Optional.empty());
    }

    private boolean external() {
        return peerAs.isEmpty() || peerAs.getAsLong() != localAs;
    }

    private SessionTraits traits(boolean extendedMessages) {
        Set<AddressFamily> paths = addPath ? families : Set.of();
        return new SessionTraits(
                external(), !twoOctetAs, extendedMessages, asSets, families, paths, paths, EITHER_NEXT_HOP);
    }

    /** What is in a message of hex digits, in JSON of ExaBGP 4.2; blanks and colons between them are ignored. */
    public String decode(String hex) {
        return decode(hex, EventJson.Form.FOUR);
    }

    /** The same in JSON of some form. */
    public String decode(String hex, EventJson.Form form) {
        ByteBuf in;
        try {
            in = Unpooled.wrappedBuffer(ByteBufUtil.decodeHexDump(hex.replaceAll("[\\s:]|^0[xX]", "")));
        } catch (IllegalArgumentException e) {
            return JsonText.of(Map.of("error", "not hex: " + e.getMessage()));
        }
        SessionTraits traits = traits(true);
        List<String> lines = new ArrayList<>();
        while (in.isReadable()) {
            Decoded decoded = MessageDecoder.decode(in, traits);
            lines.add(JsonText.of(asMap(decoded, in.readableBytes(), form)));
            if (!(decoded instanceof Decoded.Message)) {
                break;
            }
        }
        return String.join("\n", lines);
    }

    private Map<String, Object> asMap(Decoded decoded, int octets, EventJson.Form form) {
        Map<String, Object> map = new LinkedHashMap<>();
        switch (decoded) {
            case Decoded.NeedMore(int needed) ->
                map.put("error", "the message is cut: " + octets + " of " + needed + " octets");
            case Decoded.Reset reset -> {
                map.put("error", reset.reason());
                map.put("notification", reset.notification().toString());
            }
            case Decoded.Message message
            when message.message() instanceof UpdateMessage body -> {
                ReceivedUpdate update = importer(!isBetweenHosts()).judge(message, body);
                map.put("type", "update");
                map.put("message", EventJson.message(update, form));
                if (!update.faults().isEmpty()) {
                    map.put("faults", EventJson.faults(update));
                }
                putRefusals(map, "refused", update);
                if (ends().isEmpty()) {
                    putRefusals(map, "refused-between-hosts", importer(false).judge(message, body));
                }
            }
            case Decoded.Message message -> map.put("message", message.message().toString());
        }
        return map;
    }

    private static void putRefusals(Map<String, Object> map, String name, ReceivedUpdate update) {
        if (!update.refused().isEmpty()) {
            Map<String, Object> refused = new LinkedHashMap<>();
            update.refused().forEach((nlri, reason) -> refused.put(AddressText.of(nlri), reason.text()));
            map.put(name, refused);
        }
    }

    /** Our own addresses, where they are known. */
    private List<InetAddress> ends() {
        return Stream.<Optional<? extends InetAddress>>of(ipv4Self, ipv6Self)
                .<InetAddress>flatMap(Optional::stream)
                .toList();
    }

    /** Whether it is known that a loopback next hop leads nowhere. */
    private boolean isBetweenHosts() {
        return !ends().isEmpty() && ends().stream().noneMatch(InetAddress::isLoopbackAddress);
    }

    /** What depends on who the other end is is not judged, such as a loop: the message may have been written by either. */
    private static Importer importer(boolean samePeerHost) {
        return new Importer(0, Optional.empty(), OptionalLong.empty(), Set.of(), samePeerHost);
    }

    /**
     * The messages, as hex, that an {@code announce} or {@code withdraw} makes; of {@code attributes …} alone one without a prefix.
     *
     * @throws IllegalArgumentException if it is neither, or the route cannot be announced in such a session
     */
    public List<String> encode(String command) {
        SessionTraits traits = traits(false);
        Exporter exporter = new Exporter(localAs, external(), ipv4Self, ipv6Self, EITHER_NEXT_HOP, false);
        AdjRibOut rib = new AdjRibOut(exporter, traits);
        Optional<RouteAttributes> alone = CommandParser.attributesAlone(command);
        if (alone.isPresent()) {
            rib.mark(new UpdateMessage(List.of(), exporter.withoutNextHop(alone.get()), List.of()));
            return drain(rib, traits);
        }
        switch (CommandParser.parse(command)) {
            case ApiCommand.Announce(NeighborFilter _, List<ApiCommand.Route> routes) ->
                routes.forEach(route -> {
                    requireSelf(route);
                    rib.announce(route.nlri(), route.attributes());
                });
            case ApiCommand.Withdraw(NeighborFilter _, List<Nlri> routes) -> {
                // Withdrawals are of what was announced: do that first, unseen.
                routes.forEach(nlri -> rib.announce(nlri, anyRoute(nlri)));
                drain(rib, traits);
                routes.forEach(rib::withdraw);
            }
            case ApiCommand.EndOfRib(NeighborFilter _, AddressFamily family) ->
                rib.mark(UpdateMessage.endOfRib(family));
            case ApiCommand.Fault(String reason) -> throw new IllegalArgumentException(reason);
            default -> throw new IllegalArgumentException("only announce and withdraw make messages");
        }
        if (!rib.unexportable().isEmpty()) {
            throw new IllegalArgumentException("no next hop for " + rib.unexportable());
        }
        return drain(rib, traits);
    }

    /** Without a session nothing says that an IPv4 address of ours would do for IPv6 routes. */
    private void requireSelf(ApiCommand.Route route) {
        boolean ofIpv6 = route.nlri().family().equals(AddressFamily.IPV6_UNICAST);
        if (ofIpv6 && route.attributes().nextHop().isEmpty() && ipv6Self.isEmpty()) {
            throw new IllegalArgumentException("no next hop for " + route.nlri());
        }
    }

    private static RouteAttributes anyRoute(Nlri nlri) {
        return RouteAttributes.PLAIN.withNextHop(
                Prefix.parseAddress(nlri.family().afi() == 1 ? "127.0.0.1" : "::1"));
    }

    private static List<String> drain(AdjRibOut rib, SessionTraits traits) {
        List<String> messages = new ArrayList<>();
        Optional<AdjRibOut.Outgoing> next = rib.next();
        while (next.isPresent()) {
            ByteBuf out = Unpooled.buffer();
            MessageEncoder.encode(next.get().message(), traits, out);
            messages.add(ByteBufUtil.hexDump(out));
            next = rib.next();
        }
        return messages;
    }
}
