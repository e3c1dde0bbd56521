package org.secondsite.gateway.group;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.secondsite.gateway.group.GivenOrders.ordered;
import static org.secondsite.gateway.group.GivenOrders.plain;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
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
import org.secondsite.replicator.DiskTalk;
import org.secondsite.replicator.MachineParts;
import org.secondsite.replicator.tunnel.PeerMessage;

/** Groups are added to a gateway that runs, and removed: events in, orders out. */
class GroupsComeAndGoTest {
    private static final SiteId A = new SiteId("a");
    private static final SiteId B = new SiteId("b");
    private static final GroupId WEB = new GroupId("web");
    private static final GroupId SHOP = new GroupId("shop");
    private static final VmId ONE = new VmId("vm1");
    private static final VmId TWO = new VmId("vm2");
    private static final long MILLI = 1_000_000;
    private static final GatewayConfig ONLY_WEB = config(group(WEB, ONE));
    private static final GatewayConfig WITH_SHOP = config(group(WEB, ONE), group(SHOP, TWO));

    private final StillAgent two = new StillAgent(TWO);
    private final PeerWatch peer = new PeerWatch(ONLY_WEB.peers().getFirst().tunnel(), Runnable::run, 0);
    private final SiteCore core = new SiteCore(ONLY_WEB, (_, _, _) -> peer, 0);
    private final List<Optional<String>> answers = new ArrayList<>();
    private long now = MILLI;

    private static GatewayConfig.Group group(GroupId id, VmId vm) {
        return new GatewayConfig.Group(
                id,
                List.of(),
                List.of(),
                List.of(new GatewayConfig.Vm(
                        vm,
                        true,
                        MacAddress.parse("52:54:00:c0:10:0" + vm.name().substring(2)),
                        List.of(),
                        Optional.empty())));
    }

    private static GatewayConfig config(GatewayConfig.Group... groups) {
        return CoreConfig.of(A, B, List.of(groups));
    }

    private List<SiteOrder> on(SiteEvent.OfTunnel news) {
        return on(new SiteEvent.FromPeer(B, news));
    }

    private List<SiteOrder> on(SiteEvent event) {
        List<SiteOrder> orders = core.on(event, now);
        ordered(SiteOrder.Answer.class, orders).forEach(answer -> answer.asker().accept(answer.obstacle()));
        return orders;
    }

    private OwnershipState state(GroupId id) {
        return core.group(id).orElseThrow().ownership().state();
    }

    private List<SiteOrder> granted(List<SiteOrder> orders) {
        return on(GivenOrders.granted(ordered(SiteOrder.Ask.class, orders).getLast(), 10));
    }

    @BeforeEach
    void aPairThatIsConnected() {
        on(new SiteEvent.PeerSpeaks(new Dialect(4, Set.of(Capability.MEMBERS, Capability.VIEWS))));
        on(new SiteEvent.TunnelUp());
        peer.heard(now);
        on(new SiteEvent.Tick(Map.of()));
    }

    private SiteOrder.Read added() {
        List<SiteOrder> orders = on(new SiteEvent.MembersAltered(WITH_SHOP, answers::add));
        assertEquals(List.of(Optional.empty()), answers);
        answers.clear();
        assertTrue(orders.contains(new SiteOrder.Pass(TWO, 0)), "its VM passes as before");
        assertEquals(OwnershipState.UNKNOWN, state(SHOP));
        SiteOrder.Read read = ordered(SiteOrder.Read.class, orders).getFirst();
        assertEquals(SHOP, read.group());
        return read;
    }

    private SiteOrder.Ask asks() {
        SiteOrder.Read read = added();
        on(new SiteEvent.Attached(two, true));
        return ordered(
                        SiteOrder.Ask.class,
                        on(new SiteEvent.RecordRead(read, new OwnershipRecord(SHOP, 3, 0, A, Set.of(A)))))
                .getLast();
    }

    private void standsAlone() {
        SiteOrder.Ask ask = asks();
        granted(List.of(ask));
        assertEquals(OwnershipState.SOLO, state(SHOP));
    }

    private void lacksNothingThere() {
        now += 300 * MILLI;
        peer.heard(now);
        PeerMessage.Members said = ordered(SiteOrder.Say.class, on(new SiteEvent.Tick(Map.of()))).stream()
                .map(SiteOrder.Say::message)
                .filter(PeerMessage.Members.class::isInstance)
                .map(PeerMessage.Members.class::cast)
                .filter(message -> message.group().equals(SHOP))
                .findFirst()
                .orElseThrow();
        on(new SiteEvent.PeerSaid(new PeerMessage.MembersTaken(SHOP, said.generation(), 0, List.of())));
    }

