package org.secondsite.bgp.session;

import java.util.List;
import java.util.Set;
import org.secondsite.bgp.fsm.Negotiated;
import org.secondsite.bgp.fsm.Side;
import org.secondsite.bgp.rib.AdjRibIn;
import org.secondsite.bgp.wire.BgpMessage;
import org.secondsite.bgp.wire.Fault;
import org.secondsite.config.IpPrefix;

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

    /** The session is gone. */
    void down(Side side, String reason);

    /** The peer's routes changed. */
    void routes(AdjRibIn.Changes changes);

    /** The peer's UPDATE had faults. */
    void faults(List<Fault> faults);

    /** Prefixes that cannot be announced to this peer. */
    void unexportable(Set<IpPrefix> prefixes);

    /** A state changed. */
    void transition(SessionTransition transition);
}
