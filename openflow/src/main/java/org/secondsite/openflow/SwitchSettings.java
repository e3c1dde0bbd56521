package org.secondsite.openflow;

import org.secondsite.config.SwitchId;

/**
 * A switch that may connect.
 *
 * @param id its name here
 * @param datapathId what it calls itself in FEATURES_REPLY
 * @param gatewayPort the name of its port towards the gateway
 */
public record SwitchSettings(SwitchId id, long datapathId, String gatewayPort) {}
