package org.secondsite.gateway.group;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.secondsite.gateway.group.GivenOrders.ordered;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeSet;
import org.junit.jupiter.api.Test;
import org.secondsite.config.EpochId;
import org.secondsite.config.GatewayConfig;
import org.secondsite.config.GroupId;
import org.secondsite.config.MacAddress;
import org.secondsite.config.OwnershipRecord;
import org.secondsite.config.SiteId;
import org.secondsite.config.VmId;
import org.secondsite.gateway.group.Recollection.Copy;
import org.secondsite.gateway.ownership.OwnershipState;
import org.secondsite.gateway.peer.PeerWatch;
import org.secondsite.replicator.Capability;
import org.secondsite.replicator.Dialect;
import org.secondsite.replicator.tunnel.PeerMessage;

/** What a gateway remembers of its groups' members across a restart, and what it does while its disk has not got it. */
class RememberedMembersTest {
    private static final SiteId A = new SiteId("a");
    private static final SiteId B = new SiteId("b");
    private static final GroupId GROUP = new GroupId("web");
    private static final VmId ONE = new VmId("vm1");
    private static final VmId TWO = new VmId("vm2");
    private static final long MILLI = 1_000_000;
    private static final GatewayConfig BOTH = CoreConfig.of(A, B, GROUP, List.of(vm(1), vm(2)));

    private final StillAgent one = new StillAgent(ONE);
    private final StillAgent two = new StillAgent(TWO);
    private final List<Optional<String>> answers = new ArrayList<>();
    private long now = MILLI;
    private PeerWatch peer;
    private SiteCore core;
    private SiteOrder.Remember last;

    private static GatewayConfig.Vm vm(int number) {
        return new GatewayConfig.Vm(
                new VmId("vm" + number),
                true,
                MacAddress.parse("52:54:00:c0:10:0" + number),
                List.of(),
                Optional.empty());
    }

    private void starts(Recollection found) {
        peer = new PeerWatch(BOTH.peers().getFirst().tunnel(), Runnable::run, now);
        core = new SiteCore(BOTH, found, (_, _, _) -> peer, now);
        last = null;
    }

    private List<SiteOrder> on(SiteEvent.OfTunnel news) {
        return on(new SiteEvent.FromPeer(B, news));
    }

    private List<SiteOrder> on(SiteEvent event) {
        List<SiteOrder> orders = core.on(event, now);
        ordered(SiteOrder.Answer.class, orders).forEach(answer -> answer.asker().accept(answer.obstacle()));
        ordered(SiteOrder.Remember.class, orders).forEach(order -> last = order);
        return orders;
    }

    private List<SiteOrder> written() {
        return on(new SiteEvent.Written(last.number()));
    }

    private ProtectionGroup group() {
        return core.group(GROUP).orElseThrow();
    }

    private VmAtSite at(VmId id) {
        return group().everyone().stream()
                .filter(vm -> vm.id().equals(id))
                .findFirst()
                .orElseThrow();
    }

    private static OwnershipRecord alone(SiteId owner, long term) {
        return new OwnershipRecord(GROUP, term, term - 1, owner, Set.of(owner));
    }

    private List<SiteOrder> granted(List<SiteOrder> orders) {
        return on(GivenOrders.granted(orders));
    }

    /** The gateway starts beside two VMs that run, and the witness names its site. */
    private List<SiteOrder> startsAsOwner(Recollection found, long term) {
        starts(found);
        on(new SiteEvent.Attached(one, true));
        on(new SiteEvent.Attached(two, true));
        List<SiteOrder> orders = granted(on(new SiteEvent.RecordTold(alone(A, term))));
        assertEquals(OwnershipState.SOLO, group().ownership().state());
        return orders;
    }

    private void connects() {
        peer.heard(now);
        on(new SiteEvent.PeerSpeaks(new Dialect(4, Set.of(Capability.MEMBERS))));
        on(new SiteEvent.TunnelUp());
    }

    private void bSays(long term, long generation, List<VmId> members, List<VmId> activated) {
        on(new SiteEvent.PeerSaid(new PeerMessage.Members(
                GROUP, term, generation, members, List.of(), new PeerMessage.Takeover(term, activated))));
    }

