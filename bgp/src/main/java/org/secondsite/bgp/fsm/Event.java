package org.secondsite.bgp.fsm;

/**
 * The events of RFC 4271 §8.1, of RFC 9687, and ROUTE-REFRESH, which has no number.
 *
 * <p>DelayOpen is not offered, so events 12 and 20 do not exist here. Event 13, IdleHoldTimer_Expires, is what gives rise
 * to 6 and 7.
 */
public enum Event {
    MANUAL_START(1, "ManualStart"),
    MANUAL_STOP(2, "ManualStop"),
    AUTOMATIC_START(3, "AutomaticStart"),
    MANUAL_START_PASSIVE(4, "ManualStart_with_PassiveTcpEstablishment"),
    AUTOMATIC_START_PASSIVE(5, "AutomaticStart_with_PassiveTcpEstablishment"),
    AUTOMATIC_START_DAMPED(6, "AutomaticStart_with_DampPeerOscillations"),
    AUTOMATIC_START_DAMPED_PASSIVE(7, "AutomaticStart_with_DampPeerOscillations_and_PassiveTcpEstablishment"),
    AUTOMATIC_STOP(8, "AutomaticStop"),
    CONNECT_RETRY_TIMER_EXPIRES(9, "ConnectRetryTimer_Expires"),
    HOLD_TIMER_EXPIRES(10, "HoldTimer_Expires"),
    KEEPALIVE_TIMER_EXPIRES(11, "KeepaliveTimer_Expires"),
    TCP_CONNECTION_VALID(14, "TcpConnection_Valid"),
    TCP_CR_INVALID(15, "Tcp_CR_Invalid"),
    TCP_CR_ACKED(16, "Tcp_CR_Acked"),
    TCP_CONNECTION_CONFIRMED(17, "TcpConnectionConfirmed"),
    TCP_CONNECTION_FAILS(18, "TcpConnectionFails"),
    BGP_OPEN(19, "BGPOpen"),
    BGP_HEADER_ERR(21, "BGPHeaderErr"),
    BGP_OPEN_MSG_ERR(22, "BGPOpenMsgErr"),
    OPEN_COLLISION_DUMP(23, "OpenCollisionDump"),
    NOTIF_MSG_VER_ERR(24, "NotifMsgVerErr"),
    NOTIF_MSG(25, "NotifMsg"),
    KEEPALIVE_MSG(26, "KeepAliveMsg"),
    UPDATE_MSG(27, "UpdateMsg"),
    UPDATE_MSG_ERR(28, "UpdateMsgErr"),
    SEND_HOLD_TIMER_EXPIRES(29, "SendHoldTimer_Expires"),
    ROUTE_REFRESH_MSG(0, "RouteRefreshMsg");

    private final int number;
    private final String text;

    Event(int number, String text) {
        this.number = number;
        this.text = text;
    }

    /** The number in the document, 0 where it has none. */
    public int number() {
        return number;
    }

    /** The name as the document writes it. */
    public String text() {
        return text;
    }

    boolean isStart() {
        return switch (this) {
            case MANUAL_START,
                    AUTOMATIC_START,
                    MANUAL_START_PASSIVE,
                    AUTOMATIC_START_PASSIVE,
                    AUTOMATIC_START_DAMPED,
                    AUTOMATIC_START_DAMPED_PASSIVE -> true;
            default -> false;
        };
    }
}
