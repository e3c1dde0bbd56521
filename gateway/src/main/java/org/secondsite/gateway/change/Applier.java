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

    /**
     * Does what has to be done before the configuration is kept on disk: a gateway that dies after that starts with what is kept, so
     * nothing may be kept that the other site does not know of. {@link #apply} or {@link #abandon} follows.
     *
     * @throws Exception if that cannot be done; nothing has changed then
     */
    default void prepare(GatewayConfig wanted) throws Exception {}

    /** What was prepared is not carried out. */
    default void abandon() {}
}
