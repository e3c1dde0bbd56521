package org.secondsite.gateway.group;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.secondsite.gateway.group.GivenOrders.ordered;

import java.util.ArrayList;
import java.util.EnumSet;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.SplittableRandom;
import java.util.function.Supplier;
import java.util.regex.Pattern;
import org.junit.jupiter.api.Test;
import org.secondsite.buffer.Pressure;
import org.secondsite.config.EpochId;
import org.secondsite.config.GatewayConfig;
import org.secondsite.config.GroupId;
import org.secondsite.config.MacAddress;
import org.secondsite.config.OwnershipRecord;
import org.secondsite.config.SiteId;
import org.secondsite.config.VmId;
import org.secondsite.gateway.ownership.OwnershipState;
import org.secondsite.gateway.peer.PeerWatch;
import org.secondsite.replicator.Capability;
import org.secondsite.replicator.Dialect;
import org.secondsite.replicator.tunnel.PeerMessage;
import org.secondsite.witness.Answer;

/**
 * A gateway with two peers does for each of them what a gateway with that peer alone would do: random events, whole and sensible or not, are
 * told to one core of both pairs, and to one core for each pair as far as they are of that. So what is explored of two sites holds for
 * each pair of a ring, and a ring has no state that its pairs do not have. What both have in common is left out: the disk that remembers
 * members, for which one pair may wait because of the other, and switches that somebody else takes.
 */
class PairsStandAloneTest {
    private static final int WALKS = 50;
    private static final int STEPS = 300;
    private static final long SEED = Long.getLong("secondsite.seed", 18);
    private static final long MILLI = 1_000_000;
    private static final SiteId A = new SiteId("a");

    /**
     * A peer of a, with the group of the two.
     *
     * @param named what an order of it has in its words
     */
    private record Pair(SiteId peer, GroupId group, VmId vm, String mac, SiteId owner, Pattern named) {
        static final Pair WITH_B = of("b", "web", "vm1", "52:54:00:c0:10:01", "a");
        static final Pair WITH_C = of("c", "mail", "vm2", "52:54:00:c0:10:02", "c");
        static final List<Pair> BOTH = List.of(WITH_B, WITH_C);

        private static Pair of(String peer, String group, String vm, String mac, String owner) {
            return new Pair(
                    new SiteId(peer),
                    new GroupId(group),
                    new VmId(vm),
                    mac,
                    new SiteId(owner),
                    Pattern.compile(
                            "\\b(?:%2$s|%3$s|site %1$s)\\b|peer=%1$s\\b|subject=%1$s\\b".formatted(peer, group, vm)));
        }

        Pair other() {
            return this.equals(WITH_B) ? WITH_C : WITH_B;
        }

        GatewayConfig.Group settings() {
            return new GatewayConfig.Group(
                    group,
                    Optional.of(peer),
                    List.of(),
                    List.of(),
                    List.of(new GatewayConfig.Vm(vm, true, MacAddress.parse(mac), List.of(), Optional.empty())));
        }

        @Override
        public String toString() {
            return "a and " + peer;
        }
    }

    /** A core, and what it has ordered so far that is not answered. */
    private static final class Site {
        private final List<Pair> pairs;
        private final Map<SiteId, PeerWatch> watches = new HashMap<>();
        private final SiteCore core;

        Site(List<Pair> pairs, long nowNanos) {
            this.pairs = pairs;
            GatewayConfig config = CoreConfig.of(
                    A,
                    pairs.stream().map(pair -> pair.peer).toList(),
                    pairs.stream().map(Pair::settings).toList());
            core = new SiteCore(
                    config,
                    (site, tunnel, at) -> watches.computeIfAbsent(site, _ -> new PeerWatch(tunnel, Runnable::run, at)),
                    nowNanos);
        }

        /**
         * Orders in words, without those that are of the other pair. An agent is told of its term with whatever the witness says next, of
         * any group.
         */
        private static List<String> words(List<SiteOrder> orders, Pair pair) {
            return orders.stream()
                    .filter(order -> !(order instanceof SiteOrder.InForce))
                    .map(Site::words)
                    .filter(words -> !pair.other().named.matcher(words).find())
                    .toList();
        }

        private static String words(SiteOrder order) {
            return switch (order) {
                case SiteOrder.Towards(SiteId peer, SiteOrder.SendEpoch(var epoch)) ->
                    "peer=" + peer + " " + epoch.header();
                case SiteOrder.Apply(var session, var epoch) -> session + " applies " + epoch.header();
                default -> order.toString();
            };
        }
    }

    /** What was told and ordered of a pair, so that what is told next may fit. */
    private static final class Known {
        private final StillAgent agent;
        private OwnershipRecord record;
        private Optional<SiteOrder.Ask> asked = Optional.empty();
        private Optional<SiteOrder.Read> read = Optional.empty();
        private long epoch;

