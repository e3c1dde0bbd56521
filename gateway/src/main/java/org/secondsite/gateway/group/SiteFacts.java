package org.secondsite.gateway.group;

import java.util.function.Predicate;
import org.secondsite.config.GroupId;
import org.secondsite.config.PairConfig;
import org.secondsite.config.VmId;

/**
 * What stands against a VM going on at this site beside its agent: what the two files say of it, the switch it is plugged into, and what the
 * disk remembers of it.
 */
final class SiteFacts {
    private final PeerViews views;
    private final FollowedTicks ticks;
    private final MissingPorts ports;
    private final MemberMemory memory;

    SiteFacts(PairConfig config, Orders orders, Predicate<GroupId> ownedThere, MemberMemory memory) {
        this.memory = memory;
        views = new PeerViews(config, orders);
        ticks = new FollowedTicks(config, views, orders, ownedThere);
        ports = new MissingPorts(config, orders);
    }

    void alter(PairConfig after) {
        views.alter(after);
        ticks.alter(after);
        ports.alter(after);
    }

    /** Time passes. */
    void tick() {
        views.tick();
        ticks.tick();
    }

    /** There is a connection with the other site. */
    void connected() {
        views.connected();
        ticks.connected();
    }

    PeerViews views() {
        return views;
    }

    FollowedTicks ticks() {
        return ticks;
    }

    MissingPorts ports() {
        return ports;
    }

    MemberMemory memory() {
        return memory;
    }

    /** What keeps the VM from going on here from an image, in words; empty if nothing is known to. */
    String lack(VmId vm) {
        String identity = views.identity(vm);
        return identity.isEmpty() ? ports.lack(vm) : identity;
    }

    /** Whether nothing is known to keep the VM from going on here, by what the other site's file says now. */
    boolean isFit(VmId vm) {
        return views.isCurrent() && lack(vm).isEmpty();
    }
}
