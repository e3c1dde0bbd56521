/**
 * The native checkpoint protocol: what a gateway and a hypervisor-facing agent say to each other on the local network.
 *
 * <p>One TCP connection per VM. The agent connects and states facts ({@code HELLO}); the gateway commands. Towards the owner
 * the order of a checkpoint is: the VM is paused, {@code SEAL}, {@code SEALED}, the VM runs on, then the epoch
 * ({@code BEGIN PAGES… DEVICE_STATE… END}), of whose device state only what is new travels where both ends can that
 * ({@code DEVICE_SAME}). Towards a standby the same messages travel the other way and are answered by {@code APPLIED};
 * {@code ACTIVATE} starts the VM from what was applied.
 *
 * <p>Everything here is pure: bytes in, values out. Sockets are in {@code org.secondsite.replicator.checkpoint.io}. The wire
 * layout stands on {@link org.secondsite.replicator.checkpoint.CheckpointCodec}, the meaning of every message on
 * {@link org.secondsite.replicator.checkpoint.CheckpointMessage}.
 */
package org.secondsite.replicator.checkpoint;
