package org.secondsite.gateway.group;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.nio.file.Path;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.function.Consumer;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.secondsite.config.ConfigResult;
import org.secondsite.config.GatewayConfig;
import org.secondsite.config.GroupId;
import org.secondsite.config.MacAddress;
import org.secondsite.config.OwnershipRecord;
import org.secondsite.config.SiteId;
import org.secondsite.config.SwitchId;
import org.secondsite.config.VmId;
import org.secondsite.gateway.GatewayFile;
import org.secondsite.gateway.peer.PeerWatch;
import org.secondsite.gateway.view.ViewDifference;
import org.secondsite.replicator.Capability;
import org.secondsite.replicator.Dialect;
import org.secondsite.replicator.tunnel.PeerMessage;
import org.secondsite.witness.Answer;

/** Two gateways tell each other what their files say, over a tunnel that carries every message at once. */
class PeerViewsTest {
    private static final SiteId A = new SiteId("a");
    private static final SiteId B = new SiteId("b");
    private static final GroupId GROUP = new GroupId("web");
    private static final VmId ONE = new VmId("vm1");
    private static final VmId TWO = new VmId("vm2");
    private static final String MAC = "52:54:00:c0:10:01";
    private static final String OTHER_MAC = "52:54:00:c0:10:09";
    private static final SwitchId SWITCH = new SwitchId("sw-b");
    private static final long MILLI = 1_000_000;
    private static final Dialect NEW = new Dialect(4, Set.of(Capability.MEMBERS, Capability.VIEWS, Capability.TICKS));

    private final List<PeerMessage> carried = new ArrayList<>();
    private long now = MILLI;

    private static GatewayConfig.Vm vm(VmId id, boolean ticked, String mac) {
        return new GatewayConfig.Vm(
                id,
                ticked,
                MacAddress.parse(mac),
                List.of(),
                Optional.of(new GatewayConfig.Attachment(SWITCH, id.name())));
    }

    private static GatewayConfig file(SiteId site, GatewayConfig.Vm... vms) {
        return CoreConfig.of(site, site.equals(A) ? B : A, GROUP, List.of(vms));
    }

    /** One gateway, and what it wants. */
    private final class Site {
        private final PeerWatch peer;
        private final SiteCore core;
        private Dialect dialect = NEW;
        private final List<SiteOrder> orders = new ArrayList<>();
        private final Deque<PeerMessage> said = new ArrayDeque<>();
        private final Deque<SiteOrder.Ask> asks = new ArrayDeque<>();

        Site(GatewayConfig file) {
            peer = new PeerWatch(file.peers().getFirst().tunnel(), Runnable::run, now);
            core = new SiteCore(file, (_, _, _) -> peer, now);
            on(new SiteEvent.RecordTold(new OwnershipRecord(GROUP, 2, 1, A, Set.of(A))));
        }

        void on(SiteEvent.OfTunnel news) {
            on(new SiteEvent.FromPeer(core.peers().iterator().next().site(), news));
        }

        void on(SiteEvent event) {
            for (SiteOrder order : core.on(event, now)) {
                orders.add(order);
                if (order instanceof SiteOrder.Towards(SiteId _, SiteOrder.Say(PeerMessage message))
                        && message.isPartOf(dialect)) {
                    said.add(message);
                }
                if (order instanceof SiteOrder.Ask ask) {
                    asks.add(ask);
                }
                if (order instanceof SiteOrder.Answer(Consumer<Optional<String>> asker, Optional<String> obstacle)) {
                    asker.accept(obstacle);
                }
            }
        }

        void connects(Dialect spoken) {
            dialect = spoken;
            peer.heard(now);
            said.clear();
            on(new SiteEvent.PeerSpeaks(spoken));
            on(new SiteEvent.TunnelUp());
        }

        PeerViews.Standing standing() {
            return core.peers().iterator().next().views().standing();
        }

        List<String> lacks(VmId vm) {
            ProtectionGroup group = core.group(GROUP).orElseThrow();
            return group.everyone().stream()
                    .filter(one -> one.id().equals(vm))
                    .map(group::lacks)
                    .findFirst()
                    .orElseThrow();
        }

