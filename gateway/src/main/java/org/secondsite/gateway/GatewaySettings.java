package org.secondsite.gateway;

import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.util.EnumSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.secondsite.buffer.ProtectedVm;
import org.secondsite.buffer.RoutedSettings;
import org.secondsite.buffer.TenantAccess;
import org.secondsite.buffer.TransparentSettings;
import org.secondsite.config.GatewayConfig;
import org.secondsite.config.InterfaceAddress;
import org.secondsite.config.PairConfig;
import org.secondsite.config.VmId;
import org.secondsite.gateway.peer.PeerWatch;
import org.secondsite.replicator.Capability;
import org.secondsite.replicator.checkpoint.Admission;
import org.secondsite.replicator.checkpoint.io.CheckpointServerSettings;
import org.secondsite.replicator.tunnel.TunnelSettings;
import org.secondsite.witness.io.client.WitnessClientSettings;

/**
 * What each part of a gateway needs to know, taken from the configuration; {@link org.secondsite.gateway.router.RouterSettings} has
 * BGP's, {@link SwitchPlan} the switches'.
 */
final class GatewaySettings {
    /** The veth pair that released packets enter the kernel's routing by. */
    private static final String RELEASE_NAME = "ssrelease";

    private GatewaySettings() {}

    static List<ProtectedVm> protectedVms(GatewayConfig config) {
        return config.groups().stream()
                .flatMap(group -> group.vms().stream())
                .filter(GatewayConfig.Vm::isProtected)
                .map(vm -> new ProtectedVm(vm.id(), vm.mac(), vm.addresses()))
                .toList();
    }

    static RoutedSettings plane(GatewayConfig config, GatewayConfig.Routed routed) {
        return new RoutedSettings(
                routed.inside(),
                routed.insideMac(),
                routed.insideAddresses().stream()
                        .map(InterfaceAddress::toString)
                        .toList(),
                RELEASE_NAME,
                new TenantAccess(
                        routed.uplinks(),
                        closed(config),
                        routed.answersEcho() ? TenantAccess.Echo.ANSWERED : TenantAccess.Echo.SILENT),
                routed.poolBytes(),
                routed.perVmBytes());
    }

    static TransparentSettings plane(GatewayConfig.Transparent transparent) {
        return new TransparentSettings(
                transparent.inside(), transparent.outside(), transparent.poolBytes(), transparent.perVmBytes());
    }

    /** The other gateways' tunnels and the witness's nodes: no VM goes there, even if they are beyond the uplink. */
    static List<InetAddress> closed(GatewayConfig config) {
        return Stream.concat(
                        config.peers().stream().map(peer -> peer.tunnel().connect()),
                        config.witness().endpoints().stream())
                .map(InetSocketAddress::getAddress)
                .distinct()
                .toList();
    }

    static TunnelSettings tunnel(GatewayConfig config, PairConfig pair) {
        GatewayConfig.Tunnel tunnel = pair.tunnel();
        return new TunnelSettings(pair.site(), pair.peerSite(), tunnel.listen(), tunnel.connect(), config.tls())
                .withTiming(new TunnelSettings.Timing(
                        tunnel.heartbeatMs(),
                        Math.max(TunnelSettings.Timing.DEFAULT.silenceMs(), 2 * tunnel.suspectAfterMs()),
                        TunnelSettings.Timing.DEFAULT.minBackoffMs(),
                        TunnelSettings.Timing.DEFAULT.maxBackoffMs()))
                .withConnections(tunnel.connections())
                .withCongestion(tunnel.congestion())
                .withLimits(new TunnelSettings.Limits(
                        tunnel.maxInFlightBytes(), TunnelSettings.Limits.DEFAULT.maxEpochBytes()));
    }

    static CheckpointServerSettings agents(GatewayConfig config) {
        GatewayConfig.Checkpoint checkpoint = config.checkpoint();
        Map<String, Set<VmId>> hosts = checkpoint.hosts().stream()
                .collect(Collectors.toMap(host -> host.id().name(), host -> Set.copyOf(host.vms())));
        Admission admission = new Admission(
                protectedVms(config).stream().map(ProtectedVm::id).collect(Collectors.toSet()),
                hosts,
                checkpoint.allowsPlaintext() ? Admission.Unproven.ADMITTED : Admission.Unproven.REFUSED);
        CheckpointServerSettings settings = new CheckpointServerSettings(
                checkpoint.listen(),
                Optional.of(config.tls()),
                admission,
                checkpoint.maxEpochsInFlight(),
                window(config),
                checkpoint.overload() == GatewayConfig.Overload.SLOW,
                EnumSet.allOf(Capability.class),
                CheckpointServerSettings.USUAL_KEEPALIVE_MS);
        return settings.with(checkpoint
                .local()
                .map(local -> new CheckpointServerSettings.Local(
                        local.socket(), local.host().name())));
    }

    /** What the agents of all VMs may have on the way, whatever site stands by for them. */
    private static long window(GatewayConfig config) {
        return config.peers().stream()
                .mapToLong(peer -> peer.tunnel().maxInFlightBytes())
                .min()
                .orElseThrow();
    }

    /** The shortest time between two heartbeats: what proves that this gateway lives has to come as often. */
    static int heartbeatMs(GatewayConfig config) {
        return config.peers().stream()
                .mapToInt(peer -> peer.tunnel().heartbeatMs())
                .min()
                .orElseThrow();
    }

    /** An owner that stood still for less was replaced by none of the other sites meanwhile. */
    static long harmlessStandstillNanos(GatewayConfig config) {
        return config.peers().stream()
                .mapToLong(peer -> PeerWatch.harmlessStandstillNanos(peer.tunnel()))
                .min()
                .orElseThrow();
    }

    static WitnessClientSettings witness(GatewayConfig config) {
        return new WitnessClientSettings(
                config.site(),
                config.witness().endpoints(),
                config.tls(),
                heartbeatMs(config),
                config.witness().requestTimeoutMs());
    }
}
