package org.secondsite.simulator;

import static org.secondsite.simulator.SimulatedTime.MILLI;

import java.util.HashMap;
import java.util.Map;
import java.util.SplittableRandom;
import org.secondsite.config.SiteId;
import org.secondsite.gateway.group.Surroundings;
import org.secondsite.replicator.Epoch;

/**
 * The tunnel between the sites: two {@link TunnelEnd}s, each a real tunnel session, and the TCP connections between them. A
 * connection can be made while neither direction is cut and the other process lives, be it stopped. Each end notices for itself
 * that a connection is dead: by its silence, or by the other end's farewell if that gets through.
 */
final class SimulatedTunnel {
    private final World world;
    private final SplittableRandom dice;
    private final Map<SiteId, TunnelEnd> ends = new HashMap<>();
    private final Map<Long, Epoch> named = new HashMap<>();

    SimulatedTunnel(World world, SplittableRandom dice) {
        this.world = world;
        this.dice = dice;
    }

    /** The end of a gateway that starts: another incarnation, which remembers nothing. */
    Surroundings.PeerLink start(SiteId site) {
        TunnelEnd end = new TunnelEnd(world, this, site, dice.split(), named);
        ends.put(site, end);
        end.start();
        return end;
    }

    /** The gateway died; its kernel says so to the other, if that can hear it. */
    void died(SiteId site) {
        ends.get(site).died();
    }

    /** A datagram of the peer's came beside the tunnel. */
    void heardBeside(SiteId site) {
        ends.get(site).heardBeside();
    }

    /** The connections break at both ends at once, as a middle-box's reset does it. */
    void reset() {
        ends.values().forEach(end -> end.process().arrive(end::reset));
    }

    /** One end asks for a connection. */
    void connect(TunnelEnd from, int number) {
        from.process().later(dice.nextLong(MILLI, 6 * MILLI), () -> {
            SiteId there = World.other(from.site());
            TunnelEnd to = ends.get(there);
            SimulatedWire near = new SimulatedWire(world, from, dice.split());
            boolean possible = to != null
                    && to.lives()
                    && !world.way(from.site(), there).cut()
                    && !world.way(there, from.site()).cut();
            if (!possible) {
                from.dialled(near, number);
                near.broke("nobody answers");
                return;
            }
            SimulatedWire far = new SimulatedWire(world, to, dice.split());
            near.join(far);
            from.add(near);
            to.add(far);
            from.dialled(near, number);
            to.process().arrive(() -> {
                to.accepted(far);
                far.connection().secured(from.site().name(), world.time().nowNanos());
            });
            near.connection().secured(there.name(), world.time().nowNanos());
        });
    }
}
