package org.secondsite.buffer;

/**
 * Turns a fill level into {@link Pressure}, with hysteresis: a level is entered at its threshold and left an eighth
 * of the quota below it, so that a VM near a threshold does not make news with every packet.
 *
 * <pre>
 *   used of the quota   0     1/4     3/8     1/2     5/8     3/4          1
 *   going up            EASY .................|SEAL_SOONER ....|KEEP_PAUSED |HARD_LIMIT (on a drop)
 *   going down          EASY .........|SEAL_SOONER .....|KEEP_PAUSED or HARD_LIMIT
 * </pre>
 */
final class PressureGauge {
    private final long quotaBytes;
    private Pressure level = Pressure.EASY;
    private long droppedBefore;

    PressureGauge(long quotaBytes) {
        this.quotaBytes = quotaBytes;
    }

    /**
     * Looks.
     *
     * @param usedBytes what is used of the quota
     * @param dropped packets dropped for want of room, ever
     * @return whether the level has changed
     */
    boolean look(long usedBytes, long dropped) {
        Pressure before = level;
        long eighths = usedBytes * 8 / quotaBytes;
        if (dropped > droppedBefore) {
            droppedBefore = dropped;
            level = Pressure.HARD_LIMIT;
        } else if (eighths >= 6) {
            level = higher(Pressure.KEEP_PAUSED);
        } else if (eighths >= 5) {
            level = higher(Pressure.SEAL_SOONER);
        } else if (eighths >= 4) {
            level = Pressure.SEAL_SOONER;
        } else if (eighths < 3) {
            level = Pressure.EASY;
        } else if (level != Pressure.EASY) {
            level = Pressure.SEAL_SOONER;
        }
        return level != before;
    }

    Pressure level() {
        return level;
    }

    private Pressure higher(Pressure entered) {
        return level.compareTo(entered) > 0 ? level : entered;
    }
}
