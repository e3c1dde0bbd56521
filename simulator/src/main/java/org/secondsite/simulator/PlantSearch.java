package org.secondsite.simulator;

import java.util.EnumSet;
import java.util.Optional;
import java.util.Set;

/** Looks for the first schedule that shows a planted fault. */
public final class PlantSearch {
    /**
     * Where a planted fault was found.
     *
     * @param plant the fault
     * @param first the first outcome that breaks any rule
     * @param shrunk the same with the faults that it needs
     */
    public record Finding(Plant plant, Simulator.Outcome first, Simulator.Outcome shrunk) {
        /** Whether it was found by the check that must find it. */
        public boolean isByItsRule() {
            return first.breaks(plant.rule());
        }
    }

    private PlantSearch() {}

    /** Runs seeds 1 to {@code seeds} with every class of faults, up to the first that breaks a rule. */
    public static Optional<Finding> search(Plant plant, long seeds) {
        Set<Plant> plants = EnumSet.of(plant);
        for (long seed = 1; seed <= seeds; seed++) {
            Schedule schedule = Schedule.drawn(seed, EnumSet.allOf(FaultKind.class));
            Simulator.Outcome outcome = Simulator.run(schedule, plants, line -> {});
            if (outcome.violation() != null) {
                return Optional.of(new Finding(plant, outcome, Shrinker.shrink(outcome, plants)));
            }
        }
        return Optional.empty();
    }
}
