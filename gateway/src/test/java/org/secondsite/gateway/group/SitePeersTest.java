package org.secondsite.gateway.group;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.secondsite.gateway.group.GivenOrders.ordered;

import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import org.junit.jupiter.api.Test;
import org.secondsite.config.EpochId;
import org.secondsite.config.GatewayConfig;
import org.secondsite.config.GroupId;
import org.secondsite.config.MacAddress;
import org.secondsite.config.OwnershipRecord;
import org.secondsite.config.SiteId;
import org.secondsite.config.VmId;
import org.secondsite.gateway.ownership.OwnershipState;
import org.secondsite.gateway.peer.PeerWatch;
import org.secondsite.gateway.view.SiteView;
import org.secondsite.replicator.Epoch;
import org.secondsite.replicator.EpochHeader;
import org.secondsite.replicator.PageSet;
import org.secondsite.replicator.tunnel.PeerMessage;

/** A gateway of a ring: it owns a group that one site stands by for, and stands by itself for a group of another one. */
class SitePeersTest {
    private static final SiteId A = new SiteId("a");
    private static final SiteId B = new SiteId("b");
    private static final SiteId C = new SiteId("c");
    private static final GroupId WEB = new GroupId("web");
    private static final GroupId MAIL = new GroupId("mail");
    private static final VmId OURS = new VmId("vm1");
    private static final VmId THEIRS = new VmId("vm2");
    private static final long MILLI = 1_000_000;

    /** Owned here, with b as its standby. */
    private static final GatewayConfig.Group WITH_B = group(WEB, B, OURS);

    /** Owned by c. */
    private static final GatewayConfig.Group WITH_C = group(MAIL, C, THEIRS);

    private static final GatewayConfig BOTH = CoreConfig.of(A, List.of(B, C), List.of(WITH_B, WITH_C));
    private static final GatewayConfig ONLY_B = CoreConfig.of(A, List.of(B), List.of(WITH_B));

    private final Map<SiteId, PeerWatch> watches = new HashMap<>();
    private final StillAgent ours = new StillAgent(OURS);
    private final StillAgent theirs = new StillAgent(THEIRS);
    private final List<Optional<String>> answers = new ArrayList<>();
    private long now = MILLI;
    private SiteCore core = core(BOTH);

    private static GatewayConfig.Group group(GroupId id, SiteId standby, VmId vm) {
        String mac = "52:54:00:c0:10:0" + vm.name().substring(2);
        return new GatewayConfig.Group(
                id,
                Optional.of(standby),
                List.of(),
                List.of(),
                List.of(new GatewayConfig.Vm(vm, true, MacAddress.parse(mac), List.of(), Optional.empty())));
    }

    private SiteCore core(GatewayConfig config) {
        return new SiteCore(
                config,
                (site, tunnel, at) -> watches.computeIfAbsent(site, _ -> new PeerWatch(tunnel, Runnable::run, at)),
                now);
    }

    private List<SiteOrder> on(SiteEvent event) {
        List<SiteOrder> orders = core.on(event, now);
        ordered(SiteOrder.Answer.class, orders).forEach(answer -> answer.asker().accept(answer.obstacle()));
        return orders;
    }

    private List<SiteOrder> on(SiteId site, SiteEvent.OfTunnel news) {
        return on(new SiteEvent.FromPeer(site, news));
    }

    private List<SiteOrder> tick(SiteId... heard) {
        List.of(heard).forEach(site -> watches.get(site).heard(now));
        return on(new SiteEvent.Tick(Map.of()));
    }

    private OwnershipState state(GroupId group) {
        return core.group(group).orElseThrow().ownership().state();
    }

    private static List<SiteOrder.Towards> towards(List<SiteOrder> orders) {
        return orders.stream()
                .filter(SiteOrder.Towards.class::isInstance)
                .map(SiteOrder.Towards.class::cast)
                .toList();
    }

    private static List<SiteId> addressees(Class<?> type, List<SiteOrder> orders) {
        return towards(orders).stream()
                .filter(order -> type.isInstance(order.order()))
                .map(SiteOrder.Towards::peer)
                .distinct()
                .toList();
    }

