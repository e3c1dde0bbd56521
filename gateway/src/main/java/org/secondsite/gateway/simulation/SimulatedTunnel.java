package org.secondsite.gateway.simulation;

import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.secondsite.config.EpochId;
import org.secondsite.config.SiteId;
import org.secondsite.config.VmId;
import org.secondsite.gateway.group.Surroundings;
import org.secondsite.replicator.Epoch;
import org.secondsite.replicator.tunnel.PeerMessage;

/**
 * The tunnel between the sites: an ordered connection that stalls while the link is cut, breaks when the cut lasts, and
 * loses then what was on its way; control messages overtake epochs. After a break each end sends again what the other
 * does not hold.
 */
final class SimulatedTunnel {
    private static final long MILLI = 1_000_000L;
    private static final long PATIENCE_MS = 1000;

    private final World world;
    private final Map<SiteId, End> ends = new HashMap<>();
    private boolean connected;
    private long session;

    SimulatedTunnel(World world) {
        this.world = world;
        for (SiteId site : World.SITES) {
            ends.put(site, new End(site));
        }
    }

    Surroundings.PeerLink end(SiteId site) {
        return ends.get(site);
    }

    /** Both gateways are up and the link is whole: they connect after a while. */
    void connectSoon() {
        world.time().after(world.between(20, 500) * MILLI, () -> {
            boolean possible = !connected
                    && World.SITES.stream().allMatch(s -> world.gateway(s).awake())
                    && !world.cut(World.A, World.B)
                    && !world.cut(World.B, World.A);
            if (possible) {
                connected = true;
                session++;
                World.SITES.forEach(s -> ends.get(s).resume(ends.get(World.other(s))));
                World.SITES.forEach(s -> world.gateway(s).tunnel(true));
            } else if (!connected) {
                connectSoon();
            }
        });
    }

    /** A gateway died: its end forgets everything, the other notices. */
    void died(SiteId site) {
        ends.put(site, new End(site));
        world.gateway(site).peerLink(ends.get(site));
        disconnect();
    }

    void cutChanged() {
        long mine = session;
        world.time().after(PATIENCE_MS * MILLI, () -> {
            boolean broken = world.cut(World.A, World.B) || world.cut(World.B, World.A);
            if (broken && mine == session) {
                disconnect();
            }
        });
        ends.values().forEach(End::drain);
    }

    private void disconnect() {
        if (connected) {
            connected = false;
            session++;
            ends.values().forEach(end -> end.onTheWay.clear());
            World.SITES.forEach(s -> world.gateway(s).tunnel(false));
        }
        connectSoon();
    }

    /** One gateway's end. */
    private final class End implements Surroundings.PeerLink {
        private final SiteId site;
        private final Map<VmId, Deque<Epoch>> window = new HashMap<>();
        private final Map<VmId, EpochId> answered = new HashMap<>();
        private final Deque<Runnable> onTheWay = new ArrayDeque<>();
        private long lastArrivalNanos;

        End(SiteId site) {
            this.site = site;
        }

        private SiteId peer() {
            return World.other(site);
        }

        /** Sends again what the peer has not answered. */
        void resume(End other) {
            window.forEach((vm, epochs) -> {
                EpochId held = other.answered.getOrDefault(vm, EpochId.NONE);
                List<EpochId> confirmed = new ArrayList<>();
                while (!epochs.isEmpty() && epochs.getFirst().header().epoch().atMost(held)) {
                    confirmed.add(epochs.removeFirst().header().epoch());
                }
                confirmed.forEach(id -> world.gateway(site).fromTunnel(group -> group.committedByPeer(vm, id)));
                epochs.forEach(this::transmit);
            });
        }

        @Override
        public void send(Epoch epoch) {
            window.computeIfAbsent(epoch.header().vm(), v -> new ArrayDeque<>()).add(epoch);
            if (connected) {
                transmit(epoch);
            }
        }

        private void transmit(Epoch epoch) {
            world.delivered(peer(), epoch);
            arrive(world.between(2, 30), () -> world.gateway(peer()).fromTunnel(group -> group.epochFromPeer(epoch)));
        }

        @Override
        public void send(PeerMessage message) {
            if (connected) {
                long mine = session;
                world.time().after(world.between(1, 10) * MILLI, () -> {
                    if (mine == session && !world.cut(site, peer())) {
                        world.gateway(peer()).fromTunnel(group -> {
                            switch (message) {
                                case PeerMessage.RecordNews news -> group.recordPassedOn(news.ownership());
                                case PeerMessage.StandbyState state -> group.offered(state);
                            }
                        });
                    }
                });
            }
        }

        @Override
        public void committed(VmId vm, EpochId epoch) {
            world.kept(site, epoch);
            answered.merge(vm, epoch, (a, b) -> a.compareTo(b) >= 0 ? a : b);
            if (connected) {
                End other = ends.get(peer());
                arrive(world.between(1, 20), () -> other.confirmed(vm, epoch));
            }
        }

        private void confirmed(VmId vm, EpochId epoch) {
            Deque<Epoch> epochs = window.getOrDefault(vm, new ArrayDeque<>());
            boolean known = epochs.stream().anyMatch(e -> e.header().epoch().equals(epoch));
            if (known) {
                while (!epochs.isEmpty() && epochs.getFirst().header().epoch().atMost(epoch)) {
                    epochs.removeFirst();
                }
                world.gateway(site).fromTunnel(group -> group.committedByPeer(vm, epoch));
            }
        }

        @Override
        public void refuse(VmId vm, EpochId epoch, String reason) {
            if (connected) {
                End other = ends.get(peer());
                arrive(world.between(1, 20), () -> {
                    if (other.window.containsKey(vm)
                            && other.window
                                    .get(vm)
                                    .removeIf(e -> e.header().epoch().compareTo(epoch) >= 0)) {
                        world.gateway(other.site).fromTunnel(group -> group.refusedByPeer(epoch, reason));
                    }
                });
            }
        }

        @Override
        public void discard(VmId vm) {
            window.remove(vm);
        }

        /** Arrives in order, after a delay, unless the session ends before; waits while the link is cut. */
        private void arrive(long delayMs, Runnable what) {
            long mine = session;
            lastArrivalNanos = Math.max(lastArrivalNanos, world.time().nowNanos() + delayMs * MILLI);
            world.time().after(lastArrivalNanos - world.time().nowNanos(), () -> {
                if (mine == session) {
                    onTheWay.add(what);
                    drain();
                }
            });
        }

        private void drain() {
            while (!onTheWay.isEmpty() && !world.cut(site, peer())) {
                onTheWay.removeFirst().run();
            }
        }
    }
}
