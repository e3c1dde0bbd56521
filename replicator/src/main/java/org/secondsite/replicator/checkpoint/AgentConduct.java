package org.secondsite.replicator.checkpoint;

import java.util.ArrayDeque;
import java.util.Deque;
import java.util.Optional;
import org.secondsite.config.EpochId;
import org.secondsite.replicator.Capability;
import org.secondsite.replicator.Dialect;
import org.secondsite.replicator.DiskTalk;

/**
 * What an agent may say, by what it was told: every message is judged here before anything is done because of it. Whoever keeps to the
 * protocol is never found fault with, also when messages of both ends cross on their way.
 *
 * <pre>
 * message             is in order
 * SEAL                after START, with the next number in the order that was given by START or RETITLE, the last two of them included,
 *                     some numbers skipped at most: those of checkpoints that came to nothing; after STOP two more, on their way
 * BEGIN               of the epoch that was SEALED last, on the epoch that came last, on the image that HELLO named, or on nothing
 * APPLIED             of the oldest epoch that was sent and not answered; FAILED of an application too
 * ACTIVATED           of the epoch that ACTIVATE named and that is not answered; FAILED of an activation too
 * VM_PAUSED           as an answer to PAUSE_VM, with the epoch that came last
 * VM_STOPPED          as an answer to STOP_VM; FAILED of it too
 * DISKS, DISKS_SYNCED if both ends can; the second as an answer to SYNC_DISKS
 * COPY_AT             if both ends can, while the VM is here, with a figure for each of the DISKS
 * OF_DISKS            if both ends can: a question while the VM is here, else an answer, one for each question at most
 * TERM                once, if both ends can
 * DEVICE_SAME         if both ends can
 * HELLO               never again
 * </pre>
 *
 * <p>Pure. Thread-safe: orders come from the thread that decides, messages from that of the connection.
 */
public final class AgentConduct {
    /** The most numbers that checkpoints which came to nothing have used up between two seals. */
    private static final long MAX_SKIPPED = 1 << 20;

    /** Orders that may be on their way at a time. */
    private static final int MAX_NUMBERINGS = 16;

    private static final int SEALS_ON_THEIR_WAY = 2;

    private final Dialect dialect;
    private boolean vmIsHere;

    /** What the next seal is called, by the orders that the agent may not have read yet, oldest first. */
    private final Deque<EpochId> next = new ArrayDeque<>();

    private int sealsLeft;
    private EpochId lastSeal = EpochId.NONE;
    private EpochId lastSealed = EpochId.NONE;

    /** On what the next epoch may build. */
    private EpochId base;

    /** Whether the epoch that was SEALED last has begun to come. */
    private boolean begun = true;

    private final Deque<EpochId> unapplied = new ArrayDeque<>();
    private EpochId activation = EpochId.NONE;
    private int pausesOwed;
    private int stopsOwed;
    private int syncsOwed;
    private int talksOwed;
    private int disksTold;
    private boolean termTold;

    /** Of an agent that has said this. */
    public AgentConduct(CheckpointMessage.Hello hello, Dialect dialect) {
        this.dialect = dialect;
        this.vmIsHere = hello.running();
        this.base = hello.applied();
    }

    /** The agent is told something. */
    public synchronized void told(CheckpointMessage message) {
        switch (message) {
            case CheckpointMessage.Start start -> number(start.first());
            case CheckpointMessage.Retitle retitle -> {
                if (!next.isEmpty()) {
                    number(retitle.next());
                }
            }
            case CheckpointMessage.Stop stop -> sealsLeft = SEALS_ON_THEIR_WAY;
            case CheckpointMessage.Sealed sealed -> {
                lastSealed = sealed.epoch();
                begun = false;
            }
            case CheckpointMessage.Activate activate -> activation = activate.expected();
            case CheckpointMessage.PauseVm pause -> pausesOwed++;
            case CheckpointMessage.StopVm stop -> stopsOwed++;
            case CheckpointMessage.SyncDisks sync -> syncsOwed++;
            case CheckpointMessage.OfDisks said -> talksOwed += said.talk().isOwners() ? 1 : 0;
            default -> {}
        }
    }

    private void number(EpochId first) {
        if (next.size() == MAX_NUMBERINGS) {
            next.removeFirst();
        }
        next.addLast(first);
        sealsLeft = Integer.MAX_VALUE;
    }

    /** An epoch is sent to the agent. */
    public synchronized void sent(EpochId epoch) {
        unapplied.addLast(epoch);
    }

    /** The epoch that BEGIN named has come as a whole. */
    public synchronized void received(EpochId epoch) {
        base = epoch;
    }

    /** What is wrong with a message; empty if it is in order, and is taken to have its effect then. */
    public synchronized Optional<String> judge(CheckpointMessage message) {
        return Optional.ofNullable(
                switch (message) {
                    case CheckpointMessage.Seal seal -> seal(seal.epoch());
                    case CheckpointMessage.Begin begin -> begin(begin);
                    case CheckpointMessage.DeviceSame same ->
                        dialect.has(Capability.DEVICE_SAME) ? null : "DEVICE_SAME was not agreed on";
                    case CheckpointMessage.EpochPart part -> null;
                    case CheckpointMessage.Applied applied -> applied("APPLIED", applied.epoch());
                    case CheckpointMessage.Activated activated -> activated(activated.epoch());
                    case CheckpointMessage.VmPaused paused -> paused(paused.last());
                    case CheckpointMessage.VmStopped stopped -> stopped("VM_STOPPED");
                    case CheckpointMessage.Disks disks -> disks(disks);
                    case CheckpointMessage.CopyAt at ->
                        copyAt(at.progress().missingBlocks().size());
                    case CheckpointMessage.DisksSynced synced ->
                        syncsOwed-- > 0 ? null : "DISKS_SYNCED answers no SYNC_DISKS";
                    case CheckpointMessage.OfDisks said -> talk(said.talk());
                    case CheckpointMessage.Term term -> term();
                    case CheckpointMessage.Failed failed -> failed(failed);
                    default -> "a second " + message.getClass().getSimpleName();
                });
    }

