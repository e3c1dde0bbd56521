package org.secondsite.bgp.fsm;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.random.RandomGenerator;
import org.secondsite.bgp.wire.BgpError;
import org.secondsite.bgp.wire.Decoded;
import org.secondsite.bgp.wire.KeepaliveMessage;
import org.secondsite.bgp.wire.NotificationMessage;
import org.secondsite.bgp.wire.OpenMessage;
import org.secondsite.bgp.wire.RouteRefreshMessage;
import org.secondsite.bgp.wire.UpdateMessage;

/**
 * One neighbour: a machine for the connection that we open, one for the connection that it opens, and the rule that
 * leaves one of them when both come up (RFC 4271 §6.8, RFC 6286 §2.3).
 *
 * <p>A passive neighbour has only the incoming machine running. While one machine is Established the other does not
 * start; when it falls, both start again, the outgoing one after the idle hold time.
 *
 * <p>Every method returns the actions to carry out, in order. Not thread-safe: one thread owns it. Times are nanoseconds
 * of a monotonic clock and never go backwards.
 */
public final class PeerFsm {
    private final Map<Side, ConnectionFsm> connections = new EnumMap<>(Side.class);
    private final Damping damping;
    private FsmSettings settings;
    private List<Action> actions = new ArrayList<>();
    private boolean started;

    /** A machine at rest. */
    public PeerFsm(FsmSettings settings, RandomGenerator jitter) {
        this.settings = settings;
        this.damping = new Damping(settings.timers());
        for (Side side : Side.values()) {
            connections.put(side, new ConnectionFsm(side, settings, damping, jitter, action -> actions.add(action)));
        }
    }

    /** AutomaticStart: connect unless passive, and accept. */
    public List<Action> start(long nowNanos) {
        started = true;
        damping.clear();
        handle(Side.INCOMING, Input.of(Event.AUTOMATIC_START_PASSIVE, "started"), nowNanos);
        if (!settings.passive()) {
            handle(Side.OUTGOING, Input.of(Event.AUTOMATIC_START, "started"), nowNanos);
        }
        return taken();
    }

    /** Whether it was started and not stopped since. */
    public boolean isStarted() {
        return started;
    }

    /**
     * Takes other timers and another side to begin, from the next attempt on. What the OPEN says must be the same as before.
     * A session that stands does not notice.
     */
    public List<Action> alter(FsmSettings changed, long nowNanos) {
        boolean nowPassive = changed.passive() && !settings.passive();
        boolean nowActive = !changed.passive() && settings.passive();
        settings = changed;
        damping.use(changed.timers());
        connections.values().forEach(connection -> connection.use(changed));
        State outgoing = state(Side.OUTGOING);
        if (nowPassive && (outgoing == State.CONNECT || outgoing == State.ACTIVE)) {
            handle(Side.OUTGOING, Input.of(Event.MANUAL_STOP, "waits for the peer from now on"), nowNanos);
        }
        if (nowPassive && outgoing == State.IDLE) {
            connections.get(Side.OUTGOING).timers().stopAll();
        }
        if (nowActive && started && !isOpening(Side.INCOMING)) {
            handle(Side.OUTGOING, Input.of(Event.AUTOMATIC_START, "connects from now on"), nowNanos);
        }
        return taken();
    }

    /** ManualStop: end both connections with the notification and stay down until started. */
    public List<Action> stop(NotificationMessage notification, String reason, long nowNanos) {
        started = false;
        for (Side side : Side.values()) {
            handle(side, Input.notifying(Event.MANUAL_STOP, notification, reason), nowNanos);
            connections.get(side).timers().stopAll();
        }
        return taken();
    }

    /** AutomaticStop: end both connections with the notification; they come back after the idle hold time. */
    public List<Action> reset(NotificationMessage notification, String reason, long nowNanos) {
        for (Side side : Side.values()) {
            if (isOpening(side)) {
                handle(side, Input.notifying(Event.AUTOMATIC_STOP, notification, reason), nowNanos);
            }
        }
        return taken();
    }

    /** The outgoing TCP connection is up. */
    public List<Action> connected(long nowNanos) {
        handle(Side.OUTGOING, Input.of(Event.TCP_CR_ACKED, "TCP connected"), nowNanos);
        return taken();
    }

    /**
     * Whether an incoming TCP connection would be taken now; if not, it is to be refused. A peer that connects anew has
     * given up its earlier attempt, so one that is not established yet makes way: it may be the remains of a crash.
     */
    public boolean mayAccept() {
        State state = connections.get(Side.INCOMING).state();
        return state == State.ACTIVE || state == State.OPEN_SENT || state == State.OPEN_CONFIRM;
    }

