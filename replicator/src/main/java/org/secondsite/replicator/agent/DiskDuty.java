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

    private final AgentOutbox out;
    private final boolean serves;
    private boolean carried;
    private boolean talks;
    private boolean tellsProgress;

    /** What the gateway knows of the copy, null if nothing, and since when. */
    private CopyProgress told;

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
        if (serves && carried) {
            out.want(new AgentEffect.TellDisks());
        }
    }

    /** The connection is gone, and nobody holds the VM's output to what is at the other site. */
    void gatewayGone() {
        carried = false;
        talks = false;
        tellsProgress = false;
        early.clear();
        unanswered.clear();
        if (serves) {
            out.want(new AgentEffect.EndImage());
            out.want(new AgentEffect.SyncDisks());
        }
    }

    /** No checkpoint follows the last one. */
    void chainEnds() {
        unanswered.clear();
        if (serves) {
            out.want(new AgentEffect.EndImage());
        }
    }

    /** What is against checkpoints, if nothing else is. */
    Optional<String> objection(Optional<String> other) {
        return serves && !carried && other.isEmpty()
                ? Optional.of("the gateway's version does not carry disks: upgrade it")
                : other;
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

    /** An epoch is on its way, and with it the copy of the disks is so far: told once a second, and when it is complete. */
    void copyAt(CopyProgress progress, long now) {
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
