package org.secondsite.bgp.mrt;

import io.netty.buffer.ByteBuf;
import java.net.Inet4Address;
import java.net.Inet6Address;
import java.net.InetAddress;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.concurrent.TimeUnit;
import org.secondsite.bgp.rib.ReceivedRoute;
import org.secondsite.bgp.wire.AttributeEncoder;
import org.secondsite.bgp.wire.AttributeType;
import org.secondsite.bgp.wire.Nlri;
import org.secondsite.bgp.wire.PathAttribute;
import org.secondsite.bgp.wire.PathAttributes;
import org.secondsite.bgp.wire.Prefix;
import org.secondsite.bgp.wire.SessionTraits;

/**
 * What neighbours have announced at one moment, as a table dump (RFC 6396 §4.3 TABLE_DUMP_V2, with path identifiers RFC 8050 §4):
 * an index of the peers, and then a record for each prefix. Unicast only; the format has no room for filters.
 *
 * <pre>
 * index:  u32 our identifier, u16 length of the view's name, name, u16 count of peers, peers
 *         peer: u8 type (1: IPv6 address, 2: AS of four octets), u32 identifier, address, u32 AS
 * prefix: u32 number, u8 length, address octets, u16 count of entries, entries
 *         entry: u16 peer, u32 time, [u32 path identifier,] u16 octets of attributes, attributes
 * </pre>
 */
public final class MrtTable {
    private static final int TABLE_DUMP_V2 = 13;
    private static final int PEER_INDEX_TABLE = 1;
    private static final int RIB_IPV4_UNICAST = 2;
    private static final int RIB_IPV6_UNICAST = 4;
    /** RFC 8050 §4: with path identifiers the subtype is larger by this. */
    private static final int ADD_PATH = 6;

    private static final int IPV6_PEER = 1;
    private static final int FOUR_OCTET_AS = 2;
    private static final int MAX_ENTRIES = 0xffff;
    private static final int OPTIONAL = 0x80;
    private static final SessionTraits FORM = new SessionTraits(true, true, false, Set.of(), Set.of());

    private final List<Peer> peers;
    private final Map<Prefix, List<Entry>> plain = new TreeMap<>(MrtTable::compare);
    private final Map<Prefix, List<Entry>> withPaths = new TreeMap<>(MrtTable::compare);

    /**
     * A neighbour.
     *
     * @param routerId its BGP identifier
     */
    public record Peer(InetAddress address, Inet4Address routerId, long as) {}

    private record Entry(int peer, ReceivedRoute route) {}

    /** The routes of each neighbour, in the order of the index; more than 65,535 peers have no numbers. */
    public MrtTable(Map<Peer, List<ReceivedRoute>> routes) {
        peers = new ArrayList<>(new LinkedHashMap<>(routes).keySet());
        if (peers.size() > MAX_ENTRIES) {
            throw new IllegalArgumentException(peers.size() + " peers");
        }
        for (int peer = 0; peer < peers.size(); peer++) {
            for (ReceivedRoute route : routes.get(peers.get(peer))) {
                if (route.nlri() instanceof Nlri.Unicast unicast) {
                    (unicast.hasPath() ? withPaths : plain)
                            .computeIfAbsent(unicast.prefix(), _ -> new ArrayList<>())
                            .add(new Entry(peer, route));
                }
            }
        }
    }

    private static int compare(Prefix a, Prefix b) {
        int octets =
                Arrays.compareUnsigned(a.address().getAddress(), b.address().getAddress());
        int version = Boolean.compare(b.isIpv4(), a.isIpv4());
        return version != 0 ? version : octets != 0 ? octets : Integer.compare(a.length(), b.length());
    }

    /** Takes one record after the other. */
    @FunctionalInterface
    public interface Taker<E extends Exception> {
        /** A whole record; the buffer is used again. */
        void take(ByteBuf mrtRecord) throws E;
    }

