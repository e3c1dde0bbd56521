package org.secondsite.bgp.rib;

import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Collections;
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
 * <p>A session begins with the whole table, which goes out batch by batch ({@link FirstTable}) and is in no queue.
 *
 * <p>When the first table is out, an End-of-RIB marker follows for each family (RFC 4724 §2).
 */
public final class AdjRibOut {
    private static final int EXPORTS_KEPT = 4096;
    private static final int STALE_TOLERATED = 1024;
    /** Of IPv4 routes so many fit into a message of usual length. */
    static final int USUAL_ROUTES = 1024;

    private final SessionTraits traits;
    private final Set<AddressFamily> offered;
    private final FirstTable first = new FirstTable();
    private Exporter exporter;
    private final SentRoutes sent = new SentRoutes();
    private RouteTable firstRoutes = RouteTable.EMPTY;
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
    private boolean unexportableChanged;

    /** Nothing is sent yet, and no other families were offered than those agreed on. */
    public AdjRibOut(Exporter exporter, SessionTraits traits) {
        this(exporter, traits, traits.families());
    }

    /**
     * Nothing is sent yet.
     *
     * @param offered the families that we would exchange with the neighbour, whether it agreed or not
     */
    public AdjRibOut(Exporter exporter, SessionTraits traits, Set<AddressFamily> offered) {
        this.exporter = exporter;
        this.traits = traits;
        this.offered = Set.copyOf(offered);
    }

    /** Routes that can share a message; without attributes: a withdrawal. */
    private record Group(AddressFamily family, Optional<PathAttributes> attributes) {
        static Group withdrawal(AddressFamily family) {
            return new Group(family, Optional.empty());
        }

        // Spelt out: compared for every route, and mostly with itself.
        @Override
        public boolean equals(Object other) {
            return this == other
                    || (other instanceof Group that
                            && family.equals(that.family)
                            && attributes.equals(that.attributes));
        }

        @Override
        public int hashCode() {
            return 31 * family.hashCode() + attributes.hashCode();
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
        desire(RouteTable.of(routes));
    }

    /** The neighbour shall know exactly these routes. */
    public void desire(RouteTable table) {
        setUnexportable(Set.of());
        endFirstTable();
        // Without ADD-PATH the last of several paths counts, which only the queues can tell.
        boolean asTheyAre = !table.hasPaths() || traits.addPathSend().containsAll(traits.families());
        if (sent.isEmpty() && due.isEmpty() && asTheyAre) {
            begin(table);
            return;
        }
        Set<Nlri> wanted = asTheyAre ? table.routes().keySet() : HashSet.newHashSet(table.size());
        table.batches().forEach(batch -> {
            Optional<Group> group = export(batch.family(), batch.attributes());
            batch.routes().forEach(route -> {
                Nlri nlri = asSent(route);
                announce(nlri, group);
                if (!asTheyAre) {
                    wanted.add(nlri);
                }
            });
        });
        List<Nlri> gone = new ArrayList<>();
        sent.forEach((nlri, _) -> {
            if (!wanted.contains(nlri)) {
                gone.add(nlri);
            }
        });
        due.keySet().stream().filter(nlri -> !wanted.contains(nlri)).forEach(gone::add);
        gone.forEach(this::withdraw);
    }

    private void begin(RouteTable table) {
        sent.clear();
        firstRoutes = table;
        for (RouteTable.Batch batch : table.batches()) {
            Optional<Group> group = export(batch.family(), batch.attributes());
            if (group.isPresent()) {
                first.add(new FirstTable.Part(group.get().attributes().orElseThrow(), batch));
            } else if (offered.contains(batch.family())) {
                batch.routes().forEach(this::cannotExport);
            }
        }
    }

    /** The neighbour shall know this route, in place of what it was told of it before. */
    public void announce(Nlri route, RouteAttributes attributes) {
        announce(asSent(route), export(route.family(), attributes));
    }

    private void announce(Nlri nlri, Optional<Group> group) {
        settle(nlri);
        if (group.isEmpty()) {
            if (offered.contains(nlri.family())) {
                cannotExport(nlri);
            }
            forget(nlri);
            return;
        }
        canExport(nlri);
        if (group.get().attributes().orElseThrow().equals(sent.get(nlri))
                && (repeat.isEmpty() || !repeat.contains(nlri))) {
            due.remove(nlri);
        } else {
            enqueue(nlri, group.get());
        }
    }

    /** Attributes are made in this way from now on; every wanted route is to be announced again. */
    public void exportBy(Exporter changed) {
        exporter = changed;
        exports.clear();
        lastKey = null;
        lastExport = Optional.empty();
        endFirstTable();
    }

    /** What is not sent of it is not sent by it any more. */
    private void endFirstTable() {
        if (!first.isEmpty()) {
            sent.disturb();
            first.clear();
        }
    }

    /** The neighbour shall not know this route any more. */
    public void withdraw(Nlri route) {
        Nlri nlri = asSent(route);
        settle(nlri);
        canExport(nlri);
        forget(nlri);
    }

    private void settle(Nlri nlri) {
        if (!first.isEmpty()) {
            sent.disturb();
            first.settle(nlri);
        }
    }

