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
import java.util.concurrent.atomic.AtomicReference;
import org.junit.jupiter.api.Test;
import org.secondsite.bgp.bfd.BfdKey;
import org.secondsite.bgp.bfd.BfdSettings;
import org.secondsite.bgp.decision.Policies;
import org.secondsite.bgp.fsm.FsmTimers;
import org.secondsite.bgp.fsm.Offer;
import org.secondsite.bgp.rib.RouteAttributes;
import org.secondsite.bgp.session.NeighborOptions;
import org.secondsite.bgp.session.NeighborSettings;
import org.secondsite.bgp.session.PrefixLimit;
import org.secondsite.bgp.session.SpeakerSettings;
import org.secondsite.bgp.wire.AddressFamily;
import org.secondsite.bgp.wire.Prefix;
import org.secondsite.config.BfdConfig;
import org.secondsite.config.GatewayConfig;
import org.secondsite.config.GroupId;
import org.secondsite.config.IpPrefix;
import org.secondsite.config.Secret;
import org.secondsite.gateway.ownership.RouteRole;
import org.secondsite.gateway.router.RouterSettings;
import org.secondsite.gateway.router.ToldApart;

/** Every key of the configuration's BGP section reaches the speaker, and every role its routes. */
class RouterSettingsTest {
    private static final Inet4Address SELF = (Inet4Address) IpPrefix.parseAddress("10.1.0.2");

    @Test
    void everyKeyReachesTheSpeaker() {
        GatewayConfig.Neighbor neighbor = new GatewayConfig.Neighbor(
                IpPrefix.parseAddress("10.1.0.1"),
                65001,
                Optional.of(SELF),
                1179,
                30,
                true,
                Optional.of(new Secret("key")),
                new GatewayConfig.NeighborExtras(
                        List.of(6),
                        OptionalLong.of(65200),
                        Optional.of(IpPrefix.parseAddress("2001:db8::2")),
                        Optional.of("eth1"),
                        OptionalInt.of(2),
                        Optional.of(new GatewayConfig.MaximumPrefixes(1000, 50, "discard", OptionalInt.empty())),
                        Optional.of(new BfdConfig(
                                100,
                                5,
                                true,
                                Optional.of(new BfdConfig.Key(BfdConfig.Kind.METICULOUS, 7, new Secret("secret"))))),
                        60,
                        Optional.empty()));
        SpeakerSettings settings = RouterSettings.of(new GatewayConfig.Bgp(
                65100,
                SELF,
                1179,
                List.of(SELF),
                GatewayConfig.RouteRoles.prepending(3),
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
                                Policies.NONE))),
                settings.neighbors());
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
                        new GatewayConfig.RouteRoles(2, OptionalLong.of(50), List.of(1L), List.of(2L)),
                        Map.of(other, GatewayConfig.RouteRoles.prepending(5))),
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
