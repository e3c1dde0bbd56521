package org.secondsite.replicator.agent;

/**
 * The times of an agent, in milliseconds. None of them matters for safety.
 *
 * @param maxPauseMs a checkpoint that keeps the VM paused longer is dropped
 * @param minReconnectMs the first wait before the gateway is called again
 * @param maxReconnectMs the longest such wait; it doubles in between
 * @param keepaliveMs after so much silence of the gateway a PING is sent, after three times as much it is given up
 * @param attachPollMs how often a VM that was not here is looked for
 */
public record AgentTiming(int maxPauseMs, int minReconnectMs, int maxReconnectMs, int keepaliveMs, int attachPollMs) {
    /** The usual times. */
    public static final AgentTiming USUAL = new AgentTiming(1000, 50, 500, 1000, 250);
}