    /**
     * Writes the table, a record at a time.
     *
     * @param collector our identifier
     * @param view a name for it, empty as a rule
     * @param wallMs the moment
     * @param buffer to write into
     */
    public <E extends Exception> void write(
            Inet4Address collector, String view, long wallMs, ByteBuf buffer, Taker<E> taker) throws E {
        index(collector, view, wallMs, buffer.clear());
        taker.take(buffer);
        int number = 0;
        for (Map<Prefix, List<Entry>> table : List.of(plain, withPaths)) {
            for (Map.Entry<Prefix, List<Entry>> prefix : table.entrySet()) {
                prefix(number, prefix.getKey(), prefix.getValue(), wallMs, buffer.clear());
                number++;
                taker.take(buffer);
            }
        }
    }

    private void index(Inet4Address collector, String view, long wallMs, ByteBuf out) {
        int length = head(PEER_INDEX_TABLE, wallMs, out);
        byte[] name = view.getBytes(StandardCharsets.UTF_8);
        out.writeBytes(collector.getAddress()).writeShort(name.length).writeBytes(name);
        out.writeShort(peers.size());
        for (Peer peer : peers) {
            out.writeByte(FOUR_OCTET_AS | (peer.address() instanceof Inet6Address ? IPV6_PEER : 0));
            out.writeBytes(peer.routerId().getAddress());
            out.writeBytes(peer.address().getAddress()).writeInt((int) peer.as());
        }
        out.setInt(length, out.writerIndex() - length - Integer.BYTES);
    }

    private static void prefix(int number, Prefix prefix, List<Entry> entries, long wallMs, ByteBuf out) {
        boolean paths = ((Nlri.Unicast) entries.getFirst().route().nlri()).hasPath();
        int subtype = (prefix.isIpv4() ? RIB_IPV4_UNICAST : RIB_IPV6_UNICAST) + (paths ? ADD_PATH : 0);
        int length = head(subtype, wallMs, out);
        out.writeInt(number).writeByte(prefix.length());
        out.writeBytes(prefix.address().getAddress(), 0, (prefix.length() + Byte.SIZE - 1) / Byte.SIZE);
        int count = Math.min(entries.size(), MAX_ENTRIES);
        out.writeShort(count);
        for (Entry entry : entries.subList(0, count)) {
            out.writeShort(entry.peer()).writeInt((int) TimeUnit.MILLISECONDS.toSeconds(wallMs));
            if (paths) {
                out.writeInt((int) ((Nlri.Unicast) entry.route().nlri()).pathId());
            }
            int attributes = out.writerIndex();
            out.writeShort(0);
            attributes(entry.route(), out);
            out.setShort(attributes, out.writerIndex() - attributes - Short.BYTES);
        }
        out.setInt(length, out.writerIndex() - length - Integer.BYTES);
    }

    /** AS numbers are of four octets, and MP_REACH_NLRI is the next hop alone (RFC 6396 §4.3.4). */
    private static void attributes(ReceivedRoute route, ByteBuf out) {
        PathAttributes attributes = route.attributes();
        if (route.nextHop().orElse(null) instanceof Inet4Address hop) {
            attributes = attributes.with(new PathAttribute.NextHop(hop));
        }
        AttributeEncoder.encode(attributes, FORM, out);
        if (route.nextHop().orElse(null) instanceof Inet6Address hop) {
            byte[] octets = hop.getAddress();
            out.writeByte(OPTIONAL).writeByte(AttributeType.MP_REACH_NLRI.code());
            out.writeByte(1 + octets.length).writeByte(octets.length).writeBytes(octets);
        }
    }

    /** Returns where the length stands, which is not known yet. */
    private static int head(int subtype, long wallMs, ByteBuf out) {
        out.writeInt((int) TimeUnit.MILLISECONDS.toSeconds(wallMs));
        out.writeShort(TABLE_DUMP_V2).writeShort(subtype).writeInt(0);
        return out.writerIndex() - Integer.BYTES;
    }
}
