package org.secondsite.bgp.fsm;

import static org.secondsite.bgp.fsm.Event.*;
import static org.secondsite.bgp.fsm.State.*;
import static org.secondsite.bgp.fsm.Step.*;

import java.util.EnumMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * State × event of RFC 4271 §8.2.2, RFC 6608 and RFC 9687. A pair without a row is ignored.
 *
 * <p>Where it departs from the text: a NOTIFICATION is never answered by one (OpenSent, event 25); a faulty header in
 * Established is reported as what it is (§6.1) and not as an FSM error; a second OPEN on the same connection is an FSM
 * error, for a collision is one between two connections and found before this table is asked. {@code bgp/docs/fsm.md}
 * is made from this table.
 */
final class TransitionTable {
    private static final Map<State, Map<Event, Row>> ROWS = new EnumMap<>(State.class);

    static {
        idle();
        connect();
        active();
        openSent();
        openConfirm();
        established();
    }

    private TransitionTable() {}

    /** What to do and where to go. */
    record Row(List<Step> steps, State next) {}

    static Optional<Row> row(State state, Event event) {
        return Optional.ofNullable(ROWS.get(state)).map(rows -> rows.get(event));
    }

    private static void idle() {
        on(IDLE, MANUAL_START, CONNECT, ZERO_RETRY_COUNTER, RESTART_CONNECT_RETRY, CONNECT_TCP);
        on(IDLE, AUTOMATIC_START, CONNECT, ZERO_RETRY_COUNTER, RESTART_CONNECT_RETRY, CONNECT_TCP);
        on(IDLE, AUTOMATIC_START_DAMPED, CONNECT, RESTART_CONNECT_RETRY, CONNECT_TCP);
        on(IDLE, MANUAL_START_PASSIVE, ACTIVE, ZERO_RETRY_COUNTER, RESTART_CONNECT_RETRY);
        on(IDLE, AUTOMATIC_START_PASSIVE, ACTIVE, ZERO_RETRY_COUNTER, RESTART_CONNECT_RETRY);
        on(IDLE, AUTOMATIC_START_DAMPED_PASSIVE, ACTIVE, RESTART_CONNECT_RETRY);
    }

    private static void connect() {
        onAnyOther(CONNECT, IDLE, RELEASE, COUNT_RETRY, DAMP);
        on(CONNECT, MANUAL_STOP, IDLE, RELEASE, ZERO_RETRY_COUNTER);
        on(CONNECT, CONNECT_RETRY_TIMER_EXPIRES, CONNECT, DROP_TCP, RESTART_CONNECT_RETRY, CONNECT_TCP);
        on(CONNECT, TCP_CR_ACKED, OPEN_SENT, STOP_CONNECT_RETRY, SEND_OPEN, START_OPEN_HOLD);
        on(CONNECT, TCP_CONNECTION_CONFIRMED, OPEN_SENT, STOP_CONNECT_RETRY, SEND_OPEN, START_OPEN_HOLD);
        on(CONNECT, TCP_CONNECTION_FAILS, IDLE, RELEASE);
        on(CONNECT, TCP_CONNECTION_VALID, CONNECT);
        on(CONNECT, TCP_CR_INVALID, CONNECT);
    }

    private static void active() {
        onAnyOther(ACTIVE, IDLE, RELEASE, COUNT_RETRY, DAMP);
        on(ACTIVE, MANUAL_STOP, IDLE, RELEASE, ZERO_RETRY_COUNTER);
        on(ACTIVE, CONNECT_RETRY_TIMER_EXPIRES, CONNECT, RESTART_CONNECT_RETRY, CONNECT_TCP);
        on(ACTIVE, TCP_CR_ACKED, OPEN_SENT, STOP_CONNECT_RETRY, SEND_OPEN, START_OPEN_HOLD);
        on(ACTIVE, TCP_CONNECTION_CONFIRMED, OPEN_SENT, STOP_CONNECT_RETRY, SEND_OPEN, START_OPEN_HOLD);
        on(ACTIVE, TCP_CONNECTION_VALID, ACTIVE);
        on(ACTIVE, TCP_CR_INVALID, ACTIVE);
    }

