package org.secondsite.replicator.agent;

import java.util.Optional;
import org.secondsite.config.EpochId;
import org.secondsite.replicator.Capability;
import org.secondsite.replicator.DiskTalk;
import org.secondsite.replicator.MachineParts;
import org.secondsite.replicator.checkpoint.CheckpointMessage;

/**
 * The part of {@link VmAgent} that has the VM's machine compared with the one that the other site would start, before a chain of epochs
 * begins: a device state that cannot be loaded there is of no use. Whoever does not answer has nothing against it.
 */
final class MachineDuty {
    private final AgentOutbox out;
    private boolean talks;
    private Optional<MachineParts> here = Optional.empty();

    /** The chain before which the other site's agent was asked last, NONE if it was not, or differed. */
    private EpochId asked = EpochId.NONE;

    private boolean waits;

    MachineDuty(AgentOutbox out) {
        this.out = out;
    }

    void welcomed(CheckpointMessage.Welcome welcome) {
        talks = welcome.dialect().has(Capability.MACHINES);
        asked = EpochId.NONE;
        waits = false;
    }

    /** What the VM is made of, as of now. */
    void looked(Optional<MachineParts> machine) {
        here = machine;
    }

    /** Asks before this chain begins, once; whether an answer is to be waited for. */
    boolean asks(EpochId chain) {
        if (!talks || here.isEmpty() || chain.equals(asked)) {
            waits = false;
            return false;
        }
        asked = chain;
        waits = true;
        out.say(new CheckpointMessage.OfDisks(new DiskTalk.Machine(chain, here.get())));
        return true;
    }

    /** The other site's agent has compared: what is against this chain, empty if nothing is; none of it if it is about another one. */
    Optional<Answer> answered(DiskTalk.Compared compared) {
        if (!compared.chain().equals(asked)) {
            return Optional.empty();
        }
        boolean waited = waits;
        waits = false;
        Optional<String> against = Optional.of(compared.difference())
                .filter(words -> !words.isEmpty())
                .map(words -> "the other site would start another machine, " + words
                        + ", and could not load this one's state: have both agents start the same");
        if (against.isPresent()) {
            asked = EpochId.NONE;
        }
        return Optional.of(new Answer(against, waited));
    }

    /**
     * What came of the question.
     *
     * @param waited whether the chain has waited for it, and not begun without
     */
    record Answer(Optional<String> against, boolean waited) {}

    /** The other site's agent asks. */
    void heard(DiskTalk.Machine question, boolean vmIsHere) {
        if (vmIsHere) {
            answer(new DiskTalk.Compared(question.chain(), ""));
        } else {
            out.want(new AgentEffect.CompareMachine(question));
        }
    }

    void answer(DiskTalk.Compared compared) {
        out.say(new CheckpointMessage.OfDisks(compared));
    }
}
