package org.secondsite.gateway;

import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import java.util.stream.IntStream;
import java.util.stream.LongStream;
import org.secondsite.buffer.DataPlaneCounters;
import org.secondsite.buffer.Histogram;
import org.secondsite.buffer.Pressure;
import org.secondsite.buffer.VmCounters;
import org.secondsite.buffer.VmState;
import org.secondsite.config.VmId;
import org.secondsite.gateway.group.DiskCopy;
import org.secondsite.gateway.group.DurationHistogram;
import org.secondsite.gateway.group.EpochRefusal;
import org.secondsite.gateway.group.GroupCounters;
import org.secondsite.gateway.group.ProtectionGroup;
import org.secondsite.gateway.group.SitePeer;
import org.secondsite.gateway.group.VmAtSite;
import org.secondsite.gateway.ownership.OwnershipState;
import org.secondsite.metrics.Buckets;
import org.secondsite.metrics.MetricTable;
import org.secondsite.metrics.Scrape;
import org.secondsite.openflow.VmTraffic;

/** What Prometheus gets to know about a gateway: {@code docs/metrics.md} lists it. */
final class GatewayMetrics {
    private static final double NANOS_PER_SECOND = 1e9;
    private static final double MICROS_PER_SECOND = 1e6;
    private static final double MILLIS_PER_SECOND = 1e3;

    /** Powers of two, 16 µs to 17 s. */
    private static final int[] MICROS = IntStream.rangeClosed(4, 24).toArray();

    /** Powers of two, 1 KiB to 1 GiB, every second one. */
    private static final int[] BYTES =
            IntStream.iterate(10, power -> power <= 30, power -> power + 2).toArray();

    private static final MetricTable<GatewayView> GATEWAY = new MetricTable<GatewayView>()
            .flag("gateway_witness_up", "Whether a node of the witness is reachable.", view -> view.core()
                    .witnessUp())
            .flag(
                    "gateway_displaced",
                    "Whether the witness takes another process for this site's gateway.",
                    view -> !view.core().displaced().isEmpty())
            .flag(
                    "gateway_memory_failing",
                    "Whether this gateway has lost what it knew of members, and holds VMs for that, or cannot keep it.",
                    view -> !view.core().memoryTrouble().isEmpty())
            .counter(
                    "agents_turned_away",
                    "Connections to the agents' port that ended without an agent: strangers, hosts without a right to the VM, and"
                            + " agents that were too slow.",
                    view -> view.agents().turnedAway())
            .counter(
                    "agents_wrong_messages",
                    "Sessions of agents that ended because a message had no place in them.",
                    view -> view.agents().wrongMessages())
            .gauge("dataplane_ports_down", "Ports of the data plane that are down or gone.", view -> view.core()
                    .portsDown()
                    .size());

    private static final MetricTable<GatewayView> INFO = new MetricTable<GatewayView>()
            .gauge("gateway_info", "Always 1; which site this is, and which is another one.", view -> 1);

    private static final MetricTable<DataPlaneCounters> PLANE = new MetricTable<DataPlaneCounters>()
            .gauge(
                    "dataplane_pool_bytes",
                    "The size of the common pool for held packets.",
                    DataPlaneCounters::poolBytes)
            .gauge(
                    "dataplane_pool_free_bytes",
                    "What is free of it, in whole chunks.",
                    DataPlaneCounters::poolFreeBytes)
            .counter(
                    "dataplane_unprotected_packets",
                    "Frames on the VM-facing port that belong to no protected VM; the kernel passes them.",
                    DataPlaneCounters::unprotectedPackets)
            .counter(
                    "dataplane_ring_dropped_packets",
                    "Frames that the kernel could not put into the receive ring: lost, never released.",
                    DataPlaneCounters::ringDrops)
            .counter(
                    "dataplane_malformed_packets",
                    "Frames shorter than an Ethernet header, or cut by the ring.",
                    DataPlaneCounters::malformedPackets)
            .histogram(
                    "dataplane_release_seconds",
                    "From the commit of an epoch to the moment when its first packets have been handed to the kernel.",
                    plane -> powers(plane.commitToWireMicros(), MICROS, MICROS_PER_SECOND))
            .histogram(
                    "dataplane_held_seconds",
                    "How long the oldest packet of a commit has waited.",
                    plane -> powers(plane.heldMicros(), MICROS, MICROS_PER_SECOND))
            .histogram(
                    "dataplane_epoch_bytes",
                    "What a VM used of its quota at each seal.",
                    plane -> powers(plane.epochBytes(), BYTES, 1));

