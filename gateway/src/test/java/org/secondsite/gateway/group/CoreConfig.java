package org.secondsite.gateway.group;

import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import org.secondsite.config.GatewayConfig;
import org.secondsite.config.GroupId;
import org.secondsite.config.SiteId;
import org.secondsite.config.TlsFiles;

/** What a gateway's core needs of a configuration: a site, its peers, and the VMs of their groups. */
final class CoreConfig {
    private CoreConfig() {}

    static GatewayConfig of(SiteId site, SiteId peer, GroupId group, List<GatewayConfig.Vm> vms) {
        return of(site, peer, List.of(new GatewayConfig.Group(group, List.of(), List.of(), vms)));
    }

    static GatewayConfig of(SiteId site, SiteId peer, List<GatewayConfig.Group> groups) {
        return of(site, List.of(peer), groups);
    }

    static GatewayConfig of(SiteId site, List<SiteId> peers, List<GatewayConfig.Group> groups) {
        InetSocketAddress nowhere = new InetSocketAddress(InetAddress.getLoopbackAddress(), 1);
        Path none = Path.of("none");
        return new GatewayConfig(
                site,
                peers.stream()
                        .map(peer -> new GatewayConfig.Peer(
                                peer, new GatewayConfig.Tunnel(nowhere, nowhere, 50, 200, 1 << 20)))
                        .toList(),
                new TlsFiles(none, none, none),
                new GatewayConfig.Witness(List.of(nowhere), 1000),
                new GatewayConfig.Checkpoint(nowhere, 40, 16, List.of()),
                new GatewayConfig.Loopback(1 << 20, 1 << 20),
                Optional.empty(),
                Optional.empty(),
                new GatewayConfig.Management(none),
                Optional.empty(),
                groups);
    }
}
