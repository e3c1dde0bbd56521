package org.secondsite.gateway.group;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.secondsite.gateway.group.GivenOrders.ordered;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.function.Consumer;
import org.junit.jupiter.api.BeforeEach;
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
import org.secondsite.replicator.Capability;
import org.secondsite.replicator.Dialect;
import org.secondsite.replicator.tunnel.PeerMessage;

/** VMs leave and join a group of two at a site that owns it, and at one that does not: events in, orders out. */
class MembershipTest {
    private static final SiteId A = new SiteId("a");
    private static final SiteId B = new SiteId("b");
    private static final GroupId GROUP = new GroupId("web");
    private static final VmId ONE = new VmId("vm1");
    private static final VmId TWO = new VmId("vm2");
    private static final long MILLI = 1_000_000;
    private static final GatewayConfig BOTH = config(true, true);
    private static final GatewayConfig ONLY_ONE = config(true, false);

    private final StillAgent one = new StillAgent(ONE);
    private final StillAgent two = new StillAgent(TWO);
    private final PeerWatch peer = new PeerWatch(BOTH.peers().getFirst().tunnel(), Runnable::run, 0);
    private final SiteCore core = new SiteCore(BOTH, (_, _, _) -> peer, 0);
    private final List<Optional<String>> answers = new ArrayList<>();
    private long now = MILLI;

    private static GatewayConfig config(boolean... ticked) {
        List<GatewayConfig.Vm> vms = new ArrayList<>();
        for (int i = 0; i < ticked.length; i++) {
            vms.add(new GatewayConfig.Vm(
                    new VmId("vm" + (i + 1)),
                    ticked[i],
                    MacAddress.parse("52:54:00:c0:10:0" + (i + 1)),
                    List.of(),
                    Optional.empty()));
        }
        return CoreConfig.of(A, B, GROUP, vms);
    }

    /** Carries out what is for whoever asked. */
    private List<SiteOrder> on(SiteEvent.OfTunnel news) {
        return on(new SiteEvent.FromPeer(B, news));
    }

    private List<SiteOrder> on(SiteEvent event) {
        List<SiteOrder> orders = core.on(event, now);
        ordered(SiteOrder.Answer.class, orders).forEach(answer -> answer.asker().accept(answer.obstacle()));
        return orders;
    }

    private ProtectionGroup group() {
        return core.group(GROUP).orElseThrow();
    }

    private OwnershipState state() {
        return group().ownership().state();
    }

    private MemberPhase phase(VmId id) {
        return group().everyone().stream()
                .filter(vm -> vm.id().equals(id))
                .map(group()::phase)
                .findFirst()
                .orElseThrow();
    }

    private static PeerMessage.Members said(List<SiteOrder> orders) {
        return ordered(SiteOrder.Say.class, orders).stream()
                .map(SiteOrder.Say::message)
                .filter(PeerMessage.Members.class::isInstance)
                .map(PeerMessage.Members.class::cast)
                .reduce((first, second) -> second)
                .orElseThrow();
    }

    private List<SiteOrder> takes(PeerMessage.Members set, PeerMessage.Lack... lacks) {
        return on(new SiteEvent.PeerSaid(
                new PeerMessage.MembersTaken(GROUP, set.generation(), set.generation(), List.of(lacks))));
    }

    private PeerMessage.Members lastSaid() {
        now += 300 * MILLI;
        peer.heard(now);
        return said(on(new SiteEvent.Tick(Map.of())));
    }

    private List<SiteOrder> granted(List<SiteOrder> orders) {
        return on(GivenOrders.granted(orders));
    }

    private List<SiteOrder> committed(StillAgent agent, EpochId epoch) {
        on(new SiteEvent.SealRequested(agent, epoch));
        return on(new SiteEvent.EpochAcknowledged(agent.vm(), epoch));
    }