    private static final MetricTable<ProtectionGroup> GROUP = new MetricTable<ProtectionGroup>()
            .state(
                    "group_state",
                    "What this gateway is for the group: 1 at the state that it is in.",
                    OwnershipState.values(),
                    group -> group.ownership().state())
            .gauge("group_term", "The term that this gateway knows.", group -> group.ownership()
                    .term())
            .gauge(
                    "group_in_sync_sites",
                    "How many sites the record calls in sync; 2 is protected.",
                    group -> group.ownership()
                            .record()
                            .map(record -> record.inSync().size())
                            .orElse(0))
            .counters(
                    "group_transitions",
                    "How often a state was entered.",
                    "to",
                    OwnershipState.values(),
                    (group, state) -> group.counters().entered(state))
            .counter(
                    "group_takeovers",
                    "How often this site became the owner and had the VMs run.",
                    group -> group.counters().takeovers())
            .counter(
                    "group_fences",
                    "How often this site was fenced: held output discarded, prefixes withdrawn.",
                    group -> group.counters().fences())
            .counters(
                    "group_switchovers",
                    "Planned switchovers ordered here that ended with the VMs at the other site (done) or here (failed).",
                    "result",
                    Map.of("done", group -> group.counters().switchoversDone(), "failed", group -> group.counters()
                            .switchoversFailed()))
            .counter(
                    "group_overloads",
                    "How often held output waited longer than checkpoint.overloadAfterMs.",
                    group -> group.counters().overloads())
            .counter("group_alarms", "Alarms in the timeline.", group -> group.counters()
                    .alarms())
            .counters(
                    "group_witness_requests",
                    "Requests to the witness, by their answer.",
                    "answer",
                    GroupCounters.Answered.values(),
                    (group, answered) -> group.counters().requests(answered))
            .counters(
                    "group_refused_epochs",
                    "Epochs of the other site that were refused here, by reason: stale_term, ….",
                    "reason",
                    EpochRefusal.values(),
                    (group, reason) -> group.counters().refusedEpochs(reason));

    private static final MetricTable<VmAtSite> VM = new MetricTable<VmAtSite>()
            .flag("vm_agent_attached", "Whether its agent is attached.", vm -> vm.session()
                    .isPresent())
            .gauge(
                    "vm_agent_certificate_expiry_seconds",
                    "How long until the certificate ends by which its agent has proved its host; NaN without one.",
                    vm -> vm.session()
                            .flatMap(session -> session.certificateEnd())
                            .map(end -> Duration.between(Instant.now(), end).toMillis() / MILLIS_PER_SECOND)
                            .orElse(Double.NaN))
            .counter("vm_agent_attachments", "How often its agent has attached.", VmAtSite::attachments)
            .counter("vm_agent_failures", "How often its agent could not do something.", VmAtSite::failures)
            .flag("vm_running", "Whether the VM runs here, by the last word of its agent.", VmAtSite::running)
            .flag("vm_checkpointing", "Whether checkpoints are taken here.", vm -> vm.source()
                    .running())
            .gauge(
                    "vm_checkpoint_interval_seconds",
                    "The time between checkpoints, as the tunnel keeps up with them.",
                    vm -> vm.source().pace().intervalMs() / MILLIS_PER_SECOND)
            .histogram(
                    "vm_pause_seconds",
                    "How long each checkpoint kept the VM paused.",
                    vm -> durations(vm.source().allPauses()))
            .histogram(
                    "vm_commit_seconds",
                    "From the seal of an epoch to the standby's word that it holds it, while output is held.",
                    vm -> durations(vm.source().allCommits()))
            .state(
                    "vm_disk_copy",
                    "What is known of a copy of its disks that goes over several epochs: 1 at the present phase. Nothing can be"
                            + " started from the standby's disks unless it is none.",
                    DiskCopy.Phase.values(),
                    vm -> vm.copy().phase())
            .gauge("vm_disk_copy_left_bytes", "What may still have to be brought of its disks.", vm -> vm.copy()
                    .leftBytes())
            .gauge(
                    "vm_disk_copy_rate_bytes_per_second",
                    "How fast that gets less, by the last seconds; 0 if it does not.",
                    vm -> vm.copy().bytesPerSecond())
            .gauge(
                    "vm_disk_copy_left_seconds",
                    "In how many seconds the copy is complete if it goes on so; 0 if that is not known, or there is none.",
                    vm -> vm.copy().secondsLeft().orElse(0))
            .counter("vm_sent_pages", "Pages in its checkpoints.", vm -> vm.source()
                    .pagesSent())
            .state(
                    "vm_pressure",
                    "How full its buffer is: 1 at the present level.",
                    Pressure.values(),
                    vm -> vm.source().pressure().level())
            .counter(
                    "vm_sealed_sooner",
                    "Checkpoints ordered before their time, because its buffer filled.",
                    vm -> vm.source().pressure().sealedSooner())
            .counter(
                    "vm_kept_paused",
                    "Checkpoints that kept it paused until a commit, because its buffer was fuller.",
                    vm -> vm.source().pressure().keptPaused())
            .counter("vm_hard_limits", "How often its buffer was so full that packets were dropped.", vm -> vm.source()
                    .pressure()
                    .hardLimits());

