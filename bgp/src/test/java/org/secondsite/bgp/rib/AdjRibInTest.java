package org.secondsite.bgp.rib;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.net.Inet4Address;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.Set;
import org.junit.jupiter.api.Test;
import org.secondsite.bgp.wire.AddressFamily;
import org.secondsite.bgp.wire.AsPath;
import org.secondsite.bgp.wire.Decoded;
import org.secondsite.bgp.wire.Nlri;
import org.secondsite.bgp.wire.PathAttribute;
import org.secondsite.bgp.wire.PathAttributes;
import org.secondsite.bgp.wire.Prefix;
import org.secondsite.bgp.wire.RouteRefreshMessage;
import org.secondsite.bgp.wire.UpdateMessage;

/** Adj-RIB-In: what is taken, replaced, refused and swept. */
class AdjRibInTest {
    private static final Inet4Address SELF = (Inet4Address) Prefix.parseAddress("10.7.0.1");
    private static final Inet4Address PEER = (Inet4Address) Prefix.parseAddress("10.7.0.2");
    private static final Nlri.Unicast PREFIX = Nlri.of(Prefix.parse("198.51.100.0/24"));
    private static final Nlri OTHER = Nlri.of(Prefix.parse("192.0.2.0/24"));

    private final Importer rules = new Importer(65100, Optional.empty(), OptionalLong.empty(), Set.of(SELF), false);
    private final AdjRibIn rib = new AdjRibIn(Map.of(AddressFamily.IPV4_UNICAST, 3));
    private ReceivedUpdate told;

    private AdjRibIn.Changes apply(UpdateMessage update) {
        AdjRibIn.Applied applied = rib.apply(rules.judge(new Decoded.Message(update), update));
        told = applied.update();
        return applied.changes();
    }

    private static UpdateMessage announce(Inet4Address nextHop, List<Long> path, Nlri... prefixes) {
        return new UpdateMessage(
                List.of(),
                PathAttributes.of(
                        new PathAttribute.Origin(PathAttribute.Origin.Source.IGP),
                        AsPath.sequence(path),
                        new PathAttribute.NextHop(nextHop)),
                List.of(prefixes));
    }

    @Test
    void takesReplacesAndWithdraws() {
        assertEquals(
                1, apply(announce(PEER, List.of(65001L), PREFIX)).announced().size());
        assertTrue(apply(announce(PEER, List.of(65001L), PREFIX)).isEmpty());
        assertEquals(
                1,
                apply(announce(PEER, List.of(65001L, 7L), PREFIX)).announced().size());
        assertEquals(1, rib.size());
        AdjRibIn.Changes gone = apply(new UpdateMessage(List.of(PREFIX, OTHER), PathAttributes.NONE, List.of()));
        assertEquals(List.of(PREFIX), gone.withdrawn());
        assertEquals(0, rib.size());
    }

    @Test
    void aLoopReplacesTheRouteByNone() {
        apply(announce(PEER, List.of(65001L), PREFIX));
        AdjRibIn.Changes changes = apply(announce(PEER, List.of(65001L, 65100L), PREFIX));
        assertEquals(List.of(PREFIX), changes.withdrawn());
        assertEquals(Optional.empty(), rib.route(PREFIX));
        assertEquals(Map.of(PREFIX, RouteRefusal.LOOP), told.refused());
    }

    @Test
    void weAreNotOurOwnNextHop() {
        assertTrue(apply(announce(SELF, List.of(65001L), PREFIX)).isEmpty());
    }

    @Test
    void pathsOfOnePrefixAreKeptApart() {
        Nlri first = new Nlri.Unicast(1, PREFIX.prefix());
        Nlri second = new Nlri.Unicast(2, PREFIX.prefix());
        apply(announce(PEER, List.of(65001L), first, second));
        apply(new UpdateMessage(List.of(first), PathAttributes.NONE, List.of()));
        assertTrue(rib.route(second).isPresent());
        assertEquals(1, rib.size());
    }

    @Test
    void rfc7313SweepsWhatWasNotSentAgain() {
        apply(announce(PEER, List.of(65001L), PREFIX, OTHER));
        assertTrue(rib.mark(new RouteRefreshMessage(AddressFamily.IPV4_UNICAST, RouteRefreshMessage.BEGIN))
                .isEmpty());
        apply(announce(PEER, List.of(65001L), PREFIX));
        AdjRibIn.Changes swept = rib.mark(new RouteRefreshMessage(AddressFamily.IPV4_UNICAST, RouteRefreshMessage.END));
        assertEquals(List.of(OTHER), swept.withdrawn());
        assertEquals(1, rib.size());
    }

    @Test
    void rfc7313EndWithoutBeginSweepsNothing() {
        apply(announce(PEER, List.of(65001L), PREFIX));
        assertTrue(rib.mark(new RouteRefreshMessage(AddressFamily.IPV4_UNICAST, RouteRefreshMessage.END))
                .isEmpty());
        assertEquals(1, rib.size());
    }
}
