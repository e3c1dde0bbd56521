package org.secondsite.gateway;

import java.util.function.Consumer;
import org.secondsite.buffer.DataPlaneListener;
import org.secondsite.buffer.Pressure;
import org.secondsite.config.VmId;
import org.secondsite.gateway.group.SiteEvent;

/**
 * Posts what the data plane tells to the core.
 *
 * @param post brings an event to the core, later; any thread
 * @param failure ends this gateway: its data plane is dead
 */
public record PlaneEvents(Consumer<SiteEvent> post, Consumer<Throwable> failure) implements DataPlaneListener {
    @Override
    public void pressure(VmId vm, Pressure pressure, long heldBytes, long oldestNanos) {
        post.accept(new SiteEvent.PressureChanged(vm, pressure, heldBytes, oldestNanos));
    }

    @Override
    public void stoodStill(long standstill, long nanos) {
        post.accept(new SiteEvent.StoodStill(standstill, nanos));
    }

    @Override
    public void portDown(String name, String reason) {
        post.accept(new SiteEvent.PortDown(name, reason));
    }

    @Override
    public void portUp(String name) {
        post.accept(new SiteEvent.PortUp(name));
    }

    @Override
    public void failed(Throwable cause) {
        post.accept(new SiteEvent.PlaneFailed(cause.toString()));
        failure.accept(cause);
    }
}
