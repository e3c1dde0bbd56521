package org.secondsite.bgp.rib;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import java.net.Inet4Address;
import java.net.Inet6Address;
import java.util.ArrayList;
import java.util.Collections;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.Random;
import java.util.Set;
import org.junit.jupiter.api.Test;
import org.secondsite.bgp.wire.AddressFamily;
import org.secondsite.bgp.wire.AsPath;
import org.secondsite.bgp.wire.AttributeType;
import org.secondsite.bgp.wire.Decoded;
import org.secondsite.bgp.wire.MessageDecoder;
import org.secondsite.bgp.wire.MessageEncoder;
import org.secondsite.bgp.wire.Nlri;
import org.secondsite.bgp.wire.Octets;
import org.secondsite.bgp.wire.PathAttribute;
import org.secondsite.bgp.wire.PathAttributes;
import org.secondsite.bgp.wire.Prefix;
import org.secondsite.bgp.wire.RouteRefreshMessage;
import org.secondsite.bgp.wire.SessionTraits;
import org.secondsite.bgp.wire.UpdateMessage;

/** Adj-RIB-Out against a neighbour that knows only what the octets told it. */
class AdjRibOutTest {
    private static final Set<AddressFamily> BOTH = Set.of(AddressFamily.IPV4_UNICAST, AddressFamily.IPV6_UNICAST);
    private static final SessionTraits EXTERNAL = new SessionTraits(true, true, false, BOTH, Set.of());
    private static final SessionTraits INTERNAL = new SessionTraits(false, true, false, BOTH, Set.of());
    private static final Inet4Address SELF = (Inet4Address) Prefix.parseAddress("10.7.0.1");
    private static final Inet6Address SELF6 = (Inet6Address) Prefix.parseAddress("fd00:7::1");
    private static final Nlri PREFIX = Nlri.of(Prefix.parse("203.0.113.0/24"));
    private static final Nlri PREFIX6 = Nlri.of(Prefix.parse("2001:db8:113::/48"));

    private static Exporter exporter(SessionTraits traits) {
        return new Exporter(65100, traits.external(), Optional.of(SELF), Optional.of(SELF6));
    }

    /** The neighbour: applies what it decodes, and insists that it is sound and small enough. */
    private static final class Neighbour {
        private final Map<Nlri, PathAttributes> routes = new HashMap<>();
        private final List<String> marks = new ArrayList<>();
        private final SessionTraits traits;
        private int messages;

        Neighbour(SessionTraits traits) {
            this.traits = traits;
        }

        void take(AdjRibOut.Outgoing outgoing) {
            ByteBuf buffer = Unpooled.buffer();
            MessageEncoder.encode(outgoing.message(), traits, buffer);
            assertTrue(buffer.readableBytes() <= traits.maximumOctets());
            Decoded.Message message = (Decoded.Message) MessageDecoder.decode(buffer, traits);
            assertEquals(List.of(), message.faults());
            messages++;
            if (message.message() instanceof RouteRefreshMessage mark) {
                marks.add(mark.family() + (mark.subtype() == RouteRefreshMessage.BEGIN ? " begin" : " end"));
                return;
            }
            UpdateMessage update = (UpdateMessage) message.message();
            update.endOfRib().ifPresent(family -> marks.add(family + " end of rib"));
            update.unreachable().forEach(nlri -> routes.remove(nlri));
            update.reachable().forEach(nlri -> routes.put(nlri, stripped(update.attributes())));
            assertEquals(Set.copyOf(outgoing.announced()), Set.copyOf(update.reachable()));
            assertEquals(Set.copyOf(outgoing.withdrawn()), Set.copyOf(update.unreachable()));
        }

        void takeAll(AdjRibOut rib) {
            while (rib.hasPending()) {
                take(rib.next().orElseThrow());
            }
        }
    }

