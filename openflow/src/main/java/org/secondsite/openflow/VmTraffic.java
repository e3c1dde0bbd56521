package org.secondsite.openflow;

import org.secondsite.config.VmId;

/**
 * How many frames of a VM a switch has seen since it has the VM's flows.
 *
 * @param vm the VM
 * @param toGateway frames that went to the gateway
 * @param spoofed frames that were dropped because the VM may not send them: under a false name, or while it is silent
 * @param byPassed frames, perhaps of the VM, that flows have counted which others wrote or altered
 */
public record VmTraffic(VmId vm, long toGateway, long spoofed, long byPassed) {}
