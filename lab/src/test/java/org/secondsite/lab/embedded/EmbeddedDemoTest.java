package org.secondsite.lab.embedded;

import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.parallel.Isolated;

/** The main job in one JVM: the same classes as in a data centre, on loopback. */
@Tag("slow")
@Isolated("times what is fast only on a machine of its own")
class EmbeddedDemoTest {
    @Test
    void nothingIsLostWhenTheOwnersSiteDies() throws Exception {
        EmbeddedDemo.Result result = EmbeddedDemo.run(System.out, true);
        assertTrue(result.takenOver());
        assertTrue(result.nothingLost(), result.toString());
    }

    @Test
    void withoutHoldingOutputTheSameDrillLosesConnections() throws Exception {
        EmbeddedDemo.Result result = EmbeddedDemo.run(System.out, false);
        assertTrue(result.takenOver());
        assertFalse(result.nothingLost(), "the harness cannot see the failure that holding prevents");
    }
}