    private static PathAttributes stripped(PathAttributes attributes) {
        Optional<PathAttribute.MpReach> reach = attributes.get(PathAttribute.MpReach.class);
        return reach.isEmpty()
                ? attributes
                : attributes.with(new PathAttribute.MpReach(
                        reach.get().family(), reach.get().nextHop(), reach.get().linkLocal(), List.of()));
    }

    @Test
    void standbyIsPrependedAndPromotionSendsOneUpdate() {
        AdjRibOut rib = new AdjRibOut(exporter(EXTERNAL), EXTERNAL);
        Neighbour neighbour = new Neighbour(EXTERNAL);
        rib.desire(Map.of(PREFIX, RouteAttributes.PLAIN.withPrepend(3)));
        rib.markEndOfRib();
        neighbour.takeAll(rib);
        assertEquals(
                Collections.nCopies(4, 65100L),
                neighbour.routes.get(PREFIX).get(AsPath.class).orElseThrow().numbers());
        assertEquals(List.of("ipv4 unicast end of rib", "ipv6 unicast end of rib"), neighbour.marks);

        int before = neighbour.messages;
        rib.desire(Map.of(PREFIX, RouteAttributes.PLAIN));
        neighbour.takeAll(rib);
        assertEquals(before + 1, neighbour.messages);
        assertEquals(
                List.of(65100L),
                neighbour.routes.get(PREFIX).get(AsPath.class).orElseThrow().numbers());
        rib.desire(Map.of(PREFIX, RouteAttributes.PLAIN));
        assertFalse(rib.hasPending());
    }

    @Test
    void newWaysAreOfferedBeforeOldOnesAreTaken() {
        AdjRibOut rib = new AdjRibOut(exporter(EXTERNAL), EXTERNAL);
        Neighbour neighbour = new Neighbour(EXTERNAL);
        rib.desire(Map.of(PREFIX, RouteAttributes.PLAIN));
        neighbour.takeAll(rib);
        rib.desire(Map.of(Nlri.of(Prefix.parse("203.0.113.0/25")), RouteAttributes.PLAIN));
        assertFalse(rib.next().orElseThrow().announced().isEmpty());
        assertEquals(List.of(PREFIX), rib.next().orElseThrow().withdrawn());
    }

    @Test
    void changesThatTheNeighbourNeverSawAreNotSent() {
        AdjRibOut rib = new AdjRibOut(exporter(EXTERNAL), EXTERNAL);
        rib.desire(Map.of(PREFIX, RouteAttributes.PLAIN.withPrepend(1)));
        rib.desire(Map.of(PREFIX, RouteAttributes.PLAIN.withPrepend(2)));
        rib.desire(Map.of());
        assertEquals(0, rib.pendingPrefixes());
        Neighbour neighbour = new Neighbour(EXTERNAL);
        neighbour.takeAll(rib);
        assertEquals(0, neighbour.messages);
    }

    @Test
    void internalPeersGetLocalPreferenceAndNoOwnAs() {
        AdjRibOut rib = new AdjRibOut(exporter(INTERNAL), INTERNAL);
        Neighbour neighbour = new Neighbour(INTERNAL);
        rib.desire(Map.of(PREFIX, RouteAttributes.PLAIN));
        neighbour.takeAll(rib);
        PathAttributes attributes = neighbour.routes.get(PREFIX);
        assertEquals(AsPath.EMPTY, attributes.get(AsPath.class).orElseThrow());
        assertTrue(attributes.has(AttributeType.LOCAL_PREF));
    }

    @Test
    void rfc4271Section5_1_5LocalPreferenceNeverLeavesTheAs() {
        AdjRibOut rib = new AdjRibOut(exporter(EXTERNAL), EXTERNAL);
        Neighbour neighbour = new Neighbour(EXTERNAL);
        rib.desire(Map.of(PREFIX, RouteAttributes.PLAIN.withOthers(List.of(new PathAttribute.LocalPreference(500)))));
        neighbour.takeAll(rib);
        assertFalse(neighbour.routes.get(PREFIX).has(AttributeType.LOCAL_PREF));
    }

