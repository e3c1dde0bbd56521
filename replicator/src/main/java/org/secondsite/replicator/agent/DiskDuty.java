package org.secondsite.replicator.agent;

import java.util.ArrayDeque;
import java.util.Deque;
import java.util.Optional;
import org.secondsite.config.EpochId;
import org.secondsite.replicator.Capability;
import org.secondsite.replicator.CopyProgress;
import org.secondsite.replicator.DiskPart;
import org.secondsite.replicator.DiskTalk;
import org.secondsite.replicator.checkpoint.CheckpointMessage;
import org.secondsite.replicator.checkpoint.FailureKind;
import org.secondsite.replicator.disk.BlockMemory;

/**
 * The part of {@link VmAgent} that has to do with disks: they go with the epochs if the gateway can do that, and flushes are answered
 * at once only on its word, never longer than its connection lasts.
 */
final class DiskDuty {
    private static final int MAX_EARLY = 16;

    /** After so many acknowledged epochs without an answer questions are asked again, and then ever more rarely. */
    private static final int FIRST_PATIENCE = 16;

    private static final int LAST_PATIENCE = 1024;

    private static final long TELL_NANOS = 1_000_000_000L;
    private static final long NEVER = Long.MAX_VALUE;

    /** How long a VM whose output is not held yet is held up by the epochs that are to bring it so far. */
    private static final long HELD_UP_NANOS = 2_000_000_000L;

    /** How long it is left alone then, at first, and at most. */
    private static final long FIRST_WAIT_NANOS = 10_000_000_000L;

    private static final long LAST_WAIT_NANOS = 300_000_000_000L;

    /** To begin again means to go over the whole disk: a line that is cut for a while is no reason to. */
    private static final long MIRROR_NANOS = 600_000_000_000L;

    private static final String TOO_MUCH =
            "the VM writes more to its disks than gets to the other site; it is tried again later";

    private final AgentOutbox out;
    private final boolean serves;
    private boolean carried;
    private boolean talks;
    private boolean tellsProgress;

    /** What the gateway knows of the copy, null if nothing, and since when. */
    private CopyProgress told;

    /** Until when disks that the VM has of its own are mirrored to the agent, NEVER if there is no end. */
    private long mirrorsUntilNanos = NEVER;

    /** Whether the gateway has the VM wait rather than give its protection up. */
    private boolean mayWait;

    /** Whether output is held, and the gateway sees itself how long that takes. */
    private boolean held;

    /** Since when the VM's writes are held up, NEVER if they are not. */
    private long fullNanos = NEVER;

    private long nextWaitNanos = FIRST_WAIT_NANOS;
    private long notBeforeNanos = NEVER;

    private long toldNanos;

    /** The chain that begins upon what the other site's agent says of its disks, NONE if none does. */
    private EpochId awaited = EpochId.NONE;

    /** Questions about the content of disks that are answered when the chain has begun here that they are about. */
    private final Deque<DiskTalk> early = new ArrayDeque<>();

    /** Questions asked here, in their order: they, and their answers, are lost with a tunnel. */
    private final Deque<DiskTalk.Query> unanswered = new ArrayDeque<>();

    private int patience = FIRST_PATIENCE;
    private int acknowledgedSince;

    DiskDuty(AgentOutbox out, boolean serves) {
        this.out = out;
        this.serves = serves;
    }

    /** Whether the VM has disks that are served: a chain of epochs begins with a copy of them, whatever is known of the RAM. */
    boolean serves() {
        return serves;
    }

    void welcomed(CheckpointMessage.Welcome welcome) {
        carried = welcome.dialect().has(Capability.DISKS);
        talks = welcome.dialect().has(Capability.RESYNC);
        tellsProgress = welcome.dialect().has(Capability.COPY_PROGRESS);
        told = null;
        mayWait = welcome.stalls();
        if (serves && carried) {
            out.want(new AgentEffect.TellDisks());
        }
    }

    /** The connection is gone, and nobody holds the VM's output to what is at the other site. */
    void gatewayGone(long now) {
        mirrorsUntilNanos = serves ? now + MIRROR_NANOS : NEVER;
        carried = false;
        talks = false;
        tellsProgress = false;
        held = false;
        fullNanos = NEVER;
        early.clear();
        unanswered.clear();
        if (serves) {
            out.want(new AgentEffect.EndImage());
            out.want(new AgentEffect.SyncDisks());
        }
    }

    /** No checkpoint is wanted: after a while without one the VM's own disks are not mirrored to the agent any more. */
    void stopped(long now) {
        mirrorsUntilNanos = serves ? now + MIRROR_NANOS : NEVER;
        chainEnds();
    }

    /** Time has passed. */
    void passed(long now) {
        if (mirrorsUntilNanos != NEVER && now - mirrorsUntilNanos >= 0) {
            agentEnds();
        }
    }

    /** The agent leaves the VM as if it had never been there. */
    void agentEnds() {
        mirrorsUntilNanos = NEVER;
        if (serves) {
            out.want(new AgentEffect.EndMirrors());
        }
    }

    /** No checkpoint follows the last one. */
    void chainEnds() {
        unanswered.clear();
        fullNanos = NEVER;
        if (serves) {
            out.want(new AgentEffect.EndImage());
        }
    }

    /** What is against checkpoints, if nothing else is. */
    Optional<String> objection(Optional<String> other, long now) {
        mirrorsUntilNanos = NEVER;
        if (!serves || other.isPresent()) {
            return other;
        }
        if (!carried) {
            return Optional.of("the gateway's version does not carry disks: upgrade it");
        }
        return notBeforeNanos == NEVER || now - notBeforeNanos >= 0 ? Optional.empty() : Optional.of(TOO_MUCH);
    }

