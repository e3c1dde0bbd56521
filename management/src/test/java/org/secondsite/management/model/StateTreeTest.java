package org.secondsite.management.model;

import static org.junit.jupiter.api.Assertions.assertEquals;

import java.util.List;
import org.junit.jupiter.api.Test;
import org.secondsite.management.JudgedFile;
import org.secondsite.management.io.YangFile;

class StateTreeTest {
    private static final GatewayModel MODEL = YangFile.model();

    @Test
    void everythingHasItsNode() {
        assertEquals(
                List.of(),
                StateTree.ofStatus(MODEL, JudgedFile.resource("status.json")).leftOut());
    }

    /** Who looks is told the rest. */
    @Test
    void whatDoesNotFitIsLeftOut() {
        StateTree tree = StateTree.ofStatus(MODEL, """
                {"site": "a", "mood": "good", "witness": {"up": 1}, "agents": {"turnedAway": -1, "wrongMessages": 2},
                 "groups": [{"state": "PROTECTED"}, {"name": "web", "term": 1e400}], "portsDown": [{}, "p1"]}
                """);
        assertEquals(
                List.of("mood", "witness", "agents.turnedAway", "groups", "groups.term", "portsDown"), tree.leftOut());
        assertEquals(4, tree.data().size(), tree.data().prettyTree().toString());
    }
}
