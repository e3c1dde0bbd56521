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
import org.secondsite.bgp.wire.BgpMessage;
import org.secondsite.bgp.wire.Nlri;
import org.secondsite.bgp.wire.PathAttribute;
import org.secondsite.bgp.wire.PathAttributes;
import org.secondsite.bgp.wire.RouteRefreshMessage;
import org.secondsite.bgp.wire.SessionTraits;
import org.secondsite.bgp.wire.UpdateMessage;

/**
 * What one session has told its neighbour, and the difference to what it shall be told.
 *
 * <p>The difference is held as routes, never as messages: a message is made when the connection can take it ({@link
 * #next}), so a slow neighbour costs no memory beyond one entry a route, and a route that changes ten times before the
 * neighbour reads is sent once. A change costs what it changes, however large the table is. Routes with the same
 * attributes share a message (RFC 4271 §4.3). Announcements leave before withdrawals: traffic is offered its new way
 * before the old one is taken.
 *
 * <p>{@code due} says what is to be sent for a route; the queues only say in which order. An entry of a queue that {@code
 * due} does not confirm is stale and skipped; when most are, the queues are made anew.
 *
 * <p>When the first table is out, an End-of-RIB marker follows for each family (RFC 4724 §2).
 */
public final class AdjRibOut {
    private static final int EXPORTS_KEPT = 4096;
    private static final int STALE_TOLERATED = 1024;

    private final Exporter exporter;
    private final SessionTraits traits;
    private final Map<Nlri, PathAttributes> sent = new HashMap<>();
    private final Map<Nlri, Group> due = new HashMap<>();
    private final Map<Group, Queue<Nlri>> announcements = new LinkedHashMap<>();
    private final Map<AddressFamily, Queue<Nlri>> withdrawals = new LinkedHashMap<>();
    private final Deque<BgpMessage> before = new ArrayDeque<>();
    private final Deque<BgpMessage> after = new ArrayDeque<>();
    /** Routes that a refresh still owes the neighbour. */
    private final Set<Nlri> repeat = new HashSet<>();

    private final Set<Nlri> unexportable = new HashSet<>();
    private final Map<ExportKey, Optional<Group>> exports = new HashMap<>();
    private ExportKey lastKey;
    private Optional<Group> lastExport = Optional.empty();
    private int queued;

    /** Nothing is sent yet. */
    public AdjRibOut(Exporter exporter, SessionTraits traits) {
        this.exporter = exporter;
        this.traits = traits;
    }

    /** Routes that can share a message; without attributes: a withdrawal. */
    private record Group(AddressFamily family, Optional<PathAttributes> attributes) {
        static Group withdrawal(AddressFamily family) {
            return new Group(family, Optional.empty());
        }
    }

    private record ExportKey(AddressFamily family, RouteAttributes route) {}

    /**
     * One message to send now, and what it tells; a marker tells nothing.
     *
     * @param message an UPDATE or a ROUTE-REFRESH mark
     */
    public record Outgoing(BgpMessage message, List<Nlri> announced, List<Nlri> withdrawn) {}

    /** Sends an End-of-RIB marker of every family after the routes that are due now. */
    public void markEndOfRib() {
        traits.families().stream()
                .sorted((a, b) -> a.afi() != b.afi() ? a.afi() - b.afi() : a.safi() - b.safi())
                .forEach(family -> after.add(UpdateMessage.endOfRib(family)));
    }

    /** The neighbour shall know exactly these routes. */
    public void desire(Map<Nlri, RouteAttributes> routes) {
        unexportable.clear();
        Set<Nlri> wanted = new HashSet<>(routes.size() * 2);
        routes.forEach((nlri, route) -> {
            wanted.add(asSent(nlri));
            announce(nlri, route);
        });
        List<Nlri> gone = new ArrayList<>();
        sent.keySet().stream().filter(nlri -> !wanted.contains(nlri)).forEach(gone::add);
        due.keySet().stream().filter(nlri -> !wanted.contains(nlri)).forEach(gone::add);
        gone.forEach(this::withdraw);
    }