        List<SiteOrder.FollowTick> follows() {
            return orders.stream()
                    .filter(SiteOrder.FollowTick.class::isInstance)
                    .map(SiteOrder.FollowTick.class::cast)
                    .toList();
        }

        List<String> alarms() {
            return orders.stream()
                    .filter(SiteOrder.Note.class::isInstance)
                    .map(SiteOrder.Note.class::cast)
                    .filter(note -> note.kind().equals("alarm"))
                    .map(SiteOrder.Note::text)
                    .toList();
        }
    }

    private void carry(Site a, Site b) {
        while (!a.said.isEmpty() || !b.said.isEmpty() || !a.asks.isEmpty()) {
            for (Site from : List.of(a, b)) {
                Site to = from.core == a.core ? b : a;
                while (!from.asks.isEmpty()) {
                    SiteOrder.Ask ask = from.asks.poll();
                    OwnershipRecord record = new OwnershipRecord(
                            GROUP, ask.expectedTerm() + 1, ask.expectedTerm(), ask.owner(), ask.inSync());
                    from.on(new SiteEvent.Answered(ask, new Answer.Granted(record)));
                    to.on(new SiteEvent.RecordTold(record));
                }
                while (!from.said.isEmpty()) {
                    carried.add(from.said.peek());
                    to.on(new SiteEvent.PeerSaid(from.said.poll()));
                }
            }
        }
    }

    private void connect(Site a, Site b, Dialect dialect) {
        a.connects(dialect);
        b.connects(dialect);
        carry(a, b);
    }

    private void pass(Site a, Site b, long millis) {
        for (long end = now + millis * MILLI; now < end; ) {
            now += 100 * MILLI;
            List.of(a, b).forEach(site -> {
                site.peer.heard(now);
                site.on(new SiteEvent.Tick(Map.of()));
            });
            carry(a, b);
        }
    }

    private boolean wasCarried(Class<? extends PeerMessage> type) {
        return carried.stream().anyMatch(type::isInstance);
    }

    @Test
    void filesThatSayTheSameAreKnownToByTheirDigestsAlone() {
        Site a = new Site(file(A, vm(ONE, true, MAC)));
        Site b = new Site(file(B, vm(ONE, true, MAC)));
        assertEquals(PeerViews.Standing.UNTOLD, a.standing());
        connect(a, b, NEW);
        assertEquals(PeerViews.Standing.EQUAL, a.standing());
        assertEquals(PeerViews.Standing.EQUAL, b.standing());
        assertFalse(wasCarried(PeerMessage.ViewAsked.class));
        assertFalse(wasCarried(PeerMessage.ViewPart.class));
    }

    @Test
    void whatDiffersIsNamedAtBothSitesAndAnAlarmOnceItLasts() {
        Site a = new Site(file(A, vm(ONE, true, MAC), vm(TWO, true, "52:54:00:c0:10:02")));
        Site b = new Site(file(B, vm(ONE, true, OTHER_MAC)));
        connect(a, b, NEW);
        String mac = "groups[web].vms[vm1].mac";
        String tick = "groups[web].vms[vm2].protected";
        assertEquals(
                List.of(new ViewDifference(mac, MAC, OTHER_MAC), new ViewDifference(tick, "true", "")),
                a.core.peers().iterator().next().views().differences());
        assertEquals(
                List.of(new ViewDifference(mac, OTHER_MAC, MAC), new ViewDifference(tick, "", "true")),
                b.core.peers().iterator().next().views().differences());
        assertEquals(List.of(), a.alarms());
        pass(a, b, 6_000);
        assertEquals(
                List.of("the files of the sites differ: " + mac + " is " + MAC + " here and " + OTHER_MAC
                        + " at site b; " + tick + " is true here and absent at site b"),
                a.alarms());
        assertEquals(1, b.alarms().size());
        pass(a, b, 6_000);
        assertEquals(1, a.alarms().size(), "it is said once");
    }

