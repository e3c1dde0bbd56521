package org.secondsite.replicator.checkpoint;

import java.util.Optional;
import org.secondsite.config.EpochId;
import org.secondsite.replicator.Capability;
import org.secondsite.replicator.DiskTalk;
import org.secondsite.replicator.Epoch;

/**
 * What a gateway commands of an agent, in the protocol's messages, and in which order what belongs to a replica is sent. How a message
 * and an epoch get there is the matter of who has the connection.
 */
public abstract class MessageSession implements AgentSession {
    /** What goes to the agent for its replica. Whoever is called by more threads than one takes turns on it. */
    protected final ReplicaQueue replica = new ReplicaQueue();

    /** A session whose agent has said HELLO, or is about to. */
    protected MessageSession() {}

    /** Sends a message, after those that were sent before; does nothing once the session is detached. */
    protected abstract void send(CheckpointMessage message);

    /** Sends a message, and notes that it was sent. */
    protected final void tell(CheckpointMessage message) {
        conduct().told(message);
        send(message);
    }

    /** Sends an epoch for the replica after those before it, and closes it. */
    protected abstract void ship(Epoch epoch);

    /** Sends of the replica's queue what may be sent now. */
    protected final void sendWhatIsNext() {
        for (Optional<ReplicaQueue.Next> next = replica.next(); next.isPresent(); next = replica.next()) {
            switch (next.get()) {
                case ReplicaQueue.Ship(Epoch epoch) -> {
                    conduct().sent(epoch.header().epoch());
                    ship(epoch);
                }
                case ReplicaQueue.Activate(EpochId expected) -> tell(new CheckpointMessage.Activate(expected));
            }
        }
    }

    /** What is known of the agent by what it was told. */
    protected abstract AgentConduct conduct();

    @Override
    public final void start(EpochId first, boolean full, int intervalMs) {
        tell(new CheckpointMessage.Start(first, full, intervalMs));
    }

    @Override
    public final void interval(int intervalMs) {
        tell(new CheckpointMessage.Interval(intervalMs));
    }

    @Override
    public final void checkpointNow() {
        tell(new CheckpointMessage.CheckpointNow());
    }

    @Override
    public final void retitle(EpochId next) {
        tell(new CheckpointMessage.Retitle(next));
    }

    @Override
    public final void sealed(EpochId epoch) {
        tell(new CheckpointMessage.Sealed(epoch));
    }

    @Override
    public final void credit(EpochId committed) {
        tell(new CheckpointMessage.Credit(committed));
    }

    @Override
    public final void stop() {
        tell(new CheckpointMessage.Stop());
    }

    @Override
    public final void pauseVm() {
        tell(new CheckpointMessage.PauseVm());
    }

    @Override
    public final void resumeVm() {
        tell(new CheckpointMessage.ResumeVm());
    }

    @Override
    public final void flushAtOnce() {
        tell(new CheckpointMessage.FlushAtOnce());
    }

    @Override
    public final void syncDisks() {
        tell(new CheckpointMessage.SyncDisks());
    }

    @Override
    public final void ofDisks(DiskTalk talk) {
        tell(new CheckpointMessage.OfDisks(talk));
    }

    @Override
    public final void inForce(long term) {
        if (dialect().has(Capability.TERMS)) {
            tell(new CheckpointMessage.Term(term));
        }
    }

    @Override
    public final void stopVm(String reason) {
        tell(new CheckpointMessage.StopVm(reason));
    }
}
