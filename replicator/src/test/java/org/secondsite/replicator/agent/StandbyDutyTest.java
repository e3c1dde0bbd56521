package org.secondsite.replicator.agent;

import static org.junit.jupiter.api.Assertions.assertEquals;

import java.util.List;
import java.util.Set;
import org.junit.jupiter.api.Test;
import org.secondsite.config.EpochId;
import org.secondsite.config.VmId;
import org.secondsite.replicator.EpochHeader;
import org.secondsite.replicator.checkpoint.CheckpointMessage;
import org.secondsite.replicator.checkpoint.FailureKind;

/** A replica, and what may be started from it. */
class StandbyDutyTest {
    private static final EpochId EPOCH = new EpochId(3, 7);

    private final AgentOutbox out = new AgentOutbox(Set.of());
    private final StandbyDuty standby = new StandbyDuty(out, new DiskDuty(out, false));

    private static AgentEffect failed(String why) {
        return new AgentEffect.Send(new CheckpointMessage.Failed(FailureKind.ACTIVATION, EPOCH, why));
    }

    private List<AgentEffect> activate() {
        out.drain();
        standby.activate(EPOCH, false);
        return out.drain();
    }

    @Test
    void afterAFailureTheVmMayBeStartedAgainUnlessItMayHaveRun() {
        out.connected(true);
        standby.arrived(new EpochHeader(new VmId("vm1"), EPOCH, EpochId.NONE, 1 << 20), false);
        standby.applyDone();
        assertEquals(List.of(new AgentEffect.Activate()), activate());
        standby.notActivated("QEMU ended");
        assertEquals(List.of(new AgentEffect.Activate()), activate());
        standby.spent("it was told to run");
        List<AgentEffect> effects = out.drain();
        assertEquals(new AgentEffect.ReleaseReplica(), effects.getFirst());
        assertEquals(failed("it was told to run"), effects.getLast());
        assertEquals(EpochId.NONE, standby.applied());
        assertEquals(failed("the replica is at 0/0, not at 3/7"), activate().getLast());
    }
}
