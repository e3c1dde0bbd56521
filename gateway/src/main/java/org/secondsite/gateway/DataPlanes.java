package org.secondsite.gateway;

import java.io.IOException;
import java.net.InetSocketAddress;
import java.net.NetworkInterface;
import java.util.ArrayList;
import java.util.List;
import org.secondsite.buffer.DataPlane;
import org.secondsite.buffer.DataPlaneListener;
import org.secondsite.buffer.ProtectedVm;
import org.secondsite.buffer.io.RoutedDataPlane;
import org.secondsite.buffer.io.TransparentDataPlane;
import org.secondsite.buffer.io.ring.PortKind;
import org.secondsite.config.GatewayConfig;

/** Opens the data plane that a configuration names. */
final class DataPlanes {
    private DataPlanes() {}

    private static PortKind port(GatewayConfig.Port port) {
        return switch (port) {
            case AF_PACKET -> PortKind.AF_PACKET;
            case PCAP4J -> PortKind.PCAP4J;
        };
    }

    /** What comes in by either side of the bump reaches nobody on this machine: an own address there would be deaf from now on. */
    private static void noneOfOurs(GatewayConfig config, GatewayConfig.Transparent transparent) throws IOException {
        List<InetSocketAddress> all =
                new ArrayList<>(List.of(config.checkpoint().listen()));
        config.peers().forEach(peer -> all.add(peer.tunnel().listen()));
        for (InetSocketAddress own : all) {
            NetworkInterface at = NetworkInterface.getByInetAddress(own.getAddress());
            if (at != null
                    && List.of(transparent.inside(), transparent.outside()).contains(at.getName())) {
                throw new IOException("dataPlane: " + at.getName() + " has "
                        + own.getAddress().getHostAddress()
                        + ", where this gateway listens; in mode 'transparent' nothing that comes in there reaches it");
            }
        }
    }

    /**
     * Looks for what a data plane that runs would not let the gateway do.
     *
     * @throws IOException saying which address it would be deaf at
     */
    static void check(GatewayConfig config) throws IOException {
        if (config.dataPlane() instanceof GatewayConfig.Transparent transparent) {
            noneOfOurs(config, transparent);
        }
    }

    static DataPlane open(GatewayConfig config, List<ProtectedVm> vms, DataPlaneListener listener) throws IOException {
        return switch (config.dataPlane()) {
            case GatewayConfig.Routed routed -> {
                for (String uplink : routed.uplinks()) {
                    if (NetworkInterface.getByName(uplink) == null) {
                        throw new IOException(
                                "dataPlane.uplink: there is no interface " + uplink + " for packets to leave by");
                    }
                }
                yield RoutedDataPlane.open(GatewaySettings.plane(config, routed), vms, port(routed.port()), listener);
            }
            case GatewayConfig.Transparent transparent -> {
                noneOfOurs(config, transparent);
                yield TransparentDataPlane.open(
                        GatewaySettings.plane(transparent), vms, port(transparent.port()), listener);
            }
            case GatewayConfig.Loopback _ ->
                throw new IOException("dataPlane.mode 'loopback' has no interfaces: it is for './secondsite demo"
                        + " --embedded' only; use 'routed' or 'transparent' with an inside interface");
        };
    }
}
