package org.secondsite.bgp.exabgp;

import java.net.Inet4Address;
import java.net.Inet6Address;
import java.net.InetAddress;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalLong;
import org.secondsite.bgp.exabgp.Words.SyntaxException;
import org.secondsite.bgp.rib.RouteAttributes;
import org.secondsite.bgp.wire.AsPath;
import org.secondsite.bgp.wire.AttributeType;
import org.secondsite.bgp.wire.LargeCommunity;
import org.secondsite.bgp.wire.Nlri;
import org.secondsite.bgp.wire.Octets;
import org.secondsite.bgp.wire.PathAttribute;
import org.secondsite.bgp.wire.Prefix;

/** The attributes behind a prefix: one line of the table for each word that may begin one. */
final class RouteGrammar {
    private static final long U32 = 0xffff_ffffL;
    /** Optional and Transitive. */
    private static final int FLAGS_OF_TYPE = 0xc0;

    private static final Map<String, Reader> READERS = new HashMap<>();

    static {
        READERS.put("next-hop", RouteGrammar::nextHop);
        READERS.put("origin", RouteGrammar::origin);
        READERS.put("as-path", RouteGrammar::asPath);
        READERS.put("med", (words, route) -> route.med = OptionalLong.of(words.number("med", U32)));
        READERS.put(
                "local-preference",
                (words, route) ->
                        route.others.add(new PathAttribute.LocalPreference(words.number("local-preference", U32))));
        READERS.put("atomic-aggregate", (_, route) -> route.others.add(new PathAttribute.AtomicAggregate()));
        READERS.put("aggregator", RouteGrammar::aggregator);
        READERS.put("community", RouteGrammar::communities);
        READERS.put("communities", RouteGrammar::communities);
        READERS.put("large-community", RouteGrammar::largeCommunities);
        READERS.put("extended-community", RouteGrammar::extendedCommunities);
        READERS.put(
                "originator-id",
                (words, route) -> route.others.add(new PathAttribute.OriginatorId(ipv4(words.take("originator-id")))));
        READERS.put("cluster-list", RouteGrammar::clusterList);
        READERS.put("attribute", RouteGrammar::generic);
        READERS.put("split", (words, route) -> route.splitLength = splitLength(words.take("split /n")));
        READERS.put("name", (words, _) -> words.take("a name"));
        READERS.put("path-information", (words, route) -> route.pathId = pathId(words.take("path-information")));
        READERS.put("watchdog", (words, route) -> route.watchdog = Optional.of(words.take("a watchdog")));
        READERS.put("withdraw", (_, route) -> route.held = true);
        READERS.put("link-local", (words, route) -> route.linkLocal = linkLocal(words.take("link-local")));
        for (String refused : List.of("label", "rd", "route-distinguisher")) {
            READERS.put(refused, (_, _) -> {
                throw new SyntaxException("'" + refused + "' is not supported here");
            });
        }
    }

    private Optional<InetAddress> nextHop = Optional.empty();
    private OptionalLong med = OptionalLong.empty();
    private final List<Long> communities = new ArrayList<>();
    private final List<PathAttribute> others = new ArrayList<>();
    private Optional<Integer> splitLength = Optional.empty();
    private boolean nextHopSeen;
    private Optional<Inet6Address> linkLocal = Optional.empty();
    private long pathId = Nlri.Unicast.NO_PATH;
    private Optional<String> watchdog = Optional.empty();
    private boolean held;
    private boolean pathIsWhole;

    RouteGrammar() {}

    /** Reads one attribute after its word. */
    @FunctionalInterface
    private interface Reader {
        void read(Words words, RouteGrammar route) throws SyntaxException;
    }

    /** What stood behind a prefix. */
    record Attributes(
            RouteAttributes attributes,
            boolean nextHopSeen,
            Optional<Integer> splitLength,
            long pathId,
            Optional<String> watchdog,
            boolean held) {
        /** The route to the prefix. */
        ApiCommand.Route route(Prefix prefix) {
            return new ApiCommand.Route(new Nlri.Unicast(pathId, prefix), attributes, watchdog, held);
        }
    }

