package org.secondsite.gateway.group;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.secondsite.gateway.group.GivenOrders.ordered;
import static org.secondsite.gateway.group.GivenOrders.plain;

import java.util.ArrayList;
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
import org.secondsite.config.SwitchId;
import org.secondsite.config.VmId;
import org.secondsite.gateway.ownership.OwnershipState;
import org.secondsite.gateway.ownership.SwitchRole;
import org.secondsite.gateway.peer.PeerWatch;
import org.secondsite.replicator.Epoch;
import org.secondsite.replicator.tunnel.PeerMessage;
import org.secondsite.witness.Answer;

/** A gateway's decisions without its surroundings: events and times in, orders out. */
class SiteCoreTest {
    private static final SiteId A = new SiteId("a");
    private static final SiteId B = new SiteId("b");
    private static final GroupId GROUP = new GroupId("web");
    private static final VmId VM = new VmId("vm1");
    private static final SwitchId SWITCH = new SwitchId("tor");
    private static final long MILLI = 1_000_000;

    private final StillAgent agent = new StillAgent(VM);
    private final PeerWatch peer = new PeerWatch(config().peers().getFirst().tunnel(), Runnable::run, 0);
    private final SiteCore core = new SiteCore(config(), (_, _, _) -> peer, 0);
    private long now = MILLI;

    private static GatewayConfig config() {
        return CoreConfig.of(
                A,
                B,
                GROUP,
                List.of(new GatewayConfig.Vm(
                        VM,
                        true,
                        MacAddress.parse("52:54:00:c0:10:01"),
                        List.of(),
                        Optional.of(new GatewayConfig.Attachment(SWITCH, "vm1")))));
    }

    private static OwnershipRecord record(long term, SiteId owner, SiteId... inSync) {
        return new OwnershipRecord(GROUP, term, term - 1, owner, Set.of(inSync));
    }

    private List<SiteOrder> on(SiteEvent.OfTunnel news) {
        return on(new SiteEvent.FromPeer(B, news));
    }

    private List<SiteOrder> on(SiteEvent event) {
        return core.on(event, now);
    }

    private OwnershipState state() {
        return core.groups().iterator().next().ownership().state();
    }

    private static <T> T only(Class<T> type, List<SiteOrder> orders) {
        List<T> found = ordered(type, orders);
        assertEquals(1, found.size(), () -> type.getSimpleName() + " in " + orders);
        return found.getFirst();
    }

    private List<SiteOrder> granted(SiteOrder.Ask ask) {
        return on(GivenOrders.granted(ask, 1));
    }

    private List<SiteOrder> hearPeer() {
        peer.heard(now);
        on(new SiteEvent.TunnelUp());
        return on(new SiteEvent.Tick(Map.of()));
    }

    private void soloOwner() {
        on(new SiteEvent.Attached(agent, true));
        SiteOrder.Ask ask = only(SiteOrder.Ask.class, on(new SiteEvent.RecordTold(record(1, A, A))));
        assertEquals(new SiteOrder.Pass(VM, 2), only(SiteOrder.Pass.class, granted(ask)));
    }

    private void protectedOwner() {
        soloOwner();
        hearPeer();
        on(new SiteEvent.PeerSaid(new PeerMessage.StandbyState(GROUP, true, 1, 0, "ready")));
        assertEquals(OwnershipState.SYNCING, state());
        on(new SiteEvent.SealRequested(agent, new EpochId(2, 1)));
        only(SiteOrder.Hold.class, on(new SiteEvent.EpochAcknowledged(VM, new EpochId(2, 1))));
        on(new SiteEvent.SealRequested(agent, new EpochId(2, 2)));
        SiteOrder.Ask ask = only(SiteOrder.Ask.class, on(new SiteEvent.EpochAcknowledged(VM, new EpochId(2, 2))));
        granted(ask);
        assertEquals(OwnershipState.PROTECTED, state());
    }

