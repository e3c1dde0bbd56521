package org.secondsite.gateway;

import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.secondsite.config.GatewayConfig;
import org.secondsite.config.GroupId;
import org.secondsite.config.SwitchId;
import org.secondsite.gateway.group.Surroundings;
import org.secondsite.gateway.ownership.SwitchRole;
import org.secondsite.openflow.Role;
import org.secondsite.openflow.VmAttachment;

/**
 * What each switch is to do, by the roles of the groups whose VMs are plugged into it.
 *
 * <p>A switch has one master and one {@code generation_id}, while each group has a term of its own. All terms come from one
 * counter, so the greatest of them orders masters as it should: whoever was granted something last. Conductor thread only.
 */
final class SwitchPrograms implements Surroundings.Switches {
    /** Takes the whole program of a switch at each change. */
    interface Programmer {
        /** Programs a switch under a term. */
        void apply(SwitchId sw, long term, List<VmAttachment> vms);
    }

    private record Place(long term, SwitchRole role) {}

    private final Map<GroupId, GatewayConfig.Group> groups = new LinkedHashMap<>();
    private final Map<GroupId, Place> places = new HashMap<>();
    private final Programmer programmer;

    SwitchPrograms(List<GatewayConfig.Group> groups, Programmer programmer) {
        groups.forEach(group -> this.groups.put(group.id(), group));
        this.programmer = programmer;
    }

    @Override
    public void publish(GroupId group, long term, SwitchRole role) {
        if (new Place(term, role).equals(places.put(group, new Place(term, role)))) {
            return;
        }
        long generation = places.values().stream().mapToLong(Place::term).max().orElseThrow();
        List<GatewayConfig.Group> placed = groups.values().stream()
                .filter(known -> places.containsKey(known.id()))
                .toList();
        placed.stream()
                .flatMap(known -> known.vms().stream())
                .flatMap(vm -> vm.attachment().stream())
                .map(port -> port.switchId())
                .distinct()
                .forEach(sw -> programmer.apply(sw, generation, SwitchPlan.vms(placed, sw, this::role)));
    }

    private Role role(GatewayConfig.Group group) {
        return places.get(group.id()).role() == SwitchRole.OWNER ? Role.OWNER : Role.STANDBY;
    }
}