    /** The neighbour shall know this route, in place of what it was told of it before. */
    public void announce(Nlri route, RouteAttributes attributes) {
        Nlri nlri = asSent(route);
        Optional<Group> group = export(nlri.family(), attributes);
        if (group.isEmpty()) {
            if (traits.families().contains(nlri.family())) {
                unexportable.add(nlri);
            }
            forget(nlri);
            return;
        }
        unexportable.remove(nlri);
        if (group.get().attributes().orElseThrow().equals(sent.get(nlri)) && !repeat.contains(nlri)) {
            due.remove(nlri);
        } else {
            enqueue(nlri, group.get());
        }
    }

    /** The neighbour shall not know this route any more. */
    public void withdraw(Nlri route) {
        Nlri nlri = asSent(route);
        unexportable.remove(nlri);
        forget(nlri);
    }

    private void forget(Nlri nlri) {
        if (sent.containsKey(nlri)) {
            enqueue(nlri, Group.withdrawal(nlri.family()));
        } else {
            due.remove(nlri);
        }
    }

    private void enqueue(Nlri nlri, Group group) {
        if (!group.equals(due.put(nlri, group))) {
            queue(group).add(nlri);
            queued++;
            if (queued > 2 * due.size() + STALE_TOLERATED) {
                queueAnew();
            }
        }
    }

    private Queue<Nlri> queue(Group group) {
        return group.attributes().isPresent()
                ? announcements.computeIfAbsent(group, _ -> new ArrayDeque<>())
                : withdrawals.computeIfAbsent(group.family(), _ -> new ArrayDeque<>());
    }

    private void queueAnew() {
        announcements.clear();
        withdrawals.clear();
        due.forEach((nlri, group) -> queue(group).add(nlri));
        queued = due.size();
    }

    /** Without ADD-PATH the last path to a prefix is the only one. */
    private Nlri asSent(Nlri nlri) {
        boolean onePath = nlri instanceof Nlri.Unicast unicast
                && unicast.hasPath()
                && !traits.addPathSend().contains(nlri.family());
        return onePath ? Nlri.of(((Nlri.Unicast) nlri).prefix()) : nlri;
    }

    /** What a route becomes here; empty if it cannot be announced, or its family was not agreed on. */
    @SuppressWarnings("ReferenceEquality") // a short cut only: equal but distinct routes find the same entry
    private Optional<Group> export(AddressFamily family, RouteAttributes route) {
        if (lastKey == null || lastKey.route() != route || !lastKey.family().equals(family)) {
            if (exports.size() > EXPORTS_KEPT) {
                exports.clear();
            }
            lastKey = new ExportKey(family, route);
            lastExport = exports.computeIfAbsent(lastKey, this::export);
        }
        return lastExport;
    }

    private Optional<Group> export(ExportKey key) {
        if (!traits.families().contains(key.family())) {
            return Optional.empty();
        }
        return exporter.attributes(key.family(), key.route())
                .filter(attributes -> budget(attributes) > 0)
                .map(attributes -> new Group(key.family(), Optional.of(attributes)));
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
        sent.forEach((nlri, attributes) -> {
            if (nlri.family().equals(family) && !due.containsKey(nlri)) {
                repeat.add(nlri);
                enqueue(nlri, new Group(family, Optional.of(attributes)));
            }
        });
    }

    /** Sends the message after all routes that are due now. */
    public void mark(BgpMessage message) {
        after.add(message);
    }

    /** Whether {@link #next} has something. */
    public boolean hasPending() {
        return !before.isEmpty() || !due.isEmpty() || !after.isEmpty();
    }

    /** Routes that still have to be announced or withdrawn. */
    public int pendingPrefixes() {
        return due.size();
    }

    /** How many routes the neighbour has been told and not been told to forget. */
    public int sentPrefixes() {
        return sent.size();
    }

    /** What the neighbour has been told of the route. */
    public Optional<PathAttributes> sent(Nlri nlri) {
        return Optional.ofNullable(sent.get(nlri));
    }

    /** Everything that the neighbour has been told. */
    public Map<Nlri, PathAttributes> sent() {
        return Map.copyOf(sent);
    }

