package org.secondsite.bgp.fsm;

import java.util.Optional;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;
import java.util.random.RandomGenerator;
import org.secondsite.bgp.wire.BgpError;
import org.secondsite.bgp.wire.KeepaliveMessage;
import org.secondsite.bgp.wire.NotificationMessage;

/**
 * The state of one connection: looks the event up in {@link TransitionTable}, carries out its steps on the timers and
 * asks for the rest by actions.
 */
final class ConnectionFsm {
    private final Side side;
    private final Negotiation negotiation;
    private final Damping damping;
    private final RandomGenerator jitter;
    private final Consumer<Action> out;
    private final Timers timers = new Timers();
    private FsmSettings settings;
    private State state = State.IDLE;
    private Optional<Negotiated> terms = Optional.empty();
    private int retryCounter;

    ConnectionFsm(Side side, FsmSettings settings, Damping damping, RandomGenerator jitter, Consumer<Action> out) {
        this.side = side;
        this.settings = settings;
        this.negotiation = new Negotiation(settings);
        this.damping = damping;
        this.jitter = jitter;
        this.out = out;
    }

    /** Other timers; they count from their next start on. */
    void use(FsmSettings changed) {
        settings = changed;
    }

    State state() {
        return state;
    }

    Timers timers() {
        return timers;
    }

    Negotiation negotiation() {
        return negotiation;
    }

    Optional<Negotiated> terms() {
        return terms;
    }

    /** ConnectRetryCounter: attempts that failed since the last manual start. */
    int retryCounter() {
        return retryCounter;
    }

    void handle(Input input, long nowNanos) {
        Optional<TransitionTable.Row> row = TransitionTable.row(state, input.event());
        if (row.isEmpty()) {
            return;
        }
        for (Step step : row.get().steps()) {
            perform(step, input, nowNanos);
        }
        transition(row.get().next(), input, nowNanos);
    }

    /** The idle hold timer: when it expires the connection is started again (events 6 and 7). */
    void holdIdle(long nowNanos) {
        timers.start(Timers.Kind.IDLE_HOLD, nowNanos + jittered(damping.idleHoldNanos(side)));
    }

    /** We sent something: the peer needs no KEEPALIVE for a while (RFC 4271 §8.2.2, Established). */
    void sent(long nowNanos) {
        if (timers.isRunning(Timers.Kind.KEEPALIVE)) {
            restartKeepalive(nowNanos);
        }
    }

    /** The peer took octets from us (RFC 9687 §3). */
    void progressed(long nowNanos) {
        if (timers.isRunning(Timers.Kind.SEND_HOLD)) {
            timers.start(Timers.Kind.SEND_HOLD, nowNanos + sendHoldNanos());
        }
    }

    private void transition(State next, Input input, long nowNanos) {
        State previous = state;
        state = next;
        if (previous != next) {
            out.accept(new Action.Transition(side, previous, next, input.event(), input.reason()));
        }
        if (previous == State.ESTABLISHED && next != State.ESTABLISHED) {
            damping.ended(nowNanos);
            out.accept(new Action.Down(side, input.reason()));
        }
        if (previous != State.ESTABLISHED && next == State.ESTABLISHED) {
            damping.began(nowNanos);
            out.accept(new Action.Established(side, terms.orElseThrow()));
        }
        if (next == State.IDLE && previous != State.IDLE) {
            terms = Optional.empty();
        }
    }

    private void perform(Step step, Input input, long nowNanos) {
        switch (step) {
            case RESTART_CONNECT_RETRY -> {
                if (side == Side.OUTGOING) {
                    long time = TimeUnit.MILLISECONDS.toNanos(settings.timers().connectRetryMs());
                    timers.start(Timers.Kind.CONNECT_RETRY, nowNanos + jittered(time));
                }
            }
            case STOP_CONNECT_RETRY -> timers.stop(Timers.Kind.CONNECT_RETRY);
            case CONNECT_TCP -> out.accept(new Action.Connect());
            case DROP_TCP -> out.accept(new Action.Close(side));
            case SEND_OPEN -> out.accept(new Action.Send(side, negotiation.open()));
            case SEND_KEEPALIVE -> out.accept(new Action.Send(side, new KeepaliveMessage()));
            case START_OPEN_HOLD ->
                timers.start(
                        Timers.Kind.HOLD,
                        nowNanos + TimeUnit.SECONDS.toNanos(settings.timers().openHoldSeconds()));
            case START_NEGOTIATED_TIMERS -> {
                terms = input.terms();
                startNegotiatedTimers(nowNanos);
            }
            case RESTART_HOLD -> restartHold(nowNanos);
            case RESTART_KEEPALIVE -> restartKeepalive(nowNanos);
            case NOTIFY ->
                input.notification().ifPresent(notification -> out.accept(new Action.Send(side, notification)));
            case NOTIFY_FSM_ERROR -> out.accept(new Action.Send(side, NotificationMessage.of(fsmError())));
            case DELIVER -> input.message().ifPresent(message -> out.accept(new Action.Deliver(side, message)));
            case RELEASE -> {
                timers.stopAll();
                out.accept(new Action.Close(side));
            }
            case ZERO_RETRY_COUNTER -> retryCounter = 0;
            case COUNT_RETRY -> retryCounter++;
            case DAMP -> damping.oscillated();
        }
    }

    private BgpError fsmError() {
        return switch (state) {
            case OPEN_SENT -> BgpError.UNEXPECTED_MESSAGE_IN_OPEN_SENT;
            case OPEN_CONFIRM -> BgpError.UNEXPECTED_MESSAGE_IN_OPEN_CONFIRM;
            case ESTABLISHED -> BgpError.UNEXPECTED_MESSAGE_IN_ESTABLISHED;
            case IDLE, CONNECT, ACTIVE -> BgpError.FSM_UNSPECIFIC;
        };
    }

    private void startNegotiatedTimers(long nowNanos) {
        timers.stop(Timers.Kind.HOLD);
        if (holdNanos() > 0) {
            restartHold(nowNanos);
            restartKeepalive(nowNanos);
            timers.start(Timers.Kind.SEND_HOLD, nowNanos + sendHoldNanos());
        }
    }

    private void restartHold(long nowNanos) {
        if (holdNanos() > 0) {
            timers.start(Timers.Kind.HOLD, nowNanos + holdNanos());
        }
    }

    /** RFC 4271 §4.4: a third of the hold time. */
    private void restartKeepalive(long nowNanos) {
        if (holdNanos() > 0) {
            timers.start(Timers.Kind.KEEPALIVE, nowNanos + jittered(holdNanos() / 3));
        }
    }

    private long holdNanos() {
        return TimeUnit.SECONDS.toNanos(terms.map(Negotiated::holdTimeSeconds).orElse(0));
    }

    /** RFC 9687 §3: eight minutes, or what is configured instead, but no less than twice the hold time. */
    private long sendHoldNanos() {
        return Math.max(TimeUnit.SECONDS.toNanos(settings.timers().sendHoldSeconds()), 2 * holdNanos());
    }

    /** RFC 4271 §10: 75% to 100%. */
    private long jittered(long nanos) {
        return nanos - (long) (nanos * 0.25 * jitter.nextDouble());
    }
}
