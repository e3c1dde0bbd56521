package org.secondsite.gateway;

import java.io.IOException;
import java.util.List;
import org.secondsite.buffer.DataPlane;
import org.secondsite.buffer.DataPlaneListener;
import org.secondsite.buffer.ProtectedVm;
import org.secondsite.config.GatewayConfig;

/** Opens a data plane. */
@FunctionalInterface
public interface DataPlaneFactory {
    /** Opens what the configuration names. */
    DataPlaneFactory CONFIGURED = DataPlanes::open;

    /**
     * Opens.
     *
     * @param config what the gateway is to be
     * @param vms the VMs whose output is held
     * @param listener hears of fill levels and ports
     * @throws IOException if an interface or a piece of kernel state cannot be had
     */
    DataPlane open(GatewayConfig config, List<ProtectedVm> vms, DataPlaneListener listener) throws IOException;
}