    @Test
    void prefixesWithoutANextHopOfTheirVersionAreReportedAndNotSent() {
        Exporter ipv4Only = new Exporter(65100, true, Optional.of(SELF), Optional.empty());
        AdjRibOut rib = new AdjRibOut(ipv4Only, EXTERNAL);
        Neighbour neighbour = new Neighbour(EXTERNAL);
        rib.desire(Map.of(PREFIX, RouteAttributes.PLAIN, PREFIX6, RouteAttributes.PLAIN));
        neighbour.takeAll(rib);
        assertEquals(Set.of(PREFIX), neighbour.routes.keySet());
        assertEquals(Set.of(PREFIX6), rib.unexportable());
        rib.desire(Map.of(PREFIX6, RouteAttributes.PLAIN.withNextHop(SELF6)));
        neighbour.takeAll(rib);
        assertEquals(Set.of(PREFIX6), neighbour.routes.keySet());
        assertEquals(Set.of(), rib.unexportable());
    }

    @Test
    void prefixesOfAFamilyThatTheNeighbourDoesNotTakeAreReportedIfItWasOffered() {
        SessionTraits agreed = new SessionTraits(true, true, false, Set.of(AddressFamily.IPV4_UNICAST), Set.of());
        for (boolean offered : new boolean[] {true, false}) {
            AdjRibOut rib = new AdjRibOut(exporter(agreed), agreed, offered ? EXTERNAL.families() : agreed.families());
            rib.desire(Map.of(PREFIX, RouteAttributes.PLAIN, PREFIX6, RouteAttributes.PLAIN));
            assertEquals(offered ? Set.of(PREFIX6) : Set.of(), rib.unexportable());
            rib.withdraw(PREFIX6);
            assertEquals(Set.of(), rib.unexportable());
            rib.announce(PREFIX6, RouteAttributes.PLAIN);
            assertEquals(offered ? Set.of(PREFIX6) : Set.of(), rib.unexportable());
            assertEquals(1, rib.pendingPrefixes());
        }
    }

    @Test
    void attributesThatFillAMessageAreReportedAndNotSent() {
        List<Long> many = new ArrayList<>();
        for (long i = 0; i < 1100; i++) {
            many.add(i);
        }
        AdjRibOut rib = new AdjRibOut(exporter(EXTERNAL), EXTERNAL);
        rib.desire(Map.of(PREFIX, RouteAttributes.PLAIN.withCommunities(many)));
        assertEquals(Set.of(PREFIX), rib.unexportable());
        SessionTraits extended = new SessionTraits(true, true, true, BOTH, Set.of());
        AdjRibOut large = new AdjRibOut(exporter(extended), extended);
        Neighbour neighbour = new Neighbour(extended);
        large.desire(Map.of(PREFIX, RouteAttributes.PLAIN.withCommunities(many)));
        neighbour.takeAll(large);
        assertEquals(Set.of(PREFIX), neighbour.routes.keySet());
    }

    @Test
    void refreshTellsEverythingAgainBetweenMarks() {
        AdjRibOut rib = new AdjRibOut(exporter(EXTERNAL), EXTERNAL);
        Neighbour neighbour = new Neighbour(EXTERNAL);
        rib.desire(Map.of(PREFIX, RouteAttributes.PLAIN, PREFIX6, RouteAttributes.PLAIN));
        neighbour.takeAll(rib);
        neighbour.marks.clear();
        neighbour.routes.clear();
        rib.refresh(AddressFamily.IPV4_UNICAST, true);
        rib.desire(Map.of(PREFIX, RouteAttributes.PLAIN, PREFIX6, RouteAttributes.PLAIN));
        neighbour.takeAll(rib);
        assertEquals(Set.of(PREFIX), neighbour.routes.keySet());
        assertEquals(List.of("ipv4 unicast begin", "ipv4 unicast end"), neighbour.marks);
    }

