package org.secondsite.replicator.agent;

import static java.util.concurrent.TimeUnit.SECONDS;

import java.util.Optional;
import org.secondsite.config.EpochId;
import org.secondsite.replicator.DiskTalk;
import org.secondsite.replicator.checkpoint.CheckpointMessage;
import org.secondsite.replicator.checkpoint.FailureKind;

/**
 * The part of {@link VmAgent} that asks before checkpoints begin whether something is against them. If so, the gateway is told
 * each reason once, and it is asked again from time to time: the order stands until it can be obeyed, or is taken back.
 *
 * <p>The other site's agent is asked first whether it would start the same machine ({@link MachineDuty}), and of a VM with disks what those
 * are. If it does not say so in time, checkpoints begin, and all of the disks are copied.
 */
final class StartOrder {
    private static final long LOOK_NANOS = SECONDS.toNanos(5);
    private static final long PATIENCE_NANOS = SECONDS.toNanos(5);
    private static final long NEVER = Long.MAX_VALUE;

    private final AgentOutbox out;
    private final DiskDuty disks;
    private final MachineDuty machines;
    private CheckpointMessage.Start wanted;

    /** The chain about which the other site's agent was asked, null if it was not. */
    private EpochId asked;

    /** The chain that has begun, NONE if none has. */
    private EpochId begun = EpochId.NONE;

    /** What the gateway was told last. */
    private Optional<String> told = Optional.empty();

    private long nextLookNanos;
    private Optional<String> refusal = Optional.empty();

    StartOrder(AgentOutbox out, DiskDuty disks) {
        this.out = out;
        this.disks = disks;
        this.machines = new MachineDuty(out);
    }

    void welcomed(CheckpointMessage.Welcome welcome) {
        machines.welcomed(welcome);
        disks.welcomed(welcome);
    }

    void given(CheckpointMessage.Start start, long now) {
        wanted = start;
        told = Optional.empty();
        asked = null;
        look(now);
    }

    void retitle(EpochId next) {
        if (wanted != null) {
            wanted = new CheckpointMessage.Start(next, wanted.full(), wanted.intervalMs());
        }
    }

    void takenBack() {
        wanted = null;
        asked = null;
        begun = EpochId.NONE;
    }

    /** How long until it is to be asked again. */
    long dueIn(long now) {
        return wanted == null ? NEVER : Math.max(0, nextLookNanos - now);
    }

    void look(long now) {
        nextLookNanos = now + LOOK_NANOS;
        out.want(new AgentEffect.Look());
    }

    /** What was found: the order that can be obeyed now, as {@link #take} has it. */
    Optional<CheckpointMessage.Start> looked(AgentEvent.Looked looked, CheckpointSchedule schedule, long now) {
        machines.looked(looked.machine());
        if (refused(disks.objection(looked.refusal(), now))) {
            schedule.stop();
            disks.chainEnds();
            return Optional.empty();
        }
        return take(now);
    }

    /** What is against checkpoints; whether an order stands that must not be obeyed for that. */
    boolean refused(Optional<String> against) {
        refusal = against;
        if (wanted == null || against.isEmpty()) {
            return false;
        }
        asked = null;
        if (!against.equals(told)) {
            told = against;
            out.failed(FailureKind.CHECKPOINT, EpochId.NONE, against.get());
        }
        return true;
    }

    /** The order that can be obeyed now, which stands no more; empty if there is none, or the other site is asked first. */
    private Optional<CheckpointMessage.Start> take(long now) {
        if (wanted != null && asked == null && machines.asks(wanted.first())) {
            nextLookNanos = now + PATIENCE_NANOS;
            return Optional.empty();
        }
        if (wanted != null && asked == null && disks.talks()) {
            asked = wanted.first();
            nextLookNanos = now + PATIENCE_NANOS;
            out.say(new CheckpointMessage.OfDisks(new DiskTalk.Ask(asked)));
            return Optional.empty();
        }
        return taken();
    }

    private Optional<CheckpointMessage.Start> taken() {
        Optional<CheckpointMessage.Start> taken = Optional.ofNullable(wanted);
        takenBack();
        begun = taken.map(CheckpointMessage.Start::first).orElse(EpochId.NONE);
        return taken;
    }

    /** The other site's agent says something, or asks: the order that can be obeyed now, if that is what was waited for. */
    Optional<CheckpointMessage.Start> heard(DiskTalk talk, boolean vmIsHere, long now) {
        return switch (talk) {
            case DiskTalk.Machine question -> {
                machines.heard(question, vmIsHere);
                yield Optional.empty();
            }
            case DiskTalk.Compared compared ->
                machines.answered(compared).flatMap(answer -> compared(compared.chain(), answer, now));
            default -> answered(talk);
        };
    }

    private Optional<CheckpointMessage.Start> compared(EpochId chain, MachineDuty.Answer answer, long now) {
        if (chain.equals(begun)) {
            answer.against().ifPresent(why -> unfit(why, ""));
            return Optional.empty();
        }
        boolean stands = wanted != null && chain.equals(wanted.first()) && answer.waited();
        if (!stands || refused(answer.against())) {
            return Optional.empty();
        }
        return take(now);
    }

    /** What is to be said to the other site's agent. */
    void say(DiskTalk.Compared compared) {
        machines.answer(compared);
    }

    /** The other site's agent says something: the order that can be obeyed now, if that is what was waited for. */
    private Optional<CheckpointMessage.Start> answered(DiskTalk talk) {
        boolean says = talk instanceof DiskTalk.Claim || talk instanceof DiskTalk.Nobody;
        if (!says || wanted == null || !talk.chain().equals(asked)) {
            return Optional.empty();
        }
        disks.copyUpon(talk.chain());
        return taken();
    }

    /** It may be that nothing is against checkpoints any more. */
    void lookSoon(long now) {
        if (wanted != null && asked == null) {
            nextLookNanos = now;
        }
    }

    /**
     * Checkpoints end. The gateway, when it hears of the VM anew, orders them anew, and is told why they cannot begin.
     *
     * @param dropped why the last checkpoint was given up, which the gateway knows
     */
    void unfit(String why, String dropped) {
        if (!why.equals(dropped)) {
            out.failed(FailureKind.CHECKPOINT, EpochId.NONE, why);
        }
        out.want(new AgentEffect.CloseConnection(why));
    }

    /** What keeps the VM from being protected, for an operator, by the last look. */
    String trouble(HaltRecovery recovery) {
        return recovery.isHalted()
                ? "; " + recovery.reason()
                : refusal.map("; "::concat).orElse("");
    }

    /** Another VM, of which nothing is known yet. */
    void forget() {
        takenBack();
        refusal = Optional.empty();
    }
}