    private static void openSent() {
        onAnyOther(OPEN_SENT, IDLE, NOTIFY_FSM_ERROR, RELEASE, COUNT_RETRY, DAMP);
        endings(OPEN_SENT);
        on(OPEN_SENT, TCP_CONNECTION_FAILS, ACTIVE, RELEASE, RESTART_CONNECT_RETRY);
        on(OPEN_SENT, BGP_OPEN, OPEN_CONFIRM, STOP_CONNECT_RETRY, SEND_KEEPALIVE, START_NEGOTIATED_TIMERS);
    }

    private static void openConfirm() {
        onAnyOther(OPEN_CONFIRM, IDLE, NOTIFY_FSM_ERROR, RELEASE, COUNT_RETRY, DAMP);
        endings(OPEN_CONFIRM);
        on(OPEN_CONFIRM, KEEPALIVE_TIMER_EXPIRES, OPEN_CONFIRM, SEND_KEEPALIVE, RESTART_KEEPALIVE);
        on(OPEN_CONFIRM, KEEPALIVE_MSG, ESTABLISHED, RESTART_HOLD);
    }

    private static void established() {
        onAnyOther(ESTABLISHED, IDLE, NOTIFY_FSM_ERROR, RELEASE, COUNT_RETRY, DAMP);
        endings(ESTABLISHED);
        on(ESTABLISHED, KEEPALIVE_TIMER_EXPIRES, ESTABLISHED, SEND_KEEPALIVE, RESTART_KEEPALIVE);
        on(ESTABLISHED, KEEPALIVE_MSG, ESTABLISHED, RESTART_HOLD);
        on(ESTABLISHED, UPDATE_MSG, ESTABLISHED, RESTART_HOLD, DELIVER);
        on(ESTABLISHED, ROUTE_REFRESH_MSG, ESTABLISHED, RESTART_HOLD, DELIVER);
        on(ESTABLISHED, UPDATE_MSG_ERR, IDLE, NOTIFY, RELEASE, COUNT_RETRY, DAMP);
    }

    /** How a connection ends is the same in OpenSent, OpenConfirm and Established. */
    private static void endings(State state) {
        on(state, MANUAL_STOP, IDLE, NOTIFY, RELEASE, ZERO_RETRY_COUNTER);
        on(state, AUTOMATIC_STOP, IDLE, NOTIFY, RELEASE, COUNT_RETRY, DAMP);
        on(state, HOLD_TIMER_EXPIRES, IDLE, NOTIFY, RELEASE, COUNT_RETRY, DAMP);
        on(state, SEND_HOLD_TIMER_EXPIRES, IDLE, NOTIFY, RELEASE, COUNT_RETRY, DAMP);
        on(state, TCP_CONNECTION_FAILS, IDLE, RELEASE, COUNT_RETRY, DAMP);
        on(state, TCP_CONNECTION_VALID, state);
        on(state, TCP_CR_INVALID, state);
        on(state, TCP_CR_ACKED, state);
        on(state, TCP_CONNECTION_CONFIRMED, state);
        on(state, BGP_HEADER_ERR, IDLE, NOTIFY, RELEASE, COUNT_RETRY, DAMP);
        on(state, BGP_OPEN_MSG_ERR, IDLE, NOTIFY, RELEASE, COUNT_RETRY, DAMP);
        on(state, OPEN_COLLISION_DUMP, IDLE, NOTIFY, RELEASE, COUNT_RETRY);
        on(state, NOTIF_MSG_VER_ERR, IDLE, RELEASE);
        on(state, NOTIF_MSG, IDLE, RELEASE, COUNT_RETRY, DAMP);
    }

    private static void on(State state, Event event, State next, Step... steps) {
        ROWS.computeIfAbsent(state, _ -> new EnumMap<>(Event.class)).put(event, new Row(List.of(steps), next));
    }

    /** "In response to any other event": all that no later row names. Start events are ignored outside of Idle. */
    private static void onAnyOther(State state, State next, Step... steps) {
        for (Event event : Event.values()) {
            if (!event.isStart()) {
                on(state, event, next, steps);
            }
        }
    }
}
