package org.secondsite.simulator;

import static org.secondsite.simulator.SimulatedTime.MILLI;

import java.util.function.BooleanSupplier;
import org.secondsite.config.OwnershipRecord;
import org.secondsite.config.SiteId;

/**
 * A VM runs at a site whose gateway is dead; the other site takes over, and an operator takes the first one for lost: at the other one he
 * writes a file by which the VM is not ticked, removes what its gateway remembers of members, and starts it again. The first site
 * is not lost: it stands by then, beside a VM that is older than what the clients have seen, comes to own the group again, and its
 * gateway dies once more.
 */
final class OlderCopy {
    private static final long LOOK_NANOS = 10 * MILLI;

    private final World world;
    private final Fault fault;

    OlderCopy(World world, Fault fault) {
        this.world = world;
        this.fault = fault;
    }

    /** Nothing of this happens after its end: everything is mended then. */
    private void when(BooleanSupplier fact, Runnable then) {
        boolean isSo = fact.getAsBoolean();
        world.time().after(isSo ? fault.strength() * MILLI : LOOK_NANOS, () -> {
            if (world.time().nowNanos() / MILLI >= fault.endMs()) {
                return;
            }
            if (isSo) {
                then.run();
            } else {
                when(fact, then);
            }
        });
    }

    private void restart(SiteId site) {
        if (world.gateway(site).up()) {
            world.gateway(site).crash();
        }
        start(site);
    }

    private void start(SiteId site) {
        if (!world.gateway(site).up()) {
            world.trace("gateway " + site + " starts");
            world.gateway(site).start();
        }
    }

    void begin() {
        when(world::isProtected, () -> {
            SiteId former = world.checks().truth().owner();
            if (world.gateway(former).up()) {
                world.gateway(former).crash();
            }
            when(() -> goesOnAt(World.other(former)), () -> leaves(former));
        });
    }

    private boolean goesOnAt(SiteId site) {
        OwnershipRecord truth = world.checks().truth();
        return truth.owner().equals(site) && world.hypervisor(site).runs();
    }

    private void leaves(SiteId former) {
        SiteId other = World.other(former);
        world.trace("the operator writes another file at " + other);
        world.tickBox().write(other, TickBox.Tick.UNTICKED);
        if (world.gateway(other).up()) {
            world.gateway(other).crash();
        }
        world.gateway(other).memory().lose();
        start(other);
        start(former);
        when(() -> world.gateway(other).isProtected(), () -> {
            if (world.gateway(other).up()) {
                world.gateway(other).crash();
            }
            when(() -> world.checks().truth().owner().equals(former), () -> {
                restart(former);
                start(other);
            });
        });
    }
}