    /** Owner of the one, protected; standby of the other, in sync. */
    private void bothRun() {
        on(new SiteEvent.Attached(ours, true));
        on(new SiteEvent.Attached(theirs, false));
        on(GivenOrders.granted(on(new SiteEvent.RecordTold(new OwnershipRecord(WEB, 1, 0, A, Set.of(A))))));
        on(new SiteEvent.RecordTold(new OwnershipRecord(MAIL, 3, 2, C, Set.of(C))));
        on(B, new SiteEvent.TunnelUp());
        on(C, new SiteEvent.TunnelUp());
        tick(B, C);
        on(B, new SiteEvent.PeerSaid(new PeerMessage.StandbyState(WEB, true, 1, 0, "ready")));
        on(new SiteEvent.SealRequested(ours, new EpochId(2, 1)));
        on(B, new SiteEvent.EpochAcknowledged(OURS, new EpochId(2, 1)));
        on(new SiteEvent.SealRequested(ours, new EpochId(2, 2)));
        on(GivenOrders.granted(on(B, new SiteEvent.EpochAcknowledged(OURS, new EpochId(2, 2)))));
        assertEquals(OwnershipState.PROTECTED, state(WEB));
        List<SiteOrder> kept =
                on(C, new SiteEvent.EpochFromPeer(StillAgent.epoch(THEIRS, new EpochId(3, 1), EpochId.NONE)));
        assertEquals(List.of(C), addressees(SiteOrder.Acknowledge.class, kept), kept.toString());
        on(new SiteEvent.RecordTold(new OwnershipRecord(MAIL, 4, 3, C, Set.of(A, C))));
        assertEquals(OwnershipState.STANDBY, state(MAIL));
    }

    private List<SiteOrder> silenceOf(SiteId silent) {
        SiteId heard = silent.equals(B) ? C : B;
        on(silent, new SiteEvent.TunnelDown(PeerWatch.Tunnel.BROKEN, "it is gone"));
        for (int i = 0; i < 200; i++) {
            now += 20 * MILLI;
            List<SiteOrder> orders = tick(heard);
            if (!ordered(SiteOrder.Ask.class, orders).isEmpty()) {
                return orders;
            }
        }
        throw new AssertionError("site " + silent + " is not suspected");
    }

    @Test
    void theStandbysDeathMakesTheOwnerSoloAndTouchesNoOtherGroup() {
        bothRun();
        List<SiteOrder> orders = silenceOf(B);
        SiteOrder.Ask ask = ordered(SiteOrder.Ask.class, orders).getFirst();
        assertEquals(Set.of(A), ask.inSync());
        assertEquals(WEB, ask.group());
        assertEquals(List.of(B), addressees(SiteOrder.AbandonTunnel.class, orders));
        on(GivenOrders.granted(ask, 1));
        assertEquals(OwnershipState.SOLO, state(WEB));
        assertEquals(OwnershipState.STANDBY, state(MAIL));
    }

    @Test
    void anOwnersDeathIsTheMatterOfItsStandbyAndTouchesNoOtherGroup() {
        bothRun();
        List<SiteOrder> orders = silenceOf(C);
        SiteOrder.Ask ask = ordered(SiteOrder.Ask.class, orders).getFirst();
        assertEquals(MAIL, ask.group());
        assertEquals(A, ask.owner());
        assertEquals(List.of(C), addressees(SiteOrder.Withdraw.class, orders));
        on(GivenOrders.granted(ask, 1));
        assertEquals(OwnershipState.PROMOTING, state(MAIL));
        assertEquals(OwnershipState.PROTECTED, state(WEB));
    }

    @Test
    void aSiteThatIsNotAGroupsStandbyHasNothingToSayOfIt() {
        bothRun();
        on(new SiteEvent.SealRequested(ours, new EpochId(3, 1)));
        assertEquals(
                List.of(),
                on(C, new SiteEvent.EpochAcknowledged(OURS, new EpochId(3, 1))),
                "released for who holds nothing");
        OwnershipRecord lie = new OwnershipRecord(WEB, 9, 8, C, Set.of(C));
        assertEquals(List.of(), on(C, new SiteEvent.PeerSaid(new PeerMessage.RecordNews(lie))));
        assertEquals(List.of(), on(C, new SiteEvent.EpochRefused(OURS, new EpochId(3, 1), "no")));
        List<SiteOrder> foreign =
                on(C, new SiteEvent.EpochFromPeer(StillAgent.epoch(OURS, new EpochId(3, 1), EpochId.NONE)));
        assertEquals(List.of(), addressees(SiteOrder.Acknowledge.class, foreign));
        assertEquals(OwnershipState.PROTECTED, state(WEB));
        assertEquals(
                List.of(new SiteOrder.Release(OURS, new EpochId(3, 1))),
                ordered(SiteOrder.Release.class, on(B, new SiteEvent.EpochAcknowledged(OURS, new EpochId(3, 1)))));
    }

