package org.secondsite.bgp.rib;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.HashMap;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Queue;
import java.util.Set;
import org.secondsite.bgp.wire.AddressFamily;
import org.secondsite.bgp.wire.AttributeEncoder;
import org.secondsite.bgp.wire.AttributeType;
import org.secondsite.bgp.wire.BgpMessage;
import org.secondsite.bgp.wire.Nlri;
import org.secondsite.bgp.wire.PathAttribute;
import org.secondsite.bgp.wire.PathAttributes;
import org.secondsite.bgp.wire.RouteRefreshMessage;
import org.secondsite.bgp.wire.SessionTraits;
import org.secondsite.bgp.wire.UpdateMessage;
import org.secondsite.config.IpPrefix;

/**
 * What one session has told its neighbour, and the difference to what it shall be told.
 *
 * <p>The difference is held as prefixes, never as messages: a message is made when the connection can take it ({@link
 * #next}), so a slow neighbour costs no memory beyond one entry a prefix, and a prefix that changes ten times before the
 * neighbour reads is sent once. Prefixes with the same attributes share a message (RFC 4271 §4.3). Announcements leave
 * before withdrawals: traffic is offered its new way before the old one is taken.
 *
 * <p>When the first table is out, an End-of-RIB marker follows for each family (RFC 4724 §2).
 */
public final class AdjRibOut {
    private final Exporter exporter;
    private final SessionTraits traits;
    private final Map<IpPrefix, PathAttributes> sent = new HashMap<>();
    private final Map<Group, Queue<IpPrefix>> announcements = new LinkedHashMap<>();
    private final Map<AddressFamily, Queue<IpPrefix>> withdrawals = new LinkedHashMap<>();
    private final Deque<BgpMessage> before = new ArrayDeque<>();
    private final Deque<BgpMessage> after = new ArrayDeque<>();
    /** Prefixes that a refresh still owes the neighbour. */
    private final Set<IpPrefix> repeat = new HashSet<>();

    private Map<IpPrefix, RouteAttributes> desired = Map.of();
    private Set<IpPrefix> unexportable = Set.of();
    private int pendingPrefixes;

    /** Nothing is sent yet. */
    public AdjRibOut(Exporter exporter, SessionTraits traits) {
        this.exporter = exporter;
        this.traits = traits;
        for (AddressFamily family : List.of(AddressFamily.IPV4_UNICAST, AddressFamily.IPV6_UNICAST)) {
            if (traits.families().contains(family)) {
                after.add(UpdateMessage.endOfRib(family));
            }
        }
    }

    /** Prefixes that can share a message. */
    private record Group(AddressFamily family, PathAttributes attributes) {}

    /**
     * One message to send now, and what it tells; a marker tells nothing.
     *
     * @param message an UPDATE or a ROUTE-REFRESH mark
     */
    public record Outgoing(BgpMessage message, List<IpPrefix> announced, List<IpPrefix> withdrawn) {}

    /** The neighbour shall know exactly these routes. The map must not change any more. */
    public void desire(Map<IpPrefix, RouteAttributes> routes) {
        desired = routes;
        announcements.clear();
        withdrawals.clear();
        pendingPrefixes = 0;
        Set<IpPrefix> impossible = new HashSet<>();
        Exports exports = new Exports();
        routes.forEach((prefix, route) -> {
            AddressFamily family = AddressFamily.of(prefix);
            Export export = exports.of(family, route);
            if (export.group().isEmpty()) {
                if (traits.families().contains(family)) {
                    impossible.add(prefix);
                }
            } else if (!export.group().get().attributes().equals(sent.get(prefix)) || repeat.contains(prefix)) {
                export.queue(announcements).add(prefix);
                pendingPrefixes++;
            }
        });
        for (IpPrefix prefix : sent.keySet()) {
            RouteAttributes route = routes.get(prefix);
            AddressFamily family = AddressFamily.of(prefix);
            if (route == null || exports.of(family, route).group().isEmpty()) {
                withdrawals.computeIfAbsent(family, _ -> new ArrayDeque<>()).add(prefix);
                pendingPrefixes++;
            }
        }
        unexportable = impossible;
    }

    /** What a route becomes here; empty if it cannot be announced, or its family was not agreed on. */
    private static final class Export {
        private final Optional<Group> group;
        private Queue<IpPrefix> queue;

        Export(Optional<Group> group) {
            this.group = group;
        }

        Optional<Group> group() {
            return group;
        }

        Queue<IpPrefix> queue(Map<Group, Queue<IpPrefix>> announcements) {
            if (queue == null) {
                queue = announcements.computeIfAbsent(group.orElseThrow(), _ -> new ArrayDeque<>());
            }
            return queue;
        }
    }

    /** Exports each distinct route once. */
    private final class Exports {
        private record Key(AddressFamily family, RouteAttributes route) {}

        private final Map<Key, Export> known = new HashMap<>();
        private Key lastKey;
        private Export last;

        @SuppressWarnings("ReferenceEquality") // a short cut only: equal but distinct routes find the same entry
        Export of(AddressFamily family, RouteAttributes route) {
            if (lastKey == null || lastKey.route() != route || lastKey.family() != family) {
                lastKey = new Key(family, route);
                last = known.computeIfAbsent(lastKey, AdjRibOut.this::export);
            }
            return last;
        }
    }

    private Export export(Exports.Key key) {
        if (!traits.families().contains(key.family())) {
            return new Export(Optional.empty());
        }
        return new Export(exporter.attributes(key.family(), key.route())
                .filter(attributes -> budget(attributes) > 0)
                .map(attributes -> new Group(key.family(), attributes)));
    }

