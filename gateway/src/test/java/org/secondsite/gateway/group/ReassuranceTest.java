package org.secondsite.gateway.group;

import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.Map;
import org.junit.jupiter.api.Test;
import org.secondsite.config.EpochId;
import org.secondsite.config.VmId;

final class ReassuranceTest {
    private static final VmId VM = new VmId("vm1");

    private final Reassurance reassurance =
            new Reassurance(new Doubt(Doubt.Cause.STANDSTILL, 1), Map.of(VM, new EpochId(5, 27)), 0);

    @Test
    void onlyWhatWasSentAfterwardsProvesAnything() {
        assertFalse(reassurance.provedBy(VM, new EpochId(5, 26)));
        assertFalse(reassurance.provedBy(VM, new EpochId(5, 27)));
        assertTrue(reassurance.provedBy(VM, new EpochId(5, 28)));
        assertFalse(reassurance.provedBy(new VmId("unknown"), new EpochId(9, 1)));
    }

    @Test
    void oneQuestionAtATimeAndAtMostFourASecond() {
        assertTrue(reassurance.due(0));
        assertFalse(reassurance.due(300_000_000));
        reassurance.answered();
        assertTrue(reassurance.due(300_000_000));
        reassurance.answered();
        assertFalse(reassurance.due(549_999_999));
        assertTrue(reassurance.due(550_000_000));
    }
}
