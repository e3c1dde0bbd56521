package org.secondsite.witness.desk;

import static org.junit.jupiter.api.Assertions.assertEquals;

import java.util.Optional;
import org.junit.jupiter.api.Test;

/** Places before the door. */
class DoorkeeperTest {
    private final Doorkeeper<Integer> door = new Doorkeeper<>(2, 4);

    @Test
    void theOldestOfTheSameAddressGivesWay() {
        assertEquals(Optional.empty(), door.came(1, "x"));
        assertEquals(Optional.empty(), door.came(2, "x"));
        assertEquals(Optional.empty(), door.came(3, "y"));
        assertEquals(Optional.of(1), door.came(4, "x"));
        assertEquals(Optional.of(2), door.came(5, "x"));
        assertEquals(3, door.size());
    }

    @Test
    void theFullestAddressGivesWayWhenAllPlacesAreTaken() {
        door.came(1, "x");
        door.came(2, "y");
        door.came(3, "y");
        door.came(4, "z");
        assertEquals(Optional.of(2), door.came(5, "w"));
        assertEquals(4, door.size());
    }

    @Test
    void whoHasProvenItselfTakesNoPlace() {
        door.came(1, "x");
        door.came(2, "x");
        door.left(1);
        assertEquals(Optional.empty(), door.came(3, "x"));
    }
}
