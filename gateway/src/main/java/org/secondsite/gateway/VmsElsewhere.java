package org.secondsite.gateway;

import java.net.InetAddress;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Consumer;
import org.secondsite.config.GatewayConfig;
import org.secondsite.config.GroupId;
import org.secondsite.gateway.ownership.RouteRole;

/**
 * Which protected VMs run at other sites: those of the groups for which this site stands by. Of a group whose role is not known, or that is
 * on its way, they are looked for here. Conductor thread only.
 */
final class VmsElsewhere {
    private final Map<GroupId, RouteRole> roleOf = new HashMap<>();
    private final Consumer<List<InetAddress>> told;
    private List<GatewayConfig.Group> groups;
    private List<InetAddress> known = List.of();

    /**
     * Begins with none.
     *
     * @param told hears of all of their addresses when they have changed
     */
    VmsElsewhere(List<GatewayConfig.Group> groups, Consumer<List<InetAddress>> told) {
        this.groups = groups;
        this.told = told;
    }

    void publish(GroupId group, RouteRole role) {
        roleOf.put(group, role);
        tell();
    }

    /** Other groups and VMs from now on; groups keep their roles. */
    void alter(List<GatewayConfig.Group> newGroups) {
        groups = newGroups;
        roleOf.keySet()
                .retainAll(newGroups.stream().map(GatewayConfig.Group::id).toList());
        tell();
    }

    private void tell() {
        List<InetAddress> now = groups.stream()
                .filter(group -> roleOf.get(group.id()) == RouteRole.STANDBY)
                .flatMap(group -> group.vms().stream())
                .filter(GatewayConfig.Vm::isProtected)
                .flatMap(vm -> vm.addresses().stream())
                .toList();
        if (!now.equals(known)) {
            known = now;
            told.accept(now);
        }
    }
}
