package org.secondsite.simulator;

import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.file.Path;
import java.util.EnumSet;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.SplittableRandom;
import java.util.function.Consumer;
import org.secondsite.config.GatewayConfig;
import org.secondsite.config.GroupId;
import org.secondsite.config.MacAddress;
import org.secondsite.config.OwnershipRecord;
import org.secondsite.config.SiteId;
import org.secondsite.config.SwitchId;
import org.secondsite.config.TlsFiles;
import org.secondsite.config.VmId;
import org.secondsite.gateway.ownership.OwnershipState;

/** Two sites, a witness, the ways between them, and the checks: everything of one schedule but its faults. */
final class World {
    static final SiteId A = new SiteId("a");
    static final SiteId B = new SiteId("b");
    static final List<SiteId> SITES = List.of(A, B);
    static final VmId VM = new VmId("vm1");
    static final SwitchId SWITCH = new SwitchId("tor");

    static final GroupId GROUP = new GroupId("web");
    /** Names no process of a gateway that is no copy. */
    private static final long COPY = -1;

    private static final Set<OwnershipState> ACTING =
            EnumSet.of(OwnershipState.SOLO, OwnershipState.SYNCING, OwnershipState.PROTECTED);

    private final Set<Plant> plants;
    private final Consumer<String> tracer;
    private final SimulatedTime time = new SimulatedTime();
    private final SafetyChecks checks = new SafetyChecks();
    private final TickBox tickBox;
    private final SimulatedNetwork network;
    private final Map<SiteId, SimulatedGateway> gateways = new HashMap<>();
    private final Map<SiteId, SimulatedHypervisor> hypervisors = new HashMap<>();
    private final SimulatedTunnel tunnel;
    private final SimulatedWitness witness;
    private final boolean disks;
    /** On the gateways' disks. */
    private final Map<SiteId, Long> remembered = new HashMap<>();

    private boolean forgot;
    private long marks;
    private long copies;

    World(long seed, Set<Plant> plants, Consumer<String> tracer) {
        this.plants = plants;
        this.tracer = tracer;
        disks = (seed & 1) == 0;
        tickBox = new TickBox(this, dice(seed, "tick box"));
        SITES.forEach(site -> tickBox.file(site, config(site, true), config(site, false)));
        SITES.forEach(site -> tickBox.fileWithoutGroup(site, withoutGroup(config(site, false))));
        network = new SimulatedNetwork(time, dice(seed, "network"));
        for (SiteId site : SITES) {
            GatewayMemory memory = new GatewayMemory(this, dice(seed, "memory " + site));
            gateways.put(site, new SimulatedGateway(this, config(site, true), dice(seed, "gateway " + site), memory));
            hypervisors.put(site, new SimulatedHypervisor(this, site, dice(seed, "hypervisor " + site)));
        }
        tunnel = new SimulatedTunnel(this, dice(seed, "tunnel"));
        witness = new SimulatedWitness(this, GROUP, dice(seed, "witness"));
        hypervisors.get(A).startFirstVm();
        SITES.forEach(site -> gateways.get(site).start());
    }