    /** Site b has taken over, has let vm2 leave, and hands back. */
    private void comesBackBesideAnOlderOne() {
        startsAsOwner(new Recollection.Lost("there was never anything"), 1);
        connects();
        on(new SiteEvent.RecordTold(alone(B, 3)));
        bSays(3, 1, List.of(ONE), List.of(ONE, TWO));
        on(new SiteEvent.VmStopped(one));
        written();
        on(new SiteEvent.RecordTold(alone(A, 4)));
        on(new SiteEvent.Activated(one, new EpochId(3, 1)));
        assertEquals(OwnershipState.SOLO, group().ownership().state());
    }

    private static Set<VmId> passed(List<SiteOrder> orders) {
        Set<VmId> vms = new TreeSet<>();
        ordered(SiteOrder.Pass.class, orders).forEach(pass -> vms.add(pass.vm()));
        return vms;
    }

    @Test
    void anOlderCopyStaysHeldHoweverOftenTheGatewayStarts() {
        comesBackBesideAnOlderOne();
        assertEquals(MemberPhase.WITHHELD, group().phase(at(TWO)));
        for (long term = 4; term < 20; term += 2) {
            Recollection.Known kept = last.all();
            assertEquals(Map.of(TWO, Copy.OLDER), kept.groups().get(GROUP).outside());
            assertEquals(Set.of(ONE), passed(startsAsOwner(kept, term)), "site b has gone on from vm2");
            assertEquals(MemberPhase.WITHHELD, group().phase(at(TWO)));
            assertTrue(group().waitsFor(at(TWO)).contains("'vouch'"), group().waitsFor(at(TWO)));
            assertEquals("", core.memoryTrouble(), "nothing is forgotten");
        }
    }

    /** It dies when it has been told that the other site owns the group, and before the disk has that. */
    @Test
    void whoDiesBeforeTheDiskHasItAsksTheOtherSiteAgain() {
        startsAsOwner(new Recollection.Lost("there was never anything"), 1);
        Recollection.Known kept = last.all();
        starts(kept);
        on(new SiteEvent.Attached(one, true));
        on(new SiteEvent.Attached(two, true));
        connects();
        on(new SiteEvent.RecordTold(alone(B, 3)));
        bSays(3, 1, List.of(ONE), List.of(ONE, TWO));
        on(new SiteEvent.VmStopped(one));
        on(new SiteEvent.VmsLeave(GROUP, Set.of(TWO), answers::add));
        assertTrue(answers.getLast().orElseThrow().contains("'vouch'"), "site b has gone on from it: " + answers);
        assertEquals(Map.of(TWO, Copy.DOUBTFUL), last.all().groups().get(GROUP).outside());
    }

    @Test
    void aStandbySaysThatItHasTakenASetOnlyWhenTheDiskHasWhatItKnows() {
        startsAsOwner(new Recollection.Lost("there was never anything"), 1);
        connects();
        on(new SiteEvent.RecordTold(alone(B, 3)));
        bSays(3, 1, List.of(), List.of(ONE, TWO));
        on(new SiteEvent.VmStopped(one));
        bSays(3, 2, List.of(), List.of(ONE, TWO));
        assertEquals(OwnershipState.STANDBY, group().ownership().state());
        now += 300 * MILLI;
        assertEquals(0, taken(on(new SiteEvent.Tick(Map.of()))), "it has taken it, and nobody may rely on that");
        assertEquals(2, taken(written()));
    }

    private static long taken(List<SiteOrder> orders) {
        return ordered(SiteOrder.Say.class, orders).stream()
                .map(SiteOrder.Say::message)
                .filter(PeerMessage.MembersTaken.class::isInstance)
                .map(said -> ((PeerMessage.MembersTaken) said).taken())
                .reduce((first, second) -> second)
                .orElseThrow();
    }

    @Test
    void whatIsForgottenIsHeldUntilAnOperatorVouches() {
        assertEquals(Set.of(), passed(startsAsOwner(new Recollection.Lost("members was damaged"), 5)));
        for (VmId vm : List.of(ONE, TWO)) {
            assertEquals(MemberPhase.WITHHELD, group().phase(at(vm)));
            String why = group().waitsFor(at(vm));
            assertTrue(why.contains("members was damaged") && why.contains("'vouch'"), why);
        }
        assertEquals("members was damaged", core.memoryTrouble());
        written();
        connects();
        for (VmId vm : List.of(ONE, TWO)) {
            assertEquals(Set.of(vm), passed(on(new SiteEvent.Vouched(vm, "its clients know no other", answers::add))));
            assertEquals(Optional.empty(), answers.getLast());
        }
        assertEquals("", core.memoryTrouble());
        bIsReady();
        assertEquals(MemberPhase.WAITING, group().phase(at(ONE)), "the disk has it as no member");
        written();
        bIsReady();
        assertEquals(MemberPhase.MEMBER, group().phase(at(ONE)));
        assertEquals(Map.of(), last.all().groups().get(GROUP).outside());
    }

