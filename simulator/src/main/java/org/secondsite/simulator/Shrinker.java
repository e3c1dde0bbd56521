package org.secondsite.simulator;

import java.util.Set;

/** Takes out of a failing schedule what it does not need to fail: a fault at a time, and then parts of how long each lasts. */
public final class Shrinker {
    private Shrinker() {}

    /**
     * A schedule with as few faults as this finds that still breaks the same rule.
     *
     * @param failed an outcome with a violation
     * @param plants the faults that were built in
     */
    public static Simulator.Outcome shrink(Simulator.Outcome failed, Set<Plant> plants) {
        Simulator.Outcome least = failed;
        boolean smaller = true;
        while (smaller) {
            smaller = false;
            for (int i = least.schedule().faults().size() - 1; i >= 0; i--) {
                Simulator.Outcome tried = run(least.schedule().without(i), plants);
                if (tried.breaks(failed.violation().rule())) {
                    least = tried;
                    smaller = true;
                }
            }
        }
        return shorter(least, plants);
    }

    private static Simulator.Outcome shorter(Simulator.Outcome from, Set<Plant> plants) {
        Simulator.Outcome least = from;
        for (int i = 0; i < least.schedule().faults().size(); i++) {
            boolean shorter = true;
            while (shorter && least.schedule().faults().get(i).lastsMs() > 1) {
                Simulator.Outcome tried = run(least.schedule().withHalf(i), plants);
                shorter = tried.breaks(from.violation().rule());
                least = shorter ? tried : least;
            }
        }
        return least;
    }

    private static Simulator.Outcome run(Schedule schedule, Set<Plant> plants) {
        return Simulator.run(schedule, plants, line -> {});
    }
}
