package org.secondsite.replicator.tunnel;

import org.secondsite.config.GroupId;
import org.secondsite.config.OwnershipRecord;
import org.secondsite.config.VmId;
import org.secondsite.replicator.Capability;
import org.secondsite.replicator.Dialect;
import org.secondsite.replicator.DiskTalk;

/** What gateways tell each other beside epochs. Small, idempotent, and said again after every reconnect. */
public sealed interface PeerMessage {
    /** A record that this site learnt from the witness. */
    record RecordNews(OwnershipRecord ownership) implements PeerMessage {}

    /**
     * What this site can do as the standby of a group.
     *
     * @param group the group
     * @param ready whether the sinks of all its VMs are there and take epochs
     * @param imageGeneration changes whenever this site has lost an image that it held; the owner then begins anew
     * @param burnedTerm the highest term in which this site asked for promotion, 0 if in none; it acknowledges no epoch of that
     *     term or one before
     * @param reason why it is not ready, in words
     */
    record StandbyState(GroupId group, boolean ready, long imageGeneration, long burnedTerm, String reason)
            implements PeerMessage {}

    /** As the owner of a group under this term, or a later one: every VM of the group runs at this site. */
    record VmsActive(GroupId group, long term) implements PeerMessage {}

    /** What the agent of a VM says of its disks to the one at the other site. Only where both ends can. */
    record OfDisks(GroupId group, VmId vm, DiskTalk talk) implements PeerMessage {}

    /** Whether it is understood by an end with which this is spoken. */
    default boolean isPartOf(Dialect dialect) {
        return !(this instanceof OfDisks) || dialect.has(Capability.RESYNC);
    }
}