    /** A site that stands alone by the record is granted a term of its own before its agents call. */
    @Test
    void whatIsForgottenIsHeldAlsoIfItsAgentComesLater() {
        starts(new Recollection.Lost("the disk was lost"));
        assertEquals(Set.of(), passed(granted(on(new SiteEvent.RecordTold(alone(A, 5))))));
        assertEquals(OwnershipState.SOLO, group().ownership().state());
        assertEquals(Set.of(), passed(on(new SiteEvent.Attached(one, true))), "nobody knows what it is");
        assertEquals(MemberPhase.WITHHELD, group().phase(at(ONE)));
        assertEquals(Set.of(TWO), passed(on(new SiteEvent.Attached(two, false))), "there is none");
    }

    @Test
    void aForgottenVmThatIsGoneIsNotWaitedFor() {
        startsAsOwner(new Recollection.Lost("the disk was lost"), 5);
        assertEquals(Set.of(TWO), passed(on(new SiteEvent.Attached(new StillAgent(TWO), false))));
        assertEquals("the disk was lost", core.memoryTrouble(), "vm1 runs");
    }

    @Test
    void theFirstRecordOfAGroupNeedsNoMemory() {
        assertEquals(Set.of(ONE, TWO), passed(startsAsOwner(new Recollection.Lost("there was never anything"), 1)));
        assertEquals(Map.of(), last.all().groups().get(GROUP).outside(), "from now on it has one");
        assertEquals(Set.of(ONE, TWO), last.all().groups().get(GROUP).members());
        assertEquals("", core.memoryTrouble());
    }

    @Test
    void aGatewayThatKeepsNothingStartsAsBefore() {
        assertEquals(Set.of(ONE, TWO), passed(startsAsOwner(new Recollection.None(), 5)));
        assertEquals(null, last);
    }

    @Test
    void aVmThatIsNoMemberKeepsARestartedOwnerWaitingForNothing() {
        starts(new Recollection.Known(Map.of(GROUP, new Recollection.OfGroup(2, Map.of(TWO, Copy.ONLY)))));
        on(new SiteEvent.Attached(one, true));
        List<SiteOrder> told = on(new SiteEvent.RecordTold(new OwnershipRecord(GROUP, 4, 3, A, Set.of(A, B))));
        assertFalse(
                ordered(SiteOrder.Ask.class, told).isEmpty(), "vm2 has no agent, and no takeover would activate it");
        granted(told);
        assertEquals(MemberPhase.WAITING, group().phase(at(TWO)));
        connects();
        on(new SiteEvent.Attached(two, true));
        bIsReady();
        assertEquals(MemberPhase.WAITING, group().phase(at(TWO)), "the disk has it as no member");
        written();
        bIsReady();
        assertEquals(MemberPhase.MEMBER, group().phase(at(TWO)));
    }

    @Test
    void aDiskThatTakesNothingIsNamed() {
        comesBackBesideAnOlderOne();
        written();
        on(new SiteEvent.Vouched(TWO, "its clients know no other", answers::add));
        on(new SiteEvent.Unwritten("no space left"));
        connects();
        bIsReady();
        assertEquals(MemberPhase.WAITING, group().phase(at(TWO)));
        assertTrue(group().waitsFor(at(TWO)).contains("no space left"), group().waitsFor(at(TWO)));
        assertTrue(core.memoryTrouble().contains("no space left"));
        written();
        bIsReady();
        assertEquals(MemberPhase.MEMBER, group().phase(at(TWO)));
        assertEquals("", core.memoryTrouble());
    }

    /** The standby has heard the set that is said, and lacks nothing. */
    private void bIsReady() {
        on(new SiteEvent.PeerSaid(new PeerMessage.MembersTaken(GROUP, said().generation(), 0, List.of())));
    }

    private PeerMessage.Members said() {
        now += 300 * MILLI;
        peer.heard(now);
        return ordered(SiteOrder.Say.class, on(new SiteEvent.Tick(Map.of()))).stream()
                .map(SiteOrder.Say::message)
                .filter(PeerMessage.Members.class::isInstance)
                .map(PeerMessage.Members.class::cast)
                .reduce((first, second) -> second)
                .orElseThrow();
    }
}