    /** Ends an earlier incoming connection that {@link #mayAccept} would replace; to be called before {@link #accepted}. */
    public List<Action> makeWay(long nowNanos) {
        if (isOpening(Side.INCOMING)) {
            Input dump = Input.notifying(Event.OPEN_COLLISION_DUMP, BgpError.CONNECTION_COLLISION_RESOLUTION);
            handle(Side.INCOMING, dump, nowNanos);
            connections.get(Side.INCOMING).timers().stopAll();
            restart(Side.INCOMING, nowNanos);
        }
        return taken();
    }

    /** An incoming TCP connection was taken. */
    public List<Action> accepted(long nowNanos) {
        handle(Side.INCOMING, Input.of(Event.TCP_CONNECTION_CONFIRMED, "TCP accepted"), nowNanos);
        return taken();
    }

    /** A TCP connection failed, was refused or closed by the peer. */
    public List<Action> closed(Side side, String reason, long nowNanos) {
        handle(side, Input.of(Event.TCP_CONNECTION_FAILS, reason), nowNanos);
        return taken();
    }

    /** Something was decoded. {@link Decoded.NeedMore} is no event. */
    public List<Action> received(Side side, Decoded decoded, long nowNanos) {
        switch (decoded) {
            case Decoded.NeedMore _ -> {}
            case Decoded.Reset(NotificationMessage notification, String reason) -> {
                Event event = BgpError.CONNECTION_NOT_SYNCHRONIZED.code() == notification.code()
                        ? Event.BGP_HEADER_ERR
                        : notification.code() == BgpError.OPEN_UNSPECIFIC.code()
                                ? Event.BGP_OPEN_MSG_ERR
                                : Event.UPDATE_MSG_ERR;
                handle(side, Input.notifying(event, notification, reason), nowNanos);
            }
            case Decoded.Message message -> receivedMessage(side, message, nowNanos);
        }
        return taken();
    }

    private void receivedMessage(Side side, Decoded.Message message, long nowNanos) {
        switch (message.message()) {
            case OpenMessage open -> receivedOpen(side, open, nowNanos);
            case UpdateMessage _ -> handle(side, Input.delivering(Event.UPDATE_MSG, message), nowNanos);
            case RouteRefreshMessage _ -> handle(side, Input.delivering(Event.ROUTE_REFRESH_MSG, message), nowNanos);
            case KeepaliveMessage _ -> handle(side, Input.of(Event.KEEPALIVE_MSG, "KEEPALIVE"), nowNanos);
            case NotificationMessage notification -> {
                Event event = notification.is(BgpError.UNSUPPORTED_VERSION_NUMBER)
                        ? Event.NOTIF_MSG_VER_ERR
                        : Event.NOTIF_MSG;
                handle(side, Input.of(event, "peer said: " + notification), nowNanos);
            }
        }
    }

    private void receivedOpen(Side side, OpenMessage open, long nowNanos) {
        ConnectionFsm connection = connections.get(side);
        switch (connection.negotiation().judge(open)) {
            case Negotiation.Outcome.Refused(NotificationMessage notification, String reason) ->
                handle(side, Input.notifying(Event.BGP_OPEN_MSG_ERR, notification, reason), nowNanos);
            case Negotiation.Outcome.Agreed(Negotiated terms) -> {
                if (connection.state() != State.OPEN_SENT || resolveCollision(side, open, nowNanos)) {
                    handle(side, Input.opened(terms), nowNanos);
                }
            }
        }
    }

    /** Returns whether the connection on which the OPEN came is kept. */
    private boolean resolveCollision(Side side, OpenMessage open, long nowNanos) {
        State other = connections.get(side.other()).state();
        if (other != State.OPEN_CONFIRM && other != State.ESTABLISHED) {
            return true;
        }
        // The connection that the speaker with the higher identifier opened stays, an established one always does.
        Side kept = other == State.ESTABLISHED ? side.other() : weAreHigher(open) ? Side.OUTGOING : Side.INCOMING;
        Input dump = Input.notifying(Event.OPEN_COLLISION_DUMP, BgpError.CONNECTION_COLLISION_RESOLUTION);
        handle(kept.other(), dump, nowNanos);
        return kept == side;
    }

    private boolean weAreHigher(OpenMessage open) {
        int byId = Arrays.compareUnsigned(
                settings.routerId().getAddress(), open.routerId().getAddress());
        // RFC 6286 §2.3: equal identifiers are decided by the AS number.
        return byId != 0 ? byId > 0 : settings.localAs() > open.as();
    }

    /** UPDATE or KEEPALIVE messages were handed to the connection. */
    public void sent(Side side, long nowNanos) {
        connections.get(side).sent(nowNanos);
    }