    private void standbyInSync() {
        on(new SiteEvent.Attached(agent, false));
        on(new SiteEvent.RecordTold(record(2, B, B)));
        hearPeer();
        List<SiteOrder> kept = on(new SiteEvent.EpochFromPeer(StillAgent.epoch(VM, new EpochId(2, 1), EpochId.NONE)));
        assertEquals(new EpochId(2, 1), only(SiteOrder.Acknowledge.class, kept).epoch());
        on(new SiteEvent.RecordTold(record(3, B, B, A)));
        assertEquals(OwnershipState.STANDBY, state());
    }

    @Test
    void anOwnersPacketsLeaveOnlyAfterTheAcknowledgement() {
        protectedOwner();
        assertEquals(
                List.of(), ordered(SiteOrder.Release.class, on(new SiteEvent.SealRequested(agent, new EpochId(3, 1)))));
        Epoch epoch = StillAgent.epoch(VM, new EpochId(3, 1), new EpochId(2, 2));
        assertEquals(List.of(new SiteOrder.SendEpoch(epoch)), plain(on(new SiteEvent.EpochFromAgent(agent, epoch, 1))));
        assertEquals(
                new SiteOrder.Release(VM, new EpochId(3, 1)),
                on(new SiteEvent.EpochAcknowledged(VM, new EpochId(3, 1))).getFirst());
    }

    @Test
    void aSwitchThatIsTakenFromAProtectedOwnerComesBackUnderANewerTermWithoutALossOfProtection() {
        protectedOwner();
        SiteOrder.Ask ask = only(SiteOrder.Ask.class, on(new SiteEvent.SwitchContested(SWITCH, 3)));
        assertEquals(Set.of(A, B), ask.inSync());
        List<SiteOrder> granted = granted(ask);
        assertEquals(new SiteOrder.Program(GROUP, 4, SwitchRole.OWNER), only(SiteOrder.Program.class, granted));
        assertEquals(new SiteOrder.Retitle(agent, new EpochId(4, 1)), only(SiteOrder.Retitle.class, granted));
        assertEquals(List.of(), ordered(SiteOrder.ToPlane.class, granted));
        assertEquals(OwnershipState.PROTECTED, state());
        on(new SiteEvent.SealRequested(agent, new EpochId(4, 1)));
        on(new SiteEvent.EpochFromAgent(agent, StillAgent.epoch(VM, new EpochId(4, 1), new EpochId(2, 2)), 1));
        assertEquals(
                new SiteOrder.Release(VM, new EpochId(4, 1)),
                on(new SiteEvent.EpochAcknowledged(VM, new EpochId(4, 1))).getFirst());
    }

    @Test
    void aSwitchThatNoVmIsPluggedIntoIsNoReasonForANewerTerm() {
        protectedOwner();
        assertEquals(List.of(), on(new SiteEvent.SwitchContested(new SwitchId("other"), 3)));
    }

    @Test
    void aSilentOwnerIsGivenUpAndTheStandbyWithdrawsBeforeItAsks() {
        takeOver();
    }

    private void takeOver() {
        standbyInSync();
        List<SiteOrder> orders = new ArrayList<>();
        while (ordered(SiteOrder.Ask.class, orders).isEmpty() && now < 5000 * MILLI) {
            now += 5 * MILLI;
            orders.addAll(on(new SiteEvent.Tick(Map.of())));
        }
        int abandon = plain(orders).indexOf(only(SiteOrder.AbandonTunnel.class, orders));
        int withdraw = plain(orders).indexOf(only(SiteOrder.Withdraw.class, orders));
        int ask = orders.indexOf(only(SiteOrder.Ask.class, orders));
        assertTrue(abandon < withdraw && withdraw < ask, orders::toString);
        assertEquals(List.of(), ordered(SiteOrder.Activate.class, orders));
        List<SiteOrder> granted = granted(only(SiteOrder.Ask.class, orders));
        assertEquals(new EpochId(2, 1), only(SiteOrder.Activate.class, granted).expected());
    }

