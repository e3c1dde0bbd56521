package org.secondsite.replicator.agent;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import org.junit.jupiter.api.Test;
import org.secondsite.config.EpochId;
import org.secondsite.config.VmId;
import org.secondsite.replicator.Capability;
import org.secondsite.replicator.CarriedDisks;
import org.secondsite.replicator.Dialect;
import org.secondsite.replicator.DiskClaim;
import org.secondsite.replicator.DiskPart;
import org.secondsite.replicator.DiskTalk;
import org.secondsite.replicator.EpochHeader;
import org.secondsite.replicator.checkpoint.AgentConduct;
import org.secondsite.replicator.checkpoint.CheckpointMessage;

/** When an agent asks the other site's what its disks are, what it makes of the answer, and when it answers itself. */
class ResyncTalkTest {
    private static final VmId VM = new VmId("vm1");
    private static final long RAM_BYTES = 1 << 20;
    private static final EpochId CHAIN = new EpochId(3, 7);
    private static final Set<Capability> ABLE = Set.of(Capability.DISKS, Capability.RESYNC);
    private static final DiskTalk.Claim CLAIM = new DiskTalk.Claim(CHAIN, DiskClaim.of(new EpochId(3, 2)), 0);
    private static final DiskTalk.Query HASHES =
            new DiskTalk.Query(CHAIN, new DiskPart(DiskPart.Question.HASHES, 0, 0, 8));
    private static final DiskTalk.Query NAMED =
            new DiskTalk.Query(CHAIN, new DiskPart(DiskPart.Question.DIRTY, 0, 0, 8));

    private long now = 1;
    private final VmAgent agent = new VmAgent(VM, RAM_BYTES, AgentTiming.USUAL, ABLE, now);

    private List<AgentEffect> on(AgentEvent event) {
        return agent.on(event, now).stream()
                .filter(effect -> !(effect instanceof AgentEffect.Note || effect instanceof AgentEffect.Trouble))
                .toList();
    }

    private List<AgentEffect> hears(DiskTalk talk) {
        return on(new AgentEvent.Received(new CheckpointMessage.OfDisks(talk)));
    }

    private void connected(Set<Capability> both) {
        on(new AgentEvent.Opened());
        on(new AgentEvent.Received(new CheckpointMessage.Welcome(new Dialect(4, both), 16, 1 << 30, false)));
    }

    private List<AgentEffect> ordered() {
        on(new AgentEvent.Received(new CheckpointMessage.Start(CHAIN, true, 50)));
        return on(new AgentEvent.Looked(Optional.empty()));
    }

    private void ownerIs(Set<Capability> both) {
        on(new AgentEvent.Tick());
        on(new AgentEvent.Found("a hypervisor", Optional.empty()));
        connected(both);
    }

    private static List<AgentEffect> asks() {
        return List.of(new AgentEffect.Send(new CheckpointMessage.OfDisks(new DiskTalk.Ask(CHAIN))));
    }

    private static List<AgentEffect> beginsUpon(DiskTalk.Claim claim) {
        return List.of(new AgentEffect.BeginImage(true), new AgentEffect.HearOfDisks(claim));
    }

    @Test
    void aChainBeginsUponWhatTheOtherSiteSaysAndUponNothingThatComesLater() {
        ownerIs(ABLE);
        assertEquals(asks(), ordered());
        assertEquals(List.of(), hears(new DiskTalk.Claim(new EpochId(3, 6), CLAIM.claim(), 0)), "for another chain");
        assertEquals(beginsUpon(CLAIM), hears(CLAIM));
        assertEquals(List.of(), hears(CLAIM), "once more");
        DiskTalk.Answer answer = new DiskTalk.Answer(CHAIN, NAMED.part(), ByteBuffer.wrap(new byte[] {3}));
        assertEquals(List.of(new AgentEffect.HearOfDisks(answer)), hears(answer));
        assertEquals(
                List.of(new AgentEffect.Send(new CheckpointMessage.OfDisks(NAMED))),
                on(new AgentEvent.DisksSay(List.of(NAMED))));
    }