    @Test
    void aGroupThatComesBeginsAsAtAStartAndKnowsWhatTheOthersKnow() {
        standsAlone();
        lacksNothingThere();
        List<SiteOrder> offered = on(new SiteEvent.PeerSaid(new PeerMessage.StandbyState(SHOP, true, 1, 0, "ready")));
        assertEquals(1, ordered(SiteOrder.StartCheckpoints.class, offered).size(), "peer and tunnel are there");
        assertEquals(OwnershipState.UNKNOWN, state(WEB), "nobody else is touched");
    }

    /** The peer of these tests compares no machines; a group that was there at the start knows that as well. */
    @Test
    void aGroupThatComesKnowsWhatThePeerDoesNotUnderstand() {
        standsAlone();
        lacksNothingThere();
        on(new SiteEvent.PeerSaid(new PeerMessage.StandbyState(SHOP, true, 1, 0, "ready")));
        EpochId chain = new EpochId(11, 1);
        DiskTalk.Machine machine = new DiskTalk.Machine(chain, new MachineParts(List.of("q35")));

        List<SiteOrder> orders = on(new SiteEvent.AgentOfDisks(two, machine));

        assertEquals(
                List.of(new SiteOrder.TellOfDisks(two, new DiskTalk.Compared(chain, ""))),
                ordered(SiteOrder.TellOfDisks.class, orders));
        assertEquals(List.of(), ordered(SiteOrder.Say.class, orders));
    }

    @Test
    void aRecordThatTheWitnessDoesNotTellIsAskedForAgain() {
        SiteOrder.Read read = added();
        on(new SiteEvent.RecordUnread(read));
        now += 100 * MILLI;
        assertEquals(List.of(), ordered(SiteOrder.Read.class, on(new SiteEvent.Tick(Map.of()))));
        now += 500 * MILLI;
        assertEquals(
                List.of(SHOP),
                ordered(SiteOrder.Read.class, on(new SiteEvent.Tick(Map.of()))).stream()
                        .map(SiteOrder.Read::group)
                        .toList());
        on(new SiteEvent.RecordTold(new OwnershipRecord(SHOP, 3, 0, B, Set.of(B))));
        now += 600 * MILLI;
        assertEquals(List.of(), ordered(SiteOrder.Read.class, on(new SiteEvent.Tick(Map.of()))));
    }

    @Test
    void anEpochOfAVmThatIsNotHereIsRefusedSoThatNobodyWaitsForIt() {
        assertEquals(
                List.of(new SiteOrder.Refuse(TWO, new EpochId(3, 1), "it is not in the file there")),
                plain(on(new SiteEvent.EpochFromPeer(StillAgent.epoch(TWO, new EpochId(3, 1), EpochId.NONE)))));
    }

    @Test
    void noGroupGoesBeforeItsVmsHaveLeft() {
        standsAlone();
        on(new SiteEvent.MembersAltered(ONLY_WEB, answers::add));
        assertEquals(List.of(Optional.of("[vm2] may not leave group shop")), answers);
        assertEquals(2, core.groups().size());
    }

    @Test
    void aGroupGoesWithItsVmsAndMayComeAgain() {
        standsAlone();
        lacksNothingThere();
        on(new SiteEvent.VmsLeave(SHOP, Set.of(TWO), answers::add));
        List<SiteOrder> gone = on(new SiteEvent.MembersAltered(ONLY_WEB, answers::add));
        assertEquals(List.of(Optional.empty(), Optional.empty()), answers);
        assertTrue(gone.contains(new SiteOrder.Pass(TWO, 13)), gone.toString());
        assertEquals(
                List.of(WEB), core.groups().stream().map(ProtectionGroup::id).toList());
        answers.clear();
        long before = now;
        now += MILLI;
        SiteOrder.Ask again = asks();
        assertTrue(again.attempt() > before, "no answer to its former life is one to this");
    }

    @Test
    void aGroupWhoseRequestMayStillBeGrantedDoesNotGo() {
        SiteOrder.Ask open = asks();
        on(new SiteEvent.Unanswered(open, "the witness is silent"));
        GatewayConfig noVm = config(group(WEB, ONE), new GatewayConfig.Group(SHOP, List.of(), List.of(), List.of()));
        on(new SiteEvent.MembersAltered(noVm, answers::add));
        assertTrue(answers.getLast().isPresent(), "its VM has not left");
        ProtectionGroup shop = core.group(SHOP).orElseThrow();
        assertTrue(shop.ownership().hasAsked());
        on(new SiteEvent.Detached(two, "gone"));
        on(new SiteEvent.MembersAltered(ONLY_WEB, answers::add));
        assertTrue(answers.getLast().isPresent());
        assertEquals(2, core.groups().size());
    }
}