    @Test
    void aVmThatIsBeingStartedIsNotStartedAgainByTheNextRecord() {
        takeOver();
        List<SiteOrder> forced = on(new SiteEvent.RecordTold(record(5, A, A)));
        assertEquals(List.of(), ordered(SiteOrder.Activate.class, forced));
        on(new SiteEvent.Activated(agent, new EpochId(2, 1)));
        assertEquals(OwnershipState.SOLO, state());
    }

    @Test
    void whoHasAskedToTakeOverKeepsNoEpochOfThatTerm() {
        takeOver();
        List<SiteOrder> orders =
                on(new SiteEvent.EpochFromPeer(StillAgent.epoch(VM, new EpochId(3, 1), new EpochId(2, 1))));
        assertEquals(List.of(), ordered(SiteOrder.Acknowledge.class, orders));
        only(SiteOrder.Refuse.class, orders);
        assertEquals(3, core.groups().iterator().next().burnedTerm());
    }

    @Test
    void afterAStandstillAProtectedOwnerGoesOnWhenTheWitnessHasSaidThatItIsTheOwner() {
        protectedOwner();
        List<SiteOrder> stood = on(new SiteEvent.StoodStill(1, 400 * MILLI));
        SiteOrder.Read question = only(SiteOrder.Read.class, stood);
        assertEquals(List.of(), ordered(SiteOrder.ReleaseAgain.class, stood));
        on(new SiteEvent.RecordUnread(question));
        now += 300 * MILLI;
        peer.heard(now);
        question = only(SiteOrder.Read.class, on(new SiteEvent.Tick(Map.of())));
        List<SiteOrder> told = on(new SiteEvent.RecordRead(question, record(3, A, A, B)));
        assertEquals(
                new SiteOrder.ReleaseAgain(VM, new Doubt(Doubt.Cause.STANDSTILL, 1)),
                only(SiteOrder.ReleaseAgain.class, told));
    }

    @Test
    void anAnswerToAnEarlierStandstillIsNoEvidence() {
        protectedOwner();
        SiteOrder.Read first = only(SiteOrder.Read.class, on(new SiteEvent.StoodStill(1, 400 * MILLI)));
        on(new SiteEvent.StoodStill(2, 400 * MILLI));
        assertEquals(
                List.of(),
                ordered(SiteOrder.ReleaseAgain.class, on(new SiteEvent.RecordRead(first, record(3, A, A, B)))));
    }

    @Test
    void onlyTheAcknowledgementOfWhatWasSentAfterTheStandstillIsEvidence() {
        protectedOwner();
        on(new SiteEvent.SealRequested(agent, new EpochId(3, 1)));
        on(new SiteEvent.EpochFromAgent(agent, StillAgent.epoch(VM, new EpochId(3, 1), new EpochId(2, 2)), 1));
        on(new SiteEvent.StoodStill(1, 400 * MILLI));
        List<SiteOrder> before = on(new SiteEvent.EpochAcknowledged(VM, new EpochId(3, 1)));
        assertEquals(List.of(), ordered(SiteOrder.ReleaseAgain.class, before));
        on(new SiteEvent.SealRequested(agent, new EpochId(3, 2)));
        on(new SiteEvent.EpochFromAgent(agent, StillAgent.epoch(VM, new EpochId(3, 2), new EpochId(3, 1)), 1));
        List<SiteOrder> after = on(new SiteEvent.EpochAcknowledged(VM, new EpochId(3, 2)));
        only(SiteOrder.ReleaseAgain.class, after);
    }

    @Test
    void aReplacedOwnerIsFencedBeforeItsDataPlaneGoesOn() {
        protectedOwner();
        SiteOrder.Read question = only(SiteOrder.Read.class, on(new SiteEvent.StoodStill(1, 400 * MILLI)));
        List<SiteOrder> told = on(new SiteEvent.RecordRead(question, record(4, B, B)));
        int fence = told.indexOf(new SiteOrder.Fence(VM, 4));
        int releases = told.indexOf(new SiteOrder.ReleaseAgain(VM, new Doubt(Doubt.Cause.STANDSTILL, 1)));
        assertTrue(fence >= 0 && fence < releases, told::toString);
        assertEquals(OwnershipState.FENCED, state());
    }

