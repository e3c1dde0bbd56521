package org.secondsite.bgp.io;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.time.Duration;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.stream.Collectors;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.secondsite.bgp.fsm.FsmTimers;
import org.secondsite.bgp.rib.RouteAttributes;
import org.secondsite.bgp.session.NeighborOptions;
import org.secondsite.bgp.session.NeighborRange;
import org.secondsite.bgp.session.NeighborSettings;
import org.secondsite.bgp.session.PrefixLimit;
import org.secondsite.bgp.session.SessionStatus;
import org.secondsite.bgp.session.SpeakerChanges;
import org.secondsite.bgp.session.SpeakerSettings;
import org.secondsite.bgp.wire.AddressFamily;
import org.secondsite.bgp.wire.BgpError;
import org.secondsite.bgp.wire.Nlri;
import org.secondsite.bgp.wire.NotificationMessage;
import org.secondsite.bgp.wire.PathAttribute;
import org.secondsite.bgp.wire.Prefix;
import org.secondsite.testing.FreePort;

/** A speaker at 127.0.0.1 whose settings change while others, at 127.0.0.2 and on, talk to it. */
@Timeout(240)
class LiveChangesTest {
    private static final InetAddress SELF = Prefix.parseAddress("127.0.0.1");
    private static final Prefix PREFIX = Prefix.parse("203.0.113.0/24");
    private static final Prefix PREFIX6 = Prefix.parse("2001:db8:113::/48");
    private static final int PATIENCE_SECONDS = 20;
    private static final Duration HELD_DOWN = Duration.ofSeconds(3);
    private static final FsmTimers QUICK = new FsmTimers(200, 200, 400, 10_000, 240, 480);

    private final Map<Integer, RecordingListener> heard = new HashMap<>();
    private final Map<Integer, BgpSpeaker> peers = new HashMap<>();
    private final RecordingListener ours = new RecordingListener();
    private int port;
    private BgpSpeaker speaker;

    @BeforeEach
    void open() throws IOException {
        port = FreePort.at(SELF);
        speaker = BgpSpeaker.open(
                SpeakerSettings.of(65100, "10.0.0.1").withListen(List.of(new InetSocketAddress(SELF, port))), ours);
    }

    @AfterEach
    void close() {
        peers.values().forEach(BgpSpeaker::close);
        speaker.close();
    }

    private static InetAddress address(int number) {
        return Prefix.parseAddress("127.0.0." + number);
    }

    /** The neighbour as we see it; it connects. */
    private NeighborSettings neighbor(int number) {
        return NeighborSettings.of(address(number), 65000 + number)
                .withLocalAddress(SELF)
                .withPort(port)
                .withPassive(true)
                .withHoldTimeSeconds(9)
                .withOptions(NeighborOptions.DEFAULT.withTimers(QUICK));
    }

    /** Us as the neighbour sees us. */
    private NeighborSettings us(int number) {
        return NeighborSettings.of(SELF, 65100)
                .withLocalAddress(address(number))
                .withPort(port)
                .withHoldTimeSeconds(9)
                .withOptions(NeighborOptions.DEFAULT.withTimers(QUICK));
    }

    private SpeakerSettings settingsOf(int number, NeighborSettings us) {
        return SpeakerSettings.of(65000 + number, "10.0.0." + number, us)
                .withListen(List.of(new InetSocketAddress(address(number), port)));
    }

    private void peer(int number, NeighborSettings us) throws IOException {
        heard.put(number, new RecordingListener());
        peers.put(number, BgpSpeaker.open(settingsOf(number, us), heard.get(number)));
    }

    private SpeakerChanges change(SpeakerSettings settings) throws Exception {
        return speaker.change(settings).get(PATIENCE_SECONDS, TimeUnit.SECONDS);
    }

    private void awaitEstablished(int number, int times) throws InterruptedException {
        RecordingListener there = heard.get(number);
        there.await(number + " is established", PATIENCE_SECONDS, () -> there.established() == times);
    }

    private void awaitRoute(int number, Prefix prefix) throws InterruptedException {
        RecordingListener there = heard.get(number);
        there.await(
                prefix + " at " + number, PATIENCE_SECONDS, () -> there.routes().containsKey(Nlri.of(prefix)));
    }

