package org.secondsite.gateway;

import java.util.Map;
import java.util.Optional;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;
import java.util.stream.Collectors;
import org.secondsite.bgp.io.BgpSpeaker;
import org.secondsite.config.GatewayConfig;
import org.secondsite.gateway.change.Applier;
import org.secondsite.gateway.group.SiteEvent;
import org.secondsite.gateway.router.RouterSettings;

/**
 * Carries out what changes of a configuration while the gateway runs. Each part is told the whole of what it is to be, and touches only
 * what differs. Routes are told before neighbours go, so that nothing is unreachable in between.
 */
final class GatewayChange implements Applier {
    private static final int STEP_SECONDS = 5;

    private final Conductor conductor;
    private final Consumer<SiteEvent> core;
    private final Consumer<GatewayConfig> running;
    private final Optional<Routers> routers;

    /**
     * What changes of routers.
     *
     * @param sessions by the neighbour's address; the conductor's
     */
    record Routers(BgpSpeaker speaker, Announcements announcements, Map<String, Session> sessions) {}

    /**
     * For one gateway.
     *
     * @param core is told on the conductor's thread
     * @param running is told what runs now, on the conductor's thread
     * @param routers empty: it speaks no BGP
     */
    GatewayChange(
            Conductor conductor, Consumer<SiteEvent> core, Consumer<GatewayConfig> running, Optional<Routers> routers) {
        this.conductor = conductor;
        this.core = core;
        this.running = running;
        this.routers = routers;
    }

    @Override
    public void apply(GatewayConfig after) throws Exception {
        onConductor(() -> {
            routers.ifPresent(parts -> {
                GatewayConfig.Bgp bgp = after.bgp().orElseThrow();
                bgp.neighbors().forEach(neighbor -> parts.sessions()
                        .computeIfAbsent(name(neighbor), _ -> new Session("down: not connected yet")));
                parts.announcements().alter(after.groups(), bgp.roles());
            });
            core.accept(new SiteEvent.CheckpointsAltered(after.checkpoint()));
            running.accept(after);
        });
        if (routers.isPresent()) {
            GatewayConfig.Bgp bgp = after.bgp().orElseThrow();
            var _ = routers.get().speaker().change(RouterSettings.of(bgp)).get(STEP_SECONDS, TimeUnit.SECONDS);
            onConductor(() -> routers.get()
                    .sessions()
                    .keySet()
                    .retainAll(bgp.neighbors().stream().map(GatewayChange::name).collect(Collectors.toSet())));
        }
    }

    private static String name(GatewayConfig.Neighbor neighbor) {
        return neighbor.address().getHostAddress();
    }

    private void onConductor(Runnable step) throws Exception {
        conductor
                .ask(() -> {
                    step.run();
                    return true;
                })
                .get(STEP_SECONDS, TimeUnit.SECONDS);
    }
}