    @Test
    void aLoneOwnerGoesOnAtOnceBecauseNobodyCanHaveReplacedIt() {
        soloOwner();
        List<SiteOrder> stood = on(new SiteEvent.StoodStill(1, 400 * MILLI));
        only(SiteOrder.ReleaseAgain.class, stood);
        assertEquals(List.of(), ordered(SiteOrder.Read.class, stood));
    }

    private List<SiteOrder> peerSpeaksOf(OwnershipRecord record) {
        return on(new SiteEvent.PeerSaid(new PeerMessage.RecordNews(record)));
    }

    private static SiteOrder.ReleaseAgain settled(long doubt) {
        return new SiteOrder.ReleaseAgain(VM, new Doubt(Doubt.Cause.HEARSAY, doubt));
    }

    /** "Term 9000, owner you": nothing passes unheld for that. "Term 9000, owner me": no VM is stopped for that. */
    @Test
    void whatThePeerPassesOnMakesAnOwnerWaitAndAskAndNothingElse() {
        for (SiteId owner : List.of(A, B)) {
            SiteCoreTest fresh = new SiteCoreTest();
            fresh.protectedOwner();
            List<SiteOrder> heard = fresh.peerSpeaksOf(record(9000, owner, owner));
            assertEquals(
                    List.of(new SiteOrder.Suspend(VM, new Doubt(Doubt.Cause.HEARSAY, 1))),
                    ordered(SiteOrder.ToPlane.class, heard));
            assertEquals(List.of(), ordered(SiteOrder.ToAgent.class, heard));
            SiteOrder.Read question = only(SiteOrder.Read.class, heard);
            assertEquals(OwnershipState.PROTECTED, fresh.state());
            assertEquals(List.of(), ordered(SiteOrder.ToPlane.class, fresh.peerSpeaksOf(record(9000, owner, owner))));
            assertEquals(
                    List.of(settled(1)),
                    ordered(SiteOrder.ToPlane.class, fresh.on(new SiteEvent.RecordRead(question, record(3, A, A, B)))));
        }
    }

    /** Another process may have been granted what this one owns; the peer acknowledges what either sends. */
    @Test
    void aGatewayThatTheWitnessRefusesLetsNothingOutUntilTheWitnessSaysThatItIsTheOwner() {
        protectedOwner();
        List<SiteOrder> refused = on(new SiteEvent.WitnessDisplaced("another gateway is live"));
        assertEquals(
                List.of(new SiteOrder.Suspend(VM, new Doubt(Doubt.Cause.HEARSAY, 1))),
                ordered(SiteOrder.ToPlane.class, refused));
        SiteOrder.Read question = only(SiteOrder.Read.class, refused);
        assertEquals("another gateway is live", core.displaced());
        assertEquals(List.of(), ordered(SiteOrder.ToPlane.class, on(new SiteEvent.WitnessDisplaced("the same again"))));
        on(new SiteEvent.RecordUnread(question));
        on(new SiteEvent.SealRequested(agent, new EpochId(3, 1)));
        on(new SiteEvent.EpochFromAgent(agent, StillAgent.epoch(VM, new EpochId(3, 1), new EpochId(2, 2)), 1));
        assertEquals(
                List.of(),
                ordered(SiteOrder.ReleaseAgain.class, on(new SiteEvent.EpochAcknowledged(VM, new EpochId(3, 1)))));
        now += 300 * MILLI;
        List<SiteOrder> later = on(new SiteEvent.Tick(Map.of()));
        assertEquals(List.of(), ordered(SiteOrder.ToPlane.class, later));
        question = only(SiteOrder.Read.class, later);
        on(new SiteEvent.WitnessAdmitted());
        assertEquals("", core.displaced());
        assertEquals(2, core.refusals());
        assertEquals(
                List.of(settled(1)),
                ordered(SiteOrder.ToPlane.class, on(new SiteEvent.RecordRead(question, record(3, A, A, B)))));
    }