    @BeforeEach
    void aProtectedPair() {
        on(new SiteEvent.Attached(one, true));
        on(new SiteEvent.Attached(two, true));
        granted(on(new SiteEvent.RecordTold(new OwnershipRecord(GROUP, 1, 0, A, Set.of(A)))));
        peer.heard(now);
        on(new SiteEvent.PeerSpeaks(new Dialect(4, Set.of(Capability.MEMBERS))));
        on(new SiteEvent.TunnelUp());
        takes(said(on(new SiteEvent.Tick(Map.of()))));
        PeerMessage.Members first =
                said(on(new SiteEvent.PeerSaid(new PeerMessage.StandbyState(GROUP, true, 1, 0, "ready"))));
        assertEquals(List.of(ONE, TWO), first.members());
        committed(one, new EpochId(2, 1));
        committed(two, new EpochId(2, 1));
        committed(one, new EpochId(2, 2));
        assertEquals(
                List.of(),
                ordered(SiteOrder.Ask.class, committed(two, new EpochId(2, 2))),
                "all is held there, but nobody has said that a takeover would activate these");
        granted(takes(first));
        assertEquals(OwnershipState.PROTECTED, state());
    }

    private void leaves() {
        PeerMessage.Members without = said(on(new SiteEvent.VmsLeave(GROUP, Set.of(TWO), answers::add)));
        assertEquals(List.of(ONE), without.members());
        takes(without);
        assertEquals(List.of(Optional.empty()), answers);
        List<SiteOrder> altered = on(new SiteEvent.MembersAltered(ONLY_ONE, answers::add));
        assertTrue(altered.contains(new SiteOrder.Pass(TWO, 3)), altered.toString());
        assertEquals(List.of(Optional.empty(), Optional.empty()), answers);
        answers.clear();
    }

    @Test
    void aVmPassesOnlyWhenTheStandbyHasDroppedItAndTheChangeIsKept() {
        List<SiteOrder> asked = on(new SiteEvent.VmsLeave(GROUP, Set.of(TWO), answers::add));
        assertEquals(MemberPhase.LEAVING, phase(TWO));
        assertTrue(asked.contains(new SiteOrder.StopCheckpoints(two)));
        assertEquals(List.of(), ordered(SiteOrder.Pass.class, asked));
        PeerMessage.Members without = said(asked);
        PeerMessage.MembersTaken older =
                new PeerMessage.MembersTaken(GROUP, without.generation(), without.generation() - 1, List.of());
        assertEquals(List.of(), ordered(SiteOrder.Pass.class, on(new SiteEvent.PeerSaid(older))));
        assertEquals(List.of(), answers, "it was taken before");
        assertEquals(List.of(), ordered(SiteOrder.Pass.class, takes(without)));
        assertEquals(List.of(Optional.empty()), answers, "it may go, and waits to be let go");
        assertTrue(on(new SiteEvent.MembersAltered(ONLY_ONE, answers::add)).contains(new SiteOrder.Pass(TWO, 3)));
        assertEquals(1, group().everyone().size());
        assertEquals(OwnershipState.PROTECTED, state(), "nobody else is touched");
    }

    @Test
    void noVmLeavesThatTheStandbyWasNotToldToDrop() {
        List<SiteOrder> altered = on(new SiteEvent.MembersAltered(ONLY_ONE, answers::add));
        assertEquals(List.of(), ordered(SiteOrder.Pass.class, altered));
        assertEquals(List.of(Optional.of("[vm2] may not leave group web")), answers);
        assertEquals(2, group().everyone().size());
    }

    @Test
    void aStandbyThatDoesNotDropItInTimeIsDoneWithout() {
        on(new SiteEvent.VmsLeave(GROUP, Set.of(TWO), answers::add));
        now += 6_000 * MILLI;
        peer.heard(now);
        List<SiteOrder> late = on(new SiteEvent.Tick(Map.of()));
        assertEquals(List.of(Optional.of("site b has not dropped [vm2] in time")), answers);
        granted(late);
        assertEquals(OwnershipState.SOLO, state(), "what it holds of vm2 is not known any more");
        assertEquals(MemberPhase.MEMBER, phase(TWO));
    }

