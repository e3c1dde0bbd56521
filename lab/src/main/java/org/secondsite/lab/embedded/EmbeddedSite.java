package org.secondsite.lab.embedded;

import java.io.IOException;
import java.net.Inet4Address;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import java.util.function.Consumer;
import java.util.function.Supplier;
import org.secondsite.buffer.LoopbackDataPlane;
import org.secondsite.config.AgentConfig;
import org.secondsite.config.BgpConfig;
import org.secondsite.config.GatewayConfig;
import org.secondsite.config.GroupId;
import org.secondsite.config.HostId;
import org.secondsite.config.IpPrefix;
import org.secondsite.config.MacAddress;
import org.secondsite.config.MetricsConfig;
import org.secondsite.config.SiteId;
import org.secondsite.config.TlsFiles;
import org.secondsite.config.VmId;
import org.secondsite.gateway.Gateway;
import org.secondsite.replicator.agent.AgentTiming;
import org.secondsite.replicator.agent.GatewayAccess;
import org.secondsite.replicator.agent.SyntheticVm;
import org.secondsite.replicator.agent.io.CheckpointAgent;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** One site: gateway, agent and the place of a synthetic VM. */
final class EmbeddedSite implements AutoCloseable {
    private static final Logger LOG = LoggerFactory.getLogger(EmbeddedSite.class);

    static final GroupId GROUP = new GroupId("web");
    static final VmId VM = new VmId("vm1");
    static final IpPrefix PREFIX = IpPrefix.parse("203.0.113.0/24");
    static final InetAddress SERVICE = IpPrefix.parseAddress("203.0.113.10");

    private static final long RAM_BYTES = 8 << 20;
    private static final int CHECKPOINT_INTERVAL_MS = 25;

    /**
     * Where everything of one site listens.
     *
     * @param openflow switches to program, if any
     */
    record Place(
            SiteId site,
            SiteId peer,
            InetAddress address,
            long as,
            int tunnelPort,
            int checkpointPort,
            int metricsPort,
            Optional<GatewayConfig.OpenFlow> openflow,
            InetSocketAddress peerTunnel) {
        InetSocketAddress metrics() {
            return new InetSocketAddress(address, metricsPort);
        }
    }

    private final SyntheticVm vm = new SyntheticVm(VM, RAM_BYTES);
    private volatile Gateway gateway;
    private volatile CheckpointAgent agent;
    private volatile LoopbackDataPlane dataPlane;

    EmbeddedSite(
            Place place,
            InetSocketAddress core,
            InetSocketAddress witness,
            Path directory,
            boolean hold,
            Consumer<byte[]> uplink)
            throws IOException {
        GatewayConfig config = config(place, core, witness, directory);
        gateway = Gateway.open(
                config,
                (chosen, vms, _) -> {
                    dataPlane = new LoopbackDataPlane(
                            vms,
                            chosen.dataPlane().poolBytes(),
                            chosen.dataPlane().perVmBytes(),
                            uplink);
                    return hold ? dataPlane : new UnheldDataPlane(dataPlane);
                },
                this::end);
        AgentConfig.Proof proof = new AgentConfig.Proof(place.site(), TlsFiles.in(directory, hostOf(place.site())));
        agent = CheckpointAgent.open(
                new GatewayAccess(config.checkpoint().listen(), Optional.of(proof)), List.of(vm), AgentTiming.USUAL);
    }

    /** The name in the certificate of a site's agent. */
    static String hostOf(SiteId site) {
        return "host-" + site;
    }

    private static GatewayConfig config(
            Place place, InetSocketAddress core, InetSocketAddress witness, Path directory) {
        String name = place.site().name();
        return new GatewayConfig(
                place.site(),
                place.peer(),
                new GatewayConfig.Tunnel(
                        new InetSocketAddress(place.address(), place.tunnelPort()),
                        place.peerTunnel(),
                        50,
                        800,
                        64 << 20),
                TlsFiles.in(directory, name),
                new GatewayConfig.Witness(List.of(witness), 3000),
                new GatewayConfig.Checkpoint(
                        new InetSocketAddress(place.address(), place.checkpointPort()),
                        CHECKPOINT_INTERVAL_MS,
                        16,
                        List.of(new GatewayConfig.Host(new HostId(hostOf(place.site())), List.of(VM)))),
                new GatewayConfig.Loopback(32 << 20, 16 << 20),
                Optional.of(new BgpConfig(
                        place.as(),
                        (Inet4Address) place.address(),
                        0,
                        List.of(),
                        BgpConfig.RouteRoles.prepending(3),
                        List.of(new BgpConfig.Neighbor(
                                core.getAddress(),
                                CoreRouter.AS,
                                Optional.of(place.address()),
                                core.getPort(),
                                9,
                                false,
                                Optional.empty())),
                        Optional.empty())),
                place.openflow(),
                new GatewayConfig.Management(directory.resolve(name + ".sock")),
                Optional.of(new MetricsConfig(place.metrics())),
                List.of(new GatewayConfig.Group(
                        GROUP,
                        List.of(PREFIX),
                        List.of(IpPrefix.parse("203.0.113.0/25"), IpPrefix.parse("203.0.113.128/25")),
                        List.of(new GatewayConfig.Vm(
                                VM,
                                true,
                                MacAddress.parse("52:54:00:c0:10:01"),
                                List.of(SERVICE),
                                Optional.empty())))));
    }

    Gateway gateway() {
        return gateway;
    }

    /** An operator switches the VM on. */
    void boot() {
        vm.boot();
    }

    /** A frame from outside: inbound traffic never waits. */
    void deliver(byte[] request) {
        Conversations.answer(vm, request, frame -> dataPlane.fromVm(VM, frame));
    }

    /**
     * The site dies, as it mostly does, in the middle of an epoch: nothing carries the VM's state away any more, and the VM
     * still does {@code work} pieces of work. What it says in them must never have been heard.
     *
     * @throws IOException if the VM does no more work within 20 s
     */
    void die(int work) throws IOException, InterruptedException {
        agent.close();
        long done = workDone() + work;
        Waiting.until("work of the orphaned VM", () -> workDone() >= done);
        close();
    }

    private long workDone() {
        return vm.inspect((ram, registers) -> registers[0]).orElse(0L);
    }

    /**
     * What ends a process elsewhere ends this site here, and leaves the JVM to the other one. By a thread of its own: the one
     * that failed, or found out, is among those that are closed.
     */
    private void end(String reason, Supplier<String> details) {
        LOG.error("{}: {}", reason, details.get());
        Thread.ofPlatform().name("end-of-site").start(this::close);
    }

    /** First nothing gets out any more, then gateway, agent and VM are gone, and with them what was held. */
    @Override
    public synchronized void close() {
        if (dataPlane != null) {
            dataPlane.close();
        }
        if (gateway != null) {
            gateway.close();
        }
        if (agent != null) {
            agent.close();
        }
        vm.kill("the site died");
    }
}
