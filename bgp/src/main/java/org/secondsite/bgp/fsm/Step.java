package org.secondsite.bgp.fsm;

/** What a transition does, in the order of its row. */
enum Step {
    /** Start the ConnectRetryTimer anew, unless the connection is one that only waits for the peer. */
    RESTART_CONNECT_RETRY,
    STOP_CONNECT_RETRY,
    /** Initiate a TCP connection. */
    CONNECT_TCP,
    /** Close the TCP connection, after what was sent on it. */
    DROP_TCP,
    SEND_OPEN,
    SEND_KEEPALIVE,
    /** Hold timer to the large value for OpenSent. */
    START_OPEN_HOLD,
    /** Hold, keepalive and send hold timers to what the OPEN messages settled. */
    START_NEGOTIATED_TIMERS,
    RESTART_HOLD,
    RESTART_KEEPALIVE,
    /** Send the NOTIFICATION that the event brought along. */
    NOTIFY,
    /** Send a NOTIFICATION Finite State Machine Error with the subcode of the state (RFC 6608). */
    NOTIFY_FSM_ERROR,
    /** Hand the message to the routes. */
    DELIVER,
    /** Stop all timers and close the TCP connection. */
    RELEASE,
    ZERO_RETRY_COUNTER,
    COUNT_RETRY,
    /** Peer oscillation damping: the next automatic start comes later. */
    DAMP
}