        Known(Pair pair) {
            agent = new StillAgent(pair.vm);
            record = new OwnershipRecord(pair.group, 1, 0, pair.owner, Set.of(A, pair.peer));
        }
    }

    private final SplittableRandom dice = new SplittableRandom(SEED);
    private final Set<OwnershipState> seen = EnumSet.noneOf(OwnershipState.class);
    private Map<Pair, Known> known = Map.of();
    private long now;
    private long terms;

    @Test
    void eachPairGoesAsItWouldWithoutTheOther() {
        for (int walk = 0; walk < WALKS; walk++) {
            walk();
        }
        assertTrue(
                seen.containsAll(EnumSet.of(
                        OwnershipState.STANDBY,
                        OwnershipState.PROMOTING,
                        OwnershipState.SOLO,
                        OwnershipState.SYNCING,
                        OwnershipState.PROTECTED,
                        OwnershipState.FENCED)),
                "where the walks went: " + seen);
    }

    private void walk() {
        now = MILLI;
        terms = 1;
        known = Map.of(Pair.WITH_B, new Known(Pair.WITH_B), Pair.WITH_C, new Known(Pair.WITH_C));
        Site both = new Site(Pair.BOTH, now);
        Map<Pair, Site> alone = new HashMap<>();
        for (Pair pair : Pair.BOTH) {
            alone.put(pair, new Site(List.of(pair), now));
        }
        List<String> told = new ArrayList<>();
        for (int step = 0; step < STEPS; step++) {
            now += dice.nextLong(20 * MILLI);
            Pair of = dice.nextBoolean() ? Pair.WITH_B : Pair.WITH_C;
            boolean common = dice.nextInt(4) == 0;
            Supplier<SiteEvent> event = common ? ofAll() : ofOne(of);
            told.add(event.get().toString());
            List<SiteOrder> orders = both.core.on(event.get(), now);
            for (Pair pair : Pair.BOTH) {
                List<SiteOrder> wanted =
                        common || pair.equals(of) ? alone.get(pair).core.on(event.get(), now) : List.of();
                assertEquals(
                        Site.words(wanted, pair),
                        Site.words(orders, pair),
                        () -> "seed " + SEED + ", of " + pair + " after "
                                + told.subList(Math.max(0, told.size() - 12), told.size()));
                remember(pair, wanted);
                seen.add(state(both, pair));
                assertEquals(state(alone.get(pair), pair), state(both, pair));
            }
            if (dice.nextInt(3) > 0) {
                SiteId heard = of.peer;
                both.watches.get(heard).heard(now);
                alone.get(of).watches.get(heard).heard(now);
            }
        }
    }

    private static OwnershipState state(Site site, Pair pair) {
        assertTrue(site.pairs.contains(pair));
        return site.core.group(pair.group).orElseThrow().ownership().state();
    }

    private void remember(Pair pair, List<SiteOrder> orders) {
        Known of = known.get(pair);
        ordered(SiteOrder.Ask.class, orders).forEach(ask -> of.asked = Optional.of(ask));
        ordered(SiteOrder.Read.class, orders).forEach(read -> of.read = Optional.of(read));
        orders.stream()
                .filter(SiteOrder.StartCheckpoints.class::isInstance)
                .map(SiteOrder.StartCheckpoints.class::cast)
                .forEach(start -> of.epoch = start.first().number());
    }

    private Supplier<SiteEvent> ofAll() {
        SiteEvent event =
                switch (dice.nextInt(12)) {
                    case 0 -> new SiteEvent.WitnessReachable(dice.nextBoolean(), "so it is");
                    case 1 -> new SiteEvent.StoodStill(dice.nextLong(10), 300 * MILLI);
                    case 2 -> new SiteEvent.WitnessDisplaced("another one is served");
                    case 3 -> new SiteEvent.WitnessAdmitted();
                    default -> new SiteEvent.Tick(Map.of());
                };
        return () -> event;
    }

    /** Whoever takes an epoch closes it, so each core is told of its own. */
    private Supplier<SiteEvent> ofOne(Pair pair) {
        Known of = known.get(pair);
        EpochId next = new EpochId(term(of), ++of.epoch);
        EpochId base =
                next.number() == 1 || dice.nextBoolean() ? EpochId.NONE : new EpochId(next.term(), next.number() - 1);
        return switch (dice.nextInt(6)) {
            case 0 -> () -> new SiteEvent.EpochFromAgent(of.agent, StillAgent.epoch(pair.vm, next, base), MILLI);
            case 1 ->
                () -> new SiteEvent.FromPeer(
                        pair.peer, new SiteEvent.EpochFromPeer(StillAgent.epoch(pair.vm, next, base)));
            case 2 -> plain(ofAgent(pair, of, next));
            case 3 -> plain(new SiteEvent.FromPeer(pair.peer, ofTunnel(pair, of, next)));
            case 4 -> plain(new SiteEvent.FromPeer(pair.peer, new SiteEvent.PeerSaid(ofGateway(pair, of))));
            default -> plain(ofWitness(pair, of));
        };
    }

