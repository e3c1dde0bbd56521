package org.secondsite.gateway;

import java.util.ArrayList;
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
        Map<SwitchId, List<VmAttachment>> attachments = new LinkedHashMap<>();
        groups.values().stream()
                .filter(known -> places.containsKey(known.id()))
                .forEach(known -> attach(known, places.get(known.id()).role(), attachments));
        long generation = places.values().stream().mapToLong(Place::term).max().orElseThrow();
        attachments.forEach((sw, vms) -> programmer.apply(sw, generation, vms));
    }

    private static void attach(
            GatewayConfig.Group group, SwitchRole role, Map<SwitchId, List<VmAttachment>> attachments) {
        for (GatewayConfig.Vm vm : group.vms()) {
            vm.attachment().ifPresent(port -> attachments
                    .computeIfAbsent(port.switchId(), s -> new ArrayList<>())
                    .add(new VmAttachment(
                            vm.id(),
                            port.port(),
                            vm.mac(),
                            vm.addresses(),
                            role == SwitchRole.OWNER || !vm.isProtected() ? Role.OWNER : Role.STANDBY)));
        }
    }
}
