package org.secondsite.simulator;

import static org.secondsite.simulator.SimulatedTime.MILLI;

import java.util.LinkedHashMap;
import java.util.Map;
import java.util.SplittableRandom;

/**
 * The ways between the sites and the witness, and between a copy of a site and the witness, each direction by itself. A message takes some milliseconds; faults cut a way,
 * lose, slow, shuffle or repeat what is on it. A way that is cut when a message leaves or arrives loses it.
 */
final class SimulatedNetwork {
    /** What is wrong with one direction now; faults that overlap add up. */
    static final class Way {
        private int cuts;
        private int lossPercent;
        private int delayMs;
        private int shuffleMs;
        private int repeatPercent;

        boolean cut() {
            return cuts > 0;
        }
    }

    private final SimulatedTime time;
    private final SplittableRandom dice;
    private final Map<String, Way> ways = new LinkedHashMap<>();

    SimulatedNetwork(SimulatedTime time, SplittableRandom dice) {
        this.time = time;
        this.dice = dice;
        for (String name : new String[] {"a>b", "b>a", "a>w", "w>a", "b>w", "w>b", "c>w", "w>c"}) {
            ways.put(name, new Way());
        }
    }

    Way way(String name) {
        return ways.get(name);
    }

    /** Begins or ends a fault of the network on every way that it names. */
    void disturb(Fault fault, boolean begins) {
        int sign = begins ? 1 : -1;
        for (String name : fault.target().split(",", -1)) {
            Way way = ways.get(name);
            switch (fault.kind()) {
                case PARTITION -> way.cuts += sign;
                case DROP -> way.lossPercent += sign * fault.strength();
                case DELAY -> way.delayMs += sign * fault.strength();
                case REORDER -> way.shuffleMs += sign * fault.strength();
                case DUPLICATE -> way.repeatPercent += sign * fault.strength();
                default -> throw new IllegalArgumentException(fault + " is none of the network");
            }
        }
    }

    /** A message of its own: lost, late, out of order or twice, as the way is. */
    void datagram(Way way, int fastestMs, int slowestMs, Runnable arrives) {
        if (way.cuts > 0 || dice.nextInt(100) < way.lossPercent) {
            return;
        }
        int copies = dice.nextInt(100) < way.repeatPercent ? 2 : 1;
        for (int i = 0; i < copies; i++) {
            time.after(transit(way, fastestMs, slowestMs), () -> {
                if (way.cuts == 0) {
                    arrives.run();
                }
            });
        }
    }

    /** How long a piece of a TCP connection takes: what is lost is sent again, and that takes time. */
    long transit(Way way, int fastestMs, int slowestMs) {
        int delayMs = dice.nextInt(fastestMs, slowestMs + 1) + way.delayMs;
        if (way.shuffleMs > 0) {
            delayMs += dice.nextInt(way.shuffleMs);
        }
        return delayMs * MILLI + dice.nextLong(MILLI);
    }

    /** The time that TCP takes to send a lost piece again; 0 if none was lost. */
    long retransmission(Way way) {
        return way.lossPercent > 0 && dice.nextInt(100) < way.lossPercent ? dice.nextLong(50, 400) * MILLI : 0;
    }
}