    @Test
    void anAnswerToAQuestionBeforeTheLastHearsaySettlesNothing() {
        protectedOwner();
        SiteOrder.Read first = only(SiteOrder.Read.class, peerSpeaksOf(record(4, B, B)));
        SiteOrder.Read second = only(SiteOrder.Read.class, peerSpeaksOf(record(5, B, B)));
        assertEquals(
                List.of(),
                ordered(SiteOrder.ReleaseAgain.class, on(new SiteEvent.RecordRead(first, record(3, A, A, B)))));
        List<SiteOrder> told = on(new SiteEvent.RecordRead(second, record(5, B, B)));
        assertTrue(told.contains(new SiteOrder.Fence(VM, 5)), told::toString);
        assertTrue(told.indexOf(new SiteOrder.Fence(VM, 5)) < told.indexOf(settled(2)), told::toString);
    }

    /** An operator may have given the group away while this site could not reach the witness: standing alone is no proof. */
    @Test
    void aLoneOwnerWaitsForTheWitnessTooAndIsFencedIfTheHearsayWasTrue() {
        soloOwner();
        SiteOrder.Read question = only(SiteOrder.Read.class, peerSpeaksOf(record(3, B, B)));
        on(new SiteEvent.RecordUnread(question));
        now += 300 * MILLI;
        question = only(SiteOrder.Read.class, on(new SiteEvent.Tick(Map.of())));
        List<SiteOrder> told = on(new SiteEvent.RecordRead(question, record(3, B, B)));
        assertTrue(told.contains(new SiteOrder.Fence(VM, 3)), told::toString);
        assertEquals(OwnershipState.FENCED, state());
    }

    @Test
    void anOwnTermThatReachesWhatWasHeardSettlesIt() {
        protectedOwner();
        peerSpeaksOf(record(4, B, B));
        List<SiteOrder> told = on(new SiteEvent.RecordTold(record(4, A, A)));
        assertTrue(told.indexOf(new SiteOrder.Pass(VM, 4)) < told.indexOf(settled(1)), told::toString);
        assertTrue(told.contains(settled(1)), told::toString);
    }

    @Test
    void aTermThatCannotBeIsRefusedAndLaterOrdersOfAnOperatorAreObeyed() {
        protectedOwner();
        OwnershipRecord lie = new OwnershipRecord(GROUP, Long.MAX_VALUE, 3, B, Set.of(B));
        List<SiteOrder> heard = peerSpeaksOf(lie);
        assertEquals(List.of(), ordered(SiteOrder.ToPlane.class, heard));
        assertEquals(List.of(), ordered(SiteOrder.ToWitness.class, heard));
        assertEquals(1, ordered(SiteOrder.Note.class, heard).size());
        assertEquals(List.of(), peerSpeaksOf(lie), "said once");
        List<SiteOrder> forced = on(new SiteEvent.RecordTold(record(4, B, B)));
        assertTrue(forced.contains(new SiteOrder.Fence(VM, 4)), forced::toString);
        assertEquals(OwnershipState.FENCED, state());
    }

    /** The witness is out of reach of the standby, which has only the owner's word that the owner's term has grown. */
    @Test
    void aStandbyKeepsWhatTheOwnerSendsInATermOfWhichItHasOnlyHeard() {
        standbyInSync();
        on(new SiteEvent.RecordUnread(only(SiteOrder.Read.class, peerSpeaksOf(record(4, B, B)))));
        List<SiteOrder> kept = on(new SiteEvent.EpochFromPeer(StillAgent.epoch(VM, new EpochId(4, 1), EpochId.NONE)));
        assertEquals(new EpochId(4, 1), only(SiteOrder.Acknowledge.class, kept).epoch());
        List<SiteOrder> beyond = on(new SiteEvent.EpochFromPeer(StillAgent.epoch(VM, new EpochId(5, 1), EpochId.NONE)));
        only(SiteOrder.Refuse.class, beyond);
        assertEquals(3, core.groups().iterator().next().ownership().term());
    }

