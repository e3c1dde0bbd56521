package org.secondsite.replicator.agent.io;

import org.secondsite.replicator.Epoch;
import org.secondsite.replicator.agent.VmDriver;
import org.secondsite.replicator.agent.VmNews;
import org.secondsite.replicator.checkpoint.CheckpointMessage;
import org.secondsite.replicator.checkpoint.io.CheckpointConnection;
import org.secondsite.replicator.disk.BlockMemory;

/** What other threads tell a {@link VmWorker}. */
sealed interface WorkerEvent {
    /** A connection to the gateway stands; HELLO is to be said. */
    record Opened(CheckpointConnection connection) implements WorkerEvent {}

    /** The connection is gone. */
    record Closed(CheckpointConnection connection, String reason) implements WorkerEvent {}

    /** A message without buffers. */
    record Received(CheckpointConnection connection, CheckpointMessage message) implements WorkerEvent {}

    /** A whole epoch for the replica; the worker owns it. */
    record EpochArrived(CheckpointConnection connection, Epoch epoch) implements WorkerEvent {}

    /** The epoch is done with: read by the gateway, or its connection is gone. */
    record Shipped(CheckpointConnection connection, Epoch epoch) implements WorkerEvent {}

    /** Something happened to the VM. */
    record News(VmDriver driver, VmNews news) implements WorkerEvent {}

    /** So much of the memory is taken in which what the VM writes to its disks waits to be shipped. */
    record DisksFill(BlockMemory.Level level) implements WorkerEvent {}

    /** End. */
    record Quit() implements WorkerEvent {}
}
