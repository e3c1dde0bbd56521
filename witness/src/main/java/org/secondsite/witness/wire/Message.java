package org.secondsite.witness.wire;

import java.util.Set;
import org.secondsite.config.GroupId;
import org.secondsite.config.OwnershipRecord;
import org.secondsite.config.SiteId;
import org.secondsite.witness.NodeStatus;
import org.secondsite.witness.SeatId;
import org.secondsite.witness.StoreStanding;

/** A message between a client and the witness. Layouts are drawn at {@link MessageCodec}. */
public sealed interface Message {
    /** What a client sends. */
    sealed interface ToWitness extends Message {}

    /** What the witness sends. */
    sealed interface FromWitness extends Message {}

    /** What a client sends and the witness answers under the same number. */
    sealed interface Question extends ToWitness {
        /** Chosen by the client, never twice for another question; the same question may be sent to several nodes. */
        long requestId();

        /** The group that it is about. */
        GroupId group();
    }

    /** What a client knows of terms, which it tells also before it is served. */
    sealed interface Known extends ToWitness {}

    /** What the witness answers. */
    sealed interface Reply extends FromWitness {
        /** The number of the question. */
        long requestId();
    }

    /**
     * A client's first message.
     *
     * @param version the lowest protocol version that it speaks, 0 to 255
     * @param site whom it takes itself for; the witness compares it with the certificate
     * @param client drawn at random when the client was started; names its questions together with their numbers
     */
    record Hello(int version, SiteId site, long client) implements ToWitness {}

    /**
     * Where the sender's gateway runs. Version 4; after the first {@link Term}, answered by {@link Admitted} or {@link Displaced}.
     *
     * @param seat none if the client knows none
     */
    record Seat(SeatId seat) implements ToWitness {}

    /** The sender's gateway lives. The witness answers {@link Echo}. */
    record Heartbeat(SiteId site) implements ToWitness {}

    /** Asks for a new record by the rules. */
    record Ask(long requestId, long expectedTerm, GroupId group, SiteId owner, Set<SiteId> inSync, String reason)
            implements Question {
        /** Copies the set. */
        public Ask {
            inSync = Set.copyOf(inSync);
        }
    }

    /** An operator's wish that breaks the rules. */
    record Force(long requestId, long expectedTerm, GroupId group, SiteId owner, String reason) implements Question {}

    /**
     * The highest term that the sender knows of; 0 if none. Version 3; the first message after the welcome. The first of a connection is
     * what the sender was told by the witness; before version 5 one that agents remember comes in a second, before {@link Seat}.
     *
     * @param term one that was granted, by this witness as it is or as it was
     */
    record Term(long term) implements Known {}

    /**
     * The highest term that agents of the sender remember of a group; after the first {@link Term}, and before {@link Seat} if it is known
     * then. Version 5; to an older witness it is another {@link Term}.
     */
    record TermOf(GroupId group, long term) implements Known {}

    /**
     * An operator gives a group its record anew, after a loss of memory. Version 3.
     *
     * @param above a term that may have been granted; 0 if none beyond those that the witness has heard of
     * @param drawn a generation from the operator's clock, that was hardly ever drawn before
     */
    record Recover(long requestId, long above, int drawn, GroupId group, SiteId owner, String reason)
            implements Question {}

    /** Asks for the record as it is. */
    record Read(long requestId, GroupId group) implements Question {}

    /** Asks a node about itself. It answers by any number of {@link StatusPart}s, the last a {@link StatusEnd}. */
    record Status(long requestId) implements ToWitness {}

    /** The witness speaks with the client. If both speak version 4, the client's {@link Seat} is to follow, else the records do. */
    record Welcome(int version) implements FromWitness {}

    /** This client is the gateway of its site; the records of its groups follow. Version 4. */
    record Admitted() implements FromWitness {}

    /** Another process is the gateway of this client's site. A {@link Bye} follows. Version 4. */
    record Displaced(String reason) implements FromWitness {}

    /** Answers a heartbeat. */
    record Echo() implements FromWitness {}

    /** A record, unasked, with who asked for it and why: one for each group after the welcome, then one for each change. */
    record Watched(OwnershipRecord record, SiteId asker, String reason) implements FromWitness {}

    /** The change was made. */
    record Granted(long requestId, OwnershipRecord record) implements Reply {}

    /** The change was not made. */
    record Refused(long requestId, OwnershipRecord current, String reason) implements Reply {}

    /** The record as it is. */
    record Current(long requestId, OwnershipRecord record) implements Reply {}

    /** This client may not ask that, whatever the record is. */
    record NotServed(long requestId, String reason) implements Reply {}

    /**
     * This node does not decide now. The same question may be sent to another.
     *
     * @param leader the address of the node that does, if it is known; else empty
     */
    record Elsewhere(long requestId, String leader) implements Reply {}

    /** A piece of the answer to {@link Status}. */
    sealed interface StatusPart extends FromWitness {
        /** The number of the question. */
        long requestId();
    }

    /** How the node stands. */
    record StatusNode(long requestId, StoreStanding standing) implements StatusPart {}

    /** A record that it has. */
    record StatusRecord(long requestId, NodeStatus.Made made) implements StatusPart {}

    /** When it heard a site. */
    record StatusHeard(long requestId, SiteId site, long agoMs) implements StatusPart {}

    /** A counter or gauge. */
    record StatusMetric(long requestId, String name, double value) implements StatusPart {}

    /** There are no more. */
    record StatusEnd(long requestId) implements StatusPart {}

    /** Something that the client's operator should know. Version 3: to clients that have sent {@link Term}. */
    record Notice(String text) implements FromWitness {}

    /** The witness closes the connection, and why. */
    record Bye(String reason) implements FromWitness {}
}
