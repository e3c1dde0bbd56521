package org.secondsite.gateway;

import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;
import org.secondsite.buffer.DataPlane;
import org.secondsite.config.GatewayConfig;
import org.secondsite.config.MetricsConfig;
import org.secondsite.gateway.group.SiteEvent;
import org.secondsite.metrics.MetricsPort;

/**
 * Carries out what changes of heartbeats and suspicion, of the tunnel, of the figures' address and of the log. On the thread that
 * carries out changes, which may wait.
 */
final class TuningChange {
    private static final int STEP_SECONDS = 5;

    private final Conductor conductor;
    private final Consumer<SiteEvent> core;
    private final Tunnels tunnels;
    private final WitnessPort witness;
    private final DataPlane plane;
    private final MetricsPort metrics;
    private final Consumer<GatewayConfig.Management> log;
    private int heartbeatMs;

    /**
     * For a gateway that runs a configuration.
     *
     * @param core is told on the conductor's thread
     * @param log has the log tell of what is to be told
     */
    TuningChange(
            Conductor conductor,
            Consumer<SiteEvent> core,
            Tunnels tunnels,
            WitnessPort witness,
            DataPlane plane,
            MetricsPort metrics,
            Consumer<GatewayConfig.Management> log,
            GatewayConfig running) {
        this.conductor = conductor;
        this.core = core;
        this.tunnels = tunnels;
        this.witness = witness;
        this.plane = plane;
        this.metrics = metrics;
        this.log = log;
        heartbeatMs = GatewaySettings.heartbeatMs(running);
    }

    /** What can fail comes first; what is as it was is not touched. */
    void apply(GatewayConfig after) throws Exception {
        metrics.move(after.metrics().map(MetricsConfig::listen));
        tunnels.tune(after);
        if (GatewaySettings.heartbeatMs(after) != heartbeatMs) {
            heartbeatMs = GatewaySettings.heartbeatMs(after);
            witness.heartbeat(heartbeatMs);
        }
        conductor
                .ask(() -> {
                    conductor.heartbeat(TimeUnit.MILLISECONDS.toNanos(heartbeatMs));
                    core.accept(new SiteEvent.DetectionAltered(after));
                    return true;
                })
                .get(STEP_SECONDS, TimeUnit.SECONDS);
        plane.noticeStandstill(GatewaySettings.harmlessStandstillNanos(after));
        log.accept(after.management());
    }
}