    private static Supplier<SiteEvent> plain(SiteEvent event) {
        return () -> event;
    }

    private long term(Known of) {
        return Math.max(1, of.record.term() - dice.nextInt(8) / 7);
    }

    private SiteEvent ofAgent(Pair pair, Known of, EpochId next) {
        return switch (dice.nextInt(9)) {
            case 0, 1 -> new SiteEvent.Attached(of.agent, dice.nextBoolean());
            case 2 -> new SiteEvent.Detached(of.agent, "it is gone");
            case 3 -> new SiteEvent.SealRequested(of.agent, next);
            case 4 -> new SiteEvent.Applied(of.agent, next);
            case 5 -> new SiteEvent.VmStopped(of.agent);
            case 6 -> new SiteEvent.VmPaused(of.agent, next);
            case 7 ->
                new SiteEvent.PressureChanged(
                        pair.vm, dice.nextBoolean() ? Pressure.HARD_LIMIT : Pressure.EASY, 9, MILLI);
            default -> new SiteEvent.Activated(of.agent, next);
        };
    }

    private SiteEvent.OfTunnel ofTunnel(Pair pair, Known of, EpochId next) {
        return switch (dice.nextInt(7)) {
            case 0 -> new SiteEvent.PeerSpeaks(new Dialect(1, EnumSet.of(Capability.MEMBERS, Capability.TICKS)));
            case 1, 2 -> new SiteEvent.TunnelUp();
            case 3 -> new SiteEvent.TunnelDown(PeerWatch.Tunnel.BROKEN, "it is gone");
            case 4 -> new SiteEvent.EpochRefused(pair.vm, next, "no");
            default ->
                new SiteEvent.EpochAcknowledged(pair.vm, new EpochId(term(of), 1 + dice.nextLong(next.number())));
        };
    }

    private PeerMessage ofGateway(Pair pair, Known of) {
        List<VmId> some = dice.nextBoolean() ? List.of(pair.vm) : List.of();
        return switch (dice.nextInt(6)) {
            case 0, 1 -> new PeerMessage.StandbyState(pair.group, dice.nextInt(4) > 0, 1, 0, "so it is");
            case 2 -> new PeerMessage.RecordNews(record(pair, of));
            case 3 -> new PeerMessage.VmsActive(pair.group, term(of));
            case 4 ->
                new PeerMessage.Members(
                        pair.group, term(of), dice.nextLong(1, 9), some, List.of(), new PeerMessage.Takeover(1, some));
            default -> new PeerMessage.MembersTaken(pair.group, dice.nextLong(9), dice.nextLong(9), List.of());
        };
    }

    /** The next one, or one that there has been. */
    private OwnershipRecord record(Pair pair, Known of) {
        if (dice.nextInt(3) == 0) {
            return of.record;
        }
        terms++;
        SiteId owner = dice.nextBoolean() ? A : pair.peer;
        of.record = new OwnershipRecord(
                pair.group, terms, of.record.term(), owner, dice.nextBoolean() ? Set.of(owner) : Set.of(A, pair.peer));
        of.epoch = 0;
        return of.record;
    }

    private SiteEvent ofWitness(Pair pair, Known of) {
        if (of.asked.isPresent() && dice.nextInt(3) > 0) {
            SiteOrder.Ask ask = of.asked.get();
            of.asked = Optional.empty();
            return answer(of, ask);
        }
        if (of.read.isPresent() && dice.nextBoolean()) {
            SiteOrder.Read read = of.read.get();
            of.read = Optional.empty();
            return dice.nextInt(4) == 0
                    ? new SiteEvent.RecordUnread(read)
                    : new SiteEvent.RecordRead(read, record(pair, of));
        }
        return new SiteEvent.RecordTold(record(pair, of));
    }

    private SiteEvent answer(Known of, SiteOrder.Ask ask) {
        if (dice.nextInt(8) == 0) {
            return new SiteEvent.Unanswered(ask, "nobody answers");
        }
        if (ask.expectedTerm() != of.record.term() || dice.nextInt(8) == 0) {
            return new SiteEvent.Answered(ask, new Answer.Refused(of.record, "the term is another one"));
        }
        terms++;
        of.record = new OwnershipRecord(ask.group(), terms, ask.expectedTerm(), ask.owner(), ask.inSync());
        of.epoch = 0;
        return new SiteEvent.Answered(ask, new Answer.Granted(of.record));
    }
}