    private static final MetricTable<VmCounters> PACKETS = new MetricTable<VmCounters>()
            .state(
                    "vm_output",
                    "What happens to its output: 1 at the present state.",
                    VmState.values(),
                    VmCounters::state)
            .gauge("vm_held_packets", "Packets held.", VmCounters::heldPackets)
            .gauge("vm_held_bytes", "Bytes of the packets held.", VmCounters::heldBytes)
            .gauge(
                    "vm_held_memory_bytes",
                    "What held packets take of its quota, with headers and padding.",
                    VmCounters::heldMemoryBytes)
            .gauge(
                    "vm_oldest_held_seconds",
                    "The age of the oldest packet that waits for a commit; 0 when none waits.",
                    GatewayMetrics::oldestSeconds)
            .gauge("vm_sealed_epochs", "Sealed epochs of packets that wait for a commit.", VmCounters::sealedEpochs)
            .counter("vm_released_packets", "Packets handed to the way out.", VmCounters::releasedPackets)
            .counter("vm_released_bytes", "Bytes of the packets handed to the way out.", VmCounters::releasedBytes)
            .counters(
                    "vm_dropped_packets",
                    "Packets that never left: arrived while closed, found the quota or the pool used up, had a foreign"
                            + " source address (spoofed), were refused by the way out (release), or were held and discarded"
                            + " by a fence or the end.",
                    "reason",
                    Map.of(
                            "closed", VmCounters::droppedClosed,
                            "quota", VmCounters::droppedQuota,
                            "pool", VmCounters::droppedPool,
                            "spoofed", VmCounters::droppedSpoofed,
                            "release", VmCounters::droppedRelease,
                            "discarded", VmCounters::discardedPackets))
            .counters(
                    "vm_dropped_bytes",
                    "Bytes of the packets that never left, by the reasons of dropped packets.",
                    "reason",
                    Map.of(
                            "closed", vm -> vm.lostBytes().closed(),
                            "quota", vm -> vm.lostBytes().quota(),
                            "pool", vm -> vm.lostBytes().pool(),
                            "spoofed", vm -> vm.lostBytes().spoofed(),
                            "release", vm -> vm.lostBytes().release(),
                            "discarded", vm -> vm.lostBytes().discarded()))
            .counter(
                    "vm_refused_commands",
                    "Orders to the data plane refused for a stale term, or an epoch that does not grow.",
                    VmCounters::refusedCommands);

    private static final MetricTable<Session> BGP = new MetricTable<Session>()
            .flag("bgp_session_up", "Whether the BGP session is established.", Session::up)
            .counter("bgp_sessions", "How often the BGP session was established.", Session::timesUp)
            .counter("bgp_updates_sent", "UPDATE rounds sent.", session -> session.events(RouterEvents.UPDATE));