    private String seal(EpochId epoch) {
        if (!vmIsHere || sealsLeft == 0 || !isNext(epoch)) {
            return "SEAL of " + epoch + ", " + expected();
        }
        while (!follows(next.getFirst(), epoch)) {
            next.removeFirst();
        }
        next.removeFirst();
        next.addFirst(epoch.next());
        lastSeal = epoch;
        sealsLeft--;
        return null;
    }

    private String expected() {
        if (!vmIsHere) {
            return "and the VM is not here";
        }
        return next.isEmpty() || sealsLeft == 0 ? "and no checkpoint was ordered" : "the next is " + next;
    }

    private boolean isNext(EpochId epoch) {
        return next.stream().anyMatch(each -> follows(each, epoch));
    }

    private static boolean follows(EpochId expected, EpochId epoch) {
        long skipped = epoch.number() - expected.number();
        return epoch.term() == expected.term() && skipped >= 0 && skipped <= MAX_SKIPPED;
    }

    private String begin(CheckpointMessage.Begin begin) {
        EpochId epoch = begin.header().epoch();
        EpochId on = begin.header().base();
        if (begun || !epoch.equals(lastSealed)) {
            return "BEGIN of " + epoch + ", which was not SEALED last; that was " + lastSealed;
        }
        if (!on.equals(EpochId.NONE) && !on.equals(base)) {
            return "BEGIN of " + epoch + " on " + on + ", and what is here is " + base;
        }
        begun = true;
        return null;
    }

    private String applied(String what, EpochId epoch) {
        if (!epoch.equals(unapplied.peekFirst())) {
            return what + " of " + epoch + ", and what waits for that is " + unapplied.peekFirst();
        }
        unapplied.removeFirst();
        return null;
    }

    private String activated(EpochId epoch) {
        String wrong = activation("ACTIVATED", epoch);
        if (wrong == null) {
            vmIsHere = true;
            base = EpochId.NONE;
        }
        return wrong;
    }

    private String activation(String what, EpochId epoch) {
        if (activation.equals(EpochId.NONE) || !epoch.equals(activation)) {
            return what + " of " + epoch + ", and ACTIVATE was of " + activation;
        }
        activation = EpochId.NONE;
        return null;
    }

    private String paused(EpochId last) {
        if (pausesOwed == 0 || !last.equals(base)) {
            return "VM_PAUSED with " + last + " as its last epoch, after " + base + ", " + pausesOwed
                    + " times ordered";
        }
        pausesOwed--;
        return null;
    }

    private String stopped(String what) {
        if (stopsOwed == 0) {
            return what + " answers no STOP_VM";
        }
        stopsOwed--;
        gone();
        return null;
    }

    private void gone() {
        vmIsHere = false;
        next.clear();
        sealsLeft = 0;
    }

    private String disks(CheckpointMessage.Disks disks) {
        disksTold = disks.disks().disks().size();
        return dialect.has(Capability.DISKS) ? null : "DISKS was not agreed on";
    }

    private String copyAt(int count) {
        if (!dialect.has(Capability.COPY_PROGRESS)) {
            return "COPY_AT was not agreed on";
        }
        if (!vmIsHere) {
            return "COPY_AT, and the VM is not here";
        }
        return count == disksTold ? null : "COPY_AT of " + count + " disks, and DISKS told of " + disksTold;
    }

    private String term() {
        if (!dialect.has(Capability.TERMS)) {
            return "TERM was not agreed on";
        }
        String wrong = termTold ? "a second TERM" : null;
        termTold = true;
        return wrong;
    }

    private String talk(DiskTalk talk) {
        if (!dialect.has(talk.needs())) {
            return "OF_DISKS was not agreed on";
        }
        if (talk.isOwners()) {
            return vmIsHere ? null : "a question to the other site's agent, and the VM is not here";
        }
        return talksOwed-- > 0 ? null : "something is said to the other site's agent that nobody has asked for";
    }

    private String failed(CheckpointMessage.Failed failed) {
        EpochId epoch = failed.epoch();
        return switch (failed.kind()) {
            case CHECKPOINT -> {
                boolean known = epoch.equals(EpochId.NONE) || epoch.atMost(lastSeal) || isNext(epoch);
                yield vmIsHere && known ? null : "a failed checkpoint " + epoch + ", " + expected();
            }
            case APPLY -> applied("a failed application", epoch);
            case ACTIVATION -> activation("a failed activation", epoch);
            case VM -> {
                boolean expected = vmIsHere || !next.isEmpty();
                gone();
                yield expected ? null : "a VM is lost that was not here";
            }
            case STOP_VM -> stopsOwed-- > 0 ? null : "a failed stop, and none was ordered";
            case DISK -> dialect.has(Capability.DISKS) ? null : "a disk failed, and DISKS was not agreed on";
        };
    }
}
