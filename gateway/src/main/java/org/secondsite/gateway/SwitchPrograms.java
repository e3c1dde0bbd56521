package org.secondsite.gateway;

import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.stream.Collectors;
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
    private long generation;

    SwitchPrograms(List<GatewayConfig.Group> groups, Programmer programmer) {
        groups.forEach(group -> this.groups.put(group.id(), group));
        this.programmer = programmer;
    }

    @Override
    public void publish(GroupId group, long term, SwitchRole role) {
        if (new Place(term, role).equals(places.put(group, new Place(term, role)))) {
            return;
        }
        program(switches());
    }

    /**
     * Other VMs, plugged in elsewhere, from now on; groups keep their roles. A switch is sent what differs for it.
     *
     * @param configured the switches that there are from now on; one that has gone is not looked after any more
     */
    void alter(List<GatewayConfig.Group> newGroups, Set<SwitchId> configured) {
        Set<SwitchId> known = switches();
        groups.clear();
        newGroups.forEach(group -> groups.put(group.id(), group));
        places.keySet().retainAll(groups.keySet());
        known.addAll(switches());
        known.retainAll(configured);
        program(known);
    }

    private Set<SwitchId> switches() {
        return placed().stream()
                .flatMap(group -> group.switches().stream())
                .collect(Collectors.toCollection(LinkedHashSet::new));
    }

    private List<GatewayConfig.Group> placed() {
        return groups.values().stream()
                .filter(known -> places.containsKey(known.id()))
                .toList();
    }

    private void program(Set<SwitchId> which) {
        // A switch takes no lower generation, also when the group with the highest term is gone.
        generation = Math.max(
                generation,
                places.values().stream().mapToLong(Place::term).max().orElse(0));
        if (generation > 0) {
            which.forEach(sw -> programmer.apply(sw, generation, SwitchPlan.vms(placed(), sw, this::role)));
        }
    }

    private Role role(GatewayConfig.Group group) {
        return places.get(group.id()).role() == SwitchRole.OWNER ? Role.OWNER : Role.STANDBY;
    }
}
