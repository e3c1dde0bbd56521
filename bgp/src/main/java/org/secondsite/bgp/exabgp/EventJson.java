package org.secondsite.bgp.exabgp;

import java.math.BigDecimal;
import java.net.InetAddress;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import org.secondsite.bgp.session.NeighborSettings;
import org.secondsite.bgp.wire.AddressFamily;
import org.secondsite.bgp.wire.AsPath;
import org.secondsite.bgp.wire.LargeCommunity;
import org.secondsite.bgp.wire.Nlri;
import org.secondsite.bgp.wire.NotificationMessage;
import org.secondsite.bgp.wire.PathAttribute;
import org.secondsite.bgp.wire.PathAttributes;
import org.secondsite.bgp.wire.RouteRefreshMessage;
import org.secondsite.bgp.wire.UpdateMessage;

/** Writes events as ExaBGP 4.2 does: one JSON object a line, counted for each neighbour. */
public final class EventJson {
    private static final String VERSION = "4.0.1";

    private final long localAs;
    private final String host;
    private final long pid;
    private final long parentPid;
    private final Map<InetAddress, Long> counters = new HashMap<>();

    /** A writer for a process. */
    public EventJson(long localAs, String host, long pid, long parentPid) {
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

    /** {@code update}: what an UPDATE that was received or sent says. */
    public String update(
            NeighborSettings neighbor, InetAddress local, boolean received, UpdateMessage update, long us) {
        Map<String, Object> content = neighbor(neighbor, local);
        content.put("direction", received ? "receive" : "send");
        content.put("message", message(update));
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
        body.put("afi", afi(message.family()));
        body.put("safi", safi(message.family()));
        body.put(
                "subtype",
                switch (message.subtype()) {
                    case RouteRefreshMessage.REQUEST -> "request";
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

    /** What an UPDATE says, as the {@code message} of an event. */
    static Map<String, Object> message(UpdateMessage update) {
        Map<String, Object> message = new LinkedHashMap<>();
        Optional<AddressFamily> end = update.endOfRib();
        if (end.isPresent()) {
            Map<String, Object> family = new LinkedHashMap<>();
            family.put("afi", afi(end.get()));
            family.put("safi", safi(end.get()));
            message.put("eor", family);
            return message;
        }
        Map<String, Object> body = new LinkedHashMap<>();
        boolean announces = !update.reachable().isEmpty();
        if (announces) {
            body.put("attribute", attributes(update.attributes()));
            body.put("announce", announced(update));
        }
        Map<String, Object> withdrawn = withdrawn(update);
        if (!withdrawn.isEmpty()) {
            body.put("withdraw", withdrawn);
        }
        message.put("update", body);
        return message;
    }

    private static Map<String, Object> announced(UpdateMessage update) {
        Map<String, Object> families = new LinkedHashMap<>();
        update.attributes()
                .get(PathAttribute.NextHop.class)
                .filter(_ -> !update.announced().isEmpty())
                .ifPresent(hop -> families.put(
                        AddressFamily.IPV4_UNICAST.toString(),
                        Map.of(AddressText.of(hop.address()), nlri(update.announced()))));
        update.attributes()
                .get(PathAttribute.MpReach.class)
                .ifPresent(reach -> families.put(
                        reach.family().toString(), Map.of(AddressText.of(reach.nextHop()), nlri(reach.nlri()))));
        return families;
    }

    private static Map<String, Object> withdrawn(UpdateMessage update) {
        Map<String, Object> families = new LinkedHashMap<>();
        if (!update.withdrawn().isEmpty()) {
            families.put(AddressFamily.IPV4_UNICAST.toString(), nlri(update.withdrawn()));
        }
        update.attributes()
                .get(PathAttribute.MpUnreach.class)
                .filter(unreach -> !unreach.nlri().isEmpty())
                .ifPresent(unreach -> families.put(unreach.family().toString(), nlri(unreach.nlri())));
        return families;
    }

    private static List<Object> nlri(List<Nlri> prefixes) {
        List<Object> list = new ArrayList<>();
        for (Nlri nlri : prefixes) {
            Map<String, Object> one = new LinkedHashMap<>();
            one.put("nlri", AddressText.of(nlri.prefix()));
            if (nlri.pathId() != 0) {
                long id = nlri.pathId();
                one.put(
                        "path-information",
                        (id >>> 24) + "." + ((id >>> 16) & 0xff) + "." + ((id >>> 8) & 0xff) + "." + (id & 0xff));
            }
            list.add(one);
        }
        return list;
    }

    /** Ascending by type code, as the message has them; next hops stand with the prefixes. */
    static Map<String, Object> attributes(PathAttributes attributes) {
        Map<String, Object> all = new LinkedHashMap<>();
        for (PathAttribute attribute : attributes.asList()) {
            switch (attribute) {
                case AsPath path -> path(path, all);
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
            case PathAttribute.Unrecognized unknown ->
                all.put(
                        String.format(Locale.ROOT, "attribute-0x%02X-0x%02X", unknown.typeCode(), unknown.flags()),
                        "0x" + unknown.value().toString().toUpperCase(Locale.ROOT));
            case PathAttribute.NextHop _,
                    PathAttribute.MpReach _,
                    PathAttribute.MpUnreach _,
                    PathAttribute.As4Path _,
                    PathAttribute.As4Aggregator _ -> {}
        }
    }

    private static Map<String, Object> extended(long value) {
        Map<String, Object> one = new LinkedHashMap<>();
        one.put("value", new BigDecimal(Long.toUnsignedString(value)));
        one.put("string", CommunityText.extended(value));
        return one;
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

    private static String afi(AddressFamily family) {
        return family.afi() == 1 ? "ipv4" : "ipv6";
    }

    private static String safi(AddressFamily family) {
        return family.safi() == 1 ? "unicast" : String.valueOf(family.safi());
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
        all.put("exabgp", VERSION);
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