    @Test
    void thousandsOfPrefixesShareMessages() {
        Map<Nlri, RouteAttributes> many = new HashMap<>();
        for (int i = 0; i < 5000; i++) {
            many.put(Nlri.of(Prefix.parse("10." + (i >> 8) + "." + (i & 0xff) + ".0/24")), RouteAttributes.PLAIN);
            many.put(Nlri.of(Prefix.parse("2001:db8:" + Integer.toHexString(i) + "::/48")), RouteAttributes.PLAIN);
        }
        AdjRibOut rib = new AdjRibOut(exporter(EXTERNAL), EXTERNAL);
        Neighbour neighbour = new Neighbour(EXTERNAL);
        rib.desire(many);
        neighbour.takeAll(rib);
        assertEquals(many.size(), neighbour.routes.size());
        assertTrue(neighbour.messages <= 5 + 9 + 2, neighbour.messages + " messages");
    }

    @Test
    void aRouteThatFlapsUnreadCostsNoMemory() {
        AdjRibOut rib = new AdjRibOut(exporter(EXTERNAL), EXTERNAL);
        for (int i = 0; i < 1_000_001; i++) {
            rib.announce(PREFIX, RouteAttributes.PLAIN.withMed(i & 1));
        }
        assertEquals(1, rib.pendingPrefixes());
        Neighbour neighbour = new Neighbour(EXTERNAL);
        neighbour.takeAll(rib);
        assertEquals(1, neighbour.messages);
        assertEquals(
                0,
                neighbour
                        .routes
                        .get(PREFIX)
                        .get(PathAttribute.MultiExitDiscriminator.class)
                        .orElseThrow()
                        .value());
    }

    @Test
    void rfc7911PathsOfOnePrefixAreSentWhereThePeerTakesThemAndTheLastOneElsewhere() {
        SessionTraits paths = EXTERNAL.withAddPathSend(Set.of(AddressFamily.IPV4_UNICAST));
        SessionTraits readsPaths = new SessionTraits(true, true, false, BOTH, Set.of(AddressFamily.IPV4_UNICAST));
        Nlri first = new Nlri.Unicast(0, Prefix.parse("203.0.113.0/24"));
        Nlri second = new Nlri.Unicast(7, Prefix.parse("203.0.113.0/24"));
        AdjRibOut rib = new AdjRibOut(exporter(paths), paths);
        rib.announce(first, RouteAttributes.PLAIN.withMed(1));
        rib.announce(second, RouteAttributes.PLAIN.withMed(2));
        Set<Nlri> told = new HashSet<>();
        while (rib.hasPending()) {
            ByteBuf buffer = Unpooled.buffer();
            MessageEncoder.encode(rib.next().orElseThrow().message(), paths, buffer);
            Decoded.Message message = (Decoded.Message) MessageDecoder.decode(buffer, readsPaths);
            told.addAll(((UpdateMessage) message.message()).reachable());
        }
        assertEquals(Set.of(first, second), told);

        AdjRibOut single = new AdjRibOut(exporter(EXTERNAL), EXTERNAL);
        single.announce(first, RouteAttributes.PLAIN.withMed(1));
        single.announce(second, RouteAttributes.PLAIN.withMed(2));
        Neighbour neighbour = new Neighbour(EXTERNAL);
        neighbour.takeAll(single);
        assertEquals(Set.of(PREFIX), neighbour.routes.keySet());
    }

    @Test
    void rfc5065ConfederationSegmentsDoNotReachExternalPeers() {
        AsPath path = new AsPath(List.of(
                new AsPath.Segment(AsPath.Kind.CONFEDERATION_SEQUENCE, List.of(65201L)),
                new AsPath.Segment(AsPath.Kind.SEQUENCE, List.of(65010L))));
        RouteAttributes route = RouteAttributes.PLAIN.withOthers(List.of(path));
        AsPath external = exporter(EXTERNAL)
                .attributes(AddressFamily.IPV4_UNICAST, route)
                .flatMap(attributes -> attributes.get(AsPath.class))
                .orElseThrow();
        assertEquals(AsPath.sequence(List.of(65100L, 65010L)), external);
        AsPath internal = exporter(INTERNAL)
                .attributes(AddressFamily.IPV4_UNICAST, route)
                .flatMap(attributes -> attributes.get(AsPath.class))
                .orElseThrow();
        assertEquals(path, internal);
    }