    /** The peer's side of the connection took octets. */
    public void progressed(Side side, long nowNanos) {
        connections.get(side).progressed(nowNanos);
    }

    /** Lets every timer that is due expire. */
    public List<Action> tick(long nowNanos) {
        for (Side side : Side.values()) {
            Optional<Timers.Kind> due = connections.get(side).timers().takeDue(nowNanos);
            while (due.isPresent()) {
                expired(side, due.get(), nowNanos);
                due = connections.get(side).timers().takeDue(nowNanos);
            }
        }
        return taken();
    }

    private void expired(Side side, Timers.Kind kind, long nowNanos) {
        switch (kind) {
            case HOLD -> handle(side, Input.notifying(Event.HOLD_TIMER_EXPIRES, BgpError.HOLD_TIMER_EXPIRED), nowNanos);
            case SEND_HOLD ->
                handle(
                        side,
                        Input.notifying(Event.SEND_HOLD_TIMER_EXPIRES, BgpError.SEND_HOLD_TIMER_EXPIRED),
                        nowNanos);
            case KEEPALIVE -> handle(side, Input.of(Event.KEEPALIVE_TIMER_EXPIRES, "keepalive time"), nowNanos);
            case CONNECT_RETRY ->
                handle(side, Input.of(Event.CONNECT_RETRY_TIMER_EXPIRES, "no TCP connection in time"), nowNanos);
            case IDLE_HOLD -> restart(side, nowNanos);
        }
    }

    private void restart(Side side, long nowNanos) {
        if (side == Side.INCOMING) {
            handle(side, Input.of(Event.AUTOMATIC_START_DAMPED_PASSIVE, "idle hold time is over"), nowNanos);
            return;
        }
        switch (connections.get(Side.INCOMING).state()) {
            case ESTABLISHED -> {} // started again when that session falls
            // A second connection now would only collide: look again later.
            case OPEN_CONFIRM -> connections.get(side).holdIdle(nowNanos);
            default -> handle(side, Input.of(Event.AUTOMATIC_START_DAMPED, "idle hold time is over"), nowNanos);
        }
    }

    /** How long until {@link #tick} has something to do; empty when never. */
    public OptionalLong untilNextNanos(long nowNanos) {
        return connections.values().stream()
                .map(connection -> connection.timers().untilNextNanos(nowNanos))
                .filter(OptionalLong::isPresent)
                .mapToLong(OptionalLong::getAsLong)
                .min();
    }

    /** The side whose session stands. */
    public Optional<Side> establishedSide() {
        return connections.entrySet().stream()
                .filter(entry -> entry.getValue().state() == State.ESTABLISHED)
                .map(Map.Entry::getKey)
                .findFirst();
    }

    /** The state of one connection. */
    public State state(Side side) {
        return connections.get(side).state();
    }

    /** Attempts of both sides that failed since the start (ConnectRetryCounter). */
    public int failedAttempts() {
        return connections.values().stream()
                .mapToInt(ConnectionFsm::retryCounter)
                .sum();
    }

    /** What the OPEN messages on the connection settled, from OpenConfirm on. */
    public Optional<Negotiated> terms(Side side) {
        return connections.get(side).terms();
    }

    private boolean isOpening(Side side) {
        return connections.get(side).state().compareTo(State.OPEN_SENT) >= 0;
    }

    private void handle(Side side, Input input, long nowNanos) {
        ConnectionFsm connection = connections.get(side);
        State before = connection.state();
        connection.handle(input, nowNanos);
        if (before != State.IDLE && connection.state() == State.IDLE) {
            restartLater(side, nowNanos);
        }
        if (before == State.ESTABLISHED && connection.state() != State.ESTABLISHED) {
            restartLater(side.other(), nowNanos);
        }
        if (before != State.ESTABLISHED && connection.state() == State.ESTABLISHED) {
            quietOther(side.other(), nowNanos);
        }
    }

    private void restartLater(Side side, long nowNanos) {
        ConnectionFsm connection = connections.get(side);
        boolean wanted = started && (side == Side.INCOMING || !settings.passive());
        if (wanted && connection.state() == State.IDLE && !connection.timers().isRunning(Timers.Kind.IDLE_HOLD)) {
            connection.holdIdle(nowNanos);
        }
    }

    /** A session stands: an attempt of ours that is still without a TCP connection is pointless. */
    private void quietOther(Side other, long nowNanos) {
        State state = connections.get(other).state();
        if (other == Side.OUTGOING && (state == State.CONNECT || state == State.ACTIVE)) {
            handle(other, Input.of(Event.MANUAL_STOP, "the other connection is established"), nowNanos);
        }
    }

    private List<Action> taken() {
        List<Action> taken = List.copyOf(actions);
        actions = new ArrayList<>();
        return taken;
    }
}