    /** Tells everything of the family again (RFC 2918 §4); between marks if the neighbour knows them (RFC 7313 §4). */
    public void refresh(AddressFamily family, boolean enhanced) {
        if (!traits.families().contains(family)) {
            return;
        }
        if (enhanced) {
            before.add(new RouteRefreshMessage(family, RouteRefreshMessage.BEGIN));
            after.add(new RouteRefreshMessage(family, RouteRefreshMessage.END));
        }
        for (IpPrefix prefix : sent.keySet()) {
            if (AddressFamily.of(prefix).equals(family)) {
                repeat.add(prefix);
            }
        }
        desire(desired);
    }

    /** Sends the message after all routes that are due now. */
    public void mark(BgpMessage message) {
        after.add(message);
    }

    /** Whether {@link #next} has something. */
    public boolean hasPending() {
        return !before.isEmpty() || pendingPrefixes > 0 || !after.isEmpty();
    }

    /** Prefixes that still have to be announced or withdrawn. */
    public int pendingPrefixes() {
        return pendingPrefixes;
    }

    /** How many prefixes the neighbour has been told and not been told to forget. */
    public int sentPrefixes() {
        return sent.size();
    }

    /** Prefixes that are desired but cannot be announced here: no next hop of their family, or attributes too long. */
    public Set<IpPrefix> unexportable() {
        return Set.copyOf(unexportable);
    }

    /** Takes the next message; the caller must send it, in this order. */
    public Optional<Outgoing> next() {
        if (!before.isEmpty()) {
            return Optional.of(new Outgoing(before.remove(), List.of(), List.of()));
        }
        if (!announcements.isEmpty()) {
            return Optional.of(nextAnnouncement());
        }
        if (!withdrawals.isEmpty()) {
            return Optional.of(nextWithdrawal());
        }
        return Optional.ofNullable(after.poll()).map(mark -> new Outgoing(mark, List.of(), List.of()));
    }

    private Outgoing nextAnnouncement() {
        Map.Entry<Group, Queue<IpPrefix>> first =
                announcements.entrySet().iterator().next();
        Group group = first.getKey();
        List<IpPrefix> taken = take(first.getValue(), budget(group.attributes()));
        if (first.getValue().isEmpty()) {
            announcements.remove(group);
        }
        for (IpPrefix prefix : taken) {
            sent.put(prefix, group.attributes());
        }
        forgetRepeats(taken);
        List<Nlri> nlri = nlri(taken);
        if (group.family().equals(AddressFamily.IPV4_UNICAST)) {
            return new Outgoing(new UpdateMessage(List.of(), group.attributes(), nlri), taken, List.of());
        }
        PathAttribute.MpReach hop =
                group.attributes().get(PathAttribute.MpReach.class).orElseThrow();
        PathAttributes attributes = group.attributes()
                .with(new PathAttribute.MpReach(group.family(), hop.nextHop(), hop.linkLocal(), nlri));
        return new Outgoing(new UpdateMessage(List.of(), attributes, List.of()), taken, List.of());
    }

    private Outgoing nextWithdrawal() {
        Map.Entry<AddressFamily, Queue<IpPrefix>> first =
                withdrawals.entrySet().iterator().next();
        AddressFamily family = first.getKey();
        boolean ipv4 = family.equals(AddressFamily.IPV4_UNICAST);
        PathAttributes none =
                ipv4 ? PathAttributes.NONE : PathAttributes.of(new PathAttribute.MpUnreach(family, List.of()));
        List<IpPrefix> taken = take(first.getValue(), budget(none));
        if (first.getValue().isEmpty()) {
            withdrawals.remove(family);
        }
        taken.forEach(sent::remove);
        forgetRepeats(taken);
        List<Nlri> nlri = nlri(taken);
        UpdateMessage message = ipv4
                ? new UpdateMessage(nlri, PathAttributes.NONE, List.of())
                : new UpdateMessage(List.of(), PathAttributes.of(new PathAttribute.MpUnreach(family, nlri)), List.of());
        return new Outgoing(message, List.of(), taken);
    }

    private void forgetRepeats(List<IpPrefix> taken) {
        if (!repeat.isEmpty()) {
            taken.forEach(repeat::remove);
        }
    }

    /** Octets that are left for prefixes beside the attributes, less one for a longer MP_REACH_NLRI header. */
    private int budget(PathAttributes attributes) {
        ByteBuf scratch = Unpooled.buffer();
        try {
            AttributeEncoder.encode(attributes, traits, scratch);
            int fixed = BgpMessage.HEADER_OCTETS + 4;
            int longestPrefix = attributes.has(AttributeType.NEXT_HOP) ? 5 : 17;
            int left = traits.maximumOctets() - fixed - scratch.readableBytes() - 1;
            return left >= longestPrefix ? left : 0;
        } finally {
            scratch.release();
        }
    }

    private List<IpPrefix> take(Queue<IpPrefix> from, int budgetOctets) {
        List<IpPrefix> taken = new ArrayList<>();
        int left = budgetOctets;
        while (!from.isEmpty()) {
            left -= 1 + (from.peek().length() + 7) / 8;
            if (left < 0) {
                break;
            }
            taken.add(from.remove());
        }
        pendingPrefixes -= taken.size();
        return taken;
    }

    private static List<Nlri> nlri(List<IpPrefix> prefixes) {
        List<Nlri> nlri = new ArrayList<>(prefixes.size());
        prefixes.forEach(prefix -> nlri.add(Nlri.of(prefix)));
        return nlri;
    }
}