    /** The witness has lost grants, and an agent knows: nothing leaves until an operator has recovered it. */
    @Test
    void aTermThatAnAgentRemembersGoesToTheWitnessAndNothingLeavesUntilThatHasSpoken() {
        soloOwner();
        List<SiteOrder> heard = on(new SiteEvent.ActedUnder(VM, 7));
        assertEquals(new SiteOrder.TellTerm(GROUP, 7), only(SiteOrder.TellTerm.class, heard));
        assertEquals(
                List.of(new SiteOrder.Suspend(VM, new Doubt(Doubt.Cause.HEARSAY, 1))),
                ordered(SiteOrder.ToPlane.class, heard));
        on(new SiteEvent.RecordUnread(only(SiteOrder.Read.class, heard)));
        now += 60_000 * MILLI;
        List<SiteOrder> later = on(new SiteEvent.Tick(Map.of()));
        assertEquals(List.of(), ordered(SiteOrder.ToPlane.class, later));
        assertEquals(List.of(), ordered(SiteOrder.Ask.class, later), "no other term is asked for in doubt");
        long recovered = OwnershipRecord.firstTerm(1);
        List<SiteOrder> told = on(new SiteEvent.RecordTold(new OwnershipRecord(GROUP, recovered, 2, A, Set.of(A))));
        assertTrue(told.contains(settled(1)), told::toString);
        assertEquals(recovered, only(SiteOrder.InForce.class, told).term());
    }

    /** A VM of another group before, or a host that lies: its agent serves nobody under a lower term than it has acted under. */
    @Test
    void anOwnerWhoseRecordIsInForceAsksForATermAboveTheOneThatAnAgentRemembers() {
        protectedOwner();
        SiteOrder.Read question = only(SiteOrder.Read.class, on(new SiteEvent.ActedUnder(VM, 7)));
        SiteOrder.Ask ask = only(SiteOrder.Ask.class, on(new SiteEvent.RecordRead(question, record(3, A, A, B))));
        assertEquals(Set.of(A, B), ask.inSync());
        on(new SiteEvent.Answered(ask, new Answer.Granted(new OwnershipRecord(GROUP, 8, 3, A, Set.of(A, B)))));
        assertEquals(OwnershipState.PROTECTED, state());
        now += 60_000 * MILLI;
        assertEquals(List.of(), ordered(SiteOrder.ToWitness.class, on(new SiteEvent.Tick(Map.of()))));
    }

    @Test
    void aHostThatSpeaksOfEverHigherTermsIsFollowedEverMoreRarely() {
        protectedOwner();
        long term = 3;
        int asked = 0;
        for (int i = 0; i < 100; i++) {
            SiteOrder.Read question = only(SiteOrder.Read.class, on(new SiteEvent.ActedUnder(VM, term + 5 + i)));
            OwnershipRecord inForce = new OwnershipRecord(GROUP, term, term - 1, A, Set.of(A, B));
            for (SiteOrder.Ask ask : ordered(SiteOrder.Ask.class, on(new SiteEvent.RecordRead(question, inForce)))) {
                asked++;
                on(new SiteEvent.Answered(
                        ask, new Answer.Granted(new OwnershipRecord(GROUP, term + 1, term, A, Set.of(A, B)))));
                term++;
            }
            now += 100 * MILLI;
        }
        assertTrue(asked > 2 && asked < 12, asked + " times in ten seconds");
        assertEquals(OwnershipState.PROTECTED, state());
    }

