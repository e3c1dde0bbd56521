package org.secondsite.gateway.group;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.secondsite.gateway.group.GivenOrders.plain;

import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.secondsite.config.EpochId;
import org.secondsite.config.SiteId;
import org.secondsite.config.VmId;
import org.secondsite.replicator.CarriedDisks;
import org.secondsite.replicator.Epoch;
import org.secondsite.replicator.EpochHeader;
import org.secondsite.replicator.PageSet;
import org.secondsite.replicator.VolumeChanges;

/** The way of an epoch from its seal to the release of its packets, as orders. */
class CheckpointStreamTest {
    private static final VmId VM = new VmId("vm1");
    private static final int INTERVAL_MS = 40;

    private final StillAgent agent = new StillAgent(VM);
    private final Orders orders = new Orders(0).towards(new SiteId("b"));
    private final CheckpointStream stream =
            new CheckpointStream(VM, orders, new CheckpointPace(INTERVAL_MS, INTERVAL_MS));

    private static EpochId id(long term, long number) {
        return new EpochId(term, number);
    }

    private List<SiteOrder> seal(EpochId epoch) {
        stream.sealRequested(agent, epoch);
        return orders.end();
    }

    private List<SiteOrder> acknowledge(EpochId epoch) {
        stream.acknowledged(Optional.of(agent), epoch);
        return orders.end();
    }

    private void startGated(long term) {
        stream.start(Optional.of(agent), term);
        stream.gate(term);
        orders.end();
    }

    @Test
    void aChainBeginsWithAFullImageAndForgetsWhatWasInFlight() {
        stream.start(Optional.of(agent), 7);
        assertEquals(
                List.of(new SiteOrder.Discard(VM), new SiteOrder.StartCheckpoints(agent, id(7, 1), INTERVAL_MS)),
                plain(orders.end()));
    }

    @Test
    void packetsLeaveWhenTheirEpochIsAcknowledgedAndNotBefore() {
        startGated(7);
        assertEquals(List.of(new SiteOrder.Seal(agent, id(7, 1))), seal(id(7, 1)));
        Epoch epoch = StillAgent.epoch(VM, id(7, 1), EpochId.NONE);
        stream.received(epoch, 1);
        assertEquals(List.of(new SiteOrder.SendEpoch(epoch)), plain(orders.end()));
        assertEquals(
                List.of(new SiteOrder.Release(VM, id(7, 1)), new SiteOrder.Credit(agent, id(7, 1))),
                acknowledge(id(7, 1)));
    }

    @Test
    void whatPassesUnheldIsNotReleasedAgain() {
        stream.start(Optional.of(agent), 7);
        seal(id(7, 1));
        assertEquals(List.of(new SiteOrder.Credit(agent, id(7, 1))), acknowledge(id(7, 1)));
        assertTrue(stream.imageAcknowledged());
        assertFalse(stream.caughtUp());
    }

    @Test
    void theStandbyHasCaughtUpWithTheFirstEpochSealedAfterOutputWasHeld() {
        stream.start(Optional.of(agent), 7);
        seal(id(7, 1));
        seal(id(7, 2));
        stream.gate(7);
        orders.end();
        acknowledge(id(7, 2));
        assertFalse(stream.caughtUp(), "what left since the seal of 7/2 is in no epoch yet");
        seal(id(7, 3));
        acknowledge(id(7, 3));
        assertTrue(stream.caughtUp());
    }

    @Test
    void anAcknowledgementOfAnEarlierChainReleasesNothing() {
        startGated(7);
        seal(id(7, 1));
        seal(id(7, 2));
        stream.restart(agent);
        assertEquals(
                new SiteOrder.StartCheckpoints(agent, id(7, 3), INTERVAL_MS),
                plain(orders.end()).getLast());
        assertEquals(List.of(), acknowledge(id(7, 2)));
        seal(id(7, 3));
        assertEquals(new SiteOrder.Release(VM, id(7, 3)), acknowledge(id(7, 3)).getFirst());
    }

    @Test
    void anAcknowledgementOfWhatWasNotSealedReleasesNothing() {
        startGated(7);
        seal(id(7, 1));
        assertEquals(List.of(), acknowledge(id(7, 2)));
        assertEquals(List.of(), acknowledge(id(8, 1)));
    }

