/**
 * The agent at work: {@link org.secondsite.replicator.agent.io.CheckpointAgent} is the entry. Per VM there is one thread,
 * {@link org.secondsite.replicator.agent.io.VmWorker}, that decides and waits; one IO thread serves all connections to the
 * gateway.
 */
package org.secondsite.replicator.agent.io;