    // ---- a line that does not carry what is written ---------------------------------------------------------------

    /** So much of the memory for what is written is taken. */
    void fill(BlockMemory.Level level, CheckpointSchedule schedule, long now) {
        schedule.sooner(now);
        if (level == BlockMemory.Level.FULL && fullNanos == NEVER) {
            fullNanos = now;
        }
    }

    /**
     * How long until a chain of epochs is given up because the VM waits for it, although it is not to wait. While output is held it
     * is the gateway that gives up.
     */
    long givesUpIn(long now) {
        return mayWait || held || fullNanos == NEVER ? NEVER : Math.max(0, fullNanos + HELD_UP_NANOS - now);
    }

    /** Lets the VM write: nothing more is gathered, and the next chain begins after a while, which doubles each time. */
    void giveUp(long now) {
        notBeforeNanos = now + nextWaitNanos;
        nextWaitNanos = Math.min(2 * nextWaitNanos, LAST_WAIT_NANOS);
        fullNanos = NEVER;
        out.want(new AgentEffect.CloseConnection(TOO_MUCH));
    }

    /** Whether the other site's agent may be asked what its disks are. */
    boolean talks() {
        return serves && talks;
    }

    /** A chain begins upon what is said for it next. */
    void copyUpon(EpochId chain) {
        awaited = chain;
        unanswered.clear();
        heardSomething();
    }

    private void heardSomething() {
        patience = FIRST_PATIENCE;
        acknowledgedSince = 0;
    }

    /** An epoch is on its way. */
    void taken(AgentEvent.Taken taken, long now) {
        taken.copy().ifPresent(copy -> copyAt(copy, now));
        taken.questions().forEach(this::say);
    }

    /** With it the copy of the disks is so far: told once a second, and when it is complete. */
    private void copyAt(CopyProgress progress, long now) {
        fullNanos = NEVER;
        if (progress.isComplete()) {
            nextWaitNanos = FIRST_WAIT_NANOS;
        }
        boolean due = told == null || progress.isComplete() || now - toldNanos >= TELL_NANOS;
        if (tellsProgress && due && !progress.equals(told)) {
            told = progress;
            toldNanos = now;
            out.sayAfterEpochs(new CheckpointMessage.CopyAt(progress));
        }
    }

    /** The other site has everything up to this epoch. */
    void acknowledged(EpochId epoch) {
        if (serves) {
            out.want(new AgentEffect.Acknowledged(epoch));
        }
        if (!unanswered.isEmpty() && ++acknowledgedSince >= patience) {
            acknowledgedSince = 0;
            patience = Math.min(2 * patience, LAST_PATIENCE);
            unanswered.forEach(query -> out.say(new CheckpointMessage.OfDisks(query)));
        }
    }

    /**
     * The other site's agent says something. What it says of its disks counts when a chain begins upon it, and not later. Hashes are
     * told only after the chain has begun here: before that, an epoch of an earlier one might still come and change what was told.
     *
     * @param applied the epoch that the replica is at
     */
    void heard(DiskTalk talk, EpochId applied) {
        if (talk.needs() == Capability.MACHINES) {
            return;
        }
        if (talk instanceof DiskTalk.Claim claim) {
            if (claim.chain().equals(awaited)) {
                out.want(new AgentEffect.HearOfDisks(claim));
            }
            awaited = EpochId.NONE;
            return;
        }
        if (isAnswered(talk)) {
            unanswered.remove();
            heardSomething();
        } else if (talk instanceof DiskTalk.Nobody) {
            unanswered.removeIf(query -> query.chain().equals(talk.chain()));
        }
        boolean tooEarly = talk instanceof DiskTalk.Query query
                && query.part().question() == DiskPart.Question.HASHES
                && applied.compareTo(talk.chain()) < 0;
        if (!tooEarly) {
            out.want(new AgentEffect.HearOfDisks(talk));
        } else if (early.size() < MAX_EARLY) {
            early.add(talk);
        }
    }

    /** Whether it answers the first question that is open: one that is answered out of order is asked again. */
    private boolean isAnswered(DiskTalk talk) {
        DiskTalk.Query first = unanswered.peek();
        return first != null
                && talk instanceof DiskTalk.Answer answer
                && answer.chain().equals(first.chain())
                && answer.part().equals(first.part());
    }

    /** The replica is at this epoch. */
    void applied(EpochId applied) {
        for (int i = early.size(); i > 0; i--) {
            heard(early.remove(), applied);
        }
    }

    void obey(CheckpointMessage.DiskOrder order) {
        held = order instanceof CheckpointMessage.FlushAtOnce;
        out.want(
                switch (order) {
                    case CheckpointMessage.FlushAtOnce atOnce -> new AgentEffect.FlushAtOnce();
                    case CheckpointMessage.SyncDisks sync -> new AgentEffect.SyncDisks();
                });
    }

    void answered(AgentEvent.OfDisks answer) {
        switch (answer) {
            case AgentEvent.DisksSynced synced -> out.say(new CheckpointMessage.DisksSynced());
            case AgentEvent.DisksSay say -> say.talks().forEach(this::say);
            case AgentEvent.DisksFailed failed -> out.failed(FailureKind.DISK, EpochId.NONE, failed.reason());
        }
    }

    private void say(DiskTalk talk) {
        if (talk instanceof DiskTalk.Query query) {
            unanswered.add(query);
        }
        out.say(new CheckpointMessage.OfDisks(talk));
    }
}
