package org.secondsite.bgp.lab;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.nio.file.Files;
import java.util.Map;
import java.util.regex.Pattern;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.secondsite.bgp.io.BgpSpeaker;
import org.secondsite.bgp.rib.RouteAttributes;
import org.secondsite.bgp.wire.BgpError;
import org.secondsite.bgp.wire.Nlri;
import org.secondsite.bgp.wire.NotificationMessage;
import org.secondsite.bgp.wire.Prefix;

/** Sessions to a real FRR. */
@Tag("lab")
@Timeout(240)
class FrrLabTest {
    private static final Prefix PREFIX = Prefix.parse("203.0.113.0/24");
    private static final Prefix PREFIX6 = Prefix.parse("2001:db8:113::/48");

    private PeerLab lab;

    @BeforeEach
    void build() throws Exception {
        lab = PeerLab.open("/usr/lib/frr/bgpd", "/usr/lib/frr/zebra", "/usr/bin/vtysh");
        Files.createDirectories(lab.directory.resolve("vty"));
        lab.file("zebra.conf", "hostname zebra\n");
        lab.giveTo("frr"); // the daemons drop root
        lab.startFrr("zebra");
    }

    @AfterEach
    void remove() throws Exception {
        lab.close();
    }

    private Process bgpd(String neighborOptions) throws Exception {
        lab.file("bgpd.conf", """
                hostname bgpd
                log file %s/bgpd.log informational
                router bgp 65001
                 bgp log-neighbor-changes
                 bgp router-id 10.7.0.2
                 no bgp ebgp-requires-policy
                 no bgp network import-check
                 neighbor 10.7.0.1 remote-as 65100
                 neighbor 10.7.0.1 timers 3 9
                 neighbor 10.7.0.1 timers connect 1
                 %s
                 address-family ipv4 unicast
                  network 198.51.100.0/24
                  neighbor 10.7.0.1 activate
                  neighbor 10.7.0.1 soft-reconfiguration inbound
                 exit-address-family
                 address-family ipv6 unicast
                  neighbor 10.7.0.1 activate
                 exit-address-family
                """.formatted(lab.directory, neighborOptions));
        return lab.startFrr("bgpd", "-A", "127.0.0.1");
    }

    private String vtysh(String... commands) throws Exception {
        return lab.vtysh(commands);
    }

    private void awaitRoute(String version, Prefix prefix, String path) throws Exception {
        Pattern wanted = Pattern.compile("AS path: *" + path + "\\b|(?m)^ *" + path + "$");
        lab.await(
                prefix + " by " + path,
                20,
                () -> vtysh("show bgp " + version + " unicast " + prefix),
                text -> wanted.matcher(text).find());
    }

    @Test
    void standbyRouteIsSeenPrependedThenPromotedThenWithdrawn() throws Exception {
        bgpd("neighbor 10.7.0.1 passive");
        try (BgpSpeaker speaker = lab.speaker()) {
            speaker.advertise(Map.of(PREFIX, RouteAttributes.PLAIN.withPrepend(3)));
            awaitRoute("ipv4", PREFIX, "65100 65100 65100 65100");
            speaker.advertise(Map.of(PREFIX, RouteAttributes.PLAIN));
            awaitRoute("ipv4", PREFIX, "65100");
            speaker.advertise(Map.of());
            lab.await(
                    "withdrawn",
                    10,
                    () -> vtysh("show bgp ipv4 unicast json"),
                    text -> !text.contains("203.0.113.0/24"));
            assertEquals(1, lab.heard.established());
        }
    }

    @Test
    void ipv6RidesOnTheIpv4Session() throws Exception {
        bgpd("neighbor 10.7.0.1 passive");
        try (BgpSpeaker speaker = lab.speaker()) {
            speaker.advertise(Map.of(PREFIX6, RouteAttributes.PLAIN.withPrepend(1)));
            awaitRoute("ipv6", PREFIX6, "65100 65100");
            lab.heard.await("FRR's own route", 10, () -> lab.heard
                    .routes()
                    .containsKey(Nlri.of(Prefix.parse("198.51.100.0/24"))));
        }
    }

    /** FRR wraps what its operator does in a Hard Reset unless it is told otherwise. */
    @Test
    void rfc8538RoutesOutlastANotificationThatIsNoHardReset() throws Exception {
        bgpd("neighbor 10.7.0.1 passive\n bgp graceful-restart\n bgp graceful-restart notification");
        Nlri its = Nlri.of(Prefix.parse("198.51.100.0/24"));
        try (BgpSpeaker speaker = lab.speaker(
                n -> n.withOptions(n.options().withOffer(n.options().offer().withRestartHelpThroughNotifications())))) {
            lab.heard.await("its route", 30, () -> lab.heard.routes().containsKey(its));
            vtysh("clear bgp *");
            lab.heard.await("down", 30, () -> lab.heard.downs() == 1);
            assertTrue(lab.heard.lastDown().contains("Hard Reset (6/9): Administrative Reset"), lab.heard.lastDown());
            assertFalse(lab.heard.log().contains("kept"), "kept in spite of a Hard Reset");
            lab.heard.await("its route again", 30, () -> lab.heard.routes().containsKey(its));

            vtysh("configure terminal", "router bgp 65001", "no bgp hard-administrative-reset");
            vtysh("clear bgp *");
            lab.heard.await("down again", 30, () -> lab.heard.downs() == 2);
            assertTrue(lab.heard.log().contains("kept"), lab.heard.lastDown());
            assertEquals(1, speaker.receivedRoutes(PeerLab.PEER).get().size());
            lab.heard.await("back", 30, () -> lab.heard.established() == 3);

            speaker.disable(
                    PeerLab.PEER,
                    NotificationMessage.withCommunication(BgpError.ADMINISTRATIVE_SHUTDOWN, "noon"),
                    "noon");
            String last = lab.await(
                    "FRR's view", 20, () -> vtysh("show bgp neighbors 10.7.0.1 json"), t -> t.contains("Shutdown"));
            assertTrue(last.replace(" ", "").contains("\"lastNotificationHardReset\":true"), last);
        }
    }

