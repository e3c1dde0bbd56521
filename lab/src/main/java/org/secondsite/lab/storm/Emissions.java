package org.secondsite.lab.storm;

import java.util.Arrays;

/**
 * When the guest's packets left each of the two sites, as captures of both uplinks tell: the judge of "never both".
 *
 * <p>Two sites that emit one after the other have a last packet of the one before the first packet of the other. Seen from
 * a merged capture: the site of the packets changes once for a takeover, and never without one.
 */
public final class Emissions {
    private final long[] first;
    private final long[] second;

    /**
     * Packets of both sites.
     *
     * @param first microseconds on one clock, in any order
     * @param second of the other site, on the same clock
     */
    public Emissions(long[] first, long[] second) {
        this.first = sorted(first);
        this.second = sorted(second);
    }

    private static long[] sorted(long[] times) {
        long[] copy = times.clone();
        Arrays.sort(copy);
        return copy;
    }

    /** Packets of both. */
    public int count() {
        return first.length + second.length;
    }

    /** How often, in the order of time, the emitting site changes. */
    public int handovers() {
        int handovers = 0;
        int i = 0;
        int j = 0;
        int last = -1;
        while (i < first.length || j < second.length) {
            boolean takeFirst = j == second.length || (i < first.length && first[i] <= second[j]);
            int now = takeFirst ? 0 : 1;
            if (takeFirst) {
                i++;
            } else {
                j++;
            }
            if (last >= 0 && now != last) {
                handovers++;
            }
            last = now;
        }
        return handovers;
    }
}