    /** Routes that are desired but cannot be announced here: no next hop of their family, or attributes too long. */
    public Set<Nlri> unexportable() {
        return Set.copyOf(unexportable);
    }

    /** Takes the next message; the caller must send it, in this order. */
    public Optional<Outgoing> next() {
        if (!before.isEmpty()) {
            return Optional.of(new Outgoing(before.remove(), List.of(), List.of()));
        }
        while (!announcements.isEmpty()) {
            Map.Entry<Group, Queue<Nlri>> first =
                    announcements.entrySet().iterator().next();
            Group group = first.getKey();
            List<Nlri> taken =
                    take(first.getValue(), group, budget(group.attributes().orElseThrow()));
            if (first.getValue().isEmpty()) {
                announcements.remove(group);
            }
            if (!taken.isEmpty()) {
                return Optional.of(announcement(group, taken));
            }
        }
        while (!withdrawals.isEmpty()) {
            Map.Entry<AddressFamily, Queue<Nlri>> first =
                    withdrawals.entrySet().iterator().next();
            AddressFamily family = first.getKey();
            PathAttributes none = PathAttributes.of(new PathAttribute.MpUnreach(family, List.of()));
            List<Nlri> taken = take(first.getValue(), Group.withdrawal(family), budget(none));
            if (first.getValue().isEmpty()) {
                withdrawals.remove(family);
            }
            if (!taken.isEmpty()) {
                return Optional.of(withdrawal(family, taken));
            }
        }
        return Optional.ofNullable(after.poll()).map(mark -> new Outgoing(mark, List.of(), List.of()));
    }

    private Outgoing announcement(Group group, List<Nlri> taken) {
        PathAttributes attributes = group.attributes().orElseThrow();
        taken.forEach(nlri -> sent.put(nlri, attributes));
        Optional<PathAttribute.MpReach> hop = attributes.get(PathAttribute.MpReach.class);
        UpdateMessage message = hop.isEmpty()
                ? new UpdateMessage(List.of(), attributes, taken)
                : new UpdateMessage(List.of(), attributes.with(hop.get().withNlri(taken)), List.of());
        return new Outgoing(message, taken, List.of());
    }

    private Outgoing withdrawal(AddressFamily family, List<Nlri> taken) {
        taken.forEach(sent::remove);
        UpdateMessage message = family.equals(AddressFamily.IPV4_UNICAST)
                ? new UpdateMessage(taken, PathAttributes.NONE, List.of())
                : new UpdateMessage(
                        List.of(), PathAttributes.of(new PathAttribute.MpUnreach(family, taken)), List.of());
        return new Outgoing(message, List.of(), taken);
    }

    /** Octets that are left for routes beside the attributes, less one for a longer MP_REACH_NLRI header. */
    private int budget(PathAttributes attributes) {
        ByteBuf scratch = Unpooled.buffer();
        try {
            AttributeEncoder.encode(attributes, traits, scratch);
            int fixed = BgpMessage.HEADER_OCTETS + 4;
            int longestRoute = attributes.get(PathAttribute.NextHop.class).isPresent() ? 9 : 21;
            int left = traits.maximumOctets() - fixed - scratch.readableBytes() - 1;
            return left >= longestRoute ? left : 0;
        } finally {
            scratch.release();
        }
    }

    /** Takes what fits; at least one, for what is longer than a message fits into none. */
    private List<Nlri> take(Queue<Nlri> from, Group group, int budgetOctets) {
        List<Nlri> taken = new ArrayList<>();
        int left = budgetOctets;
        while (!from.isEmpty()) {
            Nlri first = from.peek();
            if (!group.equals(due.get(first))) {
                from.remove();
                queued--;
                continue;
            }
            // One attribute carries all NLRI of a family that is only handed through.
            boolean alone = first instanceof Nlri.Opaque;
            left -= AttributeEncoder.octets(first, traits);
            if ((left < 0 || alone) && !taken.isEmpty()) {
                break;
            }
            from.remove();
            queued--;
            due.remove(first);
            repeat.remove(first);
            taken.add(first);
            if (alone) {
                break;
            }
        }
        return taken;
    }
}