    @Test
    void eachSiteIsToldOfItsOwnGroupsAlone() {
        bothRun();
        now += 300 * MILLI;
        List<GroupId> told = new ArrayList<>();
        for (SiteOrder.Towards order : towards(tick(B, C))) {
            if (order.order() instanceof SiteOrder.Say(PeerMessage.StandbyState state)) {
                assertEquals(order.peer().equals(B) ? WEB : MAIL, state.group());
                told.add(state.group());
            }
        }
        assertEquals(List.of(WEB, MAIL), told);
        assertFalse(SiteView.of(BOTH.pair(B)).entries().toString().contains("mail"));
        assertEquals(SiteView.of(ONLY_B.pair(B)), SiteView.of(BOTH.pair(B)), "what is between others is theirs");
    }

    @Test
    void aThirdSiteComesAndGoes() {
        core = core(ONLY_B);
        on(new SiteEvent.PeersCome(BOTH));
        on(C, new SiteEvent.TunnelUp());
        watches.get(C).heard(now);
        tick(B, C);
        GatewayConfig.Group nobody = new GatewayConfig.Group(MAIL, Optional.of(C), List.of(), List.of(), List.of());
        on(new SiteEvent.MembersAltered(CoreConfig.of(A, List.of(B, C), List.of(WITH_B, nobody)), answers::add));
        assertEquals(Optional.empty(), answers.getLast());
        OwnershipRecord told = new OwnershipRecord(MAIL, 3, 2, C, Set.of(C));
        on(new SiteEvent.RecordTold(told));
        assertEquals(
                Optional.of(told), core.group(MAIL).orElseThrow().ownership().record());
        on(new SiteEvent.MembersAltered(ONLY_B, answers::add));
        assertEquals(Optional.empty(), answers.getLast());
        on(new SiteEvent.PeersGo(Set.of(B)));
        assertEquals(List.of(B), core.peers().stream().map(SitePeer::site).toList());
        assertEquals(List.of(), on(C, new SiteEvent.TunnelUp()), "what is late is of no use");
        PageSet pages = PageSet.builder()
                .add(0, ByteBuffer.allocate(PageSet.PAGE_BYTES).put(0, (byte) 1))
                .build();
        EpochHeader header = new EpochHeader(THEIRS, new EpochId(3, 1), EpochId.NONE, PageSet.PAGE_BYTES);
        assertEquals(List.of(), on(C, new SiteEvent.EpochFromPeer(new Epoch(header, pages, new byte[0]))));
        assertThrows(IllegalStateException.class, () -> pages.content(0), "its memory is given back");
    }

    @Test
    void aPeerThatAGroupNeedsStays() {
        bothRun();
        on(new SiteEvent.MembersAltered(CoreConfig.of(A, List.of(B), List.of(WITH_B, WITH_C)), answers::add));
        assertEquals(
                "group mail has site c as its other site, which is to be no peer",
                answers.getLast().orElseThrow());
        on(new SiteEvent.PeersGo(Set.of(B)));
        assertEquals(List.of(B, C), core.peers().stream().map(SitePeer::site).toList());
        assertEquals(OwnershipState.STANDBY, state(MAIL));
    }

    @Test
    void groupsOfASiteThatIsNoPeerAndOtherStandbysAreRefused() {
        core = core(ONLY_B);
        on(new SiteEvent.MembersAltered(BOTH, answers::add));
        assertEquals("nothing is known of site c", answers.getLast().orElseThrow());
        on(new SiteEvent.PeersCome(BOTH));
        GatewayConfig moved = CoreConfig.of(A, List.of(B, C), List.of(WITH_B.with(C)));
        on(new SiteEvent.MembersAltered(moved, answers::add));
        assertTrue(
                answers.getLast().orElseThrow().contains("its other site cannot become c"),
                answers.getLast().toString());
    }
}
