package org.secondsite.bgp.mrt;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import java.net.Inet4Address;
import java.net.InetAddress;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.TimeUnit;
import org.secondsite.bgp.fsm.State;
import org.secondsite.bgp.rib.ReceivedRoute;
import org.secondsite.bgp.rib.ReceivedUpdate;
import org.secondsite.bgp.wire.AddressFamily;
import org.secondsite.bgp.wire.MessageEncoder;
import org.secondsite.bgp.wire.Nlri;
import org.secondsite.bgp.wire.PathAttribute;
import org.secondsite.bgp.wire.PathAttributes;
import org.secondsite.bgp.wire.SessionTraits;
import org.secondsite.bgp.wire.UpdateMessage;

/**
 * Writes what became of a neighbour's messages as MRT records (RFC 6396 §4.4), which {@code bgpdump} and others read. A route that was kept
 * out is not in them, and one that was treated as withdrawn is a withdrawal: a reader sees the routes that stand.
 *
 * <pre>
 *  0               4       6       8               12                       12: peer AS, local AS, interface index (0), AFI,
 * +---------------+-------+-------+---------------+---------------------        peer address, local address, then a BGP
 * | seconds       | 16    |subtype| octets behind | ...                         message, or two states of 16 bits
 * +---------------+-------+-------+---------------+---------------------
 * </pre>
 */
public final class MrtRecords {
    private static final int BGP4MP = 16;
    private static final int MESSAGE_AS4 = 4;
    private static final int STATE_CHANGE_AS4 = 5;
    /** RFC 8050 §3. */
    private static final int MESSAGE_AS4_ADDPATH = 9;

    private static final int ENDS_OCTETS = 12;
    private static final int AFI_IPV4 = 1;
    private static final int AFI_IPV6 = 2;

    private MrtRecords() {}

    /** The two ends of a session. */
    public record Ends(long peerAs, long localAs, InetAddress peer, InetAddress local) {}

    /** Appends the records of an UPDATE: one for each family and next hop, as the message did not have to be. */
    public static void update(Ends ends, ReceivedUpdate update, long wallMs, ByteBuf out) {
        for (UpdateMessage message : messages(update)) {
            boolean paths = hasPaths(message);
            Set<AddressFamily> families = new LinkedHashSet<>();
            message.reachable().forEach(nlri -> families.add(nlri.family()));
            message.unreachable().forEach(nlri -> families.add(nlri.family()));
            SessionTraits traits = new SessionTraits(true, true, true, families, paths ? families : Set.of())
                    .withAddPathSend(paths ? families : Set.of())
                    .withExtendedNextHop(families);
            ByteBuf octets = Unpooled.buffer();
            MessageEncoder.encode(message, traits, octets);
            head(paths ? MESSAGE_AS4_ADDPATH : MESSAGE_AS4, ends, octets.readableBytes(), wallMs, out);
            out.writeBytes(octets);
            octets.release();
        }
    }

    /** Appends the record of a connection's change of state. */
    public static void state(Ends ends, State from, State to, long wallMs, ByteBuf out) {
        head(STATE_CHANGE_AS4, ends, 2 * Short.BYTES, wallMs, out);
        out.writeShort(code(from)).writeShort(code(to));
    }

    /** RFC 6396 §4.4.1. */
    private static int code(State state) {
        return switch (state) {
            case IDLE -> 1;
            case CONNECT -> 2;
            case ACTIVE -> 3;
            case OPEN_SENT -> 4;
            case OPEN_CONFIRM -> 5;
            case ESTABLISHED -> 6;
        };
    }

    private static void head(int subtype, Ends ends, int bodyOctets, long wallMs, ByteBuf out) {
        boolean ipv4 = ends.peer() instanceof Inet4Address;
        byte[] peer = ends.peer().getAddress();
        // Both are of one version in a session; where ours is not known, it is unspecified.
        byte[] local =
                ends.local().getClass() == ends.peer().getClass() ? ends.local().getAddress() : new byte[peer.length];
        out.writeInt((int) TimeUnit.MILLISECONDS.toSeconds(wallMs));
        out.writeShort(BGP4MP).writeShort(subtype);
        out.writeInt(ENDS_OCTETS + 2 * peer.length + bodyOctets);
        out.writeInt((int) ends.peerAs()).writeInt((int) ends.localAs());
        out.writeShort(0).writeShort(ipv4 ? AFI_IPV4 : AFI_IPV6);
        out.writeBytes(peer).writeBytes(local);
    }

    private static boolean hasPaths(UpdateMessage message) {
        return message.reachable().stream().anyMatch(MrtRecords::hasPath)
                || message.unreachable().stream().anyMatch(MrtRecords::hasPath);
    }

    private static boolean hasPath(Nlri nlri) {
        return nlri instanceof Nlri.Unicast unicast && unicast.hasPath();
    }

    private record Way(AddressFamily family, Optional<InetAddress> nextHop, PathAttributes attributes) {}

    private static List<UpdateMessage> messages(ReceivedUpdate update) {
        List<UpdateMessage> messages = new ArrayList<>();
        update.endOfRib().ifPresent(family -> messages.add(UpdateMessage.endOfRib(family)));
        Map<AddressFamily, List<Nlri>> gone = new LinkedHashMap<>();
        update.withdrawn().forEach(nlri -> gone.computeIfAbsent(nlri.family(), _ -> new ArrayList<>())
                .add(nlri));
        gone.forEach((family, routes) -> messages.add(withdrawal(family, routes)));
        Map<Way, List<Nlri>> ways = new LinkedHashMap<>();
        for (ReceivedRoute route : update.announced()) {
            ways.computeIfAbsent(
                            new Way(route.nlri().family(), route.nextHop(), route.attributes()), _ -> new ArrayList<>())
                    .add(route.nlri());
        }
        ways.forEach((way, routes) -> messages.add(announcement(way, routes)));
        return messages;
    }

    private static UpdateMessage withdrawal(AddressFamily family, List<Nlri> routes) {
        return family.equals(AddressFamily.IPV4_UNICAST)
                ? new UpdateMessage(routes, PathAttributes.NONE, List.of())
                : new UpdateMessage(
                        List.of(), PathAttributes.of(new PathAttribute.MpUnreach(family, routes)), List.of());
    }

    private static UpdateMessage announcement(Way way, List<Nlri> routes) {
        List<PathAttribute> attributes = new ArrayList<>(way.attributes().asList());
        if (way.family().equals(AddressFamily.IPV4_UNICAST) && way.nextHop().orElse(null) instanceof Inet4Address hop) {
            attributes.add(new PathAttribute.NextHop(hop));
            return new UpdateMessage(List.of(), PathAttributes.of(attributes), routes);
        }
        attributes.add(new PathAttribute.MpReach(way.family(), way.nextHop(), Optional.empty(), routes));
        return new UpdateMessage(List.of(), PathAttributes.of(attributes), List.of());
    }
}