    private void cannotExport(Nlri nlri) {
        unexportableChanged |= unexportable.add(nlri);
    }

    private void canExport(Nlri nlri) {
        unexportableChanged |= !unexportable.isEmpty() && unexportable.remove(nlri);
    }

    private void setUnexportable(Set<Nlri> routes) {
        unexportableChanged |= !unexportable.equals(routes);
        unexportable.clear();
        unexportable.addAll(routes);
    }

    private void forget(Nlri nlri) {
        if (sent.contains(nlri)) {
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
                .filter(attributes -> MessageSpace.octets(attributes, traits) > 0)
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
        return !before.isEmpty() || !first.isEmpty() || !due.isEmpty() || !after.isEmpty();
    }

    /** Routes that still have to be announced or withdrawn. */
    public int pendingPrefixes() {
        return first.left() + due.size();
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
        Map<Nlri, PathAttributes> all = HashMap.newHashMap(sent.size());
        sent.forEach(all::put);
        return Collections.unmodifiableMap(all);
    }

    /**
     * Routes that are desired but cannot be announced here: of a family that was offered and not agreed on, without a next hop of
     * their family, or with attributes too long.
     */
    public Set<Nlri> unexportable() {
        return Set.copyOf(unexportable);
    }

    /** Whether {@link #unexportable} is different from what it was at the last call of this method. */
    public boolean takeUnexportableChanged() {
        boolean changed = unexportableChanged;
        unexportableChanged = false;
        return changed;
    }

    /** Takes the next message; the caller must send it, in this order. */
    public Optional<Outgoing> next() {
        if (!before.isEmpty()) {
            return Optional.of(new Outgoing(before.remove(), List.of(), List.of()));
        }
        // What was changed by itself does not wait for the rest of the first table.
        return nextAnnouncement()
                .or(this::nextOfFirstTable)
                .or(this::nextWithdrawal)
                .or(this::nextMark);
    }

    private Optional<Outgoing> nextAnnouncement() {
        while (!announcements.isEmpty()) {
            Map.Entry<Group, Queue<Nlri>> head =
                    announcements.entrySet().iterator().next();
            Group group = head.getKey();
            PathAttributes attributes = group.attributes().orElseThrow();
            List<Nlri> taken = take(head.getValue(), group, new MessageSpace(traits, group.family(), attributes));
            if (head.getValue().isEmpty()) {
                announcements.remove(group);
            }
            if (!taken.isEmpty()) {
                taken.forEach(nlri -> sent.put(nlri, attributes));
                return Optional.of(announcement(attributes, taken));
            }
        }
        return Optional.empty();
    }

    private Optional<Outgoing> nextOfFirstTable() {
        for (Optional<FirstTable.Part> part = first.current(); part.isPresent(); part = first.current()) {
            PathAttributes attributes = part.get().attributes();
            List<Nlri> taken =
                    first.take(new MessageSpace(traits, part.get().batch().family(), attributes));
            sent.run(taken, attributes);
            if (first.isEmpty()) {
                Map<RouteTable.Batch, PathAttributes> told = told(firstRoutes);
                sent.complete(firstRoutes, batch -> told.getOrDefault(batch, PathAttributes.NONE));
                firstRoutes = RouteTable.EMPTY;
            }
            if (!taken.isEmpty()) {
                return Optional.of(announcement(attributes, taken));
            }
        }
        return Optional.empty();
    }

    private Optional<Outgoing> nextWithdrawal() {
        while (!withdrawals.isEmpty()) {
            Map.Entry<AddressFamily, Queue<Nlri>> head =
                    withdrawals.entrySet().iterator().next();
            AddressFamily family = head.getKey();
            PathAttributes none = PathAttributes.of(new PathAttribute.MpUnreach(family, List.of()));
            List<Nlri> taken = take(head.getValue(), Group.withdrawal(family), new MessageSpace(traits, family, none));
            if (head.getValue().isEmpty()) {
                withdrawals.remove(family);
            }
            if (!taken.isEmpty()) {
                return Optional.of(withdrawal(family, taken));
            }
        }
        return Optional.empty();
    }

    private Optional<Outgoing> nextMark() {
        return Optional.ofNullable(after.poll()).map(mark -> new Outgoing(mark, List.of(), List.of()));
    }

    /** What is told of the batches that can be announced here. */
    private Map<RouteTable.Batch, PathAttributes> told(RouteTable table) {
        Map<RouteTable.Batch, PathAttributes> told = new HashMap<>();
        table.batches().forEach(batch -> export(batch.family(), batch.attributes())
                .flatMap(Group::attributes)
                .ifPresent(attributes -> told.put(batch, attributes)));
        return told;
    }

    private Outgoing announcement(PathAttributes attributes, List<Nlri> taken) {
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

    private List<Nlri> take(Queue<Nlri> from, Group group, MessageSpace space) {
        List<Nlri> taken = new ArrayList<>();
        while (!from.isEmpty()) {
            Nlri route = from.peek();
            if (group.equals(due.get(route))) {
                if (!space.fits(route)) {
                    break;
                }
                due.remove(route);
                if (!repeat.isEmpty()) {
                    repeat.remove(route);
                }
                taken.add(route);
            }
            from.remove();
            queued--;
        }
        return taken;
    }
}
