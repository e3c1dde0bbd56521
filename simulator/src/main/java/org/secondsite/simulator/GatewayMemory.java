package org.secondsite.simulator;

import static org.secondsite.simulator.SimulatedTime.MILLI;

import java.util.SplittableRandom;
import org.secondsite.gateway.group.Recollection;
import org.secondsite.gateway.group.SiteEvent;

/** What a gateway's disk has of its group's members. A write takes a moment, and is lost with a gateway that dies before. */
final class GatewayMemory {
    private static final long LONGEST_WRITE_NANOS = 20 * MILLI;

    /** Of the planted fault: when the disk has what it said that it had. */
    private static final long WRITE_BACK_NANOS = 500 * MILLI;

    private final World world;
    private final SplittableRandom dice;
    private Recollection onDisk = new Recollection.Lost("there was never anything");

    GatewayMemory(World world, SplittableRandom dice) {
        this.world = world;
        this.dice = dice;
    }

    /** What a gateway finds that starts. */
    Recollection found() {
        return world.has(Plant.OLDER_COPY_FORGOTTEN) ? new Recollection.None() : onDisk;
    }

    void keep(SimulatedGateway gateway, long number, Recollection.Known all) {
        boolean isLate = world.has(Plant.MEMORY_NOT_DURABLE);
        if (isLate) {
            gateway.later(WRITE_BACK_NANOS, () -> onDisk = all);
        }
        gateway.later(dice.nextLong(MILLI / 5, LONGEST_WRITE_NANOS), () -> {
            onDisk = isLate ? onDisk : all;
            gateway.take(new SiteEvent.Written(number));
        });
    }

    /** The disk is lost. */
    void lose() {
        onDisk = new Recollection.Lost("the disk was lost");
    }
}
