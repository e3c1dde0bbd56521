package org.secondsite.simulator;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.ArrayList;
import java.util.EnumSet;
import java.util.List;
import java.util.Set;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** Every fault that is built in is found, by the check of the rule that it breaks. */
class PlantedFaultsTest {
    private static final long SEEDS = 10_000;

    @ParameterizedTest
    @EnumSource
    void isFoundByTheCheckOfItsRule(Plant plant) {
        PlantSearch.Finding found = PlantSearch.search(plant, SEEDS)
                .orElseThrow(() -> new AssertionError(plant.title() + " was not found in " + SEEDS + " seeds"));
        assertEquals(plant.rule(), found.first().violation().rule(), () -> found.first()
                .violation()
                .getMessage());
        assertEquals(plant.rule(), found.shrunk().violation().rule());
        assertTrue(found.shrunk().schedule().faults().size()
                <= found.first().schedule().faults().size());
        replaysToTheSameEvent(found.shrunk(), EnumSet.of(plant));
        assertTrue(
                Simulator.run(found.first().schedule(), EnumSet.noneOf(Plant.class), line -> {})
                                .violation()
                        == null,
                "without the planted fault the schedule breaks nothing");
    }

    private static void replaysToTheSameEvent(Simulator.Outcome outcome, Set<Plant> plants) {
        List<String> trace = new ArrayList<>();
        Simulator.Outcome again = Simulator.run(outcome.schedule(), plants, trace::add);
        assertEquals(outcome.traceHash(), again.traceHash());
        assertEquals(outcome.violation().getMessage(), again.violation().getMessage());
        for (String line : trace) {
            assertTrue(line.matches("\\d+ ms .+"), line);
        }
    }
}
