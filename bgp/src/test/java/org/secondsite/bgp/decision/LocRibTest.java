package org.secondsite.bgp.decision;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.secondsite.bgp.rib.ReceivedRoute;
import org.secondsite.bgp.wire.AddressFamily;
import org.secondsite.bgp.wire.AsPath;
import org.secondsite.bgp.wire.Nlri;
import org.secondsite.bgp.wire.Octets;
import org.secondsite.bgp.wire.PathAttribute;
import org.secondsite.bgp.wire.PathAttributes;
import org.secondsite.bgp.wire.Prefix;

/** The Loc-RIB, also against a list that is looked through from one end to the other. */
class LocRibTest {
    private static final Nlri DESTINATION = Nlri.of(DecisionStepTest.PREFIX);

    private final LocRib rib = new LocRib();

    private static Candidate.Source source(int number) {
        return new Candidate.Source(
                Prefix.parseAddress("192.0.2." + number), true, DecisionStepTest.address("10.0.0." + number));
    }

    private static ReceivedRoute route(Nlri nlri, long preference) {
        return new ReceivedRoute(
                nlri,
                Optional.empty(),
                PathAttributes.of(AsPath.sequence(List.of(64500L)), new PathAttribute.LocalPreference(preference)));
    }

    @Test
    void onlyAChangeOfTheBestIsAChange() {
        ReceivedRoute first = route(DESTINATION, 100);
        assertEquals(
                List.of(new LocRib.Change(DESTINATION, Optional.empty(), Optional.of(new Candidate(source(2), first)))),
                rib.update(source(2), List.of(first), List.of()));
        assertEquals(List.of(), rib.update(source(3), List.of(route(DESTINATION, 90)), List.of()), "no better");
        assertEquals(List.of(), rib.update(source(2), List.of(first), List.of()), "the same again");
        assertEquals(2, rib.candidates(DESTINATION).size());
        assertEquals(
                Optional.of(new Candidate(source(3), route(DESTINATION, 90))),
                rib.remove(source(2).peer()).getFirst().after());
        assertEquals(
                Optional.empty(),
                rib.update(source(3), List.of(), List.of(DESTINATION))
                        .getFirst()
                        .after());
        assertTrue(rib.isEmpty());
        assertEquals(List.of(), rib.update(source(3), List.of(), List.of(DESTINATION)));
    }

    @Test
    void pathsOfOnePeerAreCandidatesOfOneDestination() {
        Nlri one = new Nlri.Unicast(1, DecisionStepTest.PREFIX);
        Nlri two = new Nlri.Unicast(2, DecisionStepTest.PREFIX);
        rib.update(source(2), List.of(route(one, 90), route(two, 100)), List.of());
        assertEquals(1, rib.size());
        assertEquals(two, rib.best(DESTINATION).orElseThrow().route().nlri());
        rib.update(source(2), List.of(), List.of(two));
        assertEquals(one, rib.best(DESTINATION).orElseThrow().route().nlri());
    }

    @Test
    void whatCannotBeComparedIsNotTaken() {
        Nlri filter = new Nlri.Flow(AddressFamily.IPV4_FLOW, Octets.of(1, 8, 10));
        assertEquals(List.of(), rib.update(source(2), List.of(route(filter, 100)), List.of()));
        assertTrue(rib.isEmpty());
    }

    @Test
    void randomChangesLeaveWhatTheReferenceHas() {
        Random random = new Random(91);
        Map<Candidate.Source, Map<Nlri, ReceivedRoute>> reference = new LinkedHashMap<>();
        Map<Nlri, Candidate> told = new HashMap<>();
        for (int round = 0; round < 20_000; round++) {
            Candidate.Source source = source(1 + random.nextInt(4));
            Map<Nlri, ReceivedRoute> routes = reference.computeIfAbsent(source, _ -> new HashMap<>());
            Nlri nlri = Nlri.of(Prefix.parse("203.0.113." + random.nextInt(4) + "/32"));
            List<LocRib.Change> changes;
            switch (random.nextInt(8)) {
                case 0 -> {
                    routes.clear();
                    changes = rib.remove(source.peer());
                }
                case 1, 2 -> {
                    routes.remove(nlri);
                    changes = rib.update(source, List.of(), List.of(nlri));
                }
                default -> {
                    ReceivedRoute route = route(nlri, random.nextInt(3));
                    routes.put(nlri, route);
                    changes = rib.update(source, List.of(route), List.of());
                }
            }
            for (LocRib.Change change : changes) {
                assertEquals(Optional.ofNullable(told.get(change.destination())), change.before(), "round " + round);
                change.after()
                        .ifPresentOrElse(
                                best -> told.put(change.destination(), best), () -> told.remove(change.destination()));
            }
            assertEquals(best(reference), told, "round " + round);
        }
    }

    private static Map<Nlri, Candidate> best(Map<Candidate.Source, Map<Nlri, ReceivedRoute>> reference) {
        Map<Nlri, List<Candidate>> all = new HashMap<>();
        reference.forEach((source, routes) -> routes.forEach((nlri, route) ->
                all.computeIfAbsent(nlri, _ -> new ArrayList<>()).add(new Candidate(source, route))));
        Map<Nlri, Candidate> best = new HashMap<>();
        all.forEach((nlri, candidates) -> best.put(nlri, DecisionStep.best(candidates)));
        return best;
    }
}
