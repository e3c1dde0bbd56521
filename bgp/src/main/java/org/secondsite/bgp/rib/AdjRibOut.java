package org.secondsite.bgp.rib;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.HashMap;
import java.util.HashSet;
import java.util.Iterator;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
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
    private final Map<IpPrefix, PathAttributes> pending = new HashMap<>();
    private final Map<Group, Set<IpPrefix>> announcements = new LinkedHashMap<>();
    private final Map<AddressFamily, Set<IpPrefix>> withdrawals = new LinkedHashMap<>();
    /** Prefixes that a refresh still owes the neighbour. */
    private final Set<IpPrefix> repeat = new HashSet<>();

    private final Deque<BgpMessage> before = new ArrayDeque<>();
    private final Deque<BgpMessage> after = new ArrayDeque<>();
    private final Map<ExportKey, Optional<PathAttributes>> exported = new HashMap<>();
    private final Set<IpPrefix> unexportable = new HashSet<>();

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

    private record Group(AddressFamily family, PathAttributes attributes) {}

    private record ExportKey(AddressFamily family, RouteAttributes route) {}

    /**
     * One message to send now, and what it tells; a marker tells nothing.
     *
     * @param message an UPDATE or a ROUTE-REFRESH mark
     */
    public record Outgoing(BgpMessage message, Set<IpPrefix> announced, Set<IpPrefix> withdrawn) {}

    /** The neighbour shall know exactly these routes. */
    public void desire(Map<IpPrefix, RouteAttributes> desired) {
        exported.clear();
        Set<IpPrefix> gone = new HashSet<>(sent.keySet());
        gone.addAll(pending.keySet());
        gone.removeAll(desired.keySet());
        unexportable.retainAll(desired.keySet());
        desired.forEach((prefix, route) -> change(prefix, Optional.of(route)));
        gone.forEach(prefix -> change(prefix, Optional.empty()));
    }

    /** The neighbour shall know this route of the prefix, or none. */
    public void change(IpPrefix prefix, Optional<RouteAttributes> route) {
        AddressFamily family = AddressFamily.of(prefix);
        if (!traits.families().contains(family)) {
            return;
        }
        Optional<PathAttributes> wanted =
                route.flatMap(attributes -> exported.computeIfAbsent(new ExportKey(family, attributes), this::export));
        if (route.isPresent() && wanted.isEmpty()) {
            unexportable.add(prefix);
        } else {
            unexportable.remove(prefix);
        }
        dequeue(prefix, family);
        PathAttributes known = sent.get(prefix);
        if (wanted.isPresent() && (!wanted.get().equals(known) || repeat.contains(prefix))) {
            enqueue(prefix, family, wanted.get());
        } else if (wanted.isEmpty() && known != null) {
            withdrawals.computeIfAbsent(family, _ -> new LinkedHashSet<>()).add(prefix);
        }
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
        Set<IpPrefix> leaving = withdrawals.getOrDefault(family, Set.of());
        sent.forEach((prefix, attributes) -> {
            if (AddressFamily.of(prefix).equals(family) && !leaving.contains(prefix)) {
                repeat.add(prefix);
                if (!pending.containsKey(prefix)) {
                    enqueue(prefix, family, attributes);
                }
            }
        });
    }

    /** Sends the message after all routes that are due now. */
    public void mark(BgpMessage message) {
        after.add(message);
    }

    /** Whether {@link #next} has something. */
    public boolean hasPending() {
        return !before.isEmpty() || !announcements.isEmpty() || !withdrawals.isEmpty() || !after.isEmpty();
    }

    /** Prefixes that still have to be announced or withdrawn. */
    public int pendingPrefixes() {
        return pending.size()
                + withdrawals.values().stream().mapToInt(Set::size).sum();
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
            return Optional.of(new Outgoing(before.remove(), Set.of(), Set.of()));
        }
        if (!announcements.isEmpty()) {
            return Optional.of(nextAnnouncement());
        }
        if (!withdrawals.isEmpty()) {
            return Optional.of(nextWithdrawal());
        }
        return Optional.ofNullable(after.poll()).map(mark -> new Outgoing(mark, Set.of(), Set.of()));
    }

    private Outgoing nextAnnouncement() {
        Map.Entry<Group, Set<IpPrefix>> first =
                announcements.entrySet().iterator().next();
        Group group = first.getKey();
        Set<IpPrefix> taken = take(first.getValue(), budget(group.attributes()));
        if (first.getValue().isEmpty()) {
            announcements.remove(group);
        }
        for (IpPrefix prefix : taken) {
            sent.put(prefix, group.attributes());
            pending.remove(prefix);
            repeat.remove(prefix);
        }
        List<Nlri> nlri = nlri(taken);
        if (group.family().equals(AddressFamily.IPV4_UNICAST)) {
            return new Outgoing(new UpdateMessage(List.of(), group.attributes(), nlri), taken, Set.of());
        }
        PathAttribute.MpReach hop =
                group.attributes().get(PathAttribute.MpReach.class).orElseThrow();
        PathAttributes attributes = group.attributes()
                .with(new PathAttribute.MpReach(group.family(), hop.nextHop(), hop.linkLocal(), nlri));
        return new Outgoing(new UpdateMessage(List.of(), attributes, List.of()), taken, Set.of());
    }

    private Outgoing nextWithdrawal() {
        Map.Entry<AddressFamily, Set<IpPrefix>> first =
                withdrawals.entrySet().iterator().next();
        AddressFamily family = first.getKey();
        boolean ipv4 = family.equals(AddressFamily.IPV4_UNICAST);
        PathAttributes none =
                ipv4 ? PathAttributes.NONE : PathAttributes.of(new PathAttribute.MpUnreach(family, List.of()));
        Set<IpPrefix> taken = take(first.getValue(), budget(none));
        if (first.getValue().isEmpty()) {
            withdrawals.remove(family);
        }
        taken.forEach(sent::remove);
        repeat.removeAll(taken);
        List<Nlri> nlri = nlri(taken);
        UpdateMessage message = ipv4
                ? new UpdateMessage(nlri, PathAttributes.NONE, List.of())
                : new UpdateMessage(List.of(), PathAttributes.of(new PathAttribute.MpUnreach(family, nlri)), List.of());
        return new Outgoing(message, Set.of(), taken);
    }

    private Optional<PathAttributes> export(ExportKey key) {
        return exporter.attributes(key.family(), key.route()).filter(attributes -> budget(attributes) > 0);
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

    private static Set<IpPrefix> take(Set<IpPrefix> from, int budgetOctets) {
        Set<IpPrefix> taken = new LinkedHashSet<>();
        int left = budgetOctets;
        Iterator<IpPrefix> prefixes = from.iterator();
        while (prefixes.hasNext()) {
            IpPrefix prefix = prefixes.next();
            left -= 1 + (prefix.length() + 7) / 8;
            if (left < 0) {
                break;
            }
            taken.add(prefix);
            prefixes.remove();
        }
        return taken;
    }

    private static List<Nlri> nlri(Set<IpPrefix> prefixes) {
        List<Nlri> nlri = new ArrayList<>(prefixes.size());
        prefixes.forEach(prefix -> nlri.add(Nlri.of(prefix)));
        return nlri;
    }

    private void enqueue(IpPrefix prefix, AddressFamily family, PathAttributes attributes) {
        pending.put(prefix, attributes);
        announcements
                .computeIfAbsent(new Group(family, attributes), _ -> new LinkedHashSet<>())
                .add(prefix);
    }

    private void dequeue(IpPrefix prefix, AddressFamily family) {
        PathAttributes queued = pending.remove(prefix);
        if (queued != null) {
            Group group = new Group(family, queued);
            Set<IpPrefix> members = announcements.get(group);
            members.remove(prefix);
            if (members.isEmpty()) {
                announcements.remove(group);
            }
        }
        Set<IpPrefix> leaving = withdrawals.get(family);
        if (leaving != null && leaving.remove(prefix) && leaving.isEmpty()) {
            withdrawals.remove(family);
        }
    }
}
