package org.secondsite.gateway;

import static org.junit.jupiter.api.Assertions.assertEquals;

import java.net.Inet4Address;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.OptionalLong;
import java.util.Set;
import java.util.concurrent.atomic.AtomicReference;
import org.junit.jupiter.api.Test;
import org.secondsite.bgp.bfd.BfdKey;
import org.secondsite.bgp.bfd.BfdSettings;
import org.secondsite.bgp.decision.Policies;
import org.secondsite.bgp.decision.Policy;
import org.secondsite.bgp.decision.PolicyRule;
import org.secondsite.bgp.decision.PrefixRange;
import org.secondsite.bgp.decision.RouteChange;
import org.secondsite.bgp.decision.RouteMatch;
import org.secondsite.bgp.fsm.FsmTimers;
import org.secondsite.bgp.fsm.Offer;
import org.secondsite.bgp.rib.RouteAttributes;
import org.secondsite.bgp.session.NeighborOptions;
import org.secondsite.bgp.session.NeighborRange;
import org.secondsite.bgp.session.NeighborSettings;
import org.secondsite.bgp.session.PrefixLimit;
import org.secondsite.bgp.session.SpeakerSettings;
import org.secondsite.bgp.wire.AddressFamily;
import org.secondsite.bgp.wire.Prefix;
import org.secondsite.config.BfdConfig;
import org.secondsite.config.BgpConfig;
import org.secondsite.config.GatewayConfig;
import org.secondsite.config.GroupId;
import org.secondsite.config.IpPrefix;
import org.secondsite.config.RoutePolicies;
import org.secondsite.config.Secret;
import org.secondsite.gateway.ownership.RouteRole;
import org.secondsite.gateway.router.RouterSettings;
import org.secondsite.gateway.router.ToldApart;

/** Every key of the configuration's BGP section reaches the speaker, and every role its routes. */
class RouterSettingsTest {
    private static final Inet4Address SELF = (Inet4Address) IpPrefix.parseAddress("10.1.0.2");

    private static final RoutePolicies.Rule RULE = new RoutePolicies.Rule(
            RoutePolicies.Action.ACCEPT,
            new RoutePolicies.Match(
                    List.of(new RoutePolicies.PrefixRange(IpPrefix.parse("10.0.0.0/8"), 9, 24)),
                    List.of(1L),
                    List.of(2L),
                    List.of(3L),
                    OptionalInt.of(4)),
            new RoutePolicies.Change(OptionalLong.of(5), OptionalLong.of(6), 7, List.of(8L), List.of(9L)));
    private static final Policy POLICY = Policy.of(PolicyRule.accept(
            RouteMatch.ANY
                    .withPrefixes(new PrefixRange(Prefix.parse("10.0.0.0/8"), 9, 24))
                    .withCommunities(1L)
                    .withThrough(2L)
                    .withOrigins(3L)
                    .withMaxPathLength(4),
            RouteChange.NONE
                    .withLocalPreference(5)
                    .withMed(6)
                    .withPrepends(7)
                    .withAdded(8L)
                    .withRemoved(9L)));

    @Test
    void everyKeyReachesTheSpeaker() {
        BgpConfig.Neighbor neighbor = new BgpConfig.Neighbor(
                IpPrefix.parseAddress("10.1.0.1"),
                65001,
                Optional.of(SELF),
                1179,
                30,
                true,
                Optional.of(new Secret("key")),
                new BgpConfig.NeighborExtras(
                        List.of(6),
                        OptionalLong.of(65200),
                        Optional.of(IpPrefix.parseAddress("2001:db8::2")),
                        Optional.of("eth1"),
                        OptionalInt.of(2),
                        Optional.of(new BgpConfig.MaximumPrefixes(1000, 50, "discard", OptionalInt.empty())),
                        Optional.of(new BfdConfig(
                                100,
                                5,
                                true,
                                Optional.of(new BfdConfig.Key(BfdConfig.Kind.METICULOUS, 7, new Secret("secret"))))),
                        60,
                        Optional.empty(),
                        new RoutePolicies(List.of(RULE), List.of())));
        SpeakerSettings settings = RouterSettings.of(new BgpConfig(
                65100,
                SELF,
                1179,
                List.of(SELF),
                BgpConfig.RouteRoles.prepending(3),
                List.of(neighbor),
                Optional.empty()));
        assertEquals(65100, settings.localAs());
        assertEquals(SELF, settings.routerId());
        assertEquals(Optional.of(List.of(new InetSocketAddress(SELF, 1179))), settings.listen());
        assertEquals(
                List.of(new NeighborSettings(
                        IpPrefix.parseAddress("10.1.0.1"),
                        1179,
                        SELF,
                        65001,
                        30,
                        true,
                        Optional.of("key"),
                        new NeighborOptions(
                                Offer.of(AddressFamily.IPV6_UNICAST),
                                OptionalLong.of(65200),
                                Optional.of(IpPrefix.parseAddress("2001:db8::2")),
                                Optional.of("eth1"),
                                Map.of(
                                        AddressFamily.IPV6_UNICAST,
                                        new PrefixLimit(1000, 50, PrefixLimit.Action.DISCARD, OptionalInt.empty())),
                                OptionalInt.of(2),
                                Optional.of(new BfdSettings(100_000, 100_000, 5, true)
                                        .withKey(BfdKey.meticulous(7, "secret"))),
                                FsmTimers.DEFAULT,
                                Duration.ofSeconds(60),
                                Policies.NONE.withImports(POLICY)))),
                settings.neighbors());
    }

