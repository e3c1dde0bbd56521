package org.secondsite.bgp.fsm;

import org.secondsite.bgp.wire.BgpMessage;
import org.secondsite.bgp.wire.Decoded;

/** What the machine asks of the world, in the order in which it asks. */
public sealed interface Action {
    /** Initiate the outgoing TCP connection; answer with {@link PeerFsm#connected} or {@link PeerFsm#closed}. */
    record Connect() implements Action {}

    /** Send the message on the connection. */
    record Send(Side side, BgpMessage message) implements Action {}

    /** Close the connection, or give up opening it, after what was sent has left; no answer is expected. */
    record Close(Side side) implements Action {}

    /** The session stands: routes may be exchanged on this connection. */
    record Established(Side side, Negotiated terms) implements Action {}

    /** The session on this connection is gone. */
    record Down(Side side, String reason) implements Action {}

    /** A message for the routes: UPDATE or ROUTE-REFRESH. */
    record Deliver(Side side, Decoded.Message message) implements Action {}

    /** For log, metric and timeline. */
    record Transition(Side side, State from, State to, Event event, String reason) implements Action {}
}
