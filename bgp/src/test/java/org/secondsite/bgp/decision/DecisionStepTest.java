package org.secondsite.bgp.decision;

import static org.junit.jupiter.api.Assertions.assertEquals;

import java.net.Inet4Address;
import java.util.ArrayList;
import java.util.Collections;
import java.util.EnumSet;
import java.util.List;
import java.util.Optional;
import java.util.Random;
import java.util.Set;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.secondsite.bgp.rib.ReceivedRoute;
import org.secondsite.bgp.wire.AsPath;
import org.secondsite.bgp.wire.Nlri;
import org.secondsite.bgp.wire.PathAttribute;
import org.secondsite.bgp.wire.PathAttribute.Origin.Source;
import org.secondsite.bgp.wire.PathAttributes;
import org.secondsite.bgp.wire.Prefix;

/** The decision process, a step at a time, and against a reference that eliminates by the letter of RFC 4271 §9.1.2.2. */
class DecisionStepTest {
    static final Prefix PREFIX = Prefix.parse("203.0.113.0/24");

    /** A route that is bad at these steps, and good at all others. */
    private static Candidate bad(Set<DecisionStep> at) {
        List<PathAttribute> attributes = new ArrayList<>(List.of(
                new PathAttribute.LocalPreference(at.contains(DecisionStep.LOCAL_PREFERENCE) ? 100 : 200),
                AsPath.sequence(at.contains(DecisionStep.PATH_LENGTH) ? List.of(7L, 8L) : List.of(7L)),
                new PathAttribute.Origin(at.contains(DecisionStep.ORIGIN) ? Source.INCOMPLETE : Source.IGP),
                new PathAttribute.MultiExitDiscriminator(at.contains(DecisionStep.MED) ? 2 : 1)));
        if (at.contains(DecisionStep.CLUSTER_LIST)) {
            attributes.add(new PathAttribute.ClusterList(List.of(address("10.0.0.9"))));
        }
        return new Candidate(
                new Candidate.Source(
                        address(at.contains(DecisionStep.PEER_ADDRESS) ? "192.0.2.2" : "192.0.2.1"),
                        !at.contains(DecisionStep.EXTERNAL),
                        address(at.contains(DecisionStep.ROUTER_ID) ? "10.0.0.2" : "10.0.0.1")),
                new ReceivedRoute(
                        new Nlri.Unicast(at.contains(DecisionStep.PATH_ID) ? 2 : 1, PREFIX),
                        Optional.empty(),
                        PathAttributes.of(attributes)));
    }

    static Inet4Address address(String text) {
        return (Inet4Address) Prefix.parseAddress(text);
    }

    /** One is worse at this step and better at every later one; all before are a tie. */
    @EnumSource
    @ParameterizedTest
    void anEarlierStepOutweighsAllLaterOnes(DecisionStep step) {
        EnumSet<DecisionStep> later = EnumSet.range(step, DecisionStep.PATH_ID);
        later.remove(step);
        Candidate worse = bad(EnumSet.of(step));
        Candidate better = bad(later);
        assertEquals(better, DecisionStep.best(List.of(worse, better)));
        assertEquals(better, DecisionStep.best(List.of(better, worse)));
        EnumSet<DecisionStep> before = EnumSet.complementOf(later);
        before.remove(step);
        before.forEach(
                one -> assertEquals(List.of(worse, better), one.survivors(List.of(worse, better)), one + " is a tie"));
        assertEquals(List.of(better), step.survivors(List.of(worse, better)));
    }

    /** A higher MED of another AS is no reason against a route, but it rids one of its own AS. */
    @Test
    void medIsComparedWithinANeighbouringAsAlone() {
        Candidate low = route("192.0.2.9", "10.0.0.9", 1, 64500);
        Candidate high = route("192.0.2.1", "10.0.0.1", 2, 64500);
        Candidate other = route("192.0.2.5", "10.0.0.5", 3, 64501);
        assertEquals(List.of(low, other), DecisionStep.MED.survivors(List.of(low, high, other)));
        assertEquals(other, DecisionStep.best(List.of(low, high, other)), "10.0.0.1 is out by its MED");
        assertEquals(high, DecisionStep.best(List.of(high, other)), "and is the best where nobody outdoes it");
    }

