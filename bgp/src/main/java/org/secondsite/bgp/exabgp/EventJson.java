package org.secondsite.bgp.exabgp;

import java.math.BigDecimal;
import java.math.BigInteger;
import java.net.InetAddress;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import java.util.stream.Collectors;
import org.secondsite.bgp.decision.PeerOrder;
import org.secondsite.bgp.rib.ReceivedRoute;
import org.secondsite.bgp.rib.ReceivedUpdate;
import org.secondsite.bgp.session.NeighborSettings;
import org.secondsite.bgp.wire.AsPath;
import org.secondsite.bgp.wire.LargeCommunity;
import org.secondsite.bgp.wire.Nlri;
import org.secondsite.bgp.wire.NotificationMessage;
import org.secondsite.bgp.wire.Octets;
import org.secondsite.bgp.wire.PathAttribute;
import org.secondsite.bgp.wire.PathAttributes;
import org.secondsite.bgp.wire.RouteRefreshMessage;

/** Writes events as ExaBGP does: one JSON object a line, counted for each neighbour. */
public final class EventJson {
    /** Whose JSON it is. */
    public enum Form {
        /** ExaBGP 4.2's: an AS_PATH is a list, and what is a set stands beside it. */
        FOUR("4.0.1"),
        /** ExaBGP 5.0's: an AS_PATH is an object of its segments. */
        FIVE("5.0.0");

        private final String version;

        Form(String version) {
            this.version = version;
        }

        /** {@code 4} or {@code 5}. */
        public static Form of(String word) {
            return switch (word) {
                case "4" -> FOUR;
                case "5" -> FIVE;
                default ->
                    throw new IllegalArgumentException("there is JSON of ExaBGP 4 and of 5, not of '" + word + "'");
            };
        }
    }

    private static final int IPV6_EXTENDED_OCTETS = 20;

    private final Form form;
    private final long localAs;
    private final String host;
    private final long pid;
    private final long parentPid;
    private final Map<InetAddress, Long> counters = new TreeMap<>(PeerOrder.BY_ADDRESS_AND_INTERFACE);

    /** A writer for a process. */
    public EventJson(Form form, long localAs, String host, long pid, long parentPid) {
        this.form = form;
        this.localAs = localAs;
        this.host = host;
        this.pid = pid;
        this.parentPid = parentPid;
    }

    /** {@code state}: {@code up}, {@code connected} or {@code down} with a reason. */
    public String state(NeighborSettings neighbor, InetAddress local, String state, Optional<String> reason, long us) {
        Map<String, Object> content = neighbor(neighbor, local);
        content.put("state", state);
        reason.ifPresent(text -> content.put("reason", text));
        return line("state", neighbor, content, us);
    }

    /** {@code update}: what was made of an UPDATE that was received. */
    public String update(NeighborSettings neighbor, InetAddress local, ReceivedUpdate update, long us) {
        Map<String, Object> content = neighbor(neighbor, local);
        content.put("direction", "receive");
        content.put("message", message(update, form));
        if (!update.faults().isEmpty()) {
            content.put("faults", faults(update));
        }
        return line("update", neighbor, content, us);
    }

    /** {@code notification}. */
    public String notification(
            NeighborSettings neighbor, InetAddress local, boolean received, NotificationMessage message, long us) {
        Map<String, Object> content = neighbor(neighbor, local);
        content.put("direction", received ? "receive" : "send");
        Map<String, Object> body = new LinkedHashMap<>();
        body.put("code", message.code());
        body.put("subcode", message.subcode());
        body.put("data", message.data().toString().toUpperCase(Locale.ROOT));
        message.communication().ifPresent(text -> body.put("message", text));
        content.put("notification", body);
        return line("notification", neighbor, content, us);
    }

    /** {@code refresh}. */
    public String refresh(NeighborSettings neighbor, InetAddress local, RouteRefreshMessage message, long us) {
        Map<String, Object> content = neighbor(neighbor, local);
        content.put("direction", "receive");
        Map<String, Object> body = new LinkedHashMap<>();
        body.put("afi", message.family().afiName());
        body.put("safi", message.family().safiName());
        body.put(
                "subtype",
                switch (message.subtype()) {
                    case RouteRefreshMessage.REQUEST -> "query";
                    case RouteRefreshMessage.BEGIN -> "begin";
                    case RouteRefreshMessage.END -> "end";
                    default -> "invalid";
                });
        content.put("route-refresh", body);
        return line("refresh", neighbor, content, us);
    }

    /** The speaker ends. */
    public String shutdown(long us) {
        Map<String, Object> all = head(us);
        all.put("type", "notification");
        all.put("notification", "shutdown");
        return JsonText.of(all);
    }

