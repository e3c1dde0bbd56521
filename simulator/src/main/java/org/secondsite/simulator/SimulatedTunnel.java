package org.secondsite.simulator;

import static org.secondsite.simulator.SimulatedTime.MILLI;

import java.util.ArrayDeque;
import java.util.Deque;
import java.util.HashMap;
import java.util.Map;
import java.util.SplittableRandom;
import org.secondsite.config.SiteId;
import org.secondsite.gateway.group.Surroundings;

/**
 * The tunnel between the sites: two {@link TunnelEnd}s, each with the real send window and the real receive ledger, and the
 * TCP connections between them.
 *
 * <p>A connection keeps the order of each direction, stalls while that direction is cut, and loses with its end what was on
 * its way. Each end notices for itself that a connection is dead: by its silence, or by the other end's farewell if that gets
 * through. Site a connects, and goes on trying; a new connection takes the place of one that site b still believes in.
 */
final class SimulatedTunnel {
    private static final long ATTEMPT_NANOS = 60 * MILLI;

    private final World world;
    private final SplittableRandom dice;
    private final Map<SiteId, TunnelEnd> ends = new HashMap<>();
    private long connections;

    SimulatedTunnel(World world, SplittableRandom dice) {
        this.world = world;
        this.dice = dice;
    }

    SplittableRandom dice() {
        return dice;
    }

    /** The end of a gateway that starts: another incarnation, which remembers nothing. */
    Surroundings.PeerLink start(SiteId site) {
        TunnelEnd end = new TunnelEnd(world, this, site, dice.nextLong());
        ends.put(site, end);
        end.watch();
        if (site.equals(World.A)) {
            connectForEver(end);
        }
        return end;
    }

    /** The gateway died; its kernel says so to the other, if that can hear it. */
    void died(SiteId site) {
        ends.get(site).died();
    }

    /** The connection breaks at both ends at once, as a middle-box's reset does it. */
    void reset() {
        ends.values().forEach(end -> world.gateway(end.site()).arrive(() -> end.close("reset")));
    }

    private void connectForEver(TunnelEnd end) {
        world.gateway(World.A).later(ATTEMPT_NANOS + dice.nextLong(ATTEMPT_NANOS), () -> {
            boolean handshake = !world.way(World.A, World.B).cut()
                    && !world.way(World.B, World.A).cut()
                    && ends.containsKey(World.B)
                    && world.gateway(World.B).up();
            if (end.mayConnect() && handshake) {
                Connection made = new Connection(++connections, end, ends.get(World.B));
                end.opening(made);
                end.greet(made);
                TunnelEnd peer = made.other(end);
                world.gateway(World.B).arrive(() -> peer.greet(made));
            }
            connectForEver(end);
        });
    }

    /** One TCP connection. */
    final class Connection {
        private final long number;
        private final TunnelEnd a;
        private final TunnelEnd b;
        private final Deque<Runnable> toA = new ArrayDeque<>();
        private final Deque<Runnable> toB = new ArrayDeque<>();
        private long lastToA;
        private long lastToB;

        private Connection(long number, TunnelEnd a, TunnelEnd b) {
            this.number = number;
            this.a = a;
            this.b = b;
        }

        long number() {
            return number;
        }

        TunnelEnd other(TunnelEnd end) {
            return end == a ? b : a;
        }

        /** Sends a frame: it arrives in order, after what was sent before, or never. */
        void send(TunnelEnd from, Runnable arrives) {
            TunnelEnd to = other(from);
            SimulatedNetwork.Way way = world.way(from.site(), to.site());
            long atNanos = world.time().nowNanos()
                    + world.network().transit(way, 1, 8)
                    + world.network().retransmission(way);
            if (to == a) {
                lastToA = Math.max(lastToA, atNanos);
                world.time().at(lastToA, () -> deliver(way, toA, to, arrives));
            } else {
                lastToB = Math.max(lastToB, atNanos);
                world.time().at(lastToB, () -> deliver(way, toB, to, arrives));
            }
        }

        /** While the way is cut, everything waits behind the first frame; the kernel tries again now and then. */
        private void deliver(SimulatedNetwork.Way way, Deque<Runnable> queue, TunnelEnd to, Runnable frame) {
            queue.addLast(frame);
            if (queue.size() == 1) {
                drain(way, queue, to);
            }
        }

        private void drain(SimulatedNetwork.Way way, Deque<Runnable> queue, TunnelEnd to) {
            if (way.cut()) {
                if (to.lives()) {
                    world.time().after(20 * MILLI, () -> drain(way, queue, to));
                }
                return;
            }
            while (!queue.isEmpty()) {
                Runnable frame = queue.removeFirst();
                to.arrive(this, frame);
            }
        }

        @Override
        public String toString() {
            return "connection " + number;
        }
    }
}
