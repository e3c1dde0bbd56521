package org.secondsite.net.life;

import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * Tells a thread that hangs from a process that stands still, and from a machine that is too busy. Only time that the watch itself
 * has seen pass counts: when it looks again after a long while, because the process was stopped or its machine paused, the threads
 * had no chance to turn round either. And of that, only what the thread had for itself. Used by one thread at a time.
 */
public final class HangWatch {
    private final long limitNanos;
    private final long maxStepNanos;
    private final Share share;
    private final Map<Turn, Stand> stands = new HashMap<>();
    private Optional<Turn> late = Optional.empty();
    private boolean looked;
    private long lastLookNanos;

    /** Tells how much of the time a thread had for itself. */
    @FunctionalInterface
    public interface Share {
        /** Of so many nanoseconds that passed, how many the thread was not waiting for a processor. */
        long had(Turn turn, long passedNanos);
    }

    private static final class Stand {
        private long count;
        private long unmovedNanos;
        private boolean late;
    }

    /**
     * A watch that has not looked yet.
     *
     * @param limitNanos a thread without a turn for so long is late, and hung unless it always has more patience
     * @param maxStepNanos what passes between two looks counts for no more than this
     * @param share asked about threads that did not turn round since the last look
     */
    public HangWatch(long limitNanos, long maxStepNanos, Share share) {
        this.share = share;
        this.limitNanos = limitNanos;
        this.maxStepNanos = maxStepNanos;
    }

    /** Looks once, and finds a thread that hangs, if there is one. */
    public Optional<Turn> look(List<Turn> turns, long nowNanos) {
        long step = looked ? Math.clamp(nowNanos - lastLookNanos, 0, maxStepNanos) : 0;
        looked = true;
        lastLookNanos = nowNanos;
        Optional<Turn> hung = Optional.empty();
        late = Optional.empty();
        if (stands.size() > turns.size()) {
            stands.keySet().retainAll(turns);
        }
        for (Turn turn : turns) {
            Stand stand = stands.computeIfAbsent(turn, _ -> new Stand());
            long count = turn.count();
            if (count != stand.count) {
                stand.count = count;
                stand.unmovedNanos = 0;
            } else {
                stand.unmovedNanos += share.had(turn, step);
            }
            judge(turn, stand);
            if (hung.isEmpty() && stand.late && stand.unmovedNanos >= turn.leastPatienceNanos()) {
                hung = Optional.of(turn);
            }
        }
        return hung;
    }

    private void judge(Turn turn, Stand stand) {
        boolean before = stand.late;
        stand.late = stand.unmovedNanos >= Math.max(limitNanos, turn.latePatienceNanos());
        if (stand.late && late.isEmpty()) {
            late = Optional.of(turn);
        }
        if (stand.late && !before) {
            turn.isLate();
        }
    }

    /** As of the last look, a thread that has not turned round for the limit: while there is one, nothing vouches for the process. */
    public Optional<Turn> late() {
        return late;
    }
}