    /** What was made of an UPDATE, as the {@code message} of an event. */
    static Map<String, Object> message(ReceivedUpdate update, Form form) {
        Map<String, Object> message = new LinkedHashMap<>();
        if (update.endOfRib().isPresent()) {
            Map<String, Object> family = new LinkedHashMap<>();
            family.put("afi", update.endOfRib().get().afiName());
            family.put("safi", update.endOfRib().get().safiName());
            message.put("eor", family);
            return message;
        }
        Map<String, Object> body = new LinkedHashMap<>();
        Map<String, Object> attributes = attributes(update.attributes(), form);
        if (!attributes.isEmpty()) {
            body.put("attribute", attributes);
        }
        if (!update.announced().isEmpty()) {
            body.put("announce", announced(update));
        }
        if (!update.withdrawn().isEmpty()) {
            Map<String, List<Object>> families = new LinkedHashMap<>();
            update.withdrawn()
                    .forEach(nlri -> families.computeIfAbsent(nlri.family().toString(), _ -> new ArrayList<>())
                            .add(nlri(nlri, "")));
            body.put("withdraw", families);
        }
        message.put("update", body);
        return message;
    }

    /** The faults of an UPDATE in words; ExaBGP has no such object. */
    static List<String> faults(ReceivedUpdate update) {
        return update.faults().stream()
                .map(fault -> fault.treatment() + ": " + fault.detail())
                .toList();
    }

    private static Map<String, Map<String, List<Object>>> announced(ReceivedUpdate update) {
        Map<String, Map<String, List<Object>>> families = new LinkedHashMap<>();
        for (ReceivedRoute route : update.announced()) {
            String hop = route.nextHop().map(AddressText::of).orElse("no-nexthop");
            families.computeIfAbsent(route.nlri().family().toString(), _ -> new LinkedHashMap<>())
                    .computeIfAbsent(hop, _ -> new ArrayList<>())
                    .add(nlri(route.nlri(), route.nextHop().map(AddressText::of).orElse("")));
        }
        return families;
    }

    private static Map<String, Object> nlri(Nlri nlri, String nextHop) {
        Map<String, Object> one = new LinkedHashMap<>();
        switch (nlri) {
            case Nlri.Unicast unicast -> {
                one.put("nlri", AddressText.of(unicast.prefix()));
                if (unicast.hasPath()) {
                    long id = unicast.pathId();
                    one.put(
                            "path-information",
                            (id >>> 24) + "." + ((id >>> 16) & 0xff) + "." + ((id >>> 8) & 0xff) + "." + (id & 0xff));
                }
            }
            case Nlri.Flow flow -> one.putAll(FlowText.json(flow, nextHop));
            case Nlri.Opaque opaque -> one.put("raw", opaque.field().toString().toUpperCase(Locale.ROOT));
        }
        return one;
    }

    /** Ascending by type code, as the message has them; next hops stand with the prefixes, and an empty AS_PATH is not shown. */
    public static Map<String, Object> attributes(PathAttributes attributes, Form form) {
        Map<String, Object> all = new LinkedHashMap<>();
        for (PathAttribute attribute : attributes.asList()) {
            switch (attribute) {
                case AsPath path when path.segments().isEmpty() -> {}
                case AsPath path when form == Form.FIVE -> all.put("as-path", segments(path));
                case AsPath path -> path(path, all);
                case PathAttribute.Unrecognized unknown
                when unknown.typeCode() == CommunityText.IPV6_EXTENDED_COMMUNITIES -> ipv6Extended(unknown, form, all);
                case PathAttribute.Simple simple -> attribute(simple, all);
            }
        }
        return all;
    }

    private static void attribute(PathAttribute.Simple attribute, Map<String, Object> all) {
        switch (attribute) {
            case PathAttribute.Origin(PathAttribute.Origin.Source source) ->
                all.put("origin", source.name().toLowerCase(Locale.ROOT));
            case PathAttribute.MultiExitDiscriminator(long value) -> all.put("med", value);
            case PathAttribute.LocalPreference(long value) -> all.put("local-preference", value);
            case PathAttribute.AtomicAggregate _ -> all.put("atomic-aggregate", true);
            case PathAttribute.Aggregator aggregator ->
                all.put("aggregator", aggregator.as() + ":" + AddressText.of(aggregator.address()));
            case PathAttribute.Communities(List<Long> values) ->
                all.put(
                        "community",
                        values.stream().map(v -> List.of(v >>> 16, v & 0xffff)).toList());
            case PathAttribute.OriginatorId id -> all.put("originator-id", AddressText.of(id.routerId()));
            case PathAttribute.ClusterList list ->
                all.put(
                        "cluster-list",
                        list.clusters().stream().map(AddressText::of).toList());
            case PathAttribute.ExtendedCommunities(List<Long> values) ->
                all.put(
                        "extended-community",
                        values.stream().map(EventJson::extended).toList());
            case PathAttribute.LargeCommunities(List<LargeCommunity> values) ->
                all.put(
                        "large-community",
                        values.stream()
                                .map(v -> List.of(v.globalAdministrator(), v.localData1(), v.localData2()))
                                .toList());
            case PathAttribute.Unrecognized unknown -> all.put(name(unknown), "0x" + unknown.value());
            case PathAttribute.NextHop _,
                    PathAttribute.MpReach _,
                    PathAttribute.MpUnreach _,
                    PathAttribute.As4Path _,
                    PathAttribute.As4Aggregator _ -> {}
        }
    }

