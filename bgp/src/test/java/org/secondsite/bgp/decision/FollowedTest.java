package org.secondsite.bgp.decision;

import static org.junit.jupiter.api.Assertions.assertEquals;

import java.net.Inet6Address;
import java.net.InetAddress;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Random;
import java.util.TreeMap;
import java.util.TreeSet;
import org.junit.jupiter.api.Test;
import org.secondsite.bgp.rib.ReceivedRoute;
import org.secondsite.bgp.wire.AsPath;
import org.secondsite.bgp.wire.Nlri;
import org.secondsite.bgp.wire.PathAttribute;
import org.secondsite.bgp.wire.PathAttributes;
import org.secondsite.bgp.wire.Prefix;

/** Which ways a destination has, and when that is told. */
class FollowedTest {
    private static final Prefix DEFAULT = Prefix.parse("0.0.0.0/0");
    private static final Prefix DEFAULT6 = Prefix.parse("::/0");

    private final LocRib rib = new LocRib();
    private final Followed followed = new Followed();

    private static Candidate.Source source(int number) {
        return new Candidate.Source(
                Prefix.parseAddress("10.0.0." + number), true, DecisionStepTest.address("10.0.0." + number));
    }

    /** From a neighbour, which is the next hop, with a path of so many others. */
    private static ReceivedRoute route(int number, int pathLength, long preference) {
        List<Long> path = new ArrayList<>();
        for (int i = 0; i < pathLength; i++) {
            path.add(64500L + number);
        }
        return new ReceivedRoute(
                Nlri.of(DEFAULT),
                Optional.of(Prefix.parseAddress("10.0.0." + number)),
                PathAttributes.of(AsPath.sequence(path), new PathAttribute.LocalPreference(preference)));
    }

    private static Followed.NextHop nextHop(int number) {
        return new Followed.NextHop(Prefix.parseAddress("10.0.0." + number), 0);
    }

    private static List<Followed.Ways> ways(int... numbers) {
        List<Followed.NextHop> nextHops = new ArrayList<>();
        for (int number : numbers) {
            nextHops.add(nextHop(number));
        }
        return List.of(new Followed.Ways(DEFAULT, nextHops));
    }

    private List<Followed.Ways> update(int number, ReceivedRoute... announced) {
        rib.update(source(number), List.of(announced), List.of());
        return followed.look(rib);
    }

    @Test
    void allThatAreAsGoodAsTheBestAreWaysAndAChangeOfThemIsTold() {
        assertEquals(List.of(), followed.follow(List.of(DEFAULT), rib), "there is none yet");
        assertEquals(ways(2), update(2, route(2, 1, 100)));
        assertEquals(ways(1, 2), update(1, route(1, 1, 100)), "of another AS, as good");
        assertEquals(List.of(), update(3, route(3, 2, 100)), "a longer path");
        assertEquals(List.of(), update(2, route(2, 1, 100)), "the same again");
        assertEquals(ways(3), update(3, route(3, 2, 200)), "preferred by a policy");
        rib.remove(source(3).peer());
        assertEquals(ways(1, 2), followed.look(rib));
        rib.remove(source(1).peer());
        assertEquals(ways(2), followed.look(rib), "its router is gone");
        rib.remove(source(2).peer());
        assertEquals(ways(), followed.look(rib), "no way is left");
        assertEquals(List.of(), followed.look(rib));
    }

    @Test
    void whatIsFollowedLaterIsToldAtOnceAndWhatIsNotFollowedNeverIs() {
        assertEquals(List.of(), update(1, route(1, 1, 100)));
        assertEquals(ways(1), followed.follow(List.of(DEFAULT, DEFAULT6), rib));
        assertEquals(List.of(), followed.follow(List.of(DEFAULT), rib), "known already");
        assertEquals(List.of(), followed.follow(List.of(), rib));
        assertEquals(List.of(), update(2, route(2, 1, 100)));
    }

    @Test
    void aLinkLocalNextHopIsOfTheInterfaceThatItsNeighbourIsAt() throws Exception {
        followed.follow(List.of(DEFAULT6), rib);
        InetAddress bare = Prefix.parseAddress("fe80::1");
        List<Followed.NextHop> nextHops = new ArrayList<>();
        for (int scope : new int[] {5, 7}) {
            // Both routers have the same address there.
            InetAddress peer = Inet6Address.getByAddress(null, bare.getAddress(), scope);
            Candidate.Source source = new Candidate.Source(peer, true, DecisionStepTest.address("10.0.0." + scope));
            ReceivedRoute route = new ReceivedRoute(
                    new Nlri.Unicast(scope, DEFAULT6),
                    Optional.of(bare),
                    PathAttributes.of(AsPath.sequence(List.of(64500L))));
            rib.update(source, List.of(route), List.of());
            nextHops.add(new Followed.NextHop(bare, scope));
            assertEquals(List.of(new Followed.Ways(DEFAULT6, nextHops)), followed.look(rib));
        }
    }

    @Test
    void whatIsToldIsWhatHoldsAfterAnyChanges() {
        Random random = new Random(5);
        Map<Integer, ReceivedRoute> all = new TreeMap<>();
        followed.follow(List.of(DEFAULT), rib);
        List<Followed.NextHop> known = List.of();
        for (int step = 0; step < 5000; step++) {
            int number = 1 + random.nextInt(6);
            if (random.nextInt(3) == 0) {
                all.remove(number);
                rib.remove(source(number).peer());
            } else {
                all.put(number, route(number, 1 + random.nextInt(2), 100L + random.nextInt(2)));
                rib.update(source(number), List.of(all.get(number)), List.of());
            }
            for (Followed.Ways ways : followed.look(rib)) {
                known = ways.nextHops();
            }
            assertEquals(best(all), known, "step " + step + " with " + all);
        }
    }

    private static List<Followed.NextHop> best(Map<Integer, ReceivedRoute> all) {
        TreeMap<Long, TreeSet<Integer>> byRank = new TreeMap<>();
        all.forEach((number, route) -> {
            long preference = route.attributes()
                    .get(PathAttribute.LocalPreference.class)
                    .orElseThrow()
                    .value();
            int length = route.attributes().get(AsPath.class).orElseThrow().selectionLength();
            byRank.computeIfAbsent(-preference * 10 + length, _ -> new TreeSet<>())
                    .add(number);
        });
        return byRank.isEmpty()
                ? List.of()
                : byRank.firstEntry().getValue().stream()
                        .map(FollowedTest::nextHop)
                        .toList();
    }
}
