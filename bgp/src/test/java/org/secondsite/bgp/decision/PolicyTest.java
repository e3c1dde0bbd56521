package org.secondsite.bgp.decision;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.secondsite.bgp.rib.ReceivedRoute;
import org.secondsite.bgp.rib.RouteAttributes;
import org.secondsite.bgp.wire.AsPath;
import org.secondsite.bgp.wire.Nlri;
import org.secondsite.bgp.wire.PathAttribute;
import org.secondsite.bgp.wire.PathAttributes;
import org.secondsite.bgp.wire.Prefix;

/** Rules as data: which routes they are for, what they change, and which of them decides. */
class PolicyTest {
    private static final long BLUE = 64500L << 16 | 1;
    private static final long RED = 64500L << 16 | 2;
    private static final ReceivedRoute ROUTE = new ReceivedRoute(
            Nlri.of(Prefix.parse("203.0.113.0/25")),
            Optional.of(Prefix.parseAddress("192.0.2.1")),
            PathAttributes.of(
                    AsPath.sequence(List.of(64500L, 64501L, 64502L)), new PathAttribute.Communities(List.of(BLUE))));

    private static boolean matches(RouteMatch match) {
        return match.matches(ROUTE);
    }

    @Test
    void aMatchAsksForAllOfItsConditions() {
        Prefix whole = Prefix.parse("203.0.113.0/24");
        assertTrue(matches(RouteMatch.ANY));
        assertTrue(matches(RouteMatch.ANY.withPrefixes(PrefixRange.orLonger(whole))));
        assertFalse(matches(RouteMatch.ANY.withPrefixes(PrefixRange.exactly(whole))));
        assertFalse(matches(RouteMatch.ANY.withPrefixes(new PrefixRange(whole, 26, 32))));
        assertFalse(matches(RouteMatch.ANY.withPrefixes(PrefixRange.orLonger(Prefix.parse("2001:db8::/32")))));
        assertTrue(matches(RouteMatch.ANY.withCommunities(RED, BLUE)));
        assertFalse(matches(RouteMatch.ANY.withCommunities(RED)));
        assertTrue(matches(RouteMatch.ANY.withThrough(64501L)));
        assertFalse(matches(RouteMatch.ANY.withThrough(64503L)));
        assertTrue(matches(RouteMatch.ANY.withOrigins(64502L)));
        assertFalse(matches(RouteMatch.ANY.withOrigins(64501L)));
        assertTrue(matches(RouteMatch.ANY.withMaxPathLength(3)));
        assertFalse(matches(RouteMatch.ANY.withMaxPathLength(2)));
        assertFalse(matches(RouteMatch.ANY.withCommunities(BLUE).withOrigins(64501L)));
    }

    @Test
    void aChangeTouchesNothingElse() {
        ReceivedRoute changed = RouteChange.NONE
                .withLocalPreference(200)
                .withMed(5)
                .withPrepends(2)
                .withRemoved(BLUE)
                .withAdded(RED)
                .applied(ROUTE, 65100);
        assertEquals(
                new ReceivedRoute(
                        ROUTE.nlri(),
                        ROUTE.nextHop(),
                        PathAttributes.of(
                                AsPath.sequence(List.of(65100L, 65100L, 64500L, 64501L, 64502L)),
                                new PathAttribute.MultiExitDiscriminator(5),
                                new PathAttribute.LocalPreference(200),
                                new PathAttribute.Communities(List.of(RED)))),
                changed);
        assertEquals(
                Optional.empty(),
                RouteChange.NONE
                        .withRemoved(BLUE)
                        .applied(ROUTE, 65100)
                        .attributes()
                        .get(PathAttribute.Communities.class));
    }

    @Test
    void theFirstRuleThatDecidesCounts() {
        Policy policy = Policy.of(
                PolicyRule.change(RouteMatch.ANY, RouteChange.NONE.withAdded(RED)),
                PolicyRule.reject(RouteMatch.ANY.withOrigins(64509L)),
                PolicyRule.accept(RouteMatch.ANY.withCommunities(RED), RouteChange.NONE.withLocalPreference(50)),
                PolicyRule.reject(RouteMatch.ANY));
        PathAttributes left = policy.apply(ROUTE, 65100).orElseThrow().attributes();
        assertEquals(Optional.of(new PathAttribute.LocalPreference(50)), left.get(PathAttribute.LocalPreference.class));
        assertEquals(
                Optional.of(new PathAttribute.Communities(List.of(BLUE, RED))),
                left.get(PathAttribute.Communities.class));
    }

    /** RFC 8326 §4.2, which is the receiver's to configure, in one rule. */
    @Test
    void whoAsksToBeAvoidedIsAvoidedByARule() {
        Policy polite = Policy.of(PolicyRule.change(
                        RouteMatch.ANY.withCommunities(RouteAttributes.GRACEFUL_SHUTDOWN, BLUE),
                        RouteChange.NONE.withLocalPreference(0)))
                .withRest();
        assertEquals(
                Optional.of(new PathAttribute.LocalPreference(0)),
                polite.apply(ROUTE, 65100).orElseThrow().attributes().get(PathAttribute.LocalPreference.class));
    }

    /** RFC 8212. */
    @Test
    void withoutARuleNothingIsTaken() {
        assertEquals(Optional.empty(), Policy.NOTHING.apply(ROUTE, 65100));
        assertEquals(Optional.of(ROUTE), Policy.EVERYTHING.apply(ROUTE, 65100));
        assertTrue(Policy.NOTHING.isNothing());
        assertTrue(Policy.of(PolicyRule.reject(RouteMatch.ANY)).isNothing());
        assertFalse(Policy.of(PolicyRule.accept(RouteMatch.ANY)).isNothing());
    }

    @Test
    void whatCannotBeIsRefused() {
        assertThrows(IllegalArgumentException.class, () -> RouteChange.NONE.withPrepends(251));
        assertThrows(IllegalArgumentException.class, () -> RouteChange.NONE.withMed(1L << 32));
        assertThrows(IllegalArgumentException.class, () -> RouteChange.NONE.withAdded(-1L));
        assertThrows(IllegalArgumentException.class, () -> new PrefixRange(Prefix.parse("203.0.113.0/24"), 23, 32));
        assertThrows(IllegalArgumentException.class, () -> new PrefixRange(Prefix.parse("203.0.113.0/24"), 24, 33));
    }
}
