package org.secondsite.openflow.lab;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;

/**
 * Judges what arrived by what was told: from one moment to the next, who may be heard and whether somebody else has written to the
 * switch since it was last as it has to be. Knows no product, only times.
 */
final class StormJudge {
    /** What is on its way when the switch has settled, and what a busy machine does with a clock. */
    private static final long GRACE_MICROS = 500_000;

    private static final long GAP_MICROS = 1_000_000;

    private final List<Window> windows = new ArrayList<>();
    private final Map<Integer, TreeMap<Long, Boolean>> heard = new TreeMap<>();
    private long begun;
    private long dirtySince = Long.MAX_VALUE;
    private long longestLeak;
    private int leaks;

    private record Window(long from, long to) {}

    /** What arrived before does not count. */
    void begin(long micros) {
        begun = micros + GRACE_MICROS;
    }

    /** Somebody else writes. */
    void foreignWrite(long micros) {
        dirtySince = Math.min(dirtySince, micros);
    }

    /** The switch was found to have exactly what it has to. */
    void confirmed(long micros) {
        if (dirtySince < micros) {
            windows.add(new Window(dirtySince, micros + GRACE_MICROS));
            dirtySince = Long.MAX_VALUE;
        }
    }

    /** From now on the VM may be heard at the gateway. */
    void admitted(int vm, long micros) {
        TreeMap<Long, Boolean> times = heard.computeIfAbsent(vm, _ -> new TreeMap<>());
        // A grace that was under way has no end any more.
        times.tailMap(micros).clear();
        times.put(micros, true);
    }

    /** The VM is said to be silent. */
    void silenced(int vm, long micros) {
        heard.computeIfAbsent(vm, _ -> new TreeMap<>()).put(micros + GRACE_MICROS, false);
    }

    /** Frames that must not have arrived. */
    List<Crowd.Arrival> violations(List<Crowd.Arrival> arrivals) {
        List<Crowd.Arrival> violations = new ArrayList<>();
        for (Crowd.Arrival arrival : arrivals) {
            if (isInOrder(arrival)) {
                continue;
            }
            // The latest write that it can be of.
            Window window = windows.reversed().stream()
                    .filter(one -> one.from() <= arrival.micros() && arrival.micros() <= one.to())
                    .findFirst()
                    .orElse(null);
            boolean isOfTheLast = dirtySince <= arrival.micros();
            if (window == null && !isOfTheLast) {
                violations.add(arrival);
            } else {
                leaks++;
                longestLeak = Math.max(longestLeak, arrival.micros() - (isOfTheLast ? dirtySince : window.from()));
            }
        }
        return violations;
    }

    /** What so many frames are in words: those that follow one another within a second are one burst. */
    static List<String> bursts(List<Crowd.Arrival> arrivals) {
        List<String> bursts = new ArrayList<>();
        int from = 0;
        for (int i = 1; i <= arrivals.size(); i++) {
            boolean isEnd = i == arrivals.size()
                    || arrivals.get(i).micros() - arrivals.get(i - 1).micros() > GAP_MICROS;
            if (isEnd) {
                bursts.add((i - from) + " frames, from " + arrivals.get(from) + " to " + arrivals.get(i - 1));
                from = i;
            }
        }
        return bursts;
    }

    /** How long after a write of somebody else's the last frame leaked that it let out, in microseconds. */
    long longestLeak() {
        return longestLeak;
    }

    int leaks() {
        return leaks;
    }

    private boolean isInOrder(Crowd.Arrival arrival) {
        if (arrival.micros() < begun) {
            return true;
        }
        if (arrival.at() != Crowd.GATEWAY) {
            return false;
        }
        TreeMap<Long, Boolean> times = heard.getOrDefault(arrival.from(), new TreeMap<>());
        Map.Entry<Long, Boolean> last = times.floorEntry(arrival.micros());
        return last != null && last.getValue();
    }
}
