package org.secondsite.replicator.agent.io;

import io.netty.channel.EventLoopGroup;
import io.netty.channel.epoll.EpollIoHandler;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.secondsite.net.life.Ending;
import org.secondsite.net.life.io.Life;
import org.secondsite.net.life.io.LivingLoop;
import org.secondsite.replicator.agent.AgentSettings;
import org.secondsite.replicator.agent.AgentTiming;
import org.secondsite.replicator.agent.GatewayAccess;
import org.secondsite.replicator.agent.VmHost;
import org.secondsite.replicator.agent.VmSettings;
import org.secondsite.replicator.disk.io.VmVolumes;

/**
 * The agent beside a hypervisor: for each of its VMs it keeps a connection to the gateway and does what that says.
 *
 * <p>The VMs outlive it: closing it, or its death, stops none; an agent that starts anew finds them. Whatever one of its threads
 * throws, and a thread that hangs, is its death.
 */
public final class CheckpointAgent implements AutoCloseable {
    private static final int CLOSE_WAIT_SECONDS = 5;

    private final Life life;
    private final EventLoopGroup loop;
    private final List<VmWorker> workers = new ArrayList<>();

    private CheckpointAgent(Life life) {
        this.life = life;
        loop = new LivingLoop("agent-io", life, EpollIoHandler.newFactory());
    }

    /**
     * Starts an agent for QEMU VMs, whether they run already or not, and whether the gateway is there or not.
     *
     * @param ending what follows when one of its threads fails or hangs
     * @throws IOException if a run directory cannot be made, or a certificate's files are unusable
     */
    public static CheckpointAgent open(AgentSettings settings, Ending ending) throws IOException {
        List<Place> places = new ArrayList<>();
        for (VmSettings vm : settings.vms()) {
            // A hypervisor whose disk server is away answers nothing: its disks come first.
            VmVolumes volumes = VmVolumes.open(vm.id(), vm.volumes());
            places.add(new Place(QemuHost.open(vm), volumes));
        }
        Life life = Life.start("agent", ending, Life.USUAL_LIMIT_NANOS);
        return begin(settings.gateway(), places, AgentTiming.USUAL, life);
    }

    /** A VM's place on this host, and its disks. */
    private record Place(VmHost host, VmVolumes volumes) {}

    /**
     * Starts an agent for VMs of any kind. The hosts are the agent's from here on, and closed with it.
     *
     * @throws IOException if a certificate's files are unusable
     */
    public static CheckpointAgent open(GatewayAccess gateway, List<? extends VmHost> hosts, AgentTiming timing)
            throws IOException {
        return open(gateway, hosts, timing, Life.unwatched("agent"));
    }

    /**
     * The same with a life, which is the agent's from here on, and closed with it.
     *
     * @throws IOException if a certificate's files are unusable
     */
    public static CheckpointAgent open(
            GatewayAccess gateway, List<? extends VmHost> hosts, AgentTiming timing, Life life) throws IOException {
        List<Place> places = new ArrayList<>();
        for (VmHost host : hosts) {
            places.add(new Place(host, VmVolumes.none(host.vm())));
        }
        return begin(gateway, places, timing, life);
    }

    private static CheckpointAgent begin(GatewayAccess gateway, List<Place> places, AgentTiming timing, Life life)
            throws IOException {
        GatewayDoor door = GatewayDoor.of(gateway);
        CheckpointAgent agent = new CheckpointAgent(life);
        for (Place place : places) {
            agent.workers.add(new VmWorker(place.host(), place.volumes(), door, timing, agent.loop, life));
        }
        agent.workers.forEach(VmWorker::start);
        return agent;
    }

    /** How many connections ended because the gateway said what has no place there. */
    public long wrongMessages() {
        return workers.stream().mapToLong(VmWorker::wrongMessages).sum();
    }

    @Override
    public void close() {
        life.close();
        workers.forEach(VmWorker::close);
        loop.shutdownGracefully(0, CLOSE_WAIT_SECONDS, TimeUnit.SECONDS).awaitUninterruptibly();
    }
}
