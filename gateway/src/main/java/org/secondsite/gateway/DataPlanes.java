package org.secondsite.gateway;

import java.io.IOException;
import java.util.List;
import org.secondsite.buffer.DataPlane;
import org.secondsite.buffer.DataPlaneListener;
import org.secondsite.buffer.ProtectedVm;
import org.secondsite.buffer.RoutedSettings;
import org.secondsite.buffer.io.RoutedDataPlane;
import org.secondsite.buffer.io.ring.PortKind;
import org.secondsite.config.GatewayConfig;
import org.secondsite.config.InterfaceAddress;

/** Opens the data plane that a configuration names. */
final class DataPlanes {
    /** The veth pair that released packets enter the kernel's routing by. */
    private static final String RELEASE_NAME = "ssrelease";

    private DataPlanes() {}

    static DataPlane open(GatewayConfig.DataPlane settings, List<ProtectedVm> vms, DataPlaneListener listener)
            throws IOException {
        return switch (settings) {
            case GatewayConfig.Routed routed ->
                RoutedDataPlane.open(
                        new RoutedSettings(
                                routed.inside(),
                                routed.insideMac(),
                                routed.insideAddresses().stream()
                                        .map(InterfaceAddress::toString)
                                        .toList(),
                                RELEASE_NAME,
                                routed.poolBytes(),
                                routed.perVmBytes()),
                        vms,
                        PortKind.AF_PACKET,
                        listener);
            case GatewayConfig.Loopback loopback ->
                throw new IOException("dataPlane.mode 'loopback' has no interfaces: it is for './secondsite demo"
                        + " --embedded' only; use 'routed' with an inside interface");
        };
    }
}
