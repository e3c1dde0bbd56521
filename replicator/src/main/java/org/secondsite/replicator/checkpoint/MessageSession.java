package org.secondsite.replicator.checkpoint;

import org.secondsite.config.EpochId;

/**
 * What a gateway commands of an agent, in the protocol's messages: one for each command that needs no more than that. How epochs
 * and what depends on their order are sent is the matter of who has the connection.
 */
public abstract class MessageSession implements AgentSession {
    /** A session whose agent has said HELLO, or is about to. */
    protected MessageSession() {}

    /** Sends a message, after those that were sent before; does nothing once the session is detached. */
    protected abstract void send(CheckpointMessage message);

    @Override
    public final void start(EpochId first, boolean full, int intervalMs) {
        send(new CheckpointMessage.Start(first, full, intervalMs));
    }

    @Override
    public final void interval(int intervalMs) {
        send(new CheckpointMessage.Interval(intervalMs));
    }

    @Override
    public final void checkpointNow() {
        send(new CheckpointMessage.CheckpointNow());
    }

    @Override
    public final void retitle(EpochId next) {
        send(new CheckpointMessage.Retitle(next));
    }

    @Override
    public final void sealed(EpochId epoch) {
        send(new CheckpointMessage.Sealed(epoch));
    }

    @Override
    public final void credit(EpochId committed) {
        send(new CheckpointMessage.Credit(committed));
    }

    @Override
    public final void stop() {
        send(new CheckpointMessage.Stop());
    }

    @Override
    public final void pauseVm() {
        send(new CheckpointMessage.PauseVm());
    }

    @Override
    public final void resumeVm() {
        send(new CheckpointMessage.ResumeVm());
    }

    @Override
    public final void flushAtOnce() {
        send(new CheckpointMessage.FlushAtOnce());
    }

    @Override
    public final void syncDisks() {
        send(new CheckpointMessage.SyncDisks());
    }

    @Override
    public final void stopVm(String reason) {
        send(new CheckpointMessage.StopVm(reason));
    }
}
