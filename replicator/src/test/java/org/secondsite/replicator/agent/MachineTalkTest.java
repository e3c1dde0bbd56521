package org.secondsite.replicator.agent;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.secondsite.config.EpochId;
import org.secondsite.config.VmId;
import org.secondsite.replicator.Capability;
import org.secondsite.replicator.Dialect;
import org.secondsite.replicator.DiskTalk;
import org.secondsite.replicator.MachineParts;
import org.secondsite.replicator.checkpoint.AgentConduct;
import org.secondsite.replicator.checkpoint.CheckpointMessage;

/** A chain of epochs begins when the other site's agent would start the same machine. */
class MachineTalkTest {
    private static final VmId VM = new VmId("vm1");
    private static final long RAM_BYTES = 1 << 20;
    private static final EpochId CHAIN = new EpochId(3, 7);
    private static final Set<Capability> ABLE = Set.of(Capability.MACHINES);
    private static final MachineParts PARTS = MachineParts.of(List.of("machine q35", "device net0"));
    private static final DiskTalk.Machine QUESTION = new DiskTalk.Machine(CHAIN, PARTS);
    private static final DiskTalk.Compared SAME = new DiskTalk.Compared(CHAIN, "");
    private static final DiskTalk.Compared OTHER = new DiskTalk.Compared(CHAIN, "without device net0");

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

    private static List<AgentEffect> says(DiskTalk talk) {
        return List.of(new AgentEffect.Send(new CheckpointMessage.OfDisks(talk)));
    }

    private void connected(Set<Capability> both) {
        on(new AgentEvent.Opened());
        on(new AgentEvent.Received(new CheckpointMessage.Welcome(new Dialect(4, both), 16, 1 << 30, false)));
    }

    private List<AgentEffect> looked() {
        return on(new AgentEvent.Looked(Optional.empty(), Optional.of(PARTS)));
    }

    private List<AgentEffect> ordered(Set<Capability> both) {
        on(new AgentEvent.Tick());
        on(new AgentEvent.Found("a hypervisor", Optional.empty()));
        connected(both);
        on(new AgentEvent.Received(new CheckpointMessage.Start(CHAIN, true, 50)));
        return looked();
    }

    private static boolean begins(List<AgentEffect> effects) {
        return effects.contains(new AgentEffect.BeginImage(true));
    }

    private static String failure(List<AgentEffect> effects) {
        for (AgentEffect effect : effects) {
            if (effect instanceof AgentEffect.Send(CheckpointMessage.Failed failed)) {
                return failed.reason();
            }
        }
        return "";
    }

    @Test
    void aChainBeginsWhenTheOtherSiteWouldStartTheSame() {
        assertEquals(says(QUESTION), ordered(ABLE));
        assertFalse(begins(hears(new DiskTalk.Compared(new EpochId(3, 6), ""))), "of another chain");
        assertTrue(begins(hears(SAME)));
        assertFalse(begins(hears(SAME)), "twice");
    }

    @Test
    void anotherMachineIsRefusedByNameBeforeAnEpochAndAskedAboutAgain() {
        ordered(ABLE);
        List<AgentEffect> refused = hears(OTHER);
        assertFalse(begins(refused));
        assertTrue(failure(refused).contains("another machine, without device net0"), () -> failure(refused));
        now += TimeUnit.SECONDS.toNanos(5);
        assertEquals(List.of(new AgentEffect.Look()), on(new AgentEvent.Tick()));
        assertEquals(says(QUESTION), looked());
        assertEquals("", failure(hears(OTHER)), "it is told once");
        now += TimeUnit.SECONDS.toNanos(5);
        on(new AgentEvent.Tick());
        looked();
        assertTrue(begins(hears(SAME)));
    }

    @Test
    void whoDoesNotAnswerHoldsNothingUpAndEndsTheChainWhenHeDiffersLate() {
        ordered(ABLE);
        now += TimeUnit.SECONDS.toNanos(5);
        on(new AgentEvent.Tick());
        assertTrue(begins(looked()));
        List<AgentEffect> late = hears(OTHER);
        assertTrue(failure(late).contains("another machine"), () -> failure(late));
        assertTrue(late.stream().anyMatch(AgentEffect.CloseConnection.class::isInstance), late::toString);
    }

    @Test
    void nobodyIsAskedWhoHasNotSaidThatHeCanAnswer() {
        assertTrue(begins(ordered(Set.of())));
    }

    @Test
    void aStandbyComparesWithWhatItWouldStartAndOneThatHasTheVmDoesNot() {
        connected(ABLE);
        assertEquals(List.of(new AgentEffect.CompareMachine(QUESTION)), hears(QUESTION));
        assertEquals(says(OTHER), on(new AgentEvent.Compared(OTHER)));
        on(new AgentEvent.Found("a hypervisor", Optional.empty()));
        connected(ABLE);
        assertEquals(says(SAME), hears(QUESTION));
    }

    @Test
    void anAgentThatTalksOfMachinesWithoutHavingAgreedIsFoundFaultWith() {
        CheckpointMessage.Hello owner =
                new CheckpointMessage.Hello(new Dialect(4, ABLE), VM, RAM_BYTES, true, EpochId.NONE, "");
        CheckpointMessage question = new CheckpointMessage.OfDisks(QUESTION);
        assertTrue(new AgentConduct(owner, new Dialect(4, ABLE)).judge(question).isEmpty());
        assertTrue(new AgentConduct(owner, new Dialect(4, Set.of(Capability.RESYNC)))
                .judge(question)
                .isPresent());
        assertTrue(
                new AgentConduct(owner, new Dialect(4, ABLE))
                        .judge(new CheckpointMessage.OfDisks(SAME))
                        .isPresent(),
                "nobody has asked");
    }
}
