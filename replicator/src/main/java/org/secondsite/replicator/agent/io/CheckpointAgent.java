package org.secondsite.replicator.agent.io;

import io.netty.channel.EventLoopGroup;
import io.netty.channel.MultiThreadIoEventLoopGroup;
import io.netty.channel.epoll.EpollIoHandler;
import io.netty.util.concurrent.DefaultThreadFactory;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.secondsite.replicator.agent.AgentSettings;
import org.secondsite.replicator.agent.AgentTiming;
import org.secondsite.replicator.agent.VmHost;
import org.secondsite.replicator.agent.VmSettings;

/**
 * The agent beside a hypervisor: for each of its VMs it keeps a connection to the gateway and does what that says.
 *
 * <p>The VMs outlive it: closing it, or its death, stops none; an agent that starts anew finds them.
 */
public final class CheckpointAgent implements AutoCloseable {
    private static final int CLOSE_WAIT_SECONDS = 5;

    private final EventLoopGroup loop =
            new MultiThreadIoEventLoopGroup(1, new DefaultThreadFactory("agent-io"), EpollIoHandler.newFactory());
    private final List<VmWorker> workers = new ArrayList<>();

    private CheckpointAgent() {}

    /**
     * Starts an agent for QEMU VMs, whether they run already or not, and whether the gateway is there or not.
     *
     * @throws IOException if a run directory cannot be made
     */
    public static CheckpointAgent open(AgentSettings settings) throws IOException {
        List<VmHost> hosts = new ArrayList<>();
        for (VmSettings vm : settings.vms()) {
            hosts.add(QemuHost.open(vm));
        }
        return open(settings.gateway(), hosts, AgentTiming.USUAL);
    }

    /** Starts an agent for VMs of any kind. The hosts are the agent's from here on, and closed with it. */
    public static CheckpointAgent open(InetSocketAddress gateway, List<? extends VmHost> hosts, AgentTiming timing) {
        CheckpointAgent agent = new CheckpointAgent();
        for (VmHost host : hosts) {
            agent.workers.add(new VmWorker(host, gateway, timing, agent.loop));
        }
        agent.workers.forEach(VmWorker::start);
        return agent;
    }

    @Override
    public void close() {
        workers.forEach(VmWorker::close);
        loop.shutdownGracefully(0, CLOSE_WAIT_SECONDS, TimeUnit.SECONDS).awaitUninterruptibly();
    }
}
