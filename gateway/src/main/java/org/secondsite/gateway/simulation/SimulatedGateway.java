package org.secondsite.gateway.simulation;

import java.nio.ByteBuffer;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.List;
import java.util.function.Consumer;
import org.secondsite.buffer.LoopbackDataPlane;
import org.secondsite.buffer.ProtectedVm;
import org.secondsite.config.GatewayConfig;
import org.secondsite.config.OwnershipRecord;
import org.secondsite.config.SiteId;
import org.secondsite.config.VmId;
import org.secondsite.gateway.PeerWatch;
import org.secondsite.gateway.group.ProtectionGroup;
import org.secondsite.gateway.group.Surroundings;
import org.secondsite.gateway.ownership.OwnershipState;
import org.secondsite.gateway.timeline.Timeline;

/**
 * A gateway process: a real {@link ProtectionGroup} over a real epoch buffer. It can crash, restart with nothing but its
 * configuration, and be stopped for a while with everything that arrives meanwhile waiting for it.
 */
final class SimulatedGateway {
    private static final long MILLI = 1_000_000L;
    private static final long TICK_MS = 10;
    private static final long POOL_BYTES = 4 << 20;

    private final World world;
    private final GatewayConfig config;
    private final SiteId site;

    private int life;
    private boolean up;
    private boolean stopped;
    private final Deque<Runnable> waiting = new ArrayDeque<>();

    private ProtectionGroup group;
    private LoopbackDataPlane dataPlane;
    private PeerWatch peerWatch;
    private Surroundings.PeerLink peerLink;

    SimulatedGateway(World world, GatewayConfig config) {
        this.world = world;
        this.config = config;
        this.site = config.site();
    }

    boolean up() {
        return up;
    }

    /** Up and not stopped by a signal. */
    boolean awake() {
        return up && !stopped;
    }

    /** Counts its crashes. */
    int life() {
        return life;
    }

    /** Whether it has asked for the group and not started the VM yet: the image dies with it, or with its hypervisor. */
    boolean promoting() {
        return up && group.ownership().state() == OwnershipState.PROMOTING;
    }

    ProtectionGroup group() {
        return group;
    }

    void peerLink(Surroundings.PeerLink link) {
        peerLink = link;
    }

    void start() {
        up = true;
        stopped = false;
        waiting.clear();
        GatewayConfig.Vm vm = config.groups().getFirst().vms().getFirst();
        dataPlane = new LoopbackDataPlane(
                List.of(new ProtectedVm(vm.id(), vm.mac(), vm.addresses())), POOL_BYTES, POOL_BYTES / 2, this::leaves);
        peerWatch = new PeerWatch(config.tunnel(), world.time().nowNanos());
        Surroundings surroundings = new Surroundings(
                dataPlane,
                peerLink,
                (g, term, owner, inSync, reason) -> world.witness().ask(site, term, owner, inSync, reason),
                (g, role) -> {},
                (g, term, owner) -> {},
                new Timeline(entry -> world.trace(site + " " + entry.kind() + " " + entry.text())));
        group = new ProtectionGroup(config, config.groups().getFirst(), surroundings, this::post, () -> world.time()
                .nowNanos());
        tick(life);
        heartbeat(life);
        world.hypervisor(site).gatewayUp();
        world.tunnel().connectSoon();
    }

    void crash() {
        if (up) {
            up = false;
            life++;
            waiting.clear();
            dataPlane.close();
            world.hypervisor(site).gatewayDown();
            world.tunnel().died(site);
        }
    }

    /** SIGSTOP. */
    void stop() {
        stopped = true;
    }

    /** SIGCONT: everything that came meanwhile is there at once. */
    void resume() {
        stopped = false;
        while (!waiting.isEmpty() && up) {
            waiting.removeFirst().run();
        }
    }

    // ---- what arrives -------------------------------------------------------------------------------------------

    void fromVm(VmId vm, byte[] frame) {
        arrive(() -> dataPlane.fromVm(vm, frame));
    }

    void fromAgent(Consumer<ProtectionGroup> what) {
        world.time().after(MILLI / 2, () -> arrive(() -> what.accept(group)));
    }

    void fromTunnel(Consumer<ProtectionGroup> what) {
        arrive(() -> what.accept(group));
    }

    void fromWitness(Consumer<ProtectionGroup> what) {
        arrive(() -> what.accept(group));
    }

    void tunnel(boolean connected) {
        arrive(() -> {
            peerWatch.tunnel(connected, world.time().nowNanos());
            if (connected) {
                group.tellPeer();
            }
        });
    }

    private void post(Runnable task) {
        int mine = life;
        world.time().after(0, () -> {
            if (mine == life) {
                arrive(task);
            }
        });
    }

    private void arrive(Runnable what) {
        if (!up) {
            return;
        }
        if (stopped) {
            waiting.add(what);
        } else {
            what.run();
            watchActors();
        }
    }

    // ---- what it does -------------------------------------------------------------------------------------------

    private void tick(int mine) {
        if (mine != life || !up) {
            return;
        }
        if (!stopped) {
            switch (peerWatch.look(world.time().nowNanos())) {
                case NONE -> {}
                case LOST -> group.peerLost("not heard");
                case BACK -> {
                    group.peerBack();
                    group.tellPeer();
                }
            }
            group.tick();
            watchActors();
        }
        world.time().after(TICK_MS * MILLI, () -> tick(mine));
    }

    private void heartbeat(int mine) {
        if (mine != life || !up) {
            return;
        }
        SiteId peer = World.other(site);
        if (!stopped && !world.cut(site, peer)) {
            SimulatedGateway other = world.gateway(peer);
            world.time()
                    .after(
                            world.between(1, 20) * MILLI,
                            () -> other.arrive(
                                    () -> other.peerWatch.heard(world.time().nowNanos())));
        }
        world.time().after(config.tunnel().heartbeatMs() * MILLI, () -> heartbeat(mine));
    }

    private void leaves(byte[] frame) {
        ByteBuffer content = ByteBuffer.wrap(frame);
        int lineage = content.getInt();
        long state = content.getLong();
        OwnershipRecord known =
                group == null ? null : group.ownership().record().orElse(null);
        world.checks().released(site, lineage, state, world.witness().record(), known);
    }

    private void watchActors() {
        OwnershipState state = group.ownership().state();
        if (state == OwnershipState.PROTECTED || state == OwnershipState.SOLO || state == OwnershipState.SYNCING) {
            world.checks().acts(site, group.ownership().term());
        }
    }
}