    @Test
    void aVmThatJoinsIsReleasedOnlyWhenATakeoverWouldActivateIt() {
        leaves();
        List<SiteOrder> ticked = on(new SiteEvent.MembersAltered(BOTH, answers::add));
        assertTrue(ticked.contains(new SiteOrder.Pass(TWO, 3)), "it passes as before");
        PeerMessage.Members joining = said(ticked);
        assertEquals(List.of(TWO), joining.joining());
        on(new SiteEvent.Attached(two, true));
        List<SiteOrder> begun = takes(joining);
        SiteOrder.StartCheckpoints start =
                ordered(SiteOrder.StartCheckpoints.class, begun).getFirst();
        assertEquals(new EpochId(3, 1), start.first());
        assertEquals(MemberPhase.COPYING, phase(TWO));
        assertTrue(committed(two, start.first()).contains(new SiteOrder.Hold(TWO, 3)), "the first image is there");
        assertEquals(MemberPhase.HELD, phase(TWO));
        List<SiteOrder> caughtUp = committed(two, start.first().next());
        assertEquals(List.of(), ordered(SiteOrder.Release.class, caughtUp));
        assertEquals(MemberPhase.ADDING, phase(TWO));
        assertEquals(List.of(ONE, TWO), said(caughtUp).members());
        assertTrue(takes(said(caughtUp))
                .contains(new SiteOrder.Release(TWO, start.first().next())));
        assertEquals(MemberPhase.MEMBER, phase(TWO));
        assertEquals(OwnershipState.PROTECTED, state());
    }

    @Test
    void aVmThatTheOtherSiteLacksDoesNotJoinAndSaysWhy() {
        leaves();
        on(new SiteEvent.MembersAltered(BOTH, answers::add));
        on(new SiteEvent.Attached(two, true));
        PeerMessage.Members joining = lastSaid();
        assertEquals(
                List.of(),
                ordered(
                        SiteOrder.StartCheckpoints.class,
                        takes(joining, new PeerMessage.Lack(TWO, "it is not ticked there"))));
        assertEquals(MemberPhase.WAITING, phase(TWO));
        VmAtSite vm = group().everyone().getLast();
        assertEquals("site b: it is not ticked there", group().waitsFor(vm));
        assertEquals(OwnershipState.PROTECTED, state(), "the others are protected");
    }

    @Test
    void whoseMembershipIsUncertainIsShutOffAndNotStopped() {
        on(new SiteEvent.VmsLeave(GROUP, Set.of(TWO), answers::add));
        List<SiteOrder> fenced = on(new SiteEvent.RecordTold(new OwnershipRecord(GROUP, 4, 3, B, Set.of(B))));
        assertTrue(fenced.contains(new SiteOrder.Fence(TWO, 4)), fenced.toString());
        on(new SiteEvent.PeerSaid(new PeerMessage.VmsActive(GROUP, 4)));
        assertEquals(OwnershipState.FENCED, state());
        assertEquals(List.of(), answers, "nobody has said yet whose it is");
        on(new SiteEvent.PeerSaid(new PeerMessage.Members(
                GROUP, 4, 1, List.of(ONE), List.of(TWO), new PeerMessage.Takeover(4, List.of(ONE)))));
        List<SiteOrder> active = on(new SiteEvent.PeerSaid(new PeerMessage.VmsActive(GROUP, 4)));
        assertEquals(
                List.of(one),
                ordered(SiteOrder.StopVm.class, active).stream()
                        .map(SiteOrder.StopVm::session)
                        .toList(),
                "the other site has dropped vm2: this is the only one");
        assertEquals(List.of(Optional.empty()), answers, "and may go");
    }

    /** Each order would be worked off by an agent that is busy, and no replica be kept meanwhile. */
    @Test
    void anAgentThatIsSlowToKillItsVmIsNotToldAgainInEveryTurn() {
        on(new SiteEvent.RecordTold(new OwnershipRecord(GROUP, 4, 3, B, Set.of(B))));
        on(new SiteEvent.PeerSaid(new PeerMessage.Members(
                GROUP, 4, 1, List.of(ONE, TWO), List.of(), new PeerMessage.Takeover(4, List.of(ONE, TWO)))));
        List<SiteOrder> all = new ArrayList<>(on(new SiteEvent.PeerSaid(new PeerMessage.VmsActive(GROUP, 4))));
        long ordered = now;
        for (int turn = 0; turn < 100; turn++) {
            now += 5_000_000;
            all.addAll(on(new SiteEvent.Tick(Map.of())));
        }
        all.addAll(on(new SiteEvent.VmStopped(one)));
        assertEquals(
                Set.of(one, two),
                Set.copyOf(ordered(SiteOrder.StopVm.class, all).stream()
                        .map(SiteOrder.StopVm::session)
                        .toList()));
        assertEquals(2, ordered(SiteOrder.StopVm.class, all).size(), "once each");
        now = ordered + 5_000_000_000L;
        List<SiteOrder> later = on(new SiteEvent.Tick(Map.of()));
        assertTrue(
                ordered(SiteOrder.StopVm.class, later).stream().allMatch(stop -> stop.session() == two),
                later::toString);
    }

