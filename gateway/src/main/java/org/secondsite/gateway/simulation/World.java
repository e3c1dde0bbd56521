package org.secondsite.gateway.simulation;

import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.ByteBuffer;
import java.nio.file.Path;
import java.util.EnumSet;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeSet;
import java.util.function.Consumer;
import java.util.random.RandomGenerator;
import org.secondsite.config.EpochId;
import org.secondsite.config.GatewayConfig;
import org.secondsite.config.GroupId;
import org.secondsite.config.MacAddress;
import org.secondsite.config.SiteId;
import org.secondsite.config.TlsFiles;
import org.secondsite.config.VmId;
import org.secondsite.gateway.ownership.OwnershipState;
import org.secondsite.replicator.Epoch;

/** Two sites, a witness, the links between them, and what goes wrong: one schedule, decided by its seed alone. */
final class World {
    static final SiteId A = new SiteId("a");
    static final SiteId B = new SiteId("b");
    static final List<SiteId> SITES = List.of(A, B);

    private static final GroupId GROUP = new GroupId("web");
    private static final long MILLI = 1_000_000L;

    private final RandomGenerator random;
    private final Consumer<String> tracer;
    private final SimulatedTime time = new SimulatedTime();
    private final SafetyChecks checks = new SafetyChecks();
    private final Map<SiteId, SimulatedGateway> gateways = new HashMap<>();
    private final Map<SiteId, SimulatedHypervisor> hypervisors = new HashMap<>();
    private final Map<EpochId, byte[]> contents = new HashMap<>();
    private final Set<String> cuts = new TreeSet<>();
    private final SimulatedTunnel tunnel;
    private final SimulatedWitness witness;

    World(RandomGenerator random, Consumer<String> tracer) {
        this.random = random;
        this.tracer = tracer;
        witness = new SimulatedWitness(this, GROUP);
        SITES.forEach(site -> gateways.put(site, new SimulatedGateway(this, config(site))));
        SITES.forEach(site -> hypervisors.put(site, new SimulatedHypervisor(this, site)));
        tunnel = new SimulatedTunnel(this);
        SITES.forEach(site -> gateways.get(site).peerLink(tunnel.end(site)));
        hypervisors.get(A).startFirstVm();
        SITES.forEach(site -> gateways.get(site).start());
    }

    static SiteId other(SiteId site) {
        return site.equals(A) ? B : A;
    }

    SimulatedTime time() {
        return time;
    }

    SafetyChecks checks() {
        return checks;
    }

    SimulatedGateway gateway(SiteId site) {
        return gateways.get(site);
    }

    SimulatedHypervisor hypervisor(SiteId site) {
        return hypervisors.get(site);
    }

    SimulatedTunnel tunnel() {
        return tunnel;
    }

    SimulatedWitness witness() {
        return witness;
    }

    long between(long low, long high) {
        return random.nextLong(low, high + 1);
    }

    boolean chance(int percent) {
        return random.nextInt(100) < percent;
    }

    void trace(String what) {
        tracer.accept(time.nowNanos() / MILLI + " ms " + what);
    }

    // ---- links --------------------------------------------------------------------------------------------------

    /** Whether nothing gets from one site to the other. */
    boolean cut(SiteId from, SiteId to) {
        return cuts.contains(from + ">" + to);
    }

    boolean cutFromWitness(SiteId site) {
        return cuts.contains(site + ">w");
    }

    void setCut(String direction, boolean isCut) {
        if (isCut ? cuts.add(direction) : cuts.remove(direction)) {
            trace((isCut ? "cut " : "heal ") + direction);
            tunnel.cutChanged();
        }
    }

    // ---- bookkeeping for the checks -----------------------------------------------------------------------------

    void delivered(SiteId to, Epoch epoch) {
        contents.put(epoch.header().epoch(), epoch.deviceState());
        trace("epoch " + epoch.header().epoch() + " on its way to " + to);
    }

    void kept(SiteId site, EpochId epoch) {
        ByteBuffer content = ByteBuffer.wrap(contents.get(epoch));
        int lineage = content.getInt();
        checks.kept(lineage, content.getLong());
        trace(site + " keeps " + epoch);
    }

    /** Whether the service is there: a lone or protected owner whose VM runs. */
    boolean serves() {
        Set<OwnershipState> acting = EnumSet.of(OwnershipState.SOLO, OwnershipState.SYNCING, OwnershipState.PROTECTED);
        return SITES.stream()
                .anyMatch(site -> gateway(site).awake()
                        && acting.contains(gateway(site).group().ownership().state())
                        && hypervisor(site).runs());
    }

    /** Whether a standby is in sync. */
    boolean isProtected() {
        return SITES.stream()
                .anyMatch(site -> gateway(site).awake()
                        && gateway(site).group().ownership().state() == OwnershipState.PROTECTED);
    }

    private static GatewayConfig config(SiteId site) {
        InetSocketAddress nowhere = new InetSocketAddress(InetAddress.getLoopbackAddress(), 1);
        Path none = Path.of("none");
        return new GatewayConfig(
                site,
                other(site),
                new GatewayConfig.Tunnel(nowhere, nowhere, 50, 400, 1 << 20),
                new TlsFiles(none, none, none),
                new GatewayConfig.Witness(List.of(nowhere), 1000),
                new GatewayConfig.Checkpoint(nowhere, 25, 16),
                new GatewayConfig.Loopback(1 << 20, 1 << 20),
                Optional.empty(),
                Optional.empty(),
                new GatewayConfig.Management(none),
                List.of(new GatewayConfig.Group(
                        GROUP,
                        List.of(),
                        List.of(),
                        List.of(new GatewayConfig.Vm(
                                new VmId("vm1"),
                                true,
                                MacAddress.parse("52:54:00:c0:10:01"),
                                List.of(),
                                Optional.empty())))));
    }
}