    @Test
    void aRouteThatWasReflectedCountsAsItsOriginators() {
        Candidate reflected = new Candidate(
                new Candidate.Source(Prefix.parseAddress("192.0.2.9"), false, address("10.0.0.9")),
                new ReceivedRoute(
                        Nlri.of(PREFIX),
                        Optional.empty(),
                        PathAttributes.of(
                                new PathAttribute.OriginatorId(address("10.0.0.1")),
                                new PathAttribute.ClusterList(List.of(address("10.0.0.9"))))));
        Candidate direct = new Candidate(
                new Candidate.Source(Prefix.parseAddress("192.0.2.2"), false, address("10.0.0.2")),
                new ReceivedRoute(Nlri.of(PREFIX), Optional.empty(), PathAttributes.NONE));
        assertEquals(List.of(reflected, direct), DecisionStep.ranked(List.of(direct, reflected)));
    }

    @Test
    void randomSetsHaveTheBestOfTheReference() {
        Random random = new Random(4271);
        for (int round = 0; round < 3000; round++) {
            List<Candidate> candidates = new ArrayList<>();
            for (int i = random.nextInt(6); i >= 0; i--) {
                candidates.add(random(random, i));
            }
            Candidate expected = reference(candidates);
            Collections.shuffle(candidates, random);
            assertEquals(expected, DecisionStep.best(candidates), "round " + round);
        }
    }

    private static Candidate random(Random random, int number) {
        return new Candidate(
                new Candidate.Source(
                        address("192.0.2." + number), random.nextBoolean(), address("10.0.0." + random.nextInt(2))),
                new ReceivedRoute(
                        Nlri.of(PREFIX),
                        Optional.empty(),
                        PathAttributes.of(
                                new PathAttribute.LocalPreference(random.nextInt(4) == 0 ? 200 : 100),
                                AsPath.sequence(List.of(random.nextBoolean() ? 7L : 8L)),
                                new PathAttribute.Origin(random.nextBoolean() ? Source.IGP : Source.EGP),
                                new PathAttribute.MultiExitDiscriminator(random.nextInt(2)))));
    }

    /** Removes from consideration, loop by loop. */
    private static Candidate reference(List<Candidate> candidates) {
        List<Candidate> left = new ArrayList<>(candidates);
        left.removeIf(m -> candidates.stream().anyMatch(n -> n.localPreference() > m.localPreference()));
        for (Candidate m : List.copyOf(left)) {
            left.removeIf(n -> n.pathLength() > m.pathLength());
        }
        for (Candidate m : List.copyOf(left)) {
            left.removeIf(n -> n.origin().code() > m.origin().code());
        }
        for (Candidate m : List.copyOf(left)) {
            left.removeIf(n -> n.neighborAs() == m.neighborAs() && n.med() > m.med());
        }
        if (left.stream().anyMatch(m -> m.source().external())) {
            left.removeIf(n -> !n.source().external());
        }
        Candidate best = left.getFirst();
        for (Candidate n : left) {
            int byId =
                    number(n.source().routerId()).compareTo(number(best.source().routerId()));
            int byPeer = number((Inet4Address) n.source().peer())
                    .compareTo(number((Inet4Address) best.source().peer()));
            best = byId < 0 || (byId == 0 && byPeer < 0) ? n : best;
        }
        return best;
    }

    private static Integer number(Inet4Address address) {
        return address.getAddress()[3] & 0xff;
    }

    private static Candidate route(String peer, String routerId, long med, long as) {
        return new Candidate(
                new Candidate.Source(address(peer), true, address(routerId)),
                new ReceivedRoute(
                        Nlri.of(PREFIX),
                        Optional.empty(),
                        PathAttributes.of(
                                AsPath.sequence(List.of(as)), new PathAttribute.MultiExitDiscriminator(med))));
    }
}
