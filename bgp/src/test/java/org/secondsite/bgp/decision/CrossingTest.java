package org.secondsite.bgp.decision;

import static org.junit.jupiter.api.Assertions.assertEquals;

import java.net.InetAddress;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalLong;
import org.junit.jupiter.api.Test;
import org.secondsite.bgp.rib.ReceivedRoute;
import org.secondsite.bgp.rib.RouteAttributes;
import org.secondsite.bgp.wire.AsPath;
import org.secondsite.bgp.wire.Nlri;
import org.secondsite.bgp.wire.PathAttribute;
import org.secondsite.bgp.wire.PathAttributes;
import org.secondsite.bgp.wire.Prefix;

/** Who is told which route of whom. */
class CrossingTest {
    private static final long US = 65100;
    private static final Nlri DESTINATION = Nlri.of(DecisionStepTest.PREFIX);
    private static final Policies ALL = new Policies(Policy.EVERYTHING, Policy.EVERYTHING);
    private static final InetAddress UPSTREAM = Prefix.parseAddress("192.0.2.1");
    private static final InetAddress CUSTOMER = Prefix.parseAddress("192.0.2.2");
    private static final InetAddress INSIDE = Prefix.parseAddress("192.0.2.3");
    private static final InetAddress INSIDE_TOO = Prefix.parseAddress("192.0.2.4");

    private final Crossing crossing = new Crossing();

    CrossingTest() {
        crossing.add(UPSTREAM, new Crossing.End(true, US, ALL));
        crossing.add(CUSTOMER, new Crossing.End(true, US, ALL));
        crossing.add(INSIDE, new Crossing.End(false, US, ALL));
        crossing.add(INSIDE_TOO, new Crossing.End(false, US, ALL));
    }

    private static Candidate.Source source(InetAddress peer) {
        boolean external = peer.equals(UPSTREAM) || peer.equals(CUSTOMER);
        return new Candidate.Source(peer, external, DecisionStepTest.address("10.0.0." + peer.getAddress()[3]));
    }

    private static ReceivedRoute route(InetAddress peer, PathAttribute... more) {
        List<PathAttribute> attributes = new ArrayList<>(List.of(more));
        attributes.add(AsPath.sequence(List.of(64500L)));
        attributes.add(new PathAttribute.MultiExitDiscriminator(9));
        return new ReceivedRoute(DESTINATION, Optional.of(peer), PathAttributes.of(attributes));
    }

    private Map<InetAddress, Crossing.Told> announce(InetAddress peer, PathAttribute... more) {
        return crossing.received(source(peer), List.of(route(peer, more)), List.of());
    }

    private static Optional<RouteAttributes> at(Map<InetAddress, Crossing.Told> told, InetAddress peer) {
        return Optional.ofNullable(told.get(peer)).map(one -> one.announced().get(DESTINATION));
    }

    @Test
    void outsidersGetUsAsNextHopAndNoMedInsidersTheRouteAsItCame() {
        Map<InetAddress, Crossing.Told> told = announce(UPSTREAM);
        assertEquals(Optional.empty(), at(told, UPSTREAM), "not back to where it came from");
        RouteAttributes outside = at(told, CUSTOMER).orElseThrow();
        assertEquals(Optional.empty(), outside.nextHop());
        assertEquals(OptionalLong.empty(), outside.med());
        RouteAttributes inside = at(told, INSIDE).orElseThrow();
        assertEquals(Optional.of(UPSTREAM), inside.nextHop());
        assertEquals(OptionalLong.of(9), inside.med());
        assertEquals(List.of(AsPath.sequence(List.of(64500L))), inside.others());
    }

    /** RFC 4271 §9.2. */
    @Test
    void whatInsidersSayIsNotToldToOtherInsiders() {
        Map<InetAddress, Crossing.Told> told = announce(INSIDE);
        assertEquals(Optional.empty(), at(told, INSIDE_TOO));
        assertEquals(true, at(told, CUSTOMER).isPresent());
    }

    /** RFC 1997. */
    @Test
    void wellKnownCommunitiesAreObeyed() {
        Map<InetAddress, Crossing.Told> told =
                announce(UPSTREAM, new PathAttribute.Communities(List.of(Crossing.NO_EXPORT)));
        assertEquals(Optional.empty(), at(told, CUSTOMER));
        assertEquals(true, at(told, INSIDE).isPresent());
        told = announce(UPSTREAM, new PathAttribute.Communities(List.of(Crossing.NO_EXPORT_SUBCONFED)));
        assertEquals(Optional.empty(), at(told, CUSTOMER));
        told = announce(UPSTREAM, new PathAttribute.Communities(List.of(Crossing.NO_ADVERTISE)));
        assertEquals(Optional.empty(), at(told, INSIDE));
        assertEquals(List.of(DESTINATION), told.get(INSIDE).withdrawn(), "what was told before is taken back");
    }

    @Test
    void theNextBestTakesThePlaceOfOneThatIsGone() {
        announce(UPSTREAM, new PathAttribute.LocalPreference(200));
        announce(CUSTOMER);
        Map<InetAddress, Crossing.Told> told = crossing.down(UPSTREAM);
        assertEquals(Optional.of(CUSTOMER), at(told, INSIDE).orElseThrow().nextHop());
        assertEquals(true, at(told, UPSTREAM).isPresent(), "for its next session");
        assertEquals(List.of(DESTINATION), told.get(CUSTOMER).withdrawn(), "whose own it is");
        told = crossing.received(source(CUSTOMER), List.of(), List.of(DESTINATION));
        assertEquals(List.of(DESTINATION), told.get(INSIDE).withdrawn());
    }

    /** RFC 8212. */
    @Test
    void withoutPoliciesNobodyIsTakenFromOrTold() {
        crossing.add(UPSTREAM, new Crossing.End(true, US, Policies.NONE));
        assertEquals(Map.of(), announce(UPSTREAM));
        crossing.add(INSIDE, new Crossing.End(false, US, Policies.NONE));
        assertEquals(false, announce(CUSTOMER).containsKey(INSIDE));
    }

    @Test
    void otherPoliciesJudgeWhatIsThereAnew() {
        announce(UPSTREAM);
        Policy none = Policy.NOTHING;
        Map<InetAddress, Crossing.Told> told =
                crossing.add(CUSTOMER, new Crossing.End(true, US, ALL.withExports(none)));
        assertEquals(List.of(DESTINATION), told.get(CUSTOMER).withdrawn());
        told = crossing.add(
                CUSTOMER,
                new Crossing.End(
                        true,
                        US,
                        ALL.withExports(Policy.of(PolicyRule.accept(RouteMatch.ANY, RouteChange.NONE.withMed(3))))));
        assertEquals(OptionalLong.of(3), at(told, CUSTOMER).orElseThrow().med());
        told = crossing.add(UPSTREAM, new Crossing.End(true, US, ALL.withImports(none)));
        assertEquals(List.of(DESTINATION), told.get(CUSTOMER).withdrawn());
        assertEquals(List.of(DESTINATION), told.get(INSIDE).withdrawn());
        assertEquals(true, crossing.rib().isEmpty());
    }
}
