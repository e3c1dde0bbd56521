package org.secondsite.gateway;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.atomic.AtomicReference;
import org.junit.jupiter.api.Test;
import org.secondsite.bgp.exabgp.CommandParser;
import org.secondsite.bgp.rib.RouteAttributes;
import org.secondsite.bgp.wire.Prefix;
import org.secondsite.config.BgpConfig;
import org.secondsite.config.GatewayConfig;
import org.secondsite.config.GroupId;
import org.secondsite.config.IpPrefix;
import org.secondsite.gateway.ownership.RouteRole;
import org.secondsite.gateway.router.ToldApart;

/** What scripts may have a gateway announce: nothing that is another site's, and everything that is this site's only while it is. */
class AskedRoutesTest {
    private static final GroupId WEB = new GroupId("web");
    private static final GroupId DB = new GroupId("db");
    private static final Prefix OF_WEB = Prefix.parse("203.0.113.0/24");

    private final AtomicReference<Map<Prefix, RouteAttributes>> told = new AtomicReference<>(Map.of());
    private final Announcements announcements = new Announcements(
            List.of(
                    new GatewayConfig.Group(WEB, List.of(IpPrefix.parse("203.0.113.0/24")), List.of(), List.of()),
                    new GatewayConfig.Group(DB, List.of(IpPrefix.parse("198.51.100.0/24")), List.of(), List.of())),
            new ToldApart(BgpConfig.RouteRoles.prepending(3)),
            (usual, _) -> told.set(usual));

    private String answer(String line) {
        return announcements.take(List.of(CommandParser.parse(line))).getFirst().orElse("done");
    }

    @Test
    void aGroupsPrefixIsAnnouncedByCommandOnlyWhereTheGroupIsOwned() {
        String command = "announce route 203.0.113.0/24 next-hop self med 7";
        assertEquals(
                "203.0.113.0/24 is of group web, of which this site does not know yet who owns it", answer(command));
        announcements.publish(WEB, RouteRole.STANDBY);
        assertEquals("203.0.113.0/24 is of group web, which another site owns", answer(command));
        announcements.publish(WEB, RouteRole.RETIRING);
        assertEquals("203.0.113.0/24 is of group web, which this site is handing over", answer(command));
        announcements.publish(WEB, RouteRole.OWNER);
        assertEquals("done", answer(command));
        assertEquals(Map.of(OF_WEB, RouteAttributes.PLAIN.withMed(7)), told.get());
    }

    @Test
    void whatWasTakenIsAnnouncedWhileTheGroupIsOwnedAndNotAMomentLonger() {
        announcements.publish(WEB, RouteRole.PROMOTED);
        assertEquals("done", answer("announce route 203.0.113.128/25 next-hop self"));
        assertEquals(2, told.get().size());
        announcements.publish(WEB, RouteRole.STANDBY);
        assertEquals(Map.of(OF_WEB, RouteAttributes.PLAIN.withPrepend(3)), told.get());
        announcements.publish(WEB, RouteRole.NONE);
        assertEquals(Map.of(), told.get());
        announcements.publish(WEB, RouteRole.OWNER);
        assertEquals(2, told.get().size());
        assertEquals("done", answer("withdraw route 203.0.113.128/25"));
        assertEquals(Map.of(OF_WEB, RouteAttributes.PLAIN), told.get());
    }

    @Test
    void partsOfAGroupsPrefixAndWhatCoversItAreTheGroups() {
        announcements.publish(WEB, RouteRole.OWNER);
        announcements.publish(DB, RouteRole.STANDBY);
        assertEquals("done", answer("announce route 203.0.113.7/32 next-hop self"));
        assertTrue(answer("announce route 198.51.100.7/32 next-hop self").contains("of group db"));
        assertTrue(answer("announce route 0.0.0.0/0 next-hop self").contains("of group db"));
        assertEquals("done", answer("announce route 192.0.2.0/24 next-hop self"), "nobody's");
        announcements.publish(DB, RouteRole.OWNER);
        assertEquals("done", answer("announce route 0.0.0.0/0 next-hop self"));
    }

    @Test
    void aCommandIsTakenWholeOrNotAtAll() {
        announcements.publish(WEB, RouteRole.OWNER);
        Map<Prefix, RouteAttributes> before = told.get();
        assertTrue(answer("announce attributes next-hop self nlri 203.0.113.1/32 198.51.100.1/32")
                .contains("of group db"));
        assertEquals("done", answer("announce route 192.0.2.1/32 next-hop self"));
        assertTrue(answer("withdraw attributes next-hop self nlri 192.0.2.1/32 192.0.2.2/32")
                .contains("was not announced"));
        assertEquals(before.size() + 1, told.get().size());
        assertEquals("done", answer("clear adj-rib out"));
        assertEquals(before, told.get());
    }

    @Test
    void whatOneTableCannotSayIsRefusedWithAReason() {
        announcements.publish(WEB, RouteRole.OWNER);
        for (String line : List.of(
                "neighbor 10.1.0.1 announce route 203.0.113.1/32 next-hop self",
                "announce route 203.0.113.1/32 next-hop self path-information 1",
                "announce route 203.0.113.1/32 next-hop self watchdog dog",
                "withdraw route 203.0.113.0/24",
                "announce watchdog dog",
                "announce flow route { match { destination 203.0.113.1/32; } then { discard; } }",
                "announce route 192.0.0.0/16 next-hop self split /32")) {
            assertTrue(answer(line).length() > 20, line + ": " + answer(line));
        }
        assertEquals(1, told.get().size());
    }

    @Test
    void manyCommandsAreAnsweredOneByOneAndToldOnce() {
        announcements.publish(WEB, RouteRole.OWNER);
        List<Optional<String>> answers = announcements.take(List.of(
                CommandParser.parse("announce route 203.0.113.1/32 next-hop self"),
                CommandParser.parse("announce route 198.51.100.1/32 next-hop self"),
                CommandParser.parse("withdraw route 203.0.113.1/32")));
        assertEquals(Optional.empty(), answers.get(0));
        assertTrue(answers.get(1).isPresent());
        assertEquals(Optional.empty(), answers.get(2));
        assertEquals(1, told.get().size());
    }
}