    @Test
    void aVmWithAnotherMacThereIsNoMemberAndBothSitesSayWhy() {
        Site a = new Site(file(A, vm(ONE, true, MAC)));
        Site b = new Site(file(B, vm(ONE, true, OTHER_MAC)));
        a.on(new SiteEvent.Attached(new StillAgent(ONE), true));
        b.on(new SiteEvent.Attached(new StillAgent(ONE), false));
        connect(a, b, NEW);
        pass(a, b, 600);
        String words = "site b: mac " + OTHER_MAC + " at b, " + MAC + " at a";
        assertEquals(List.of(words), a.lacks(ONE));
        assertEquals(List.of(words), b.lacks(ONE));
        PeerMessage.StandbyState offer = carried.stream()
                .filter(PeerMessage.StandbyState.class::isInstance)
                .map(PeerMessage.StandbyState.class::cast)
                .filter(state -> state.reason().contains("mac"))
                .findFirst()
                .orElseThrow();
        assertFalse(offer.ready());
    }

    @Test
    void whatTheOwnerLacksIsSaidAtTheStandbyToo() {
        Site a = new Site(file(A, vm(ONE, true, MAC)));
        Site b = new Site(file(B, vm(ONE, true, MAC)));
        b.on(new SiteEvent.Attached(new StillAgent(ONE), false));
        connect(a, b, NEW);
        pass(a, b, 600);
        b.on(new SiteEvent.PeerSaid(new PeerMessage.OwnerLacks(
                GROUP, List.of(new PeerMessage.Lack(ONE, "no agent beside its hypervisor")))));
        assertEquals(List.of("site a: no agent beside its hypervisor"), b.lacks(ONE));
    }

    @Test
    void aPortThatTheSwitchHasNotGotIsNamedOnceItIsGoneForLonger() {
        Site a = new Site(file(A, vm(ONE, true, MAC)));
        Site b = new Site(file(B, vm(ONE, true, MAC)));
        a.on(new SiteEvent.Attached(new StillAgent(ONE), true));
        b.on(new SiteEvent.Attached(new StillAgent(ONE), false));
        connect(a, b, NEW);
        b.on(new SiteEvent.PortsMissing(SWITCH, Set.of("vm1", "vm9")));
        assertEquals(List.of(), b.lacks(ONE));
        pass(a, b, 3_100);
        assertEquals(List.of("site b: switch sw-b has no port vm1"), b.lacks(ONE));
        b.on(new SiteEvent.PortsMissing(SWITCH, Set.of()));
        assertEquals(List.of(), b.lacks(ONE));
    }

    @Test
    void aGatewayOfTheReleaseBeforeIsComparedWithNothingAndBlocksNothing() {
        Site a = new Site(file(A, vm(ONE, true, MAC)));
        Site b = new Site(file(B, vm(ONE, true, OTHER_MAC)));
        a.on(new SiteEvent.Attached(new StillAgent(ONE), true));
        b.on(new SiteEvent.Attached(new StillAgent(ONE), false));
        connect(a, b, new Dialect(4, Set.of(Capability.MEMBERS)));
        pass(a, b, 2_000);
        assertEquals(PeerViews.Standing.UNTOLD, b.standing());
        assertEquals(List.of(), b.core.peers().iterator().next().views().differences());
        assertEquals(List.of(), b.lacks(ONE));
        assertFalse(wasCarried(PeerMessage.ViewDigest.class));
    }

