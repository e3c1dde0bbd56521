package org.secondsite.gateway.group;

/**
 * What came of the order to switch over.
 *
 * @param done whether the other site runs the VMs
 * @param reason how it ended, or why it was refused, in words
 */
public record SwitchoverResult(boolean done, String reason) {}
