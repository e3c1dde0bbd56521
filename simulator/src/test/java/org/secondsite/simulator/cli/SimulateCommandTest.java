package org.secondsite.simulator.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;

import org.junit.jupiter.api.Test;

/** Exit codes of the command. */
class SimulateCommandTest {
    @Test
    void tellsWhetherARuleIsBroken() {
        assertEquals(0, SimulateCommand.execute("--seeds", "20", "--from", "1000"));
        assertEquals(0, SimulateCommand.execute("--replay", "3", "--faults", "crash,partition"));
        assertEquals(1, SimulateCommand.execute("--seeds", "20", "--plant", "release-on-seal"));
        assertEquals(1, SimulateCommand.execute("--replay", "1", "--plant", "release-on-seal"));
        assertEquals(2, SimulateCommand.execute("--plant", "nothing-such"));
        assertEquals(2, SimulateCommand.execute("--faults", "rain"));
        assertEquals(2, SimulateCommand.execute("--replay", "1", "--plants"));
    }
}
