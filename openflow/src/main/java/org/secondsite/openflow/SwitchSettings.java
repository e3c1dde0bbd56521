package org.secondsite.openflow;

import org.secondsite.config.SwitchId;

/**
 * A switch that may connect.
 *
 * @param id its name here
 * @param datapathId what it calls itself in FEATURES_REPLY
 * @param gatewayPort the name, or the number, of its port towards the gateway
 * @param sharing what becomes of flows of others
 * @param foreignGeneration what becomes of a generation that no witness can have granted
 */
public record SwitchSettings(
        SwitchId id, long datapathId, String gatewayPort, Sharing sharing, ForeignGeneration foreignGeneration) {
    /** One that is the gateway's alone. */
    public SwitchSettings(SwitchId id, long datapathId, String gatewayPort) {
        this(id, datapathId, gatewayPort, Sharing.EXCLUSIVE, ForeignGeneration.REFUSE);
    }
}