    @Test
    void anOlderCopyNeverPassesWhateverBecameOfTheOneThatWentOn() {
        on(new SiteEvent.RecordTold(new OwnershipRecord(GROUP, 4, 3, B, Set.of(B))));
        on(new SiteEvent.PeerSaid(new PeerMessage.Members(
                GROUP, 4, 1, List.of(), List.of(), new PeerMessage.Takeover(4, List.of(ONE, TWO)))));
        on(new SiteEvent.VmsLeave(GROUP, Set.of(TWO), answers::add));
        assertTrue(answers.getLast().isPresent(), "the other site went on from it, and let it leave");
        on(new SiteEvent.VmStopped(two));
        answers.clear();
        on(new SiteEvent.VmsLeave(GROUP, Set.of(TWO), answers::add));
        assertEquals(List.of(Optional.empty()), answers, "there is none here any more");
    }

    /** Site b has taken over and handed back, and runs a vm2 of its own that is not ticked there. */
    private List<SiteOrder> ownsAgainBesideAnOlderOne() {
        on(new SiteEvent.RecordTold(new OwnershipRecord(GROUP, 4, 3, B, Set.of(B))));
        on(new SiteEvent.PeerSaid(new PeerMessage.Members(
                GROUP, 4, 1, List.of(ONE), List.of(), new PeerMessage.Takeover(4, List.of(ONE, TWO)))));
        on(new SiteEvent.VmStopped(one));
        assertEquals(OwnershipState.STANDBY, state());
        List<SiteOrder> orders =
                new ArrayList<>(on(new SiteEvent.RecordTold(new OwnershipRecord(GROUP, 5, 4, A, Set.of(A)))));
        orders.addAll(on(new SiteEvent.Activated(one, new EpochId(4, 1))));
        return orders;
    }

    @Test
    void anOlderCopyIsHeldThoughThisSiteOwnsTheGroupAgain() {
        List<SiteOrder> alone = ownsAgainBesideAnOlderOne();
        assertEquals(OwnershipState.SOLO, state());
        assertEquals(
                List.of(new SiteOrder.Pass(ONE, 5)),
                ordered(SiteOrder.Pass.class, alone),
                "site b has gone on from vm2");
        takes(lastSaid());
        assertEquals(MemberPhase.WITHHELD, phase(TWO));
        VmAtSite two = group().everyone().getLast();
        assertTrue(group().waitsFor(two).contains("site b may have gone on from vm2"), group().waitsFor(two));
        on(new SiteEvent.VmsLeave(GROUP, Set.of(TWO), answers::add));
        assertTrue(answers.getLast().orElseThrow().contains("'vouch'"), answers.toString());
    }

    @Test
    void anOlderCopyThatIsGoneStandsInNobodysWay() {
        ownsAgainBesideAnOlderOne();
        List<SiteOrder> gone = on(new SiteEvent.Attached(new StillAgent(TWO), false));
        assertTrue(gone.contains(new SiteOrder.Pass(TWO, 5)), gone.toString());
    }

    @Test
    void aVmThatAnOperatorVouchesForGoesOn() {
        ownsAgainBesideAnOlderOne();
        on(new SiteEvent.Vouched(new VmId("vm9"), "seen", answers::add));
        assertEquals(Optional.of("no VM vm9 is ticked here"), answers.getLast());
        takes(lastSaid());
        List<SiteOrder> vouched = on(new SiteEvent.Vouched(TWO, "its clients know no other", answers::add));
        assertEquals(Optional.empty(), answers.getLast());
        assertTrue(vouched.contains(new SiteOrder.Pass(TWO, 5)), vouched.toString());
        assertEquals(MemberPhase.MEMBER, phase(TWO), "this site stands alone");
    }