    /** Reads up to the end or to the word {@code nlri}. */
    static Attributes read(Words words) throws SyntaxException {
        RouteGrammar route = new RouteGrammar();
        while (words.hasNext() && !words.peek().equals("nlri")) {
            String word = words.take("an attribute").toLowerCase(Locale.ROOT);
            if (!route.read(word, words)) {
                throw new SyntaxException("'" + word + "' is no attribute");
            }
        }
        return new Attributes(
                route.attributes(), route.nextHopSeen, route.splitLength, route.pathId, route.watchdog, route.held);
    }

    /** Reads the attribute that the word begins; false if it begins none. */
    boolean read(String word, Words words) throws SyntaxException {
        Reader reader = READERS.get(word);
        if (reader != null) {
            reader.read(words, this);
        }
        return reader != null;
    }

    /** What was read so far. */
    RouteAttributes attributes() {
        return new RouteAttributes(nextHop, linkLocal, 0, pathIsWhole, med, communities, others);
    }

    private static void nextHop(Words words, RouteGrammar route) throws SyntaxException {
        String word = words.take("a next hop");
        route.nextHopSeen = true;
        route.nextHop = word.equals("self") ? Optional.empty() : Optional.of(Words.address(word, "next-hop"));
    }

    private static void origin(Words words, RouteGrammar route) throws SyntaxException {
        String word = words.take("igp, egp or incomplete");
        try {
            route.others.add(
                    new PathAttribute.Origin(PathAttribute.Origin.Source.valueOf(word.toUpperCase(Locale.ROOT))));
        } catch (IllegalArgumentException e) {
            throw new SyntaxException("'" + word + "' is no origin");
        }
    }

    /** {@code [ 1 2 ( 3 4 ) ]}; a set stands in parentheses, or in brackets of its own as older scripts write it. */
    private static void asPath(Words words, RouteGrammar route) throws SyntaxException {
        route.pathIsWhole = true;
        List<AsPath.Segment> segments = new ArrayList<>();
        if (!words.skip("[")) {
            route.others.add(AsPath.sequence(List.of(words.number("AS", U32))));
            return;
        }
        List<Long> run = new ArrayList<>();
        AsPath.Kind kind = AsPath.Kind.SEQUENCE;
        String end = "]";
        while (true) {
            String word = words.take("']'");
            boolean opens = kind == AsPath.Kind.SEQUENCE && (word.equals("(") || word.equals("["));
            boolean closes = word.equals(end);
            if (opens || closes) {
                if (!run.isEmpty()) {
                    segments.add(new AsPath.Segment(kind, run));
                    run = new ArrayList<>();
                }
                if (closes && kind == AsPath.Kind.SEQUENCE) {
                    break;
                }
                kind = opens ? AsPath.Kind.SET : AsPath.Kind.SEQUENCE;
                end = word.equals("(") ? ")" : "]";
            } else if (!word.equals(",")) {
                run.add(Words.number(word, "AS", U32));
            }
        }
        route.others.add(new AsPath(segments));
    }

    private static void aggregator(Words words, RouteGrammar route) throws SyntaxException {
        boolean parenthesis = words.skip("(");
        String word = words.take("AS:address");
        int colon = word.indexOf(':');
        if (colon < 0) {
            throw new SyntaxException("'" + word + "' is no aggregator like 65001:10.0.0.1");
        }
        route.others.add(new PathAttribute.Aggregator(
                Words.number(word.substring(0, colon), "aggregator", U32), ipv4(word.substring(colon + 1))));
        if (parenthesis && !words.skip(")")) {
            throw new SyntaxException("')' is missing behind the aggregator");
        }
    }

    private static void communities(Words words, RouteGrammar route) throws SyntaxException {
        for (String word : words.list("a community")) {
            route.communities.add(CommunityText.community(word));
        }
    }