    @Test
    void whoIsAddedIsToldWhatAllAreToldAndWhoIsRemovedHearsWhy() throws Exception {
        speaker.advertise(Map.of(PREFIX, RouteAttributes.PLAIN));
        speaker.announce(PREFIX6, RouteAttributes.PLAIN.withNextHop(Prefix.parseAddress("2001:db8::1")));
        peer(2, us(2));
        change(speaker.settings().withNeighbor(neighbor(2)));
        awaitRoute(2, PREFIX);
        awaitRoute(2, PREFIX6);
        peer(3, us(3));
        change(speaker.settings().withNeighbor(neighbor(3)));
        awaitRoute(3, PREFIX);
        SpeakerChanges changes = change(speaker.settings().withoutNeighbor(address(3)));
        assertEquals(Set.of(address(3)), changes.ended());
        heard.get(3).await("down", PATIENCE_SECONDS, () -> heard.get(3).downs() == 1);
        assertTrue(
                heard.get(3).lastDown().contains("Peer De-configured"),
                heard.get(3).lastDown());
        assertEquals(0, heard.get(2).downs());
        assertThrows(IllegalArgumentException.class, () -> speaker.enable(address(3)));
    }

    private void awaitMed(int number, int med) throws InterruptedException {
        RecordingListener there = heard.get(number);
        there.await("MED " + med + " at " + number, PATIENCE_SECONDS, () -> Optional.ofNullable(
                        there.routes().get(Nlri.of(PREFIX)))
                .flatMap(route -> route.attributes().get(PathAttribute.MultiExitDiscriminator.class))
                .filter(is -> is.value() == med)
                .isPresent());
    }

    @Test
    void whoIsToldOtherwiseIsToldNothingElseFromItsFirstMessageOn() throws Exception {
        Map<Prefix, RouteAttributes> usual = Map.of(PREFIX, RouteAttributes.PLAIN.withMed(1));
        speaker.advertise(usual, Map.of(address(3), Map.of(PREFIX, RouteAttributes.PLAIN.withMed(2))));
        peer(2, us(2));
        peer(3, us(3));
        change(speaker.settings().withNeighbor(neighbor(2)).withNeighbor(neighbor(3)));
        awaitMed(2, 1);
        awaitMed(3, 2);
        assertEquals(
                List.of("routes +1 -0"),
                heard.get(3).log().stream()
                        .filter(line -> line.startsWith("routes +1"))
                        .toList(),
                "no message with what others are told came first");
        speaker.advertise(usual, Map.of(address(2), Map.of(PREFIX, RouteAttributes.PLAIN.withMed(3))));
        awaitMed(2, 3);
        awaitMed(3, 1);
    }

    @Test
    void whatNeedsNoNewSessionMakesNone() throws Exception {
        change(speaker.settings().withNeighbor(neighbor(2)));
        peer(2, us(2));
        awaitEstablished(2, 1);
        NeighborSettings changed = neighbor(2).withPort(1).withPassive(false);
        changed = changed.withOptions(changed.options()
                .withOtherSelf(Prefix.parseAddress("2001:db8::a"))
                .withPrefixLimits(Map.of(AddressFamily.IPV4_UNICAST, new PrefixLimit(1, PrefixLimit.Action.WARN)))
                .withTtlSecurityHops(254)
                .withTimers(FsmTimers.DEFAULT));
        speaker.announce(PREFIX6, RouteAttributes.PLAIN);
        assertEquals(Set.of(), change(speaker.settings().withNeighbor(changed)).ended());
        awaitRoute(2, PREFIX6); // it has a next hop now
        assertEquals(1, heard.get(2).established());
        assertEquals(0, heard.get(2).downs());
        change(speaker.settings().withNeighbor(neighbor(2)));
        heard.get(2).await("no next hop any more", PATIENCE_SECONDS, () -> heard.get(2)
                .routes()
                .isEmpty());
        assertEquals(0, heard.get(2).downs());
    }

