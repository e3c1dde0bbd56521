package org.secondsite.gateway;

import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;
import java.util.stream.Collectors;
import org.secondsite.bgp.io.BgpSpeaker;
import org.secondsite.config.BgpConfig;
import org.secondsite.config.GatewayConfig;
import org.secondsite.config.SwitchId;
import org.secondsite.gateway.change.Applier;
import org.secondsite.gateway.group.SiteEvent;
import org.secondsite.gateway.io.MachineRoutes;
import org.secondsite.gateway.router.RouterSettings;
import org.secondsite.gateway.router.ToldApart;
import org.secondsite.openflow.io.SwitchController;

/**
 * Carries out what changes of a configuration while the gateway runs. Each part is told the whole of what it is to be, and touches only
 * what differs. Routes are told before neighbours go, so that nothing is unreachable in between.
 */
final class GatewayChange implements Applier {
    private static final int STEP_SECONDS = 5;

    private final Conductor conductor;
    private final Consumer<SiteEvent> core;
    private final Consumer<GatewayConfig> running;
    private final PeersChange peers;
    private final TuningChange tuning;
    private final MembershipChange members;
    private final Optional<Routers> routers;
    private final Optional<Switches> switches;

    /**
     * What changes of routers.
     *
     * @param sessions by the neighbour's address; the conductor's
     */
    record Routers(
            BgpSpeaker speaker,
            Announcements announcements,
            MachineRoutes machineRoutes,
            Map<String, Session> sessions) {}

    /**
     * What changes of switches.
     *
     * @param sessions by the switch's name; the conductor's
     */
    record Switches(SwitchController controller, SwitchPrograms programs, Map<String, Session> sessions) {}

    /**
     * For one gateway.
     *
     * @param core is told on the conductor's thread
     * @param running is told what runs now, on the conductor's thread
     * @param peers has other sites come and go
     * @param tuning changes what no group and no session depends on
     * @param members has VMs join and leave
     * @param routers empty: it speaks no BGP
     * @param switches empty: it programs none
     */
    GatewayChange(
            Conductor conductor,
            Consumer<SiteEvent> core,
            Consumer<GatewayConfig> running,
            PeersChange peers,
            TuningChange tuning,
            MembershipChange members,
            Optional<Routers> routers,
            Optional<Switches> switches) {
        this.conductor = conductor;
        this.core = core;
        this.running = running;
        this.peers = peers;
        this.tuning = tuning;
        this.members = members;
        this.routers = routers;
        this.switches = switches;
    }

    @Override
    public void prepare(GatewayConfig wanted) throws Exception {
        DataPlanes.check(wanted);
        members.prepare(wanted);
    }

    @Override
    public void abandon() {
        members.abandon();
    }

    @Override
    public void apply(GatewayConfig after) throws Exception {
        // A site is known before its groups come, and they have gone before it does.
        peers.come(after);
        // A window is wider at the tunnel before an agent is told of it.
        tuning.apply(after);
        members.apply(after);
        peers.go(after);
        onConductor(() -> {
            routers.ifPresent(parts -> {
                BgpConfig bgp = after.bgp().orElseThrow();
                RouterEvents.names(bgp).forEach(name -> parts.sessions()
                        .computeIfAbsent(name, _ -> new Session("down: not connected yet")));
                parts.announcements().alter(after.groups(), ToldApart.of(bgp));
            });
            switches.ifPresent(parts -> openFlow(after).switches().forEach(one -> parts.sessions()
                    .computeIfAbsent(one.id().name(), _ -> new Session("disconnected: not connected yet"))));
            core.accept(new SiteEvent.CheckpointsAltered(after));
            running.accept(after);
        });
        if (routers.isPresent()) {
            BgpConfig bgp = after.bgp().orElseThrow();
            var _ = routers.get().speaker().change(RouterSettings.of(bgp)).get(STEP_SECONDS, TimeUnit.SECONDS);
            routers.get().machineRoutes().follow(bgp.installs());
            onConductor(() -> routers.get().sessions().keySet().retainAll(RouterEvents.names(bgp)));
        }
        if (switches.isPresent()) {
            Switches parts = switches.get();
            var _ = parts.controller()
                    .change(SwitchPlan.settings(openFlow(after)).switches())
                    .get(STEP_SECONDS, TimeUnit.SECONDS);
            Set<SwitchId> configured = openFlow(after).switches().stream()
                    .map(GatewayConfig.Switch::id)
                    .collect(Collectors.toSet());
            onConductor(() -> parts.programs().alter(after.groups(), configured));
            onConductor(() -> parts.sessions()
                    .keySet()
                    .retainAll(configured.stream().map(SwitchId::name).collect(Collectors.toSet())));
        }
    }

    private static GatewayConfig.OpenFlow openFlow(GatewayConfig after) {
        return after.openflow().orElseThrow();
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
