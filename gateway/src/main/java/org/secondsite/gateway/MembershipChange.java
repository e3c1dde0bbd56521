package org.secondsite.gateway;

import java.io.IOException;
import java.net.InetAddress;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.function.Consumer;
import java.util.function.Function;
import java.util.stream.Collectors;
import org.secondsite.buffer.DataPlane;
import org.secondsite.buffer.ProtectedVm;
import org.secondsite.config.GatewayConfig;
import org.secondsite.config.GroupId;
import org.secondsite.config.VmId;
import org.secondsite.gateway.group.SiteEvent;
import org.secondsite.replicator.checkpoint.io.CheckpointServer;

/**
 * Has VMs join and leave their groups while the gateway runs. A VM that leaves is dropped by the standby before the change is kept on
 * disk, and passes only after: a gateway that dies in between starts with the VM ticked, and is told by the other site whose it is.
 *
 * <pre>
 *   prepare   the core has the standby drop what leaves; its output is held
 *             (the change is kept on disk)
 *   apply     the plane tells what joins from other frames; the core lets pass what may; the kernel's way is closed for what is
 *             ticked now, and to where other gateways listen now; the plane forgets what has left; agents of what is ticked now may attach
 * </pre>
 *
 * <p>On the thread that carries out changes, which may wait.
 */
final class MembershipChange {
    /** Longer than the core gives the standby. */
    private static final int LEAVE_SECONDS = 8;

    private static final int STEP_SECONDS = 5;

    private final Conductor conductor;
    private final Consumer<SiteEvent> core;
    private final DataPlane plane;
    private final CheckpointServer agents;
    private final Map<VmId, ProtectedVm> inPlane = new LinkedHashMap<>();
    private List<ProtectedVm> confined;
    private List<InetAddress> closed;
    private GatewayConfig running;
    private final Set<GroupId> prepared = new LinkedHashSet<>();

    /**
     * For a gateway that runs a configuration.
     *
     * @param core is told on the conductor's thread
     */
    MembershipChange(
            Conductor conductor,
            Consumer<SiteEvent> core,
            DataPlane plane,
            CheckpointServer agents,
            GatewayConfig running) {
        this.conductor = conductor;
        this.core = core;
        this.plane = plane;
        this.agents = agents;
        this.running = running;
        confined = GatewaySettings.protectedVms(running);
        closed = GatewaySettings.closed(running);
        confined.forEach(vm -> inPlane.put(vm.id(), vm));
    }

    /** Has the standby drop what is to leave. */
    void prepare(GatewayConfig after) throws Exception {
        Set<VmId> ticked = ticked(after).stream().map(ProtectedVm::id).collect(Collectors.toSet());
        for (GatewayConfig.Group group : running.groups()) {
            Set<VmId> gone = group.vms().stream()
                    .filter(GatewayConfig.Vm::isProtected)
                    .map(GatewayConfig.Vm::id)
                    .filter(vm -> !ticked.contains(vm))
                    .collect(Collectors.toCollection(LinkedHashSet::new));
            if (!gone.isEmpty() && prepared.add(group.id())) {
                try {
                    ask(done -> new SiteEvent.VmsLeave(group.id(), gone, done), LEAVE_SECONDS);
                } catch (Exception e) {
                    abandon();
                    throw e;
                }
            }
        }
    }

    private static List<ProtectedVm> ticked(GatewayConfig config) {
        return GatewaySettings.protectedVms(config);
    }

    /** What was to leave stays. */
    void abandon() {
        prepared.forEach(group -> tell(new SiteEvent.LeaveAbandoned(group)));
        prepared.clear();
    }

    /** Has the VMs join and leave. */
    void apply(GatewayConfig after) throws Exception {
        prepare(after);
        List<ProtectedVm> wanted = ticked(after);
        List<VmId> admitted = new ArrayList<>();
        try {
            for (ProtectedVm vm : wanted) {
                if (!inPlane.containsKey(vm.id())) {
                    plane.admit(vm);
                    inPlane.put(vm.id(), vm);
                    admitted.add(vm.id());
                }
            }
            ask(done -> new SiteEvent.MembersAltered(after, done), STEP_SECONDS);
        } catch (Exception e) {
            for (VmId vm : admitted) {
                dismiss(vm);
            }
            abandon();
            throw e;
        }
        prepared.clear();
        running = after;
        List<InetAddress> nowhere = GatewaySettings.closed(after);
        if (!wanted.equals(confined) || !nowhere.equals(closed)) {
            plane.confine(wanted, nowhere);
            confined = wanted;
            closed = nowhere;
        }
        for (VmId vm : List.copyOf(inPlane.keySet())) {
            if (wanted.stream().noneMatch(one -> one.id().equals(vm))) {
                dismiss(vm);
            }
        }
        agents.admit(GatewaySettings.agents(after));
    }

    private void dismiss(VmId vm) throws IOException {
        plane.dismiss(vm);
        inPlane.remove(vm);
    }

    /** Tells the core, and waits for what stands against it. */
    private void ask(Function<Consumer<Optional<String>>, SiteEvent> event, int seconds) throws Exception {
        CompletableFuture<Optional<String>> answer = new CompletableFuture<>();
        tell(event.apply(answer::complete));
        Optional<String> obstacle;
        try {
            obstacle = answer.get(seconds, TimeUnit.SECONDS);
        } catch (TimeoutException e) {
            throw new IOException("the gateway has not done it within " + seconds + " s", e);
        }
        if (obstacle.isPresent()) {
            throw new IOException(obstacle.get());
        }
    }

    private void tell(SiteEvent event) {
        conductor.post(() -> core.accept(event));
    }
}