    private static String name(PathAttribute.Unrecognized attribute) {
        return String.format(Locale.ROOT, "attribute-0x%02X-0x%02X", attribute.typeCode(), attribute.flags());
    }

    /** Communities of 20 octets each (RFC 5701); ExaBGP 4 has them in words under the attribute's number. */
    private static void ipv6Extended(PathAttribute.Unrecognized attribute, Form form, Map<String, Object> all) {
        List<Map<String, Object>> communities = new ArrayList<>();
        byte[] octets = attribute.value().toArray();
        for (int at = 0; at < octets.length; at += IPV6_EXTENDED_OCTETS) {
            byte[] one = Arrays.copyOfRange(octets, at, Math.min(octets.length, at + IPV6_EXTENDED_OCTETS));
            Map<String, Object> shown = new LinkedHashMap<>();
            shown.put("value", new BigDecimal(new BigInteger(1, one)));
            shown.put("string", CommunityText.ipv6Extended(Octets.copyOf(one)));
            communities.add(shown);
        }
        if (form == Form.FIVE) {
            all.put("extended-community-ipv6", communities);
        } else {
            String text = communities.stream()
                    .map(one -> String.valueOf(one.get("string")))
                    .collect(Collectors.joining(" "));
            all.put(name(attribute), communities.size() == 1 ? text : "[ " + text + " ]");
        }
    }

    private static Map<String, Object> extended(long value) {
        Map<String, Object> one = new LinkedHashMap<>();
        one.put("value", new BigDecimal(Long.toUnsignedString(value)));
        one.put("string", CommunityText.extended(value));
        return one;
    }

    /** By their place in the path; segments of a confederation have the names of the others. */
    private static Map<String, Object> segments(AsPath path) {
        Map<String, Object> all = new LinkedHashMap<>();
        for (AsPath.Segment segment : path.segments()) {
            Map<String, Object> one = new LinkedHashMap<>();
            one.put("element", segment.kind() == AsPath.Kind.SET ? "as-set" : "as-sequence");
            one.put("value", segment.numbers());
            all.put(String.valueOf(all.size()), one);
        }
        return all;
    }

    private static void path(AsPath path, Map<String, Object> all) {
        all.put("as-path", numbers(path, AsPath.Kind.SEQUENCE));
        List<Long> set = numbers(path, AsPath.Kind.SET);
        if (!set.isEmpty()) {
            all.put("as-set", set);
        }
        all.put("confederation-path", numbers(path, AsPath.Kind.CONFEDERATION_SEQUENCE));
    }

    private static List<Long> numbers(AsPath path, AsPath.Kind kind) {
        return path.segments().stream()
                .filter(segment -> segment.kind() == kind)
                .flatMap(segment -> segment.numbers().stream())
                .toList();
    }

    private Map<String, Object> neighbor(NeighborSettings neighbor, InetAddress local) {
        Map<String, Object> address = new LinkedHashMap<>();
        address.put("local", AddressText.of(local));
        address.put("peer", AddressText.of(neighbor.address()));
        Map<String, Object> asn = new LinkedHashMap<>();
        asn.put("local", localAs);
        asn.put("peer", neighbor.remoteAs());
        Map<String, Object> content = new LinkedHashMap<>();
        content.put("address", address);
        content.put("asn", asn);
        return content;
    }

    private Map<String, Object> head(long us) {
        Map<String, Object> all = new LinkedHashMap<>();
        all.put("exabgp", form.version);
        all.put("time", BigDecimal.valueOf(us, 6));
        all.put("host", host);
        all.put("pid", pid);
        all.put("ppid", parentPid);
        return all;
    }

    private String line(String type, NeighborSettings neighbor, Map<String, Object> content, long us) {
        Map<String, Object> all = head(us);
        all.put("counter", counters.merge(neighbor.address(), 1L, Long::sum));
        all.put("type", type);
        all.put("neighbor", content);
        return JsonText.of(all);
    }
}
