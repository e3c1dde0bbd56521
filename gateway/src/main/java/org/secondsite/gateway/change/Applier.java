package org.secondsite.gateway.change;

import org.secondsite.config.GatewayConfig;

/** Carries changes out at the running gateway. */
@FunctionalInterface
public interface Applier {
    /**
     * Makes the gateway run another configuration, which differs only in what can change while it runs. What is equal is not
     * touched; what comes is there before what goes is gone.
     *
     * @throws Exception if a part of it fails; the caller goes back to the configuration before
     */
    void apply(GatewayConfig wanted) throws Exception;
}