    private static final MetricTable<Session> SWITCH = new MetricTable<Session>()
            .flag("switch_connected", "Whether the switch is connected.", Session::up)
            .counter("switch_connections", "How often the switch was connected.", Session::timesUp)
            .counters(
                    "switch_programs",
                    "Programs for the switch: confirmed by it, wholly or for the ports and VMs that it has room for, refused for"
                            + " a later term of another master, or failed.",
                    "result",
                    Map.of(
                            SwitchEvents.PARTIAL, session -> session.events(SwitchEvents.PARTIAL),
                            SwitchEvents.CONFIRMED, session -> session.events(SwitchEvents.CONFIRMED),
                            SwitchEvents.REFUSED, session -> session.events(SwitchEvents.REFUSED),
                            SwitchEvents.FAILED, session -> session.events(SwitchEvents.FAILED)))
            .counter(
                    "switch_drifts",
                    "Times that an audit found flows, groups or meters missing, altered or of others; they are mended at once.",
                    session -> session.events(SwitchEvents.DRIFTED))
            .counter(
                    "switch_contests",
                    "Times that the switch obeyed somebody else, under the term that it was told or a later one; a newer term is"
                            + " asked for at the witness then.",
                    session -> session.events(SwitchEvents.CONTESTED))
            .counter(
                    "switch_by_passed_frames",
                    "Frames that flows which others wrote or altered have counted until an audit mended them. A switch may count"
                            + " late.",
                    session -> session.events(SwitchEvents.BY_PASSED));

    private static final MetricTable<VmTraffic> AT_SWITCH = new MetricTable<VmTraffic>()
            .gauge(
                    "vm_switch_to_gateway_frames",
                    "Frames of the VM that its switch has led to the gateway since it was given the VM's flows.",
                    VmTraffic::toGateway)
            .gauge(
                    "vm_switch_spoofed_frames",
                    "Frames of the VM's port that its switch has dropped: under a false name, or while it is silent here.",
                    VmTraffic::spoofed)
            .gauge(
                    "vm_switch_by_passed_frames",
                    "Frames, perhaps of the VM, that flows which others wrote or altered at its switch have counted until they"
                            + " were mended. A switch may count late.",
                    VmTraffic::byPassed);

    private GatewayMetrics() {}

    /** Reads everything; in the conductor's thread. */
    static Scrape read(GatewayView view) {
        Scrape scrape = new Scrape();
        for (SitePeer peer : view.core().peers()) {
            scrape.read(
                    INFO,
                    view,
                    "site",
                    view.config().site().name(),
                    "peer",
                    peer.site().name());
        }
        scrape.read(GATEWAY, view);
        PeerMetrics.read(scrape, view);
        scrape.read(PLANE, view.plane());
        for (ProtectionGroup group : view.core().groups()) {
            String name = group.id().name();
            scrape.read(GROUP, group, "group", name);
            for (VmAtSite vm : group.everyone()) {
                String[] labels = {"group", name, "vm", vm.id().name()};
                scrape.read(VM, vm, labels);
                scrape.read(PACKETS, view.plane().vms().get(vm.id()), labels);
                scrape.read(AT_SWITCH, atSwitch(view, vm.id()), labels);
            }
        }
        view.routers().forEach((address, session) -> scrape.read(BGP, session, "peer", address));
        view.switches().forEach((name, session) -> scrape.read(SWITCH, session, "switch", name));
        return scrape;
    }

    private static VmTraffic atSwitch(GatewayView view, VmId vm) {
        return view.switches().values().stream()
                .flatMap(session -> session.carried(vm).stream())
                .findFirst()
                .orElse(new VmTraffic(vm, 0, 0, 0));
    }

    private static double oldestSeconds(VmCounters vm) {
        return vm.heldPackets() == 0 || vm.oldestNanos() == 0
                ? 0
                : Math.max(0, System.nanoTime() - vm.oldestNanos()) / NANOS_PER_SECOND;
    }

    private static Buckets durations(DurationHistogram durations) {
        return Buckets.of(
                DurationHistogram.BOUNDS_MILLIS,
                durations.counts(),
                (double) durations.sumNanos() / TimeUnit.MILLISECONDS.toNanos(1),
                MILLIS_PER_SECOND);
    }

    /** The buckets between powers of two; whole numbers below a bound are at most the bound. */
    private static Buckets powers(Histogram.Summary summary, int[] powers, double perUnit) {
        List<Long> bounds = IntStream.of(powers).mapToObj(power -> 1L << power).toList();
        long[] below = IntStream.of(powers)
                .mapToLong(power -> summary.below().get(power))
                .toArray();
        long[] counts = LongStream.concat(LongStream.of(below), LongStream.of(summary.count()))
                .toArray();
        for (int i = counts.length - 1; i > 0; i--) {
            counts[i] -= counts[i - 1];
        }
        return Buckets.of(bounds, counts, (double) summary.sum(), perUnit);
    }
}
