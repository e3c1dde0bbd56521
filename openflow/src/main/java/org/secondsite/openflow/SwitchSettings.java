package org.secondsite.openflow;

import java.util.Optional;
import org.secondsite.config.SwitchId;

/**
 * A switch that may connect.
 *
 * @param id its name here
 * @param datapathId what it calls itself in FEATURES_REPLY
 * @param gatewayPort the name, or the number, of its port towards the gateway
 * @param sharing what becomes of flows of others
 * @param foreignGeneration what becomes of a generation that no witness can have granted
 * @param preflight what becomes of it when it is unfit
 * @param database how its database is reached, if it has one
 * @param access how it is connected with, and what proves that it is this switch
 */
public record SwitchSettings(
        SwitchId id,
        long datapathId,
        String gatewayPort,
        Sharing sharing,
        ForeignGeneration foreignGeneration,
        Preflight preflight,
        Optional<DatabaseAccess> database,
        Access access) {
    /** One that is the gateway's alone, with the usual preflight and no database. */
    public SwitchSettings(SwitchId id, long datapathId, String gatewayPort) {
        this(
                id,
                datapathId,
                gatewayPort,
                Sharing.EXCLUSIVE,
                ForeignGeneration.REFUSE,
                Preflight.MEND,
                Optional.empty(),
                Access.UNPROVED);
    }

    /** The same, shared or not. */
    public SwitchSettings with(Sharing other) {
        return new SwitchSettings(id, datapathId, gatewayPort, other, foreignGeneration, preflight, database, access);
    }

    /** The same with another fate of foreign generations. */
    public SwitchSettings with(ForeignGeneration other) {
        return new SwitchSettings(id, datapathId, gatewayPort, sharing, other, preflight, database, access);
    }

    /** The same with another fate of an unfit switch, and a database. */
    public SwitchSettings with(Preflight other, DatabaseAccess reached) {
        return new SwitchSettings(
                id, datapathId, gatewayPort, sharing, foreignGeneration, other, Optional.of(reached), access);
    }

    /** The same with another way to connect. */
    public SwitchSettings with(Access other) {
        return new SwitchSettings(id, datapathId, gatewayPort, sharing, foreignGeneration, preflight, database, other);
    }
}