    @Test
    void whatNeedsANewSessionMakesOneAndLeavesTheOthersAlone() throws Exception {
        speaker.advertise(Map.of(PREFIX, RouteAttributes.PLAIN));
        change(speaker.settings().withNeighbor(neighbor(2)).withNeighbor(neighbor(3)));
        peer(2, us(2));
        peer(3, us(3));
        awaitEstablished(2, 1);
        awaitEstablished(3, 1);
        speaker.advertise(address(2), Map.of(PREFIX, RouteAttributes.PLAIN.withMed(7)));
        change(speaker.settings().withNeighbor(neighbor(2).withHoldTimeSeconds(6)));
        awaitEstablished(2, 2);
        assertTrue(
                heard.get(2).lastDown().contains("Other Configuration Change"),
                heard.get(2).lastDown());
        awaitRoute(2, PREFIX);
        assertEquals(
                Optional.of(new PathAttribute.MultiExitDiscriminator(7)),
                heard.get(2).routes().get(Nlri.of(PREFIX)).attributes().get(PathAttribute.MultiExitDiscriminator.class),
                "what it alone was told outlives the session");
        assertEquals(0, heard.get(3).downs());
    }

    @Test
    void aLowerLimitOfPrefixesEndsASessionThatIsOverIt() throws Exception {
        change(speaker.settings().withNeighbor(neighbor(2)));
        peer(2, us(2));
        peers.get(2)
                .advertise(
                        Map.of(PREFIX, RouteAttributes.PLAIN, Prefix.parse("198.51.100.0/24"), RouteAttributes.PLAIN));
        ours.await("both routes", PATIENCE_SECONDS, () -> ours.routes().size() == 2);
        NeighborSettings limited = neighbor(2);
        limited = limited.withOptions(limited.options()
                .withPrefixLimits(Map.of(AddressFamily.IPV4_UNICAST, new PrefixLimit(1, PrefixLimit.Action.DOWN))));
        change(speaker.settings().withNeighbor(limited));
        heard.get(2).await("down", PATIENCE_SECONDS, () -> heard.get(2).downs() == 1);
        assertTrue(
                heard.get(2).lastDown().contains("Maximum Number of Prefixes"),
                heard.get(2).lastDown());
    }

    @Test
    void aHigherLimitOfPrefixesLetsInWhatWasKeptOut() throws Exception {
        NeighborSettings limited = neighbor(2);
        limited = limited.withOptions(limited.options()
                .withPrefixLimits(Map.of(AddressFamily.IPV4_UNICAST, new PrefixLimit(1, PrefixLimit.Action.DISCARD))));
        change(speaker.settings().withNeighbor(limited));
        peer(2, us(2));
        awaitEstablished(2, 1);
        peers.get(2)
                .advertise(
                        Map.of(PREFIX, RouteAttributes.PLAIN, Prefix.parse("198.51.100.0/24"), RouteAttributes.PLAIN));
        ours.await("one route", PATIENCE_SECONDS, () -> ours.routes().size() == 1);
        change(speaker.settings().withNeighbor(neighbor(2)));
        ours.await("both routes", PATIENCE_SECONDS, () -> ours.routes().size() == 2);
        assertEquals(0, ours.downs());
    }

    @Test
    void rfc2385AKeyIsChangedAtBothEndsWhileTheSessionStands() throws Exception {
        change(speaker.settings().withNeighbor(neighbor(2).withMd5Password("old")));
        peer(2, us(2).withMd5Password("old"));
        awaitEstablished(2, 1);
        change(speaker.settings().withNeighbor(neighbor(2).withMd5Password("new")));
        speaker.announce(PREFIX, RouteAttributes.PLAIN);
        peers.get(2).change(settingsOf(2, us(2).withMd5Password("new"))).get(PATIENCE_SECONDS, TimeUnit.SECONDS);
        awaitRoute(2, PREFIX);
        assertEquals(0, heard.get(2).downs());
        // The listener has the new key too.
        peers.get(2).close();
        peer(2, us(2).withMd5Password("new"));
        awaitRoute(2, PREFIX);
        peers.get(2).close();
        change(speaker.settings().withNeighbor(neighbor(2)));
        peer(2, us(2));
        awaitRoute(2, PREFIX);
    }

