package org.secondsite.net;

import java.util.HashMap;
import java.util.Map;

/**
 * How often something is told whose number strangers decide: of each kind a few at once, then one a second. What is not told is
 * counted, for the next one that is.
 *
 * <p>Not thread-safe; knows no clock but the one that it is told.
 *
 * @param <K> kinds, of which there are few
 */
public final class Sparing<K> {
    private static final int BURST = 10;
    private static final long REFILL_NANOS = 1_000_000_000L;

    private static final class Kind {
        private long left = BURST;
        private long filledNanos;
        private long untold;
    }

    private final Map<K, Kind> kinds = new HashMap<>();

    /** Whether one that happens now is to be told. */
    public boolean mayTell(K kind, long nowNanos) {
        Kind known = kinds.get(kind);
        if (known == null) {
            known = new Kind();
            known.filledNanos = nowNanos;
            kinds.put(kind, known);
        }
        long seconds = (nowNanos - known.filledNanos) / REFILL_NANOS;
        if (seconds > 0) {
            known.left = Math.min(BURST, known.left + seconds);
            known.filledNanos += seconds * REFILL_NANOS;
        }
        if (known.left == 0) {
            known.untold++;
            return false;
        }
        known.left--;
        return true;
    }

    /** How many of the kind were not told since this was last asked. */
    public long takeUntold(K kind) {
        Kind known = kinds.get(kind);
        if (known == null) {
            return 0;
        }
        long untold = known.untold;
        known.untold = 0;
        return untold;
    }
}
