package org.secondsite.gateway;

import java.io.IOException;
import java.net.NetworkInterface;
import java.util.List;
import org.secondsite.buffer.DataPlane;
import org.secondsite.buffer.DataPlaneListener;
import org.secondsite.buffer.ProtectedVm;
import org.secondsite.buffer.io.RoutedDataPlane;
import org.secondsite.buffer.io.ring.PortKind;
import org.secondsite.config.GatewayConfig;

/** Opens the data plane that a configuration names. */
final class DataPlanes {
    private DataPlanes() {}

    static DataPlane open(GatewayConfig config, List<ProtectedVm> vms, DataPlaneListener listener) throws IOException {
        return switch (config.dataPlane()) {
            case GatewayConfig.Routed routed -> {
                if (NetworkInterface.getByName(routed.uplink()) == null) {
                    throw new IOException(
                            "dataPlane.uplink: there is no interface " + routed.uplink() + " for packets to leave by");
                }
                yield RoutedDataPlane.open(GatewaySettings.plane(config, routed), vms, PortKind.AF_PACKET, listener);
            }
            case GatewayConfig.Loopback _ ->
                throw new IOException("dataPlane.mode 'loopback' has no interfaces: it is for './secondsite demo"
                        + " --embedded' only; use 'routed' with an inside interface");
        };
    }
}