    @Test
    void whoeverConnectsFromARangeIsANeighbourWhileItIsThere() throws Exception {
        NeighborRange range = NeighborRange.of(Prefix.parse("127.0.0.64/26"), 65064, 2)
                .withTemplate(neighbor(64).withMd5Password("shared"));
        change(speaker.settings().withRanges(List.of(range)));
        speaker.advertise(Map.of(PREFIX, RouteAttributes.PLAIN));
        for (int number : List.of(65, 66, 67)) {
            heard.put(number, new RecordingListener());
            SpeakerSettings settings =
                    SpeakerSettings.of(65064, "10.0.0." + number, us(number).withMd5Password("shared"));
            peers.put(number, BgpSpeaker.open(settings, heard.get(number)));
            if (number < 67) {
                awaitRoute(number, PREFIX);
            }
        }
        ours.await("two of them", PATIENCE_SECONDS, () -> ours.established() == 2);
        RecordingListener third = heard.get(67);
        third.await("the third is refused", PATIENCE_SECONDS, () -> third.log()
                .toString()
                .contains("Connection Rejected"));
        peers.get(65).close();
        awaitRoute(67, PREFIX);
        assertEquals(
                Set.of(address(66), address(67)),
                speaker.status().get(PATIENCE_SECONDS, TimeUnit.SECONDS).stream()
                        .map(SessionStatus::peer)
                        .collect(Collectors.toSet()));
        assertEquals(0, heard.get(66).downs());
        SpeakerChanges changes = change(speaker.settings().withRanges(List.of()));
        assertEquals(Set.of(address(66), address(67)), changes.ended());
        heard.get(66).await("down", PATIENCE_SECONDS, () -> heard.get(66).downs() == 1);
        assertTrue(change(speaker.settings()).isEmpty(), "nobody of them is left");
    }

    /** It keeps its place meanwhile, and nobody else of the range takes it. */
    @Test
    void aNeighbourOfARangeThatWasLostIsHeldDown() throws Exception {
        NeighborRange range = NeighborRange.of(Prefix.parse("127.0.0.64/26"), 65064, 1)
                .withTemplate(neighbor(64).withOptions(NeighborOptions.DEFAULT.withHoldDown(HELD_DOWN)));
        change(speaker.settings().withRanges(List.of(range)));
        speaker.advertise(Map.of(PREFIX, RouteAttributes.PLAIN));
        heard.put(65, new RecordingListener());
        SpeakerSettings settings = SpeakerSettings.of(65064, "10.0.0.65", us(65));
        peers.put(65, BgpSpeaker.open(settings, heard.get(65)));
        awaitRoute(65, PREFIX);
        long lost = System.nanoTime();
        peers.get(65).reset(address(1), NotificationMessage.of(BgpError.ADMINISTRATIVE_RESET), "lost");
        ours.await("held down", PATIENCE_SECONDS, () -> ours.log().toString().contains("held down for 3 s"));
        awaitEstablished(65, 2);
        assertTrue(System.nanoTime() - lost >= HELD_DOWN.toNanos(), "it came back too soon");
    }

    @Test
    void aWrongKeyOfARangeGetsNowhere() throws Exception {
        NeighborRange range = NeighborRange.of(Prefix.parse("127.0.0.64/26"), 65065, 2)
                .withTemplate(neighbor(64).withRemoteAs(65065).withMd5Password("shared"));
        change(speaker.settings().withRanges(List.of(range)));
        peer(65, us(65).withMd5Password("guessed"));
        // Whoever knows the key is let in, and has begun later.
        heard.put(66, new RecordingListener());
        peers.put(
                66,
                BgpSpeaker.open(
                        SpeakerSettings.of(65065, "10.0.0.66", us(66).withMd5Password("shared")), heard.get(66)));
        awaitEstablished(66, 1);
        ours.await("one session at this end", PATIENCE_SECONDS, () -> ours.established() == 1);
        assertEquals(0, heard.get(65).established());
    }

    @Test
    void aListenerThatCannotBeHadIsToldAndAllElseIsChanged() throws Exception {
        InetSocketAddress nobodys = new InetSocketAddress(Prefix.parseAddress("203.0.113.1"), port);
        SpeakerSettings wanted = speaker.settings()
                .withListen(List.of(new InetSocketAddress(SELF, port), nobodys))
                .withNeighbor(neighbor(2));
        ExecutionException failure = assertThrows(
                ExecutionException.class, () -> speaker.change(wanted).get(PATIENCE_SECONDS, TimeUnit.SECONDS));
        assertTrue(failure.getCause() instanceof IOException, failure.toString());
        peer(2, us(2));
        awaitEstablished(2, 1);
    }
}
