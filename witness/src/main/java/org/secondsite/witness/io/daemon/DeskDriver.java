package org.secondsite.witness.io.daemon;

import io.netty.channel.EventLoop;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.OptionalLong;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.ScheduledFuture;
import java.util.concurrent.TimeUnit;
import java.util.function.LongFunction;
import org.secondsite.config.SiteId;
import org.secondsite.net.life.Turn;
import org.secondsite.witness.AccessRule;
import org.secondsite.witness.GrantPolicy;
import org.secondsite.witness.GrantsLostException;
import org.secondsite.witness.LogEntry;
import org.secondsite.witness.NotLeadingException;
import org.secondsite.witness.RecordStore;
import org.secondsite.witness.SeatId;
import org.secondsite.witness.desk.Connection;
import org.secondsite.witness.desk.DeskCounts;
import org.secondsite.witness.desk.DeskEffect;
import org.secondsite.witness.desk.RequestDesk;
import org.secondsite.witness.desk.StoreAnswer;
import org.secondsite.witness.io.store.SeatFile;
import org.secondsite.witness.wire.Message;

/**
 * Carries out what the {@link RequestDesk} wants: on the connections, at the store, and in time. Decides nothing. Everything
 * runs on one event loop, each event in one {@link #turn}.
 */
final class DeskDriver {
    private final EventLoop loop;
    private final RecordStore store;
    private final SeatFile seats;
    private final RequestDesk desk;
    private final Turn turns;
    private final Map<Connection, WitnessSession> sessions = new HashMap<>();
    private ScheduledFuture<?> wake;
    private long wakeNanos;
    private long lastConnection;

    DeskDriver(EventLoop loop, RecordStore store, SeatFile seats, RequestDesk desk, Turn turns) {
        this.seats = seats;
        this.turns = turns;
        this.loop = loop;
        this.store = store;
        this.desk = desk;
    }

    /** A client has proven its name; the connection's name is to be used for all that follows. */
    Connection opened(WitnessSession session, SiteId certified, String from) {
        Connection connection = new Connection(++lastConnection, certified, from);
        sessions.put(connection, session);
        return connection;
    }

    /** The session knows the name of its connection, and takes effects from now on. */
    void begin(Connection connection) {
        turn(now -> desk.opened(connection));
    }

    void received(Connection connection, Message message) {
        turn(now -> desk.received(connection, message, now));
    }

    void malformed(Connection connection, String reason) {
        turn(now -> desk.malformed(connection, reason));
    }

    void closed(Connection connection) {
        sessions.remove(connection);
        desk.closed(connection);
    }

    /** Other groups are served from now on, by another policy. */
    void alter(AccessRule groups, GrantPolicy policy) {
        turn(now -> desk.alter(groups, policy));
    }

    /** A record has become durable. */
    void recorded(LogEntry entry) {
        turn(now -> desk.recorded(entry, now));
    }

    DeskCounts counts() {
        return desk.counts();
    }

    long heardTerm() {
        return desk.heardTerm();
    }

    long doubts() {
        return desk.doubts();
    }

    Map<SiteId, Long> toldBack() {
        return desk.toldBack();
    }

    Map<SiteId, Long> heardMs() {
        return desk.heardMs(System.nanoTime());
    }

    boolean maySee(Connection connection, LogEntry entry) {
        return desk.maySee(connection, entry);
    }

    int maxOpenQuestions() {
        return desk.maxOpenQuestions();
    }

    /** Tells every client why, and closes its connection. */
    void closeAll(String reason) {
        List.copyOf(sessions.values()).forEach(session -> session.close(reason));
    }

    /** One event: the clock is read once, the desk decides, and what it wants is carried out in its order. */
    private void turn(LongFunction<List<DeskEffect>> event) {
        long now = System.nanoTime();
        turns.made();
        desk.leads(store.leads());
        event.apply(now).forEach(this::carryOut);
        scheduleWake(now);
    }

    private void carryOut(DeskEffect effect) {
        switch (effect) {
            case DeskEffect.Send(Connection to, Message.FromWitness message) -> {
                WitnessSession session = sessions.get(to);
                if (session != null) {
                    session.send(message);
                }
            }
            case DeskEffect.Tell(Connection to, LogEntry entry) -> {
                WitnessSession session = sessions.get(to);
                if (session != null) {
                    session.tell(entry);
                }
            }
            case DeskEffect.TellStatus(Connection to, long requestId) -> {
                WitnessSession session = sessions.get(to);
                if (session != null) {
                    session.status(requestId);
                }
            }
            case DeskEffect.KeepSeat(SiteId site, SeatId seat) -> keep(site, seat);
            case DeskEffect.Close(Connection connection, String reason) -> {
                WitnessSession session = sessions.get(connection);
                if (session != null) {
                    session.close(reason);
                }
            }
            case DeskEffect.Submit submit ->
                answerLater(
                        submit.ticket(),
                        store.submit(submit.request(), submit.id()).thenApply(StoreAnswer.Decided::new));
            case DeskEffect.ReadCurrent(long ticket) ->
                answerLater(ticket, store.current().thenApply(StoreAnswer.Read::new));
        }
    }

    /** Seldom, so the loop waits for the disk; a disk that takes no seat takes no grant either. */
    private void keep(SiteId site, SeatId seat) {
        try {
            seats.keep(site, seat);
        } catch (IOException e) {
            throw new UncheckedIOException("the seat of the gateway of " + site + " cannot be remembered", e);
        }
    }

    private void answerLater(long ticket, CompletableFuture<? extends StoreAnswer> pending) {
        // A task of its own: what a completion throws, the future would keep to itself.
        var _ = pending.whenComplete((answer, failure) -> {
            StoreAnswer known = failure == null ? answer : failed(failure);
            loop.execute(() -> turn(now -> desk.answered(ticket, known, now)));
        });
    }

    private static StoreAnswer failed(Throwable failure) {
        Throwable cause = failure instanceof CompletionException wrapped ? wrapped.getCause() : failure;
        return switch (cause) {
            case NotLeadingException elsewhere -> new StoreAnswer.NotHere(elsewhere.leader());
            case GrantsLostException lost -> new StoreAnswer.Doubted(lost.getMessage());
            // A node that has just begun to lead enrolls its groups first.
            case IllegalArgumentException notEnrolled -> new StoreAnswer.NotHere("");
            default -> new StoreAnswer.Unknown(String.valueOf(cause));
        };
    }

    private void scheduleWake(long now) {
        OptionalLong next = desk.wakeNanos();
        boolean asBefore = wake != null && next.isPresent() && next.getAsLong() == wakeNanos;
        if (asBefore) {
            return;
        }
        if (wake != null) {
            wake.cancel(false);
            wake = null;
        }
        if (next.isPresent()) {
            wakeNanos = next.getAsLong();
            wake = loop.schedule(this::wakened, Math.max(0, wakeNanos - now), TimeUnit.NANOSECONDS);
        }
    }

    private void wakened() {
        wake = null;
        turn(desk::tick);
    }
}
