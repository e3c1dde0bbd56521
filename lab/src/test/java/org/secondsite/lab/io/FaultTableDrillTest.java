package org.secondsite.lab.io;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.Order;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.secondsite.lab.plan.LabOptions;
import org.secondsite.lab.storm.Fault;

/**
 * The faults that have no drill of their own beside this one, one after the other upon one lab: each from a protected pair to a
 * protected pair, with the outside client and captures on both uplinks as judges. {@code secondsite lab storm} runs them all,
 * in any order.
 */
@Tag("lab")
@Order(1)
class FaultTableDrillTest {
    private static final List<Fault> FAULTS = List.of(
            Fault.STANDBY_DEATH,
            Fault.WITNESS_DEATH,
            Fault.GATEWAY_PAUSE,
            Fault.LINK_DIRTY,
            Fault.AGENT_DEATH,
            Fault.HYPERVISOR_DEATH,
            Fault.LINK_CUT_ONE_WAY,
            Fault.STANDBY_GATEWAY_PAUSE);

    /** Its pauses take six seconds each; {@link LongPauseDrillTest} has longer ones, which outlast a BGP session. */
    private static final int SEED = 95;

    @Test
    void everyFaultEndsInAProtectedPairAndNothingIsLost() throws IOException {
        String name = TestNames.lab();
        Random random = new Random(SEED);
        try {
            Lab lab = LabStart.up(new LabOptions(name, 5, LabOptions.Load.IDLE, true), (step, millis) -> {});
            for (Fault fault : FAULTS) {
                Drill.Result result = Drill.run(lab, fault, random);
                System.out.println(result);
                if (!result.passed()) {
                    lab.keepLogs(Path.of("target", "drill-" + result.fault()));
                }
                assertEquals(List.of(), result.complaints(), fault.what());
                assertTrue(result.packets() > 0, "the captures see what is released");
            }
        } finally {
            Lab.down(name);
        }
    }
}
