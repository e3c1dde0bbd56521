package org.secondsite.bgp.session;

import java.util.Set;
import org.secondsite.bgp.fsm.Negotiated;
import org.secondsite.bgp.fsm.Side;
import org.secondsite.bgp.rib.AdjRibIn;
import org.secondsite.bgp.rib.ReceivedUpdate;
import org.secondsite.bgp.wire.AddressFamily;
import org.secondsite.bgp.wire.BgpMessage;
import org.secondsite.bgp.wire.Nlri;

/** What a session asks for and tells, in order. No method may call back into the session. */
public interface SessionSink {
    /** Initiate the outgoing TCP connection. */
    void connect();

    /** Send the message; it is neither UPDATE nor counted as one. */
    void send(Side side, BgpMessage message);

    /** Close the connection after what was sent has left. */
    void close(Side side);

    /** The session stands on this connection. */
    void established(Side side, Negotiated terms);

    /** The session goes down next, and the routes of the peer, which may restart, stay for so long. */
    default void kept(Side side, long seconds) {}

    /** The session is gone. */
    void down(Side side, String reason);

    /** The peer's routes changed. */
    void routes(AdjRibIn.Changes changes);

    /** An UPDATE of the peer, as it was taken; before {@link #routes} for what it changed. */
    void update(ReceivedUpdate update);

    /** The peer has come near its limit, or is beyond it; told once a session. */
    void prefixLimit(AddressFamily family, int count, PrefixLimit limit);

    /** Routes that cannot be announced to this peer. */
    void unexportable(Set<Nlri> routes);

    /** A state changed. */
    void transition(SessionTransition transition);
}
