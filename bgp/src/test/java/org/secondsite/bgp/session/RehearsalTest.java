package org.secondsite.bgp.session;

import static org.junit.jupiter.api.Assertions.assertEquals;

import org.junit.jupiter.api.Test;

class RehearsalTest {
    @Test
    void everyRouteOfTheTableAndEveryChangeArrives() {
        assertEquals(3 * (3000 + 1500), Rehearsal.play());
    }
}