    @Test
    void anEpochOfTheTermBeforeIsReleasedWithTheFirstOfTheNewOne() {
        startGated(7);
        seal(id(7, 1));
        stream.retitle(Optional.of(agent), 8);
        assertEquals(List.of(new SiteOrder.Retitle(agent, id(8, 1))), plain(orders.end()));
        seal(id(8, 1));
        assertEquals(List.of(new SiteOrder.Credit(agent, id(7, 1))), acknowledge(id(7, 1)));
        assertEquals(new SiteOrder.Release(VM, id(8, 1)), acknowledge(id(8, 1)).getFirst());
    }

    @Test
    void whatComesAfterTheEndOfCheckpointsIsClosedAndSealedAllTheSame() {
        startGated(7);
        stream.stop(Optional.of(agent));
        assertEquals(List.of(new SiteOrder.StopCheckpoints(agent), new SiteOrder.Discard(VM)), plain(orders.end()));
        stream.received(StillAgent.epoch(VM, id(7, 1), EpochId.NONE), 1);
        assertEquals(List.of(), plain(orders.end()));
        assertEquals(List.of(new SiteOrder.Seal(agent, id(7, 2))), seal(id(7, 2)), "a VM is paused for it");
        assertEquals(List.of(), acknowledge(id(7, 2)));
    }

    private static Epoch part(EpochId id, EpochId base, long missingBlocks) {
        CarriedDisks disks = new CarriedDisks(List.of(new CarriedDisks.Disk("d0", 1 << 20)), missingBlocks);
        VolumeChanges nothing = new VolumeChanges(0, List.of(), PageSet.empty());
        return new Epoch(new EpochHeader(VM, id, base, 1 << 20, disks), PageSet.empty(), List.of(nothing), new byte[0]);
    }

    @Test
    void whileACopyGoesOverSeveralEpochsTheStandbysDisksAreOfNoUseAndThatIsKnownAtBothSites() {
        ReplicaStream replica = new ReplicaStream(VM, orders, 1 << 20);
        stream.start(Optional.of(agent), 7);
        seal(id(7, 1));
        stream.received(part(id(7, 1), EpochId.NONE, 200), 1);
        replica.keep(agent, part(id(7, 1), EpochId.NONE, 200));
        assertEquals(200L * 4096, stream.copy().leftBytes());
        assertEquals(200L * 4096, replica.copy().leftBytes());
        seal(id(7, 2));
        stream.received(part(id(7, 2), id(7, 1), 0), 1);
        replica.keep(agent, part(id(7, 2), id(7, 1), 0));
        stream.acknowledged(Optional.of(agent), id(7, 1));
        replica.applied(id(7, 1));
        assertEquals(DiskCopy.Phase.UNDER_WAY, stream.copy().phase(), "the last part is not there yet");
        assertEquals(DiskCopy.Phase.UNDER_WAY, replica.copy().phase());
        stream.acknowledged(Optional.of(agent), id(7, 2));
        replica.applied(id(7, 2));
        assertEquals(DiskCopy.Phase.NONE, stream.copy().phase());
        assertEquals(DiskCopy.Phase.NONE, replica.copy().phase());
    }

    /** As after the owner's agent has started anew: the standby's images are those of an epoch until it is in sync no more. */
    @Test
    void whileTheStandbyMayBeInSyncNoPartOfACopyIsSentToIt() {
        startGated(7);
        seal(id(7, 1));
        orders.end();
        Epoch first = part(id(7, 1), EpochId.NONE, 200);
        assertEquals(Optional.of("the disks of vm1 have to be copied over anew"), stream.received(first, 1));
        assertEquals(Optional.empty(), stream.received(part(id(7, 2), id(7, 1), 100), 1), "it is said once");
        assertEquals(List.of(), plain(orders.end()));
        assertEquals(DiskCopy.Phase.NONE, stream.copy().phase());

        stream.restart(agent);
        orders.end();
        Epoch whole = part(id(7, 3), EpochId.NONE, 0);
        assertEquals(Optional.empty(), stream.received(whole, 1));
        assertEquals(List.of(new SiteOrder.SendEpoch(whole)), plain(orders.end()));
    }

    @Test
    void aCopyThatNobodyGoesOnWithLeavesNoUsableStandby() {
        ReplicaStream replica = new ReplicaStream(VM, orders, 1 << 20);
        stream.start(Optional.of(agent), 7);
        seal(id(7, 1));
        stream.received(part(id(7, 1), EpochId.NONE, 200), 1);
        replica.keep(agent, part(id(7, 1), EpochId.NONE, 200));
        stream.stop(Optional.of(agent));
        replica.forget();
        assertEquals(DiskCopy.Phase.BROKEN_OFF, stream.copy().phase());
        assertEquals(DiskCopy.Phase.BROKEN_OFF, replica.copy().phase());
    }
}
