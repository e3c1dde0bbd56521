/**
 * The data plane: output of protected VMs waits here until the checkpoint epoch that produced it is safe elsewhere.
 *
 * <p>Start at {@link org.secondsite.buffer.DataPlane}, what the rest of the gateway sees, and at
 * {@link org.secondsite.buffer.EpochBuffer}, the idea. This package is pure: bytes and commands in, releasable frames
 * out, time passed in. Sockets, rings, threads and kernel state are in {@code org.secondsite.buffer.io}.
 */
package org.secondsite.buffer;