    private void chainWithQuestions(DiskTalk.Query... queries) {
        ownerIs(ABLE);
        ordered();
        hears(CLAIM);
        on(new AgentEvent.DisksSay(List.of(queries)));
    }

    /** What is said when so many epochs more were acknowledged. */
    private List<DiskTalk> saidAfter(int credits) {
        List<DiskTalk> said = new ArrayList<>();
        for (int i = 0; i < credits; i++) {
            for (AgentEffect effect : on(new AgentEvent.Received(new CheckpointMessage.Credit(CHAIN)))) {
                if (effect instanceof AgentEffect.Send send && send.message() instanceof CheckpointMessage.OfDisks of) {
                    said.add(of.talk());
                }
            }
        }
        return said;
    }

    @Test
    void questionsThatAreNotAnsweredAreAskedAgainAndEverMoreRarely() {
        DiskTalk.Query second = new DiskTalk.Query(CHAIN, new DiskPart(DiskPart.Question.DIRTY, 0, 8, 8));
        chainWithQuestions(NAMED, second);
        assertEquals(List.of(), saidAfter(15));
        assertEquals(List.of(NAMED, second), saidAfter(1));
        assertEquals(List.of(), saidAfter(31));
        assertEquals(List.of(NAMED, second), saidAfter(1));
        hears(new DiskTalk.Answer(CHAIN, second.part(), ByteBuffer.wrap(new byte[1])));
        assertEquals(List.of(NAMED, second), saidAfter(64), "answered out of order");
        hears(new DiskTalk.Answer(CHAIN, NAMED.part(), ByteBuffer.wrap(new byte[1])));
        assertEquals(List.of(second), saidAfter(16));
        hears(new DiskTalk.Answer(CHAIN, second.part(), ByteBuffer.wrap(new byte[1])));
        assertEquals(List.of(), saidAfter(10_000));
    }

    @Test
    void whatIsToBeAskedWhenACopyHasComeFurtherIsAskedWithTheEpochThatBroughtItThere() {
        chainWithQuestions();
        on(new AgentEvent.Tick());
        on(new AgentEvent.Paused());
        on(new AgentEvent.Collected());
        on(new AgentEvent.Received(new CheckpointMessage.Sealed(CHAIN)));
        on(new AgentEvent.Verified());
        on(new AgentEvent.Resumed());
        List<AgentEffect> effects = on(new AgentEvent.Taken(100, Optional.empty(), List.of(HASHES)));
        assertTrue(effects.contains(new AgentEffect.Send(new CheckpointMessage.OfDisks(HASHES))), effects::toString);
    }

    @Test
    void nothingIsAskedAgainOfNobodyOrAboutAChainThatHasEnded() {
        chainWithQuestions(NAMED);
        DiskTalk nobody = new DiskTalk.Nobody(CHAIN);
        assertEquals(List.of(new AgentEffect.HearOfDisks(nobody)), hears(nobody));
        assertEquals(List.of(), saidAfter(100));
        on(new AgentEvent.DisksSay(List.of(NAMED)));
        on(new AgentEvent.Received(new CheckpointMessage.Stop()));
        assertEquals(List.of(), saidAfter(100));
    }

    @Test
    void aSilentSiteIsWaitedForAFewSecondsAndThenEverythingIsCopied() {
        ownerIs(ABLE);
        assertEquals(asks(), ordered());
        long wait = agent.dueIn(now);
        assertTrue(wait > 1_000_000_000L && wait <= 5_000_000_000L, wait + " ns");
        now += wait;
        assertEquals(List.of(new AgentEffect.Look()), on(new AgentEvent.Tick()));
        assertEquals(List.of(new AgentEffect.BeginImage(true)), on(new AgentEvent.Looked(Optional.empty())));
        assertEquals(List.of(), hears(CLAIM), "epochs of the chain have taken nothing for granted");
    }

