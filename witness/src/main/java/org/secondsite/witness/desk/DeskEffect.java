package org.secondsite.witness.desk;

import org.secondsite.config.SiteId;
import org.secondsite.witness.LogEntry;
import org.secondsite.witness.Request;
import org.secondsite.witness.RequestId;
import org.secondsite.witness.SeatId;
import org.secondsite.witness.wire.Message;

/** What the {@link RequestDesk} wants done, in this order. */
public sealed interface DeskEffect {
    /** Send the message. */
    record Send(Connection to, Message.FromWitness message) implements DeskEffect {}

    /** Tell a record. Of one group only the latest matters, so one that was not sent yet may be left out. */
    record Tell(Connection to, LogEntry entry) implements DeskEffect {}

    /** Answer with the node's status, as far as {@link RequestDesk#maySee} lets this client see it. */
    record TellStatus(Connection to, long requestId) implements DeskEffect {}

    /** Remember the seat of the site's gateway, {@link SeatId#NONE} if none, before anything that follows is done. */
    record KeepSeat(SiteId site, SeatId seat) implements DeskEffect {}

    /** Say why, and close. Nothing follows for this connection. */
    record Close(Connection connection, String reason) implements DeskEffect {}

    /**
     * Have the store decide. Its answer comes back by {@link RequestDesk#answered}.
     *
     * @param ticket names this command, never twice
     */
    record Submit(long ticket, Request request, RequestId id) implements DeskEffect {}

    /** Have the store read what is in force, through a majority where there is one. */
    record ReadCurrent(long ticket) implements DeskEffect {}
}