    @Test
    void aTermThatCannotBeIsTakenFromNoAgentEither() {
        protectedOwner();
        for (long absurd : new long[] {Long.MAX_VALUE, OwnershipRecord.firstTerm(2_000_000)}) {
            List<SiteOrder> orders = on(new SiteEvent.ActedUnder(VM, absurd));
            assertEquals(List.of(), ordered(SiteOrder.ToWitness.class, orders));
            assertEquals(List.of(), ordered(SiteOrder.ToPlane.class, orders));
        }
    }

    @Test
    void everyAgentIsToldTheTermInForceWhenItComesAndWhenThatChanges() {
        on(new SiteEvent.Attached(agent, true));
        SiteOrder.Ask ask = only(SiteOrder.Ask.class, on(new SiteEvent.RecordTold(record(1, A, A))));
        assertEquals(new SiteOrder.InForce(agent, 2), only(SiteOrder.InForce.class, granted(ask)));
        assertEquals(List.of(), ordered(SiteOrder.InForce.class, on(new SiteEvent.Tick(Map.of()))));
        StillAgent other = new StillAgent(VM);
        on(new SiteEvent.Attached(other, true));
        assertEquals(new SiteOrder.InForce(other, 2), only(SiteOrder.InForce.class, on(new SiteEvent.Tick(Map.of()))));
    }

    @Test
    void anAgentThatComesBackWithAnotherSessionTakesOverAndTheOldOnesEndIsNoNews() {
        standbyInSync();
        StillAgent newer = new StillAgent(VM);
        List<SiteOrder> attached = on(new SiteEvent.Attached(newer, false));
        assertTrue(
                plain(attached).contains(new SiteOrder.Withdraw(VM)),
                "its replica is not the one that was acknowledged");
        assertEquals(List.of(), on(new SiteEvent.Detached(agent, "replaced")));
        assertEquals(List.of(), on(new SiteEvent.Applied(agent, new EpochId(2, 1))));
    }

    @Test
    void aVmThatRunsAtAStandbyIsStopped() {
        standbyInSync();
        List<SiteOrder> orders = on(new SiteEvent.Attached(agent, true));
        assertFalse(ordered(SiteOrder.StopVm.class, orders).isEmpty(), orders::toString);
    }

    @Test
    void aSecondSwitchoverIsRefusedAndTheFirstOneIsTold() {
        protectedOwner();
        List<SwitchoverResult> first = new ArrayList<>();
        List<SiteOrder> ordered = on(new SiteEvent.SwitchOver(GROUP, "maintenance", first::add));
        assertEquals(List.of(), ordered(SiteOrder.Report.class, ordered));
        assertEquals(List.of(), ordered(SiteOrder.PauseVm.class, ordered), "the standby may not know the record yet");
        on(new SiteEvent.PeerSaid(new PeerMessage.RecordNews(record(3, A, A, B))));
        only(SiteOrder.PauseVm.class, on(new SiteEvent.Tick(Map.of())));
        SiteOrder.Report second =
                only(SiteOrder.Report.class, on(new SiteEvent.SwitchOver(GROUP, "again", result -> {})));
        assertFalse(second.result().done());
        now += 6000 * MILLI;
        peer.heard(now);
        SiteOrder.Report late = only(SiteOrder.Report.class, on(new SiteEvent.Tick(Map.of())));
        late.operator().accept(late.result());
        assertEquals(1, first.size());
        assertFalse(first.getFirst().done());
    }

    @Test
    void whatIsOfNoConcernIsDroppedAndAnEpochOfItClosed() {
        VmId unknown = new VmId("unknown");
        assertEquals(
                List.of(), on(new SiteEvent.EpochFromPeer(StillAgent.epoch(unknown, new EpochId(1, 1), EpochId.NONE))));
        assertEquals(List.of(), on(new SiteEvent.EpochAcknowledged(unknown, new EpochId(1, 1))));
        assertEquals(
                List.of(), on(new SiteEvent.RecordTold(new OwnershipRecord(new GroupId("other"), 1, 0, A, Set.of(A)))));
    }
}