    @Test
    void killedPeerGetsEverythingAgainAfterItsRestart() throws Exception {
        Process first = bgpd("neighbor 10.7.0.1 passive");
        try (BgpSpeaker speaker = lab.speaker()) {
            speaker.advertise(Map.of(PREFIX, RouteAttributes.PLAIN.withPrepend(2)));
            awaitRoute("ipv4", PREFIX, "65100 65100 65100");
            PeerLab.signal(first, "KILL");
            lab.heard.await("down", 5, () -> lab.heard.downs() == 1);
            bgpd("neighbor 10.7.0.1 passive");
            awaitRoute("ipv4", PREFIX, "65100 65100 65100");
        }
    }

    @Test
    void md5WorksInBothDirections() throws Exception {
        Process passive = bgpd("neighbor 10.7.0.1 passive\n neighbor 10.7.0.1 password s3cret");
        try (BgpSpeaker speaker = lab.speaker(n -> PeerLab.withPassword(n, false, "s3cret"))) {
            speaker.advertise(Map.of(PREFIX, RouteAttributes.PLAIN));
            awaitRoute("ipv4", PREFIX, "65100");
        }
        PeerLab.signal(passive, "KILL");
        bgpd("neighbor 10.7.0.1 password s3cret");
        try (BgpSpeaker speaker = lab.speaker(n -> PeerLab.withPassword(n, true, "s3cret"))) {
            speaker.advertise(Map.of(PREFIX, RouteAttributes.PLAIN.withPrepend(1)));
            awaitRoute("ipv4", PREFIX, "65100 65100");
        }
    }

    @Test
    void silentPeerIsGivenUpWhenTheHoldTimeIsOver() throws Exception {
        Process bgpd = bgpd("neighbor 10.7.0.1 passive\n neighbor 10.7.0.1 timers 1 3");
        try (BgpSpeaker speaker = lab.speaker()) {
            speaker.advertise(Map.of(PREFIX, RouteAttributes.PLAIN));
            awaitRoute("ipv4", PREFIX, "65100");
            PeerLab.signal(bgpd, "STOP");
            lab.heard.await("down", 6, () -> lab.heard.downs() == 1);
            PeerLab.signal(bgpd, "CONT");
            assertEquals("Hold Timer Expired", lab.heard.lastDown());
            awaitRoute("ipv4", PREFIX, "65100");
        }
    }

    @Test
    void shutdownCommunicationIsReadInBothDirections() throws Exception {
        bgpd("neighbor 10.7.0.1 passive");
        try (BgpSpeaker speaker = lab.speaker()) {
            lab.heard.await("established", 15, () -> lab.heard.established() == 1);
            vtysh("configure terminal\nrouter bgp 65001\nneighbor 10.7.0.1 shutdown message paint the rack");
            lab.heard.await("down", 10, () -> lab.heard.downs() == 1);
            assertTrue(lab.heard.lastDown().contains("paint the rack"), lab.heard.lastDown());
            vtysh("configure terminal\nrouter bgp 65001\nno neighbor 10.7.0.1 shutdown");
            lab.heard.await("established again", 30, () -> lab.heard.established() == 2);
            speaker.close("drill at noon");
            lab.await(
                    "FRR logs it",
                    5,
                    () -> Files.readString(lab.directory.resolve("bgpd.log")),
                    text -> text.contains("drill at noon"));
        }
    }

    @Test
    void routeRefreshIsAnswered() throws Exception {
        bgpd("neighbor 10.7.0.1 passive");
        try (BgpSpeaker speaker = lab.speaker()) {
            speaker.advertise(Map.of(PREFIX, RouteAttributes.PLAIN));
            awaitRoute("ipv4", PREFIX, "65100");
            int updates = lab.heard.updates();
            vtysh("configure terminal\nrouter bgp 65001\naddress-family ipv4 unicast\n"
                    + "no neighbor 10.7.0.1 soft-reconfiguration inbound");
            vtysh("clear bgp 10.7.0.1 soft in");
            lab.heard.await("sent again", 10, () -> lab.heard.updates() > updates);
            assertEquals(0, lab.heard.downs());
        }
    }
}