    @Test
    void nobodyToAskAndAnEndThatDoesNotKnowOfItKeepNothingWaiting() {
        ownerIs(ABLE);
        assertEquals(asks(), ordered());
        assertEquals(
                new AgentEffect.BeginImage(true),
                hears(new DiskTalk.Nobody(CHAIN)).getFirst());
        on(new AgentEvent.Closed("another gateway"));
        connected(Set.of(Capability.DISKS));
        assertEquals(List.of(new AgentEffect.BeginImage(true)), ordered());
    }

    @Test
    void aChainThatIsRenumberedWhileItIsAskedAboutBeginsUponTheAnswerToTheOldNumber() {
        ownerIs(ABLE);
        assertEquals(asks(), ordered());
        on(new AgentEvent.Received(new CheckpointMessage.Retitle(new EpochId(4, 1))));
        assertEquals(beginsUpon(CLAIM), hears(CLAIM));
    }

    @Test
    void whatIsAskedOfAVmThatIsNotHereIsAnsweredHashesOnlyOnceTheChainHasBegun() {
        connected(ABLE);
        assertEquals(List.of(new AgentEffect.HearOfDisks(NAMED)), hears(NAMED));
        assertEquals(List.of(), hears(HASHES));
        CarriedDisks disks = new CarriedDisks(List.of(new CarriedDisks.Disk("d", 1 << 20)), 5);
        applied(new EpochHeader(VM, new EpochId(3, 2), EpochId.NONE, RAM_BYTES, disks), List.of());
        applied(
                new EpochHeader(VM, CHAIN, EpochId.NONE, RAM_BYTES, disks),
                List.of(new AgentEffect.HearOfDisks(HASHES)));
        assertEquals(List.of(new AgentEffect.HearOfDisks(HASHES)), hears(HASHES));
    }

    private void applied(EpochHeader header, List<AgentEffect> then) {
        assertEquals(List.of(new AgentEffect.Apply()), on(new AgentEvent.EpochArrived(header)));
        List<AgentEffect> effects = on(new AgentEvent.Applied());
        assertEquals(then, effects.subList(1, effects.size()));
    }

    @Test
    void questionsThatComeTooEarlyAreKeptInBoundedNumber() {
        connected(ABLE);
        for (int i = 0; i < 1000; i++) {
            assertEquals(List.of(), hears(HASHES));
        }
        CarriedDisks disks = new CarriedDisks(List.of(new CarriedDisks.Disk("d", 1 << 20)), 5);
        on(new AgentEvent.EpochArrived(new EpochHeader(VM, CHAIN, EpochId.NONE, RAM_BYTES, disks)));
        assertEquals(1 + 16, on(new AgentEvent.Applied()).size());
    }

    @Test
    void anAgentThatAnswersWhatNobodyAskedOrTalksWithoutHavingAgreedIsFoundFaultWith() {
        CheckpointMessage.Hello standby =
                new CheckpointMessage.Hello(new Dialect(4, ABLE), VM, RAM_BYTES, false, EpochId.NONE, "");
        AgentConduct conduct = new AgentConduct(standby, new Dialect(4, ABLE));
        assertTrue(conduct.judge(new CheckpointMessage.OfDisks(CLAIM)).isPresent());
        assertTrue(conduct.judge(new CheckpointMessage.OfDisks(NAMED)).isPresent(), "it has no VM");

        AgentConduct asked = new AgentConduct(standby, new Dialect(4, ABLE));
        asked.told(new CheckpointMessage.OfDisks(new DiskTalk.Ask(CHAIN)));
        assertTrue(asked.judge(new CheckpointMessage.OfDisks(CLAIM)).isEmpty());
        assertTrue(asked.judge(new CheckpointMessage.OfDisks(CLAIM)).isPresent(), "twice");

        AgentConduct unable = new AgentConduct(standby, new Dialect(4, Set.of(Capability.DISKS)));
        unable.told(new CheckpointMessage.OfDisks(new DiskTalk.Ask(CHAIN)));
        assertTrue(unable.judge(new CheckpointMessage.OfDisks(CLAIM)).isPresent());
    }
}
