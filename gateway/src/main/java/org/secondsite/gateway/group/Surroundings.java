package org.secondsite.gateway.group;

import java.util.Optional;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.function.Function;
import org.secondsite.buffer.DataPlane;
import org.secondsite.config.EpochId;
import org.secondsite.config.GroupId;
import org.secondsite.config.OwnershipRecord;
import org.secondsite.config.SiteId;
import org.secondsite.config.VmId;
import org.secondsite.gateway.ownership.RouteRole;
import org.secondsite.gateway.ownership.SwitchRole;
import org.secondsite.gateway.timeline.Timeline;
import org.secondsite.replicator.Epoch;
import org.secondsite.replicator.tunnel.PeerMessage;
import org.secondsite.witness.Answer;

/**
 * What a gateway's core acts upon, through {@link SiteEdge}. Nothing here waits.
 *
 * @param dataPlane holds and releases packets
 * @param peers the tunnel to the gateway of each other site
 * @param witness decides who owns a group
 * @param routes announces prefixes
 * @param switches programs switches
 * @param file what the gateway was started with
 * @param memory keeps what a restart must know
 * @param timeline remembers what happened
 */
public record Surroundings(
        DataPlane dataPlane,
        Function<SiteId, PeerLink> peers,
        WitnessLink witness,
        Routes routes,
        Switches switches,
        File file,
        Memory memory,
        Timeline timeline) {

    /** The tunnel, as a group uses it. */
    public interface PeerLink {
        /** Takes over the epoch, and sends it until it is committed, refused or discarded. */
        void send(Epoch epoch);

        /** Sends a control message, ahead of epochs; lost when the tunnel is down. */
        void send(PeerMessage message);

        /** Tells the peer that this site holds the epoch. */
        void acknowledge(VmId vm, EpochId epoch);

        /** Takes back every {@link #acknowledge} of the VM that the peer has not heard yet. */
        void withdraw(VmId vm);

        /** Tells the peer that this site does not keep the epoch. */
        void refuse(VmId vm, EpochId epoch, String reason);

        /** Forgets every epoch of the VM that was sent and not committed. */
        void discard(VmId vm);

        /** Gives up the connection, for a peer that is believed to be dead. */
        void abandon(String reason);
    }

    /** The witness, as a group uses it. */
    public interface WitnessLink {
        /** The witness is to know that the group was acted for under this term, also if it has forgotten. */
        void know(GroupId group, long term);

        /** The record as it is now; completes exceptionally when the witness does not answer. */
        CompletableFuture<OwnershipRecord> read(GroupId group);

        /** Asks for a compare-and-set; completes exceptionally when nobody knows what became of it. */
        CompletableFuture<Answer> ask(
                GroupId group, long expectedTerm, SiteId owner, Set<SiteId> inSync, String reason);
    }

    /** The routers. */
    public interface Routes {
        /** Announces the group's prefixes in this role, and no longer in any other. */
        void publish(GroupId group, RouteRole role);
    }

    /** The gateway's own file. */
    public interface File {
        /**
         * Has the file say that of the VM, and the gateway run it.
         *
         * @param owner whose word that is
         * @return completes with what stands against it; empty: nothing
         */
        CompletableFuture<Optional<String>> follow(GroupId group, VmId vm, SiteOrder.Tick tick, SiteId owner);
    }

    /** The disk. */
    public interface Memory {
        /**
         * Keeps this, and nothing older; one that is given before the disk takes it may be left out.
         *
         * @param number larger than every one before; comes back as {@link SiteEvent.Written}
         */
        void keep(long number, Recollection.Known all);
    }

    /** The switches. */
    public interface Switches {
        /** Programs the group's VMs in this role. */
        void publish(GroupId group, long term, SwitchRole role);
    }
}