    private static void largeCommunities(Words words, RouteGrammar route) throws SyntaxException {
        List<LargeCommunity> values = new ArrayList<>();
        for (String word : words.list("a large community")) {
            values.add(CommunityText.large(word));
        }
        route.others.add(new PathAttribute.LargeCommunities(values));
    }

    private static void extendedCommunities(Words words, RouteGrammar route) throws SyntaxException {
        route.others.add(
                new PathAttribute.ExtendedCommunities(CommunityText.extendedList(words.list("an extended community"))));
    }

    private static void clusterList(Words words, RouteGrammar route) throws SyntaxException {
        List<Inet4Address> clusters = new ArrayList<>();
        for (String word : words.list("a cluster")) {
            clusters.add(ipv4(word));
        }
        route.others.add(new PathAttribute.ClusterList(clusters));
    }

    /** {@code [ 0x63 0xc0 0x0102 ]}: type, flags, value. */
    private static void generic(Words words, RouteGrammar route) throws SyntaxException {
        List<String> parts = words.list("[ type flags value ]");
        if (parts.size() != 3) {
            throw new SyntaxException("an attribute is [ type flags value ]");
        }
        int type = (int) Words.number(parts.get(0), "attribute type", 255);
        int flags = (int) Words.number(parts.get(1), "attribute flags", 255);
        Octets value;
        try {
            value = Octets.ofHex(parts.get(2).replaceFirst("^0[xX]", ""));
        } catch (IllegalArgumentException e) {
            throw new SyntaxException("'" + parts.get(2) + "' is not hex");
        }
        Optional<AttributeType> known = AttributeType.ofCode(type);
        if (known.isEmpty()) {
            route.others.add(new PathAttribute.Unrecognized(flags, type, value));
            return;
        }
        if ((flags & FLAGS_OF_TYPE) != known.get().flagBits()) {
            throw new SyntaxException("attribute " + type + " does not have the flags " + parts.get(1));
        }
        route.add(known.get()
                .read(value)
                .orElseThrow(() -> new SyntaxException("'" + parts.get(2) + "' is no value of attribute " + type)));
    }

    /** An attribute that has a word of its own, given by its octets. */
    private void add(PathAttribute attribute) throws SyntaxException {
        switch (attribute) {
            case PathAttribute.MultiExitDiscriminator(long value) -> med = OptionalLong.of(value);
            case PathAttribute.Communities(List<Long> values) -> communities.addAll(values);
            case PathAttribute.NextHop _,
                    PathAttribute.MpReach _,
                    PathAttribute.MpUnreach _,
                    PathAttribute.As4Path _,
                    PathAttribute.As4Aggregator _ ->
                throw new SyntaxException("attribute " + attribute.typeCode() + " is made of other words");
            case AsPath path -> {
                pathIsWhole = true;
                others.add(path);
            }
            case PathAttribute.Simple other -> others.add(other);
        }
    }

    /** Four octets as of an address, or a number. */
    private static long pathId(String word) throws SyntaxException {
        return word.indexOf('.') < 0
                ? Words.number(word, "path-information", U32)
                : ByteBuffer.wrap(ipv4(word).getAddress()).getInt() & U32;
    }

    private static Optional<Inet6Address> linkLocal(String word) throws SyntaxException {
        if (Words.address(word, "link-local") instanceof Inet6Address address && address.isLinkLocalAddress()) {
            return Optional.of(address);
        }
        throw new SyntaxException("'" + word + "' is no link-local address");
    }

    private static Optional<Integer> splitLength(String word) throws SyntaxException {
        return Optional.of((int) Words.number(word.replaceFirst("^/", ""), "split", 128));
    }

    private static Inet4Address ipv4(String word) throws SyntaxException {
        if (Words.address(word, "address") instanceof Inet4Address address) {
            return address;
        }
        throw new SyntaxException("'" + word + "' is no IPv4 address");
    }
}