    /** One stream of chance for each part, so that a fault less at one changes little at the others. */
    static SplittableRandom dice(long seed, String part) {
        return new SplittableRandom(seed * 0x9E3779B97F4A7C15L ^ (long) part.hashCode() << 17);
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

    SimulatedNetwork network() {
        return network;
    }

    SimulatedNetwork.Way way(SiteId from, SiteId to) {
        return network.way(from.name() + '>' + to.name());
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

    /** A copy of a site's gateway starts at another place. */
    SimulatedClone copyOf(SiteId site) {
        return new SimulatedClone(this, GROUP, site, COPY - copies++);
    }

    /** From now on gateways may act under terms that were granted before. */
    void forget() {
        forgot = true;
        remembered.clear();
    }

    /** A gateway was told this term by the witness. */
    void remember(SiteId site, long term) {
        remembered.merge(site, term, Math::max);
    }

    /** The highest term that a gateway was told, as it stands on its disk; 0 if none. */
    long remembered(SiteId site) {
        return remembered.getOrDefault(site, 0L);
    }

    /** Whether the witness and the gateways have forgotten what was granted. */
    boolean forgot() {
        return forgot;
    }

    /**
     * Whether gateways tell the witness which terms they know: not if it is to be seen what comes of its own faults, which forgetting is
     * none of.
     */
    boolean tellsTerms() {
        return forgot || (!has(Plant.RESTORED_WITNESS) && !has(Plant.TERM_REUSED) && !has(Plant.VOTE_NOT_DURABLE));
    }

    boolean has(Plant plant) {
        return plants.contains(plant);
    }

    /** Whether the VM has a disk. */
    boolean hasDisks() {
        return disks;
    }

    boolean plants() {
        return !plants.isEmpty();
    }

    void trace(String what) {
        tracer.accept(time.nowNanos() / SimulatedTime.MILLI + " ms " + what);
    }

    /** A packet left: counts for the trace's hash without a line of its own. */
    void mark(int lineage, long state) {
        marks = (marks ^ (lineage * 1_000_003L + state)) * 1_099_511_628_211L + time.nowNanos();
    }

    long marks() {
        return marks;
    }

    /** Whether the service is there: a lone or protected owner whose VM runs. */
    boolean serves() {
        return SITES.stream()
                .anyMatch(site -> gateway(site).awake()
                        && ACTING.contains(gateway(site).group().ownership().state())
                        && hypervisor(site).runs());
    }

    /** Whether the lone owner's hypervisor has died and left it neither a VM nor an image: it asked, and lost it meanwhile. */
    boolean ownerLostItsImage() {
        OwnershipRecord truth = checks.truth();
        return truth != null && truth.solo() && hypervisor(truth.owner()).lostEverything();
    }

    /** Whether a standby is in sync, and the VM is ticked at both sites. */
    boolean isProtected() {
        return SITES.stream().allMatch(tickBox::isTicked)
                && SITES.stream()
                        .anyMatch(site -> gateway(site).awake()
                                && gateway(site).isProtected()
                                && !gateway(site).isNoMember());
    }

    /** Whether a site that may take over would activate the VM. */
    boolean wouldActivate(SiteId site) {
        OwnershipRecord truth = checks.truth();
        boolean mayTakeOver =
                truth != null && (truth.inSync().contains(site) || truth.owner().equals(site));
        return mayTakeOver && gateway(site).up() && gateway(site).wouldActivate();
    }

    TickBox tickBox() {
        return tickBox;
    }

    /** The former owner, if the new one has nothing to go on from, and the VM is kept at the former one. */
    Optional<SiteId> keeper() {
        OwnershipRecord truth = checks.truth();
        if (truth == null || !truth.solo() || hypervisor(truth.owner()).runs()) {
            return Optional.empty();
        }
        SiteId former = other(truth.owner());
        boolean keeps =
                gateway(former).up() && gateway(former).group().ownership().keepsVms();
        return keeps && hypervisor(former).runs() ? Optional.of(former) : Optional.empty();
    }

    private static GatewayConfig withoutGroup(GatewayConfig config) {
        return new GatewayConfig(
                config.site(),
                config.peers(),
                config.tls(),
                config.witness(),
                config.checkpoint(),
                config.dataPlane(),
                config.bgp(),
                config.openflow(),
                config.management(),
                config.metrics(),
                List.of());
    }

    private static GatewayConfig config(SiteId site, boolean isTicked) {
        InetSocketAddress nowhere = new InetSocketAddress(InetAddress.getLoopbackAddress(), 1);
        Path none = Path.of("none");
        return new GatewayConfig(
                site,
                other(site),
                new GatewayConfig.Tunnel(nowhere, nowhere, 50, 200, 1 << 20),
                new TlsFiles(none, none, none),
                new GatewayConfig.Witness(List.of(nowhere), 1000),
                new GatewayConfig.Checkpoint(nowhere, 40, 16, List.of()),
                new GatewayConfig.Loopback(1 << 20, 1 << 20),
                Optional.empty(),
                Optional.empty(),
                new GatewayConfig.Management(none),
                Optional.empty(),
                List.of(new GatewayConfig.Group(
                        GROUP,
                        List.of(),
                        List.of(),
                        List.of(new GatewayConfig.Vm(
                                VM,
                                isTicked,
                                MacAddress.parse("52:54:00:c0:10:01"),
                                List.of(),
                                Optional.of(new GatewayConfig.Attachment(SWITCH, "vm")))))));
    }
}