    @Test
    void rfc4271Section5UnknownAttributesGoOnAsPartialIfTransitiveAndStayBehindIfNot() {
        Octets value = Octets.of(1, 2);
        ReceivedRoute received = new ReceivedRoute(
                PREFIX,
                Optional.of(SELF),
                PathAttributes.of(
                        new PathAttribute.Unrecognized(0xc0, 99, value),
                        new PathAttribute.Unrecognized(0x80, 98, value),
                        new PathAttribute.MultiExitDiscriminator(5),
                        new PathAttribute.Communities(List.of(7L))));
        RouteAttributes passed = RouteAttributes.passingOn(received);
        assertEquals(List.of(new PathAttribute.Unrecognized(0xe0, 99, value)), passed.others());
        assertEquals(List.of(7L), passed.communities());
        assertEquals(OptionalLong.empty(), passed.med());
    }

    /** Random desires, changes, refreshes and partial sends; in the end the neighbour knows exactly what is desired. */
    @Test
    void endsWithExactlyWhatIsDesired() {
        for (long seed = 1; seed <= 300; seed++) {
            try {
                walk(new Random(seed));
            } catch (RuntimeException | AssertionError e) {
                throw new AssertionError("seed " + seed, e);
            }
        }
    }

    private static void walk(Random random) {
        SessionTraits traits = random.nextBoolean() ? EXTERNAL : INTERNAL;
        Exporter exporter = exporter(traits);
        AdjRibOut rib = new AdjRibOut(exporter, traits);
        Neighbour neighbour = new Neighbour(traits);
        Map<Nlri, RouteAttributes> desired = new HashMap<>();
        for (int step = 0; step < 60; step++) {
            switch (random.nextInt(5)) {
                case 0 -> {
                    desired.clear();
                    for (int i = random.nextInt(12); i > 0; i--) {
                        desired.put(prefix(random), route(random));
                    }
                    rib.desire(Map.copyOf(desired));
                }
                case 1 -> {
                    Nlri prefix = prefix(random);
                    RouteAttributes route = route(random);
                    desired.put(prefix, route);
                    rib.announce(prefix, route);
                }
                case 2 -> {
                    Nlri prefix = prefix(random);
                    desired.remove(prefix);
                    rib.withdraw(prefix);
                }
                case 3 ->
                    rib.refresh(
                            random.nextBoolean() ? AddressFamily.IPV4_UNICAST : AddressFamily.IPV6_UNICAST,
                            random.nextBoolean());
                default -> {
                    for (int i = random.nextInt(4); i > 0; i--) {
                        rib.next().ifPresent(neighbour::take);
                    }
                }
            }
        }
        neighbour.takeAll(rib);
        Map<Nlri, PathAttributes> expected = new HashMap<>();
        desired.forEach((prefix, route) ->
                expected.put(prefix, exporter.attributes(prefix.family(), route).orElseThrow()));
        assertEquals(expected, neighbour.routes);
        assertEquals(expected.size(), rib.sentPrefixes());
        assertEquals(0, rib.pendingPrefixes());
    }

    private static Nlri prefix(Random random) {
        int number = random.nextInt(10);
        return Nlri.of(
                Prefix.parse(random.nextBoolean() ? "10.0." + number + ".0/24" : "2001:db8:" + number + "::/48"));
    }

    private static RouteAttributes route(Random random) {
        return RouteAttributes.PLAIN.withPrepend(random.nextInt(3)).withMed(random.nextInt(2));
    }
}
