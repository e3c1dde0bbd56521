package org.secondsite.gateway;

import java.util.Collection;
import java.util.Optional;
import java.util.Set;
import java.util.function.Function;
import org.secondsite.buffer.DataPlaneListener;
import org.secondsite.buffer.Pressure;
import org.secondsite.config.VmId;
import org.secondsite.gateway.group.ProtectionGroup;
import org.secondsite.gateway.timeline.Timeline;

/** Brings what the data plane tells to the conductor's thread. */
final class PlaneEvents implements DataPlaneListener {
    private static final String SUBJECT = "data-plane";

    private final Conductor conductor;
    private final Timeline timeline;
    private final Function<VmId, Optional<ProtectionGroup>> groupOf;
    private final Collection<ProtectionGroup> groups;
    private final Set<String> portsDown;

    PlaneEvents(
            Conductor conductor,
            Timeline timeline,
            Function<VmId, Optional<ProtectionGroup>> groupOf,
            Collection<ProtectionGroup> groups,
            Set<String> portsDown) {
        this.groups = groups;
        this.portsDown = portsDown;
        this.conductor = conductor;
        this.timeline = timeline;
        this.groupOf = groupOf;
    }

    @Override
    public void pressure(VmId vm, Pressure pressure, long heldBytes, long oldestNanos) {
        conductor.post(() -> {
            if (pressure == Pressure.HARD_LIMIT) {
                timeline.note(
                        vm.name(),
                        "buffer-full",
                        "new packets are dropped; " + heldBytes + " bytes held, the oldest " + oldestNanos / 1_000_000
                                + " ms");
            }
            groupOf.apply(vm).ifPresent(group -> group.pressure(vm, pressure));
        });
    }

    @Override
    public void stoodStill(long standstill, long nanos) {
        conductor.post(() -> {
            timeline.note(SUBJECT, "standstill", "this process stood still for " + nanos / 1_000_000 + " ms");
            groups.forEach(group -> group.stoodStill(standstill));
        });
    }

    @Override
    public void portDown(String name, String reason) {
        conductor.post(() -> {
            portsDown.add(name);
            timeline.note(SUBJECT, "port-down", name + ": " + reason);
        });
    }

    @Override
    public void portUp(String name) {
        conductor.post(() -> {
            portsDown.remove(name);
            timeline.note(SUBJECT, "port-up", name);
        });
    }

    @Override
    public void failed(String reason) {
        conductor.post(() -> timeline.note(SUBJECT, "failure", reason));
    }
}