    @Test
    void whoIsAtAnInterfaceIsOneNeighbourWithoutAnAddress() {
        BgpConfig.Interface at = new BgpConfig.Interface(
                "eth7",
                65007,
                OptionalLong.of(65200),
                30,
                List.of(4),
                Optional.of(new Secret("k3y")),
                Optional.of(new BgpConfig.MaximumPrefixes(5, 75, "warn", OptionalInt.empty())),
                Optional.of(new BfdConfig(40, 5, false, Optional.empty())),
                60,
                new RoutePolicies(List.of(), List.of(RULE)));
        SpeakerSettings settings = RouterSettings.of(new BgpConfig(
                65100,
                SELF,
                179,
                List.of(IpPrefix.parseAddress("::")),
                BgpConfig.RouteRoles.prepending(3),
                List.of(),
                List.of(at),
                List.of(),
                Optional.empty()));
        NeighborRange range = settings.ranges().getFirst();
        assertEquals(Prefix.parse("fe80::/10"), range.prefix());
        assertEquals(1, range.maximum());
        NeighborSettings neighbor = range.neighbor(IpPrefix.parseAddress("fe80::7"));
        assertEquals(65007, neighbor.remoteAs());
        assertEquals(30, neighbor.holdTimeSeconds());
        assertEquals(Optional.of("k3y"), neighbor.md5Password());
        assertEquals(
                NeighborOptions.DEFAULT
                        .withDevice("eth7")
                        .withBfd(new BfdSettings(40_000, 40_000, 5, false, Optional.empty()))
                        .withHoldDown(Duration.ofSeconds(60))
                        .withLocalAs(65200)
                        .withOffer(Offer.of(AddressFamily.IPV4_UNICAST)
                                .withExtendedNextHops(Set.of(AddressFamily.IPV4_UNICAST)))
                        .withPrefixLimits(Map.of(
                                AddressFamily.IPV4_UNICAST,
                                new PrefixLimit(5, 75, PrefixLimit.Action.WARN, OptionalInt.empty())))
                        .withPolicies(Policies.NONE.withExports(POLICY)),
                neighbor.options());
    }

    @Test
    void rolesAreToldApartByPrependingMedAndCommunities() {
        GroupId group = new GroupId("web");
        IpPrefix prefix = IpPrefix.parse("203.0.113.0/24");
        IpPrefix specific = IpPrefix.parse("203.0.113.0/25");
        InetAddress other = IpPrefix.parseAddress("10.1.0.9");
        AtomicReference<Map<Prefix, RouteAttributes>> told = new AtomicReference<>();
        AtomicReference<Map<Prefix, RouteAttributes>> toldOther = new AtomicReference<>();
        Announcements announcements = new Announcements(
                List.of(new GatewayConfig.Group(group, List.of(prefix), List.of(specific), List.of())),
                new ToldApart(
                        new BgpConfig.RouteRoles(2, OptionalLong.of(50), List.of(1L), List.of(2L)),
                        Map.of(other, BgpConfig.RouteRoles.prepending(5))),
                (usual, others) -> {
                    told.set(usual);
                    toldOther.set(others.get(other));
                });
        RouteAttributes owner = RouteAttributes.PLAIN.withCommunities(List.of(1L));
        announcements.publish(group, RouteRole.STANDBY);
        assertEquals(
                Map.of(
                        told(prefix),
                        RouteAttributes.PLAIN.withPrepend(2).withMed(50).withCommunities(List.of(2L))),
                told.get());
        assertEquals(Map.of(told(prefix), RouteAttributes.PLAIN.withPrepend(5)), toldOther.get());
        announcements.publish(group, RouteRole.RETIRING);
        assertEquals(
                Map.of(
                        told(prefix),
                        RouteAttributes.PLAIN
                                .withPrepend(2)
                                .withMed(50)
                                .withCommunities(List.of(2L))
                                .withGracefulShutdown()),
                told.get());
        announcements.publish(group, RouteRole.PROMOTED);
        assertEquals(Map.of(told(prefix), owner, told(specific), owner), told.get());
        assertEquals(
                Map.of(told(prefix), RouteAttributes.PLAIN, told(specific), RouteAttributes.PLAIN), toldOther.get());
        announcements.publish(group, RouteRole.OWNER);
        assertEquals(Map.of(told(prefix), owner), told.get());
        announcements.publish(group, RouteRole.NONE);
        assertEquals(Map.of(), told.get());
    }

    private static Prefix told(IpPrefix prefix) {
        return new Prefix(prefix.address(), prefix.length());
    }
}