    /** Both gateways have started anew: nobody knows any more whether the other site has gone on from what runs here. */
    @Test
    void whatNobodyKnowsAnyMoreAnOperatorMaySay() {
        SiteCore anew = new SiteCore(BOTH, (_, _, _) -> peer, now);
        List<SiteOrder> orders = new ArrayList<>();
        Consumer<SiteEvent> tell = event -> {
            List<SiteOrder> given = anew.on(event, now);
            ordered(SiteOrder.Answer.class, given)
                    .forEach(answer -> answer.asker().accept(answer.obstacle()));
            orders.addAll(given);
        };
        tell.accept(new SiteEvent.FromPeer(B, new SiteEvent.PeerSpeaks(new Dialect(4, Set.of(Capability.MEMBERS)))));
        tell.accept(new SiteEvent.Attached(two, true));
        tell.accept(new SiteEvent.RecordTold(new OwnershipRecord(GROUP, 5, 4, B, Set.of(B))));
        tell.accept(new SiteEvent.Vouched(TWO, "seen", answers::add));
        assertTrue(answers.getLast().orElseThrow().contains("has not said which VMs are members"), answers.toString());
        tell.accept(new SiteEvent.FromPeer(
                B,
                new SiteEvent.PeerSaid(
                        new PeerMessage.Members(GROUP, 5, 1, List.of(), List.of(), PeerMessage.Takeover.NONE))));
        tell.accept(new SiteEvent.VmsLeave(GROUP, Set.of(TWO), answers::add));
        assertTrue(answers.getLast().orElseThrow().contains("'vouch'"), answers.toString());
        tell.accept(new SiteEvent.Vouched(TWO, "its clients know no other", answers::add));
        tell.accept(new SiteEvent.VmsLeave(GROUP, Set.of(TWO), answers::add));
        assertEquals(List.of(Optional.empty(), Optional.empty()), answers.subList(answers.size() - 2, answers.size()));
        assertEquals(List.of(), ordered(SiteOrder.Pass.class, orders), "nothing passes before it is kept");
    }

    @Test
    void nobodyVouchesForAMemberOfTheOther() {
        on(new SiteEvent.RecordTold(new OwnershipRecord(GROUP, 4, 3, B, Set.of(B))));
        on(new SiteEvent.PeerSaid(new PeerMessage.Members(
                GROUP, 4, 1, List.of(ONE, TWO), List.of(), new PeerMessage.Takeover(4, List.of(ONE, TWO)))));
        on(new SiteEvent.Vouched(TWO, "a mistake", answers::add));
        assertEquals(Optional.of("site b owns the group, and vm2 is a member there"), answers.getLast());
    }

    @Test
    void whatLeftWhileThisSiteStoodAloneAndJoinedAgainIsShutOffWithTheOthers() {
        on(new SiteEvent.VmsLeave(GROUP, Set.of(TWO), answers::add));
        now += 6_000 * MILLI;
        peer.heard(now);
        granted(on(new SiteEvent.Tick(Map.of())));
        assertEquals(OwnershipState.SOLO, state(), "the standby has not dropped it in time");
        answers.clear();
        on(new SiteEvent.VmsLeave(GROUP, Set.of(TWO), answers::add));
        on(new SiteEvent.MembersAltered(ONLY_ONE, answers::add));
        on(new SiteEvent.MembersAltered(BOTH, answers::add));
        assertEquals(List.of(Optional.empty(), Optional.empty(), Optional.empty()), answers);
        assertEquals(MemberPhase.WAITING, phase(TWO));
        List<SiteOrder> fenced = on(new SiteEvent.RecordTold(new OwnershipRecord(GROUP, 5, 4, B, Set.of(B))));
        assertTrue(fenced.contains(new SiteOrder.Fence(TWO, 5)), "the other site was never told that it left");
    }
}
