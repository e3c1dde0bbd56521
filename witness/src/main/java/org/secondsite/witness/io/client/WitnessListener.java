package org.secondsite.witness.io.client;

import org.secondsite.config.OwnershipRecord;
import org.secondsite.config.SiteId;

/** What a {@link WitnessClient} tells. Called on the client's one thread; must not block. */
public interface WitnessListener {
    /** A record with a higher term than any told before for its group; every group's after the first connect. */
    void record(OwnershipRecord record);

    /**
     * How a record came to be, when that is told; once per record.
     *
     * @param asker who asked for it
     * @param reason why, in words
     */
    default void made(OwnershipRecord record, SiteId asker, String reason) {}

    /**
     * Another process is the gateway of this site to a node of the witness. Told at each attempt.
     *
     * @param reason why, in words
     */
    default void displaced(String reason) {}

    /** This process is the gateway of this site to a node of the witness. Told at each connection. */
    default void admitted() {}

    /** Something that the operator of this gateway should know. */
    default void notice(String text) {}

    /**
     * Whether at least one witness node is connected. Told at each change, and while none is at each new reason.
     *
     * @param reason why, in words
     */
    void reachable(boolean up, String reason);
}
