package org.secondsite.net.life;

import java.util.List;
import java.util.function.BooleanSupplier;

/**
 * For one sender of heartbeats: whether every deciding thread has turned round since it sent the last one. Who sends only then
 * falls silent as soon as one of them hangs or is dead, and whoever listens takes over. Used by one thread at a time.
 */
public final class Proof {
    private final List<Turn> turns;
    private final BooleanSupplier over;
    private long[] seen = {};

    /**
     * Nothing is proved yet.
     *
     * @param turns of the threads that must live; more may be added
     * @param over whether one of them is known to have failed: then nothing is proved any more
     */
    public Proof(List<Turn> turns, BooleanSupplier over) {
        this.turns = turns;
        this.over = over;
    }

    /** Whether a heartbeat may be sent; if so, it counts as sent. */
    public boolean renewed() {
        if (over.getAsBoolean()) {
            return false;
        }
        long[] now = new long[turns.size()];
        for (int i = 0; i < now.length; i++) {
            Turn turn = turns.get(i);
            now[i] = turn.count();
            if (turn.patienceNanos() == 0 && now[i] == (i < seen.length ? seen[i] : 0)) {
                return false;
            }
        }
        seen = now;
        return true;
    }
}
