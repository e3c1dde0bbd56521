package org.secondsite.bench.openflow;

import java.util.Set;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.concurrent.atomic.AtomicInteger;
import org.secondsite.config.SwitchId;
import org.secondsite.openflow.SwitchListener;

/** What the controller tells, with its times. */
final class Heard implements SwitchListener {
    private static final int PATIENCE_SECONDS = 60;

    private record Event(String kind, long term, long nanoTime) {}

    private final BlockingQueue<Event> events = new LinkedBlockingQueue<>();
    private final AtomicInteger connections = new AtomicInteger();
    private final AtomicInteger disconnections = new AtomicInteger();
    private final AtomicInteger rounds = new AtomicInteger();

    @Override
    public void connected(SwitchId switchId) {
        connections.incrementAndGet();
        events.add(new Event("connected", 0, System.nanoTime()));
    }

    @Override
    public void disconnected(SwitchId switchId, String reason) {
        disconnections.incrementAndGet();
        events.add(new Event("disconnected", 0, System.nanoTime()));
    }

    @Override
    public void confirmed(SwitchId switchId, long term, int flows, long nanoTime) {
        events.add(new Event("confirmed", term, nanoTime));
    }

    @Override
    public void fenced(SwitchId switchId, long term, int vms, long nanoTime) {
        events.add(new Event("fenced", term, nanoTime));
    }

    @Override
    public void partial(SwitchId switchId, long term, int flows, Set<String> without, long nanoTime) {
        events.add(new Event("partial", term, nanoTime));
    }

    @Override
    public void refused(SwitchId switchId, long term, String reason) {
        throw new IllegalStateException("term " + term + " was refused: " + reason);
    }

    @Override
    public void portsMissing(SwitchId switchId, Set<String> portNames) {
        rounds.incrementAndGet();
    }

    /** Waits for an event; when it was. */
    long await(String kind, long term) throws InterruptedException, TimeoutException {
        long deadline = System.nanoTime() + TimeUnit.SECONDS.toNanos(PATIENCE_SECONDS);
        while (true) {
            Event event = events.poll(deadline - System.nanoTime(), TimeUnit.NANOSECONDS);
            if (event == null) {
                throw new TimeoutException("no event '" + kind + "' of term " + term);
            }
            if (event.kind().equals(kind) && event.term() == term) {
                return event.nanoTime();
            }
        }
    }

    int connections() {
        return connections.get();
    }

    int disconnections() {
        return disconnections.get();
    }

    /** How often the set of missing ports was told. */
    int rounds() {
        return rounds.get();
    }
}
