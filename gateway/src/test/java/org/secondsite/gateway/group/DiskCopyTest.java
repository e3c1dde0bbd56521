package org.secondsite.gateway.group;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.List;
import java.util.OptionalLong;
import org.junit.jupiter.api.Test;
import org.secondsite.config.SiteId;
import org.secondsite.config.VmId;
import org.secondsite.replicator.CopyProgress;

/** How far a copy of disks is, and when it will be complete. */
class DiskCopyTest {
    private static final long SECOND = 1_000_000_000L;
    private static final int MIB_BLOCKS = 256;
    private static final long MIB = 1 << 20;

    private final Orders orders = new Orders(0).towards(new SiteId("b"));
    private final DiskCopy copy = new DiskCopy(new VmId("vm1"), orders);

    private List<String> notes() {
        return orders.end().stream()
                .filter(SiteOrder.Note.class::isInstance)
                .map(order -> ((SiteOrder.Note) order).text())
                .toList();
    }

    private void at(long seconds, long mebibytes) {
        orders.begin(seconds * SECOND);
        copy.at(mebibytes * MIB_BLOCKS);
    }

    @Test
    void rateAndTimeLeftComeFromWhatIsLeftByTheLastSeconds() {
        at(0, 100);
        assertEquals(0, copy.bytesPerSecond(), "nothing is known yet");
        assertEquals(OptionalLong.empty(), copy.secondsLeft());
        at(2, 80);
        assertEquals(10 * MIB, copy.bytesPerSecond());
        assertEquals(OptionalLong.of(8), copy.secondsLeft());
        assertEquals(80 * MIB, copy.leftBytes());
        assertEquals(100 * MIB, copy.totalBytes());
    }

    @Test
    void aCopyThatStandsStillSlowsDownAndOneThatGoesOnIsMeasuredAnew() {
        at(0, 100);
        at(2, 80);
        orders.begin(20 * SECOND);
        assertEquals(MIB, copy.bytesPerSecond());
        for (int second = 20; second < 60; second++) {
            at(second, 80 - second + 20);
        }
        assertEquals(MIB, copy.bytesPerSecond(), "what was long ago does not count");
    }

    @Test
    void eachStepStandsInTheTimelineOnce() {
        at(0, 100);
        assertEquals(1, notes().size());
        at(2, 76);
        assertEquals(List.of(), notes());
        at(3, 75);
        at(4, 74);
        assertEquals(List.of("25 %: 75.0 MiB of 100.0 MiB left, 8.3 MiB/s, about 10 s"), notes());
        at(5, 10);
        assertTrue(notes().getFirst().startsWith("75 %"));
        orders.begin(6 * SECOND);
        copy.complete();
        assertEquals(List.of("complete, after 6000 ms"), notes());
        copy.complete();
        assertEquals(List.of(), notes());
        assertEquals(DiskCopy.Phase.NONE, copy.phase());
        assertEquals("", copy.obstacle());
    }

    @Test
    void untilItIsCompleteNothingCanBeStartedFromTheDisksAlsoWhenItWasBrokenOff() {
        assertEquals("", copy.obstacle());
        copy.breakOff();
        assertEquals("", copy.obstacle());
        at(0, 100);
        assertEquals("the disks of vm1 are being written over: 100.0 MiB of 100.0 MiB left", copy.obstacle());
        copy.breakOff();
        assertEquals("a copy of the disks of vm1 was broken off", copy.obstacle());
        at(9, 60);
        assertEquals(DiskCopy.Phase.UNDER_WAY, copy.phase());
        assertEquals(60 * MIB, copy.totalBytes());
        copy.complete();
        assertEquals("", copy.obstacle());
    }

    @Test
    void theAgentsWordSaysWhichDiskItIs() {
        CopyProgress progress = new CopyProgress(List.of(0, MIB_BLOCKS), 5 * MIB);
        copy.told(progress);
        assertEquals(List.of(), copy.leftOfEach(), "of what is complete nothing is left to be told");
        at(0, 1);
        assertEquals(List.of(0L, MIB), copy.leftOfEach());
        assertEquals(5 * MIB, copy.limitBytesPerSecond());
        copy.breakOff();
        assertEquals(List.of(), copy.leftOfEach());
    }
}