    @Test
    void theFileHereFollowsTheTickOfTheOwnersAndItsUntick() {
        GatewayConfig unticked = unticked(A);
        GatewayConfig ticked = file(A, vm(ONE, true, MAC), vm(TWO, true, "52:54:00:c0:10:02"));
        Site a = new Site(unticked);
        Site b = new Site(unticked(B));
        a.on(new SiteEvent.Attached(new StillAgent(ONE), true));
        b.on(new SiteEvent.Attached(new StillAgent(ONE), false));
        connect(a, b, NEW);
        pass(a, b, 300);
        a.on(new SiteEvent.MembersAltered(ticked, obstacle -> assertEquals(Optional.empty(), obstacle)));
        pass(a, b, 1_000);
        assertEquals(List.of(), b.follows(), "it may run here, and does not there");
        a.on(new SiteEvent.Attached(new StillAgent(TWO), true));
        pass(a, b, 300);
        SiteOrder.FollowTick follow = new SiteOrder.FollowTick(GROUP, TWO, SiteOrder.Tick.TICKED, A);
        assertEquals(List.of(follow), b.follows());
        assertEquals(List.of(), a.follows(), "nobody follows who owns the group");
        b.on(new SiteEvent.TickFollowed(TWO, Optional.of("no host of checkpoint.hosts has it")));
        pass(a, b, 1_000);
        assertEquals(
                List.of("site b: it cannot be ticked there: no host of checkpoint.hosts has it"),
                a.lacks(TWO).stream().filter(lack -> lack.startsWith("site b")).toList());
        pass(a, b, 5_000);
        assertEquals(List.of(follow, follow), b.follows(), "it is tried again");
        b.orders.clear();
        b.on(new SiteEvent.MembersAltered(
                file(B, vm(ONE, true, MAC), vm(TWO, true, "52:54:00:c0:10:02")),
                obstacle -> assertEquals(Optional.empty(), obstacle)));
        b.on(new SiteEvent.TickFollowed(TWO, Optional.empty()));
        b.on(new SiteEvent.Attached(new StillAgent(TWO), false));
        pass(a, b, 300);
        assertEquals(PeerViews.Standing.EQUAL, a.standing());
        List<Optional<String>> answers = new ArrayList<>();
        a.on(new SiteEvent.VmsLeave(GROUP, Set.of(TWO), answers::add));
        pass(a, b, 500);
        a.on(new SiteEvent.MembersAltered(unticked, answers::add));
        assertEquals(List.of(Optional.empty(), Optional.empty()), answers);
        carry(a, b);
        assertEquals(List.of(new SiteOrder.FollowTick(GROUP, TWO, SiteOrder.Tick.UNTICKED, A)), b.follows());
        a.on(new SiteEvent.MembersAltered(ticked, obstacle -> {}));
        carry(a, b);
        assertEquals(1, b.follows().size(), "the one before is under way");
        b.on(new SiteEvent.VmsLeave(GROUP, Set.of(TWO), obstacle -> {}));
        b.on(new SiteEvent.MembersAltered(unticked(B), obstacle -> {}));
        b.on(new SiteEvent.TickFollowed(TWO, Optional.empty()));
        pass(a, b, 100);
        assertEquals(follow, b.follows().getLast(), "and this one follows");
    }

    private static GatewayConfig unticked(SiteId site) {
        return file(site, vm(ONE, true, MAC), vm(TWO, false, "52:54:00:c0:10:02"));
    }

    @Test
    void whatIsTickedWhileTheOtherGatewayIsAwayIsFollowedWhenItComesBack() {
        Site a = new Site(unticked(A));
        connect(a, new Site(unticked(B)), NEW);
        a.on(new SiteEvent.Attached(new StillAgent(ONE), true));
        a.on(new SiteEvent.TunnelDown(PeerWatch.Tunnel.BROKEN, "it is away"));
        a.on(new SiteEvent.MembersAltered(
                file(A, vm(ONE, true, MAC), vm(TWO, true, "52:54:00:c0:10:02")), obstacle -> {}));
        Site anew = new Site(unticked(B));
        connect(a, anew, NEW);
        pass(a, anew, 1_000);
        assertEquals(List.of(), anew.follows(), "it may run here, and does not there");
        a.on(new SiteEvent.Attached(new StillAgent(TWO), true));
        pass(a, anew, 500);
        assertEquals(List.of(new SiteOrder.FollowTick(GROUP, TWO, SiteOrder.Tick.TICKED, A)), anew.follows());
        anew.on(new SiteEvent.MembersAltered(
                file(B, vm(ONE, true, MAC), vm(TWO, true, "52:54:00:c0:10:02")), obstacle -> {}));
        anew.on(new SiteEvent.TickFollowed(TWO, Optional.empty()));
        pass(a, anew, 500);
        carried.clear();
        pass(a, anew, 1_000);
        assertFalse(wasCarried(PeerMessage.TicksMade.class), "both files agree");

        Site otherwise = new Site(unticked(B));
        connect(a, otherwise, NEW);
        pass(a, otherwise, 6_000);
        assertEquals(List.of(), otherwise.follows(), "nobody has made that change now");
    }

