package org.secondsite.gateway;

import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.util.List;
import java.util.stream.Stream;
import org.secondsite.buffer.DataPlane;
import org.secondsite.buffer.DataPlaneListener;
import org.secondsite.buffer.ProtectedVm;
import org.secondsite.buffer.RoutedSettings;
import org.secondsite.buffer.TenantAccess;
import org.secondsite.buffer.io.RoutedDataPlane;
import org.secondsite.buffer.io.ring.PortKind;
import org.secondsite.config.GatewayConfig;
import org.secondsite.config.InterfaceAddress;

/** Opens the data plane that a configuration names. */
final class DataPlanes {
    /** The veth pair that released packets enter the kernel's routing by. */
    private static final String RELEASE_NAME = "ssrelease";

    private DataPlanes() {}

    static DataPlane open(GatewayConfig config, List<ProtectedVm> vms, DataPlaneListener listener) throws IOException {
        return switch (config.dataPlane()) {
            case GatewayConfig.Routed routed ->
                RoutedDataPlane.open(
                        new RoutedSettings(
                                routed.inside(),
                                routed.insideMac(),
                                routed.insideAddresses().stream()
                                        .map(InterfaceAddress::toString)
                                        .toList(),
                                RELEASE_NAME,
                                new TenantAccess(
                                        routed.uplink(),
                                        closed(config),
                                        routed.answersEcho() ? TenantAccess.Echo.ANSWERED : TenantAccess.Echo.SILENT),
                                routed.poolBytes(),
                                routed.perVmBytes()),
                        vms,
                        PortKind.AF_PACKET,
                        listener);
            case GatewayConfig.Loopback _ ->
                throw new IOException("dataPlane.mode 'loopback' has no interfaces: it is for './secondsite demo"
                        + " --embedded' only; use 'routed' with an inside interface");
        };
    }

    /** The other gateway's tunnel and the witness's nodes: no VM goes there, even if they are beyond the uplink. */
    private static List<InetAddress> closed(GatewayConfig config) {
        return Stream.concat(Stream.of(config.tunnel().connect()), config.witness().endpoints().stream())
                .map(InetSocketAddress::getAddress)
                .distinct()
                .toList();
    }
}