    @Test
    void nobodyFollowsTheTicksOfWhoDoesNotOwnTheGroup() {
        Site a = new Site(unticked(A));
        Site b = new Site(unticked(B));
        connect(a, b, NEW);
        a.on(new SiteEvent.PeerSaid(new PeerMessage.TicksMade(GROUP, List.of(TWO), List.of(ONE))));
        pass(a, b, 1_000);
        assertEquals(List.of(), a.follows());
        b.on(new SiteEvent.PeerSaid(new PeerMessage.TicksMade(GROUP, List.of(new VmId("vm9")), List.of(ONE))));
        assertEquals(
                List.of(new SiteOrder.FollowTick(GROUP, ONE, SiteOrder.Tick.UNTICKED, A)),
                b.follows(),
                "a VM that is not in the file here is nobody's");
    }

    @Test
    void whereTheFilesDifferAlreadyNothingIsFollowed() {
        Site a = new Site(file(A, vm(ONE, true, MAC), vm(TWO, true, "52:54:00:c0:10:02")));
        Site b = new Site(file(B, vm(ONE, true, MAC), vm(TWO, false, "52:54:00:c0:10:02")));
        connect(a, b, NEW);
        pass(a, b, 6_000);
        assertEquals(List.of(), b.follows());
        connect(a, b, NEW);
        pass(a, b, 1_000);
        assertEquals(List.of(), b.follows());
    }

    @Test
    void aFileThatIsTooLargeToBeComparedIsNamed() {
        GatewayConfig small = unticked(A);
        ConfigResult<GatewayConfig> fits = new ConfigResult.Valid<>(small);
        assertEquals(fits, GatewayFile.judged(Path.of("a.yaml"), fits));
        List<GatewayConfig.Group> groups = IntStream.range(0, 60)
                .mapToObj(one -> new GatewayConfig.Group(
                        new GroupId("g".repeat(50) + one),
                        List.of(),
                        List.of(),
                        IntStream.range(0, 500)
                                .mapToObj(vm -> vm(new VmId("v".repeat(50) + one + "-" + vm), false, MAC))
                                .toList()))
                .toList();
        ConfigResult<GatewayConfig> huge = new ConfigResult.Valid<>(CoreConfig.of(A, B, groups));
        assertInstanceOf(ConfigResult.Invalid.class, GatewayFile.judged(Path.of("a.yaml"), huge));
        assertTrue(GatewayFile.judged(Path.of("a.yaml"), huge)
                .toString()
                .contains("the two sites compare 8 MiB of groups and VMs at most"));
    }

    @Test
    void aLiarsPartsAreNoViewAndAreAskedForAgain() {
        Site b = new Site(file(B, vm(ONE, true, MAC)));
        b.connects(NEW);
        String digest = "0a".repeat(32);
        b.on(new SiteEvent.PeerSaid(new PeerMessage.ViewDigest(digest)));
        assertTrue(b.said.contains(new PeerMessage.ViewAsked(digest)));
        List<PeerMessage.ViewPart.Entry> entries =
                List.of(new PeerMessage.ViewPart.Entry("groups[web].vms[vm1].mac", OTHER_MAC));
        b.on(new SiteEvent.PeerSaid(new PeerMessage.ViewPart(digest, 0, 2, entries)));
        b.on(new SiteEvent.PeerSaid(new PeerMessage.ViewPart(digest, 0, 1, entries)));
        b.on(new SiteEvent.PeerSaid(new PeerMessage.ViewPart("0b".repeat(32), 0, 1, entries)));
        assertEquals(PeerViews.Standing.AWAITED, b.standing(), "nothing has that digest");
        assertEquals(
                List.of("site b: what the file of site a says of it is not known yet"),
                List.of("site b: " + b.core.peers().iterator().next().views().identity(ONE)));
        b.said.clear();
        now += 1_100 * MILLI;
        b.on(new SiteEvent.Tick(Map.of()));
        assertTrue(b.said.contains(new PeerMessage.ViewAsked(digest)));
        String own = b.said.stream()
                .filter(PeerMessage.ViewDigest.class::isInstance)
                .map(said -> ((PeerMessage.ViewDigest) said).digest())
                .findFirst()
                .orElseThrow();
        b.said.clear();
        for (int i = 0; i < 100; i++) {
            b.on(new SiteEvent.PeerSaid(new PeerMessage.ViewAsked(own)));
        }
        assertEquals(1, b.said.size(), "whoever asks again and again is answered once");
    }
}
